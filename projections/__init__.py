"""Folds over the log, the tables that they fill, and the questions asked of those tables."""
