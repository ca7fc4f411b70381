"""Teaches an encoder the words of a language from sentence pairs; `adapt.py` is the whole of it, one step a file."""
