"""Which entries a search may give: by state, by the clock, and by the filter; as many as asked whenever there are enough."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.fakes.words_encoder import DIMENSIONS, vector_of
from tests.integration.faq.replicas import FERRY, TENANT, Replica, content, replica, write

from balie.faq.domain import Calibration, Filter, NoAnswer
from balie.faq.index.indexed_entry import IndexedEntry
from balie.faq.index.live_index import LiveIndex
from balie.faq.knowledge.domain import CollectionContent, EntryContent, EntryState, EntryText
from balie.faq.retrieval.blend import Blend, DenseRetriever, HybridRetriever, shipped
from balie.faq.retrieval.judged import NOTHING
from balie.faq.retrieval.port import Query, Retriever

pytestmark = pytest.mark.timeout(60)

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Clock:
    """Tells the time that a test sets."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


async def put(one: Replica, made: EntryContent) -> int:
    return (await one.knowledge.upsert_entry(write(), FERRY, made, "")).generation


async def test_only_published_entries_are_found(database_url: str) -> None:
    async with replica(database_url, delay_seconds=60) as one:
        await one.collect()
        for state in (EntryState.DRAFT, EntryState.ARCHIVED, EntryState.PUBLISHED, EntryState.DRAFT):
            last = await put(one, replace(content("dogs", "my dog"), state=state))
            found = await one.search("my dog", entry_ids=("dogs",), min_generation=last)
            seen = [answer.entry_id for answer in found.answers]
            if state is EntryState.PUBLISHED:
                assert (seen, found.no_answer) == (["dogs"], NoAnswer.NONE)
            else:
                assert (seen, found.no_answer) == ([], NoAnswer.COLLECTION_EMPTY)
                assert await one.ids() == ({}, [])


async def test_a_draft_is_not_found_after_a_restart_either(sqlite_url: str) -> None:
    async with replica(sqlite_url) as one:
        await one.collect()
        await put(one, replace(content("dogs", "my dog"), state=EntryState.DRAFT))
        await put(one, content("cats", "my cat"))
    async with replica(sqlite_url) as again:
        assert await again.found("my dog", entry_ids=("dogs",)) == ["cats"]


async def test_validity_is_decided_by_the_clock_without_a_write(database_url: str) -> None:
    clock = Clock()
    async with replica(database_url, delay_seconds=60, clock=clock) as one:
        await one.collect()
        await put(one, content("always", "my cat"))
        dogs = replace(content("dogs", "my dog"), valid_from=NOON, valid_until=NOON + HOUR)
        last = await put(one, dogs)
        assert (await one.knowledge.entry(TENANT, FERRY, "dogs")).content == dogs
        for moment, there in [
            (NOON - timedelta(microseconds=1), False),
            (NOON, True),
            (NOON + HOUR - timedelta(microseconds=1), True),
            (NOON + HOUR, False),
            (NOON, True),
        ]:
            clock.now = moment
            ranked = await one.found("my dog", min_generation=last)
            assert ranked == (["dogs", "always"] if there else ["always"])
            pinned = await one.search("", entry_ids=("dogs",))
            assert [answer.entry_id for answer in pinned.answers] == (["dogs"] if there else [])
            assert pinned.no_answer is (NoAnswer.NONE if there else NoAnswer.ENTRIES_MISSING)
        assert (await one.knowledge.collection(TENANT, FERRY)).generation == last


async def test_says_that_nothing_may_be_given(sqlite_url: str) -> None:
    clock = Clock()
    async with replica(sqlite_url, delay_seconds=60, clock=clock) as one:
        await one.collect()
        last = await put(one, replace(content("dogs", "my dog"), valid_until=NOON))
        found = await one.search("my dog", min_generation=last)
        assert (found.answers, found.no_answer) == ((), NoAnswer.NONE_ALLOWED)


async def test_filters_by_tags_audience_market_and_metadata(sqlite_url: str) -> None:
    async with replica(sqlite_url, delay_seconds=60) as one:
        await one.collect()
        base = content("all", "my dog")
        await put(one, base)
        await put(one, replace(base, id="a", tags=("x",), audience=("members",), market=("be", "nl")))
        await put(one, replace(base, id="b", tags=("x", "y"), audience=("guests",), metadata={"k": "v"}))
        last = await put(one, replace(base, id="c", tags=("y",), market=("de",), metadata={"k": "w"}))
        for wanted, ids in [
            (Filter(), ["a", "all", "b", "c"]),
            (Filter(tags_any=frozenset("x")), ["a", "b"]),
            (Filter(tags_any=frozenset("xy")), ["a", "b", "c"]),
            (Filter(tags_all=frozenset("xy")), ["b"]),
            (Filter(audience=frozenset({"members"})), ["a", "all", "c"]),
            (Filter(audience=frozenset({"members", "guests"})), ["a", "all", "b", "c"]),
            (Filter(market=frozenset({"de"})), ["all", "b", "c"]),
            (Filter(metadata=frozenset({("k", "v")})), ["b"]),
            (Filter(tags_any=frozenset("x"), market=frozenset({"nl"})), ["a", "b"]),
            (Filter(tags_all=frozenset("z")), []),
        ]:
            found = await one.search("my dog", min_generation=last, filter=wanted)
            assert [answer.entry_id for answer in found.answers] == ids
            pinned = await one.search("", entry_ids=("a", "b", "c", "all"), filter=wanted)
            assert sorted(answer.entry_id for answer in pinned.answers) == ids
        assert found.no_answer is NoAnswer.NONE_ALLOWED


