"""Imports: items in a stream, written in batches, with progress that a slow reader cannot hold up."""
