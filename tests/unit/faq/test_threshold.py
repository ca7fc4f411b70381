"""Thresholds learned from a collection itself, and from real questions where it proves nothing."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from balie.faq.domain import Calibration
from balie.faq.index.indexed_entry import IndexedEntry
from balie.faq.index.live_index import LiveIndex
from balie.faq.knowledge.domain import EntryText
from balie.faq.retrieval.blend import HybridRetriever
from balie.faq.retrieval.judged import NOTHING, Policy
from balie.faq.retrieval.port import LeftOut, Parts, Query, Ranked, View
from balie.faq.retrieval.registry import RETRIEVERS, open_retriever
from balie.faq.retrieval.threshold import default, learn, leave_one_out

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
DIMENSIONS = 48
POLICY = Policy(max_wrong=0.05, delta=0.1, expected_unanswerable=0.3)
UNKNOWN = "none.v1"


class Judge:
    """A retriever that finds the entry a question was left out of, as sure as it is told; it keeps what it is asked.

    Args:
        sure: how sure it is, by what is left out.
        version: its own.
    """

    def __init__(self, sure: Callable[[LeftOut], float], version: str = "judge.v1") -> None:
        self.version = version
        self.reference = NOTHING
        self.asked: list[Query] = []
        self._sure = sure

    def rank(self, query: Query, view: View, top: int) -> Sequence[Ranked]:
        """Returns the entry that the question is from, or another when that is not there."""
        assert (query.without is not None, top) == (True, 1)
        self.asked.append(query)
        left_out = query.without
        number = left_out.number if not left_out.whole else min(view.entries.keys() - {left_out.number})
        return [
            Ranked(view.entries[number], 0, 1.0, Parts(1.0, 1.0, 1.0, 1.0, 1.0), self._sure(left_out)),
        ]


def collection(sizes: Sequence[int], *, texts: int = 1) -> LiveIndex:
    """Returns an index of entries with so many ways to ask each."""
    dice = np.random.default_rng(7)
    live = LiveIndex(
        fingerprint="dice",
        dimensions=DIMENSIONS,
        calibration=Calibration(1.0, "none"),
        as_of=NOON,
        retriever=HybridRetriever(),
    )
    entries: dict[IndexedEntry, Any] = {}
    for number, size in enumerate(sizes, 1):
        worded = tuple(
            EntryText(
                language,
                f"word{number} alpha{number} {language}",
                tuple(f"word{number} beta{number} more{place}" for place in range(1, size)),
                f"gamma{number}",
            )
            for language in ("en", "nl")[:texts]
        )
        rows = dice.normal(size=(sum(len(text.worded()) for text in worded), DIMENSIONS))
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        entries[IndexedEntry(number, f"e{number:03}", 1, worded)] = list(rows.astype(np.float32))
    live.load(entries, languages=("en", "nl"), generation=1, as_of=NOON)
    return live


def surely(_: LeftOut) -> float:
    return 0.9


def rightly(left_out: LeftOut) -> float:
    """Is surer where the answer is right."""
    return 0.3 if left_out.whole else 0.6 + 0.3 * (left_out.number % 10) / 10


def test_asks_the_expected_share_with_the_whole_entry_taken_out() -> None:
    judged = leave_one_out(collection([4] * 50), Judge(surely), POLICY)
    assert judged.answerable.size == 200
    assert np.mean(~judged.answerable) == pytest.approx(0.3, abs=0.01)
    assert not judged.right[~judged.answerable].any()
    assert judged.right[judged.answerable].all()


def test_asks_each_way_to_ask_once_with_its_own_words_and_vector() -> None:
    live, judge = collection([3] * 40, texts=2), Judge(surely)
    leave_one_out(live, judge, POLICY)
    assert len(judge.asked) == 240
    places = {
        (query.without.number, query.without.place, query.without.asked)
        for query in judge.asked
        if query.without
    }
    assert len(places) == 240

    def own(view: View) -> None:
        for query in judge.asked:
            assert query.without is not None
            entry = view.entries[query.without.number]
            text = entry.texts[query.without.place]
            assert query.text == text.asked()[query.without.asked]
            assert query.languages == (text.language,)
            slot = entry.number * 2048 + entry.slots[query.without.place] + query.without.asked
            assert query.vector is not None
            assert np.array_equal(query.vector, view.vectors.rows(np.asarray([slot]))[0])

    live.look(own)


def test_asks_no_more_than_it_may_and_the_same_on_every_replica() -> None:
    first, second = Judge(surely), Judge(surely)
    few = replace(POLICY, max_questions=150)
    for judge in (first, second):
        leave_one_out(collection([4] * 60), judge, few)
    assert len(first.asked) == 150
    assert [query.without for query in first.asked] == [query.without for query in second.asked]
    assert sum(query.without.whole for query in first.asked if query.without) == 45


def test_takes_entries_that_are_asked_one_way_only_out_as_a_whole() -> None:
    judge = Judge(surely)
    judged = leave_one_out(collection([3] * 40 + [1] * 60), judge, POLICY)
    assert judged.answerable.sum() == pytest.approx(0.7 * judged.answerable.size, abs=1)
    for query in judge.asked:
        assert query.without is not None
        assert query.without.whole or query.without.number <= 40


@pytest.mark.parametrize("sizes", [[], [9], [1] * 500, [2, 2, 2]])
def test_asks_nothing_where_nothing_can_be_proven(sizes: list[int]) -> None:
    judge = Judge(surely)
    assert leave_one_out(collection(sizes), judge, POLICY).confidences.size == 0
    assert judge.asked == []
    assert learn(collection(sizes), judge, POLICY) == Calibration(1.0, UNKNOWN)


def test_a_question_is_never_found_again_by_itself() -> None:
    """Every word and vector of these phrasings is their own: without themselves, nothing points at their entry."""
    live = collection([1, 1] * 30)

    def asked_again(view: View) -> list[float]:
        retriever = HybridRetriever()
        found = []
        for number, entry in view.entries.items():
            vector = view.vectors.rows(np.asarray([number * 2048]))[0]
            query = Query(entry.texts[0].question, vector, ("en",), LeftOut(number, 0, 0, whole=False))
            best = next(one for one in retriever.rank(query, view, 60) if one.entry.number == number)
            assert best.parts.question == -1.0
            found.append(best.confidence)
        return found

    assert max(live.look(asked_again)) < 0.5


def test_keeps_the_promise_on_what_it_learned_from() -> None:
    live, judge = collection([4] * 100), Judge(rightly)
    found = learn(live, judge, POLICY)
    assert found.version.startswith("leave-one-out.")
    judged = leave_one_out(live, judge, POLICY)
    given = judged.confidences >= found.threshold
    assert np.mean(~judged.right[given]) <= 0.05
    assert np.mean(given & judged.right) > 0.5
    assert 0.3 < found.threshold <= 0.9


def test_a_severer_operator_gets_a_higher_threshold() -> None:
    def mixed(left_out: LeftOut) -> float:
        """Is as sure of one wrong answer in nine as of right ones, and surest where all are right."""
        return (
            (0.2 + 0.6 * (left_out.asked % 3 == 0)) if left_out.whole else 0.5 + 0.45 * (left_out.asked % 2)
        )

    live = collection([4] * 150)
    lax, severe = (learn(live, Judge(mixed), replace(POLICY, max_wrong=share)) for share in (0.3, 0.03))
    assert lax.version.startswith("leave-one-out.")
    assert severe.version.startswith("leave-one-out.")
    assert severe.threshold > lax.threshold


def test_every_replica_learns_the_same() -> None:
    retriever = HybridRetriever()
    assert learn(collection([4] * 60), retriever, POLICY) == learn(collection([4] * 60), retriever, POLICY)


def test_never_answers_by_a_retriever_that_it_knows_nothing_about() -> None:
    assert default(Judge(surely, "elsewhere.v7"), POLICY) == Calibration(1.0, UNKNOWN)
    # As sure where it is wrong as where it is right: no threshold keeps the promise.
    assert learn(collection([4] * 60), Judge(surely), POLICY) == Calibration(1.0, UNKNOWN)


@pytest.mark.parametrize("name", ["dense", "hybrid", "lexical"])
def test_falls_back_on_what_real_questions_prove(name: str) -> None:
    assert name in RETRIEVERS.names()
    retriever = open_retriever(name, {})
    lax = replace(POLICY, max_wrong=0.4)
    found = default(retriever, lax)
    assert found.version.startswith("reference.")
    assert 0.0 <= found.threshold < 1.0
    assert learn(collection([2, 2]), retriever, lax) == found
    severe = default(retriever, replace(POLICY, max_wrong=0.1))
    assert severe.threshold >= found.threshold


def test_tells_apart_what_different_policies_and_retrievers_learned() -> None:
    assert POLICY.basis("hybrid.v1") == replace(POLICY).basis("hybrid.v1")
    assert POLICY.basis("hybrid.v1") != replace(POLICY, max_wrong=0.1).basis("hybrid.v1")
    assert POLICY.basis("hybrid.v1") != POLICY.basis("hybrid.v2")
