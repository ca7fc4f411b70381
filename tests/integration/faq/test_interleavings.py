"""Random interleavings of writes, searches, restarts and a second replica, against a model."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.fakes.words_encoder import vector_of
from tests.integration.faq.replicas import TENANT, Replica, content, replica, until

from balie.faq.domain import EntryContent, ImportOrder
from balie.faq.errors import EntryNotFound
from balie.faq.index.vector_index import SLOTS
from balie.kit.ids import new_id
from balie.kit.imports.progress import Problem

pytestmark = [pytest.mark.timeout(300), pytest.mark.slow]

WORDS = ("dog", "cat", "boat", "bike", "ticket", "island", "winter", "price")
NAMES = st.sampled_from([f"e{number}" for number in range(6)])
TEXTS = st.lists(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join), min_size=1, max_size=4
)
WHO = st.integers(0, 1)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), WHO, NAMES, TEXTS),
        st.tuples(st.just("put"), WHO, NAMES, TEXTS),
        st.tuples(st.just("drop"), WHO, NAMES),
        st.tuples(st.just("import"), WHO, st.lists(st.tuples(NAMES, TEXTS), max_size=8)),
        st.tuples(st.just("search"), WHO, st.sampled_from(WORDS), st.integers(1, 6)),
        st.tuples(st.just("restart"), WHO),
    ),
    max_size=40,
)


@dataclass
class Desk:
    """Two replicas of one database with a collection of their own, and what a search of them must find."""

    url: str
    collection: str = field(default_factory=new_id)
    opened: dict[int, tuple[AsyncExitStack, Replica]] = field(default_factory=dict)
    model: dict[str, tuple[str, ...]] = field(default_factory=dict)
    generation: int = 0

    async def replica(self, who: int) -> Replica:
        """Returns a replica, started when it is not running."""
        if who not in self.opened:
            stack = AsyncExitStack()
            self.opened[who] = stack, await stack.enter_async_context(replica(self.url))
        return self.opened[who][1]

    async def stop(self, who: int) -> None:
        """Stops a replica if it runs."""
        if who in self.opened:
            await self.opened.pop(who)[0].aclose()

    async def step(self, kind: str, who: int, *rest: object) -> None:
        """Does one step and keeps the model in step."""
        one = await self.replica(who)
        match kind, rest:
            case "put", (str(name), list(asked)):
                entry = await one.put(name, *asked, collection=self.collection)
                self.model[name] = tuple(asked)
                self.generation = max(self.generation, entry.generation)
            case "drop", (str(name),):
                if name in self.model:
                    self.generation = await one.drop(name, self.collection)
                    del self.model[name]
                else:
                    with pytest.raises(EntryNotFound):
                        await one.drop(name, self.collection)
            case "import", (list(entries),):
                await self.take(one, entries)
            case "search", (str(word), int(top)):
                await self.check(one, word, top)
            case "restart", ():
                await self.stop(who)

    async def take(self, one: Replica, entries: list[tuple[str, list[str]]]) -> None:
        """Imports entries."""

        async def parts() -> AsyncGenerator[EntryContent | Problem, None]:
            for name, asked in entries:
                yield content(name, *asked)

        async for progress in one.importer.run(
            TENANT, ImportOrder(self.collection), parts(), by="admin:local"
        ):
            self.generation = progress.counts.generation
        self.model |= {name: tuple(asked) for name, asked in entries}

    async def check(self, one: Replica, word: str, top: int) -> None:
        """Compares a search with the model."""
        query = vector_of(word)
        scores = {
            name: max(float(vector_of(text) @ query) for text in asked) for name, asked in self.model.items()
        }
        expected = sorted(scores.items(), key=lambda pair: (-round(pair[1], 5), pair[0]))[:top]
        found = await one.search(
            word, top_k=top, min_generation=self.generation, collection_id=self.collection
        )
        assert [answer.entry_id for answer in found.answers] == [name for name, _ in expected]
        assert [answer.score for answer in found.answers] == pytest.approx(
            [score for _, score in expected], abs=1e-5
        )

    async def check_whole(self) -> None:
        """Compares both indexes with the store."""
        for who in (0, 1):
            one = await self.replica(who)
            await one.search("dog", min_generation=self.generation, collection_id=self.collection)
            listed, _ = await one.knowledge.entries(TENANT, self.collection, limit=500, token="", tag="")
            numbers = {entry.id: entry.number for entry in listed}
            assert {entry.id: entry.content.texts[0].asked() for entry in listed} == self.model
            ids = sorted(
                numbers[name] * SLOTS + slot
                for name, asked in self.model.items()
                for slot in range(len(asked))
            )

            async def equal(one: Replica = one, held: object = (numbers, ids)) -> bool:
                return await one.ids(self.collection) == held

            await until(equal)


async def play(url: str, steps: list[tuple[object, ...]]) -> None:
    desk = Desk(url)
    try:
        desk.generation = await (await desk.replica(0)).collect(desk.collection)
        for kind, who, *rest in steps:
            await desk.step(str(kind), int(str(who)), *rest)
        await desk.check_whole()
    finally:
        await desk.stop(0)
        await desk.stop(1)


QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@given(STEPS)
@settings(max_examples=20, deadline=None, suppress_health_check=QUIET)
def test_index_and_store_agree_whatever_happens(database_url: str, steps: list[tuple[object, ...]]) -> None:
    asyncio.run(play(database_url, steps))
