"""`python -m sim.cli`: the command line where the program `whatif` is not on the path."""

from sim.cli import main

if __name__ == "__main__":  # not in a worker process, which reads this file again
    main()
