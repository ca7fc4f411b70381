"""Figures: how a desk did in a period, counted and measured by the database."""
