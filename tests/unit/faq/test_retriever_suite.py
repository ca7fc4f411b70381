"""The suite for retrievers on those that ship."""

import pytest

from balie.faq.retrieval import port
from balie.faq.retrieval.blend import DenseRetriever, HybridRetriever, LexicalRetriever
from balie.faq.retrieval.viewing import view_of
from balie.kit.testing.retrievers import RetrieverSuite


class Suite(RetrieverSuite):
    port = port
    view_of = staticmethod(view_of)


class TestDense(Suite):
    def retriever(self) -> DenseRetriever:
        return DenseRetriever()


class TestLexical(Suite):
    def retriever(self) -> LexicalRetriever:
        return LexicalRetriever()


class TestHybrid(Suite):
    def retriever(self) -> HybridRetriever:
        return HybridRetriever()


def test_a_suite_without_a_retriever_says_what_is_missing() -> None:
    with pytest.raises(NotImplementedError, match="return the retriever to be checked"):
        RetrieverSuite().retriever()
