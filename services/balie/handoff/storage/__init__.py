"""Where desks are kept: in SQL tables, or in memory."""
