"""Text files that people made: their encoding, lines and columns, so that whatever is wrong is told with its line."""
