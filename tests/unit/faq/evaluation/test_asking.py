"""Questions asked of a collection in memory."""

import numpy as np
import pytest
from tests.fakes.words_encoder import DIMENSIONS

from balie.faq.domain import EntryContent, EntryText
from balie.faq.evaluation.offline import OfflineCollection
from balie.faq.evaluation.one_thread import one_thread
from balie.faq.evaluation.outcome import Asked, ask
from balie.faq.evaluation.queries import EvalQuery
from balie.faq.index.library import faiss
from balie.faq.retrieval.registry import open_retriever

TOPICS = ("dogs", "bikes", "fares", "wifi", "parking", "meals", "cabins", "refunds")


def encode(texts: list[str]) -> np.ndarray:
    """Returns a vector for each text that the words it shares with others make alike."""
    rows = np.zeros((len(texts), DIMENSIONS), np.float32)
    for row, text in zip(rows, texts, strict=True):
        for word in text.lower().split():
            row[sum(map(ord, word)) % DIMENSIONS] += 1.0
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture
def collection() -> OfflineCollection:
    contents = [
        EntryContent(name, (EntryText("en", f"what about {name}", (), f"{name} are fine"),))
        for name in TOPICS
    ]
    return OfflineCollection(contents, open_retriever("hybrid", {}), encode, fingerprint="words.v1")


def asked(collection: OfflineCollection, *queries: EvalQuery) -> list[Asked]:
    vectors = encode([query.text for query in queries])
    return ask(collection, queries, vectors, lambda _step, _share: None)


def test_finds_answers_and_their_places_however_far_down(collection: OfflineCollection):
    every = frozenset(TOPICS)

    first, last = asked(collection, EvalQuery("what about dogs", frozenset({"dogs"}), "en"),
                        EvalQuery("what about bikes", every, "en"))  # fmt: skip

    assert (first.best, first.ranks, first.is_right) == ("dogs", (1,), True)
    assert first.seconds > 0
    assert len(first.parts) == len(first.answer_parts) == 5
    assert last.ranks == tuple(range(1, len(TOPICS) + 1))


def test_an_entry_that_is_taken_out_is_not_found(collection: OfflineCollection):
    [found] = asked(collection, EvalQuery("what about dogs", frozenset(), "en", without=frozenset({"dogs"})))

    assert found.best in set(TOPICS) - {"dogs"}
    assert (found.ranks, found.is_answerable, found.is_right) == ((), False, False)
    assert found.answer_parts == ()


def test_one_thread_is_for_a_while():
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(2)
    try:
        with one_thread():
            assert faiss.omp_get_max_threads() == 1
        assert faiss.omp_get_max_threads() == 2
    finally:
        faiss.omp_set_num_threads(before)
