"""The index while it is searched: one state at a time, whatever changes beside it."""

import asyncio
import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.fakes.words_encoder import DIMENSIONS, vector_of

from balie.faq.domain import Calibration
from balie.faq.index.indexed_entry import IndexedEntry
from balie.faq.index.live_index import LiveIndex
from balie.faq.index.port import SLOTS
from balie.faq.knowledge.domain import EntryText
from balie.faq.retrieval.blend import HybridRetriever
from balie.faq.retrieval.port import Query

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
LATER = datetime(2026, 5, 1, 13, tzinfo=UTC)
CALIBRATION = Calibration(0.8, "default.v1")


def empty() -> LiveIndex:
    return LiveIndex(
        fingerprint="words.v1",
        dimensions=DIMENSIONS,
        calibration=CALIBRATION,
        as_of=NOON,
        retriever=HybridRetriever(),
    )


def entry(number: int, name: str, *asked: str, revision: int = 1) -> IndexedEntry:
    text = EntryText("en", asked[0], asked[1:], f"answer {name}")
    return IndexedEntry(number, name, revision, (text,))


def with_vectors(*entries: IndexedEntry) -> dict[IndexedEntry, list[Any]]:
    return {one: [vector_of(part) for part in one.texts[0].worded()] for one in entries}


def loaded(*named: tuple[int, str, list[str]]) -> LiveIndex:
    live = empty()
    live.load(
        with_vectors(*[entry(number, name, *texts) for number, name, texts in named]),
        languages=("en",),
        generation=3,
        as_of=NOON,
    )
    return live


def query(text: str) -> Query:
    return Query(text, vector_of(text), ())


def names(live: LiveIndex, text: str, top: int = 5, pinned: tuple[str, ...] = ()) -> list[str]:
    return [found.entry.id for found in live.search(query(text), top, pinned).ranked]


def test_says_what_it_holds() -> None:
    live = loaded((1, "dogs", ["my dog", "a dog"]), (2, "cats", ["my cat"]))
    state = live.state()
    assert (state.entry_count, state.vector_count, state.generation, state.as_of) == (2, 5, 3, NOON)
    assert (state.fingerprint, state.dimensions, state.calibration) == ("words.v1", DIMENSIONS, CALIBRATION)
    assert live.ids() == ({"dogs": 1, "cats": 2}, [SLOTS, SLOTS + 1, SLOTS + 2, 2 * SLOTS, 2 * SLOTS + 1])


def test_orders_ties_by_id_also_where_they_are_cut() -> None:
    same = [(number, name, ["my dog"]) for number, name in enumerate("fbdace", start=1)]
    live = loaded(*same)
    assert names(live, "my dog") == ["a", "b", "c", "d", "e"]
    assert names(live, "my dog", top=2) == ["a", "b"]


def test_names_come_first_in_their_order_and_are_not_ranked_again() -> None:
    live = loaded(
        *[(number, name, [f"my {name}"]) for number, name in enumerate(("dog", "cat", "cow", "pig"), 1)]
    )
    found = live.search(query("my dog"), 2, ("cow", "bird", "dog"))
    assert [pinned.id for pinned in found.pinned] == ["cow", "dog"]
    assert [ranked.entry.id for ranked in found.ranked] == ["cat", "pig"]


def test_names_and_ranks_only_what_is_allowed() -> None:
    live = loaded(*[(number, f"e{number}", ["my dog"] * 20) for number in range(1, 31)])
    found = live.search(query("my dog"), 3, ("e2", "e29"), lambda entry: entry.number > 26)
    assert [pinned.id for pinned in found.pinned] == ["e29"]
    assert [ranked.entry.id for ranked in found.ranked] == ["e27", "e28", "e30"]


def test_ranks_nothing_without_a_vector() -> None:
    found = loaded((1, "dogs", ["my dog"])).search(None, 5, ("dogs",))
    assert (found.ranked, [pinned.id for pinned in found.pinned]) == ((), ["dogs"])


def test_a_change_takes_out_and_puts_in_at_once() -> None:
    live = loaded((1, "dogs", ["my dog", "dogs"]), (2, "cats", ["my cat"]))
    live.change(
        {1},
        with_vectors(entry(1, "dogs", "ferry dog", revision=2), entry(3, "cows", "my cow")),
        languages=("en", "nl"),
        generation=5,
        as_of=LATER,
    )
    state = live.state()
    assert (state.entry_count, state.vector_count, state.generation, state.as_of) == (3, 6, 5, LATER)
    found = live.search(query("ferry dog"), 1)
    assert (found.ranked[0].entry.revision, found.languages) == (2, ("en", "nl"))
    assert found.ranked[0].parts.question == pytest.approx(1.0)
    assert found.ranked[0].confidence >= 0.99
    assert live.ids()[1] == [number * SLOTS + slot for number in (1, 2, 3) for slot in (0, 1)]


