"""The suite that every index of vectors has to pass, of this project and of anybody else."""

from balie.kit.testing.vector_indexes.suite import VectorIndexSuite

__all__ = ["VectorIndexSuite"]
