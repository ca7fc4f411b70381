"""Ratings: what contacts think of how they were helped."""
