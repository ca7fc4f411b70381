"""Language understanding: text in, understanding out. It has no memory of conversations."""
