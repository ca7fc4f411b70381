"""The suite that comes with Balie, and what is this retriever's own."""

from balie_word_order import WordOrderRetriever

from balie.faq.retrieval import port
from balie.faq.retrieval.blend import HybridRetriever
from balie.faq.retrieval.registry import RETRIEVERS, open_retriever
from balie.faq.retrieval.viewing import view_of
from balie.kit.testing.engines.lessons import toy_vector
from balie.kit.testing.retrievers import RetrieverSuite

THERE = "from the boat to the train"
BACK = "from the train to the boat"
ENTRIES = {
    # The first ties with the second in everything but the order of its words, and would win by its id.
    "a": (("en", f"how do i get {BACK} in winter", (), "Walk."),),
    "b": (("en", f"how do i get {THERE} in winter", (), "Walk."),),
    "c": (("en", "may my dog come", (), "Yes."),),
}


class TestWordOrder(RetrieverSuite):
    port = port
    view_of = staticmethod(view_of)

    def retriever(self):
        return WordOrderRetriever.from_options({})


def test_it_is_found_by_its_name():
    assert "word_order" in RETRIEVERS.names()
    assert isinstance(open_retriever("word_order", {}), WordOrderRetriever)


def test_the_same_words_in_the_same_order_come_first():
    view = view_of(ENTRIES, toy_vector, languages=("en",))
    for asked, best in ((THERE, "b"), (BACK, "a")):
        # By its words alone the hybrid one cannot tell them apart.
        query = port.Query(asked, None, ("en",))
        assert WordOrderRetriever().rank(query, view, 3)[0].entry.id == best


def test_it_is_as_sure_as_the_one_below_it():
    view = view_of(ENTRIES, toy_vector, languages=("en",))
    query = port.Query(THERE, toy_vector(THERE), ("en",))
    below, own = HybridRetriever().rank(query, view, 3), WordOrderRetriever().rank(query, view, 3)
    assert [one.confidence for one in own] == [one.confidence for one in below]
