"""The suite that every FAQ retriever has to pass, of this project and of anybody else."""

from balie.kit.testing.retrievers.suite import RetrieverSuite

__all__ = ["RetrieverSuite"]
