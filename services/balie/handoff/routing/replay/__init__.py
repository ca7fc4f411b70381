"""Recorded decisions made again: what a changed policy would do, before it does."""
