"""The page Calibrate: a shop's own numbers, what they tell, how good their projections would have been, the shop as a scenario."""
