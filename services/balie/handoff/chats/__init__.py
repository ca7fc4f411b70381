"""Handoffs that agents have: what they do with them, and what is said meanwhile."""
