"""The suite for retrievers on those that ship."""

import pytest

from balie.faq.retrieval import port
from balie.faq.retrieval.blend import DenseRetriever, HybridRetriever, LexicalRetriever
from balie.faq.retrieval.viewing import view_of
from balie.kit.testing.retrievers import RetrieverSuite
from balie.kit.testing.retrievers.desk import ASKED


class Suite(RetrieverSuite):
    port = port
    view_of = staticmethod(view_of)

    @pytest.mark.parametrize(("text", "language"), ASKED)
    def test_entries_that_are_worded_the_same_fit_the_same(self, text: str, language: str) -> None:
        view = self.view()
        ranked = self.retriever().rank(self.query(text, language), view, len(view.entries))
        assert len({one.fit for one in ranked if one.entry.id.startswith("twin-")}) == 1


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
