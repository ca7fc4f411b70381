"""Reads training data of the kinds people have: files in, examples out."""

from balie.nlu.training_data.reading import read_examples

__all__ = ["read_examples"]
