"""Reads training data of the kinds people have: Balie's YAML, Rasa's, JSON Lines and CSV; files in, examples out."""

from balie.nlu.training_data.reading import Gathered, distinct, gather, read_examples, read_messages

__all__ = ["Gathered", "distinct", "gather", "read_examples", "read_messages"]