async def test_the_order_of_fallback_counts_and_is_told(database_url: str) -> None:
    async with replica(database_url, delay_seconds=60) as one:
        wide = CollectionContent(FERRY, "", ("nl", "en", "de"), ("de",))
        await one.knowledge.upsert_collection(write(), wide, "")
        texts = [EntryText(name, "my dog", (), name) for name in ("en", "de")]
        last = await put(one, EntryContent("dogs", tuple(texts)))

        async def given(language: str, generation: int) -> tuple[str, bool]:
            found = await one.search("my dog", language=language, min_generation=generation)
            return found.answers[0].language, found.answers[0].is_fallback_language

        assert await given("nl", last) == ("de", True)
        assert await given("", last) == ("de", True)
        assert await given("en", last) == ("en", False)
        assert await given("en-GB", last) == ("en", False)
        narrow = replace(wide, fallback=())
        changed = await one.knowledge.upsert_collection(write(), narrow, "")
        assert await given("nl", changed.generation) == ("en", True)


WORDS = ("my dog", "my cat", "a ferry", "the boat")
ENTRIES = st.lists(
    st.tuples(
        st.lists(st.sampled_from(WORDS), min_size=1, max_size=12),  # what is asked
        st.frozensets(st.sampled_from("xyz")),  # tags
        st.frozensets(st.sampled_from(["members", "guests"])),  # audience
        st.none() | st.integers(-2, 2),  # hours from noon until which it is valid
    ),
    max_size=60,
)
FILTERS = st.builds(
    Filter,
    tags_any=st.frozensets(st.sampled_from("xyz"), max_size=2),
    tags_all=st.frozensets(st.sampled_from("xyz"), max_size=2),
    audience=st.frozensets(st.sampled_from(["members", "guests"]), max_size=1),
)
Drawn = tuple[Sequence[str], frozenset[str], frozenset[str], int | None]


NEAREST = DenseRetriever(Blend({"": (1.0, 0.0, 0.0, 0.0, 0.0)}, shipped("dense").confidence, NOTHING))
"""Ranks by the nearest way to ask alone, so that the order can be told from the texts."""


@pytest.mark.parametrize("is_nearest", [True, False])
@given(
    entries=ENTRIES, wanted=FILTERS, top=st.integers(1, 10), pinned=st.lists(st.integers(1, 60), max_size=3)
)
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=150)
def test_as_many_come_as_asked_whenever_as_many_are_allowed(
    is_nearest: bool, entries: list[Drawn], wanted: Filter, top: int, pinned: list[int]
) -> None:
    retriever: Retriever = NEAREST if is_nearest else HybridRetriever()
    live = LiveIndex(
        fingerprint="words.v1",
        dimensions=DIMENSIONS,
        calibration=Calibration(0.8, "x"),
        as_of=NOON,
        retriever=retriever,
    )
    made = {
        IndexedEntry(
            number,
            f"e{number:02}",
            1,
            (EntryText("en", asked[0], tuple(asked[1:]), "a"),),
            valid_until=None if hours is None else NOON + hours * HOUR,
            tags=tags,
            audience=audience,
        ): [vector_of(text) for text in (*asked, "a")]
        for number, (asked, tags, audience, hours) in enumerate(entries, 1)
    }
    live.load(made, languages=("en",), generation=1, as_of=NOON)

    def allows(entry: IndexedEntry) -> bool:
        return entry.is_allowed(wanted, NOON)

    names = tuple(f"e{number:02}" for number in dict.fromkeys(pinned))
    found = live.search(Query("my dog", vector_of("my dog"), ()), top, names, allows)
    allowed = {entry.id for entry in made if allows(entry)}
    assert [entry.id for entry in found.pinned] == [name for name in names if name in allowed]
    ranked = [one.entry.id for one in found.ranked]
    assert len(set(ranked)) == len(ranked) == min(top, len(allowed - set(names)))
    assert set(ranked) <= allowed - set(names)
    if not is_nearest:
        return
    scores = {
        entry.id: max(round(float(vector_of("my dog") @ row), 6) for row in rows[:-1])
        for entry, rows in made.items()
    }
    best = sorted(allowed - set(names), key=lambda name: (-scores[name], name))
    assert ranked == best[:top]