def test_scores_after_changes_are_those_of_an_index_that_never_held_anything_else() -> None:
    live = loaded((1, "dogs", ["my dog", "dogs", "a dog aboard"]), (2, "cats", ["my cat", "cats"]))
    asked = "a dog or a cat aboard"
    live.search(query(asked), 5)  # what is worked out of texts is kept from now on
    live.change(
        {1},
        with_vectors(entry(1, "dogs", "a ferry", "cat ferry")),
        languages=("en",),
        generation=4,
        as_of=NOON,
    )
    live.settle()
    fresh = loaded((1, "dogs", ["a ferry", "cat ferry"]), (2, "cats", ["my cat", "cats"]))
    for _ in range(2):
        after, alone = live.search(query(asked), 5).ranked, fresh.search(query(asked), 5).ranked
        assert [(one.entry.id, one.parts.values[:3]) for one in after] == [
            (one.entry.id, pytest.approx(one.parts.values[:3])) for one in alone
        ]


def test_a_deleted_entry_is_neither_ranked_nor_pinned() -> None:
    live = loaded((1, "dogs", ["my dog"]), (2, "cats", ["my cat"]))
    live.change({1}, {}, languages=None, generation=4, as_of=LATER)
    found = live.search(query("my dog"), 5, ("dogs",))
    assert ([ranked.entry.id for ranked in found.ranked], found.pinned) == (["cats"], ())
    assert found.languages == ("en",)


def test_an_id_given_anew_before_its_deletion_was_read_is_there_once() -> None:
    live = loaded((1, "dogs", ["my dog"]))
    live.change({1}, with_vectors(entry(8, "dogs", "my dog")), languages=("en",), generation=4, as_of=LATER)
    live.change({1}, {}, languages=("en",), generation=5, as_of=LATER)
    assert live.ids() == ({"dogs": 8}, [8 * SLOTS, 8 * SLOTS + 1])
    assert names(live, "my dog") == ["dogs"]


def test_loading_anew_forgets_what_was_there() -> None:
    live = loaded((1, "dogs", ["my dog"]))
    live.load(with_vectors(entry(2, "cats", "cat")), languages=("nl",), generation=9, as_of=LATER)
    assert live.ids() == ({"cats": 2}, [2 * SLOTS, 2 * SLOTS + 1])
    assert live.state().generation == 9


async def test_waits_for_a_generation() -> None:
    live = loaded((1, "dogs", ["my dog"]))
    await asyncio.wait_for(live.reached(3), 5)
    waiting = asyncio.create_task(live.reached(5))
    for generation in (4, 5):
        await asyncio.sleep(0)
        assert not waiting.done()
        live.change({1}, {}, languages=None, generation=generation, as_of=LATER)
        live.tell()
    await asyncio.wait_for(waiting, 5)


def test_a_new_calibration_shows_in_the_next_search() -> None:
    live = loaded((1, "dogs", ["my dog"]))
    live.calibrate(Calibration(0.5, "learned"))
    assert live.search(None, 1).state.calibration.version == "learned"


def test_no_search_sees_half_of_a_change() -> None:
    """Two entries take each other's place again and again: every search finds exactly one, of its own generation."""
    live = loaded((1, "odd", ["my dog"]), (3, "always", ["a cat"]))
    stop, seen, wrong = threading.Event(), set[str](), list[object]()

    def look() -> None:
        while not stop.is_set():
            found = live.search(query("my dog"), 5, ("odd", "even"))
            expected = "odd" if found.state.generation % 2 else "even"
            if [pinned.id for pinned in found.pinned] != [expected] or found.state.vector_count != 4:
                wrong.append(found)
            seen.add(expected)

    searchers = [threading.Thread(target=look) for _ in range(3)]
    for searcher in searchers:
        searcher.start()
    for generation in range(4, 604):
        going, coming, name = (2, 1, "odd") if generation % 2 else (1, 2, "even")
        live.change(
            {going},
            with_vectors(entry(coming, name, "my dog")),
            languages=None,
            generation=generation,
            as_of=NOON,
        )
    stop.set()
    for searcher in searchers:
        searcher.join()
    assert wrong == []
    assert seen == {"odd", "even"}


@pytest.mark.parametrize("top", [1, 2, 7])
def test_gives_as_many_as_asked_whenever_there_are_enough(top: int) -> None:
    live = loaded(*[(number, f"e{number}", ["word"] * 30) for number in range(1, 8)])
    assert len(names(live, "word", top)) == top
