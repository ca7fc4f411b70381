"""Measures an encoder beside sentence-transformers and beside what the processor can do, all in one run.

`python -m balie.encoders.bench --json` prints the figures; `balie encoder bench` shows them as tables. Importing
this package loads no NumPy: how many threads its matrix library takes is decided before that.
"""
