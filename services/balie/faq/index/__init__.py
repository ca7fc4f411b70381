"""The indexes of this replica: vectors and texts of each collection, kept equal to the store."""
