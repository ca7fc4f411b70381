"""Where a desk is kept: in SQL tables."""
