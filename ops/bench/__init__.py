"""`liuhen bench`: figures from one run on one machine, printed as ratios. No test asserts a time."""
