from sim.ui.main import main

main()
