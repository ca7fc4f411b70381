"""Canned replies: texts that agents have at hand."""
