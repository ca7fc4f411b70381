"""The folder that an encoder is kept in: its manifest, graph, weights and precisions, written and read back."""
