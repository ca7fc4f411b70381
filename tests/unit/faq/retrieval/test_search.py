"""What a search answers, and why it may give none, by a retriever whose confidences a test says."""

from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.fakes.words_encoder import DIMENSIONS, WordsEncoder, vector_of

from balie.faq.domain import Answers, Calibration, Filter, NoAnswer, Question, Source
from balie.faq.index.indexed_entry import IndexedEntry
from balie.faq.index.live_index import LiveIndex
from balie.faq.knowledge.domain import EntryText
from balie.faq.retrieval.judged import NOTHING
from balie.faq.retrieval.port import Parts, Query, Ranked, View
from balie.faq.retrieval.search import Search

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
THRESHOLD = 0.8
PARTS = (0.9, 0.8, 0.7, 0.6, 0.5)


class Told:
    """Is as sure of each entry as it is told, in the order of their numbers."""

    version = "told.v1"
    reference = NOTHING

    def __init__(self, *confidences: float) -> None:
        self._confidences = confidences

    def rank(self, query: Query, view: View, top: int) -> Sequence[Ranked]:
        """Returns the first entries that are allowed."""
        allowed = [entry for number, entry in sorted(view.entries.items()) if view.allowed(number)]
        return [
            Ranked(entry, 0, sure, Parts(*PARTS), sure)
            for entry, sure in zip(allowed, self._confidences, strict=False)
        ]


@dataclass
class Served:
    live: LiveIndex
    encoder: WordsEncoder


class OneIndex:
    """Stands in for the indexes of all collections."""

    def __init__(self, live: LiveIndex) -> None:
        self._served = Served(live, WordsEncoder())

    @asynccontextmanager
    async def using(self, tenant: str, collection_id: str) -> AsyncIterator[Served]:
        """Yields the one index."""
        yield self._served


def live(*confidences: float, entries: int | None = None) -> LiveIndex:
    found = LiveIndex(
        fingerprint="words.v1",
        dimensions=DIMENSIONS,
        calibration=Calibration(THRESHOLD, "test"),
        as_of=NOON,
        retriever=Told(*confidences),
    )
    made: dict[IndexedEntry, Any] = {}
    for number in range(1, (len(confidences) if entries is None else entries) + 1):
        text = EntryText("en", f"question {number}", (), "yes")
        entry = IndexedEntry(number, f"e{number}", 1, (text,), tags=frozenset({f"t{number}"}))
        made[entry] = [vector_of(part) for part in text.worded()]
    found.load(made, languages=("en",), generation=1, as_of=NOON)
    return found


async def search(index: LiveIndex, **changes: Any) -> Answers:
    values: dict[str, Any] = {
        "collection_id": "ferry",
        "text": "question",
        "embedding": None,
        "language": "en",
        "top_k": 5,
        "entry_ids": (),
        "min_generation": 0,
    }
    with ThreadPoolExecutor(1) as workers:
        searching = Search(OneIndex(index), workers, lambda: NOON)  # type: ignore[arg-type]
        return await searching.answers("acme", Question(**(values | changes)), wait_seconds=5)


@pytest.mark.parametrize(
    ("confidences", "why"),
    [
        ((0.9, 0.05), NoAnswer.NONE),
        ((0.8,), NoAnswer.NONE),
        ((0.79,), NoAnswer.BELOW_THRESHOLD),
        ((0.79, 0.1, 0.1), NoAnswer.BELOW_THRESHOLD),  # the others are no rivals
        ((0.6, 0.25), NoAnswer.AMBIGUOUS),
        ((0.4, 0.4), NoAnswer.AMBIGUOUS),
        ((0.3, 0.3, 0.3), NoAnswer.AMBIGUOUS),
        ((0.4, 0.39), NoAnswer.BELOW_THRESHOLD),
        ((0.24, 0.24, 0.24, 0.24), NoAnswer.BELOW_THRESHOLD),  # four are too many to choose from
        ((0.0, 0.0, 0.0), NoAnswer.BELOW_THRESHOLD),
    ],
)
async def test_says_why_none_may_be_given(confidences: tuple[float, ...], why: NoAnswer) -> None:
    found = await search(live(*confidences))
    assert found.no_answer is why
    assert [answer.score for answer in found.answers] == list(confidences)
    assert [answer.above_threshold for answer in found.answers] == [one >= THRESHOLD for one in confidences]
    assert all(answer.source is Source.RANKED for answer in found.answers)


@pytest.mark.parametrize("confidences", [(0.4, 0.4), (0.3, 0.3, 0.3)])
async def test_rivals_count_also_when_one_answer_is_asked_for(confidences: tuple[float, ...]) -> None:
    found = await search(live(*confidences), top_k=1)
    assert (len(found.answers), found.no_answer) == (1, NoAnswer.AMBIGUOUS)


async def test_says_that_none_is_allowed_or_there_or_asked_for() -> None:
    index = live(0.9, 0.05)
    nobody = await search(index, filter=Filter(tags_all=frozenset({"t1", "t2"})))
    assert (nobody.no_answer, nobody.answers) == (NoAnswer.NONE_ALLOWED, ())
    second = await search(index, filter=Filter(tags_any=frozenset({"t2"})))
    assert ([answer.entry_id for answer in second.answers], second.no_answer) == (["e2"], NoAnswer.NONE)
    missing = await search(index, text="", entry_ids=("e9",))
    assert (missing.no_answer, missing.answers) == (NoAnswer.ENTRIES_MISSING, ())
    empty = await search(live(entries=0))
    assert (empty.no_answer, empty.answers) == (NoAnswer.COLLECTION_EMPTY, ())


async def test_a_named_entry_may_be_given_whatever_else_is_found() -> None:
    found = await search(live(0.3, 0.1, 0.1), entry_ids=("e3",))
    assert found.no_answer is NoAnswer.NONE
    assert [(answer.entry_id, answer.source, answer.score) for answer in found.answers] == [
        ("e3", Source.PINNED, 1.0),
        ("e1", Source.RANKED, 0.3),
        ("e2", Source.RANKED, 0.1),
    ]


async def test_tells_parts_on_request_and_not_of_a_named_entry() -> None:
    index = live(0.9, 0.05)
    assert [answer.parts for answer in (await search(index)).answers] == [(), ()]
    told = await search(index, want_parts=True, entry_ids=("e2",))
    assert [answer.parts for answer in told.answers] == [(), PARTS]


async def test_a_threshold_that_is_never_reached_lets_nothing_through() -> None:
    index = live(0.999)
    index.calibrate(Calibration(1.0, "none.v1"))
    found = await search(index)
    assert (found.no_answer, found.answers[0].above_threshold) == (NoAnswer.BELOW_THRESHOLD, False)
