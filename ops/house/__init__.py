"""The house's own chores (set up, check, lock, release), called by the Makefile only and not shipped in the wheel."""
