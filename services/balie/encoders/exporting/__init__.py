"""Turns sentence-transformers models into encoders that need no torch, and encoders into such models."""
