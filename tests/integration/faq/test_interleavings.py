"""Random interleavings of writes, searches, restarts, crashes and a second replica, against a model; over all kinds of index.

The replicas save their indexes, each in a folder of its own, and a crash leaves there what was saved last.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.fakes.words_encoder import vector_of
from tests.integration.faq.replicas import TENANT, Replica, content, likeness, replica, until

from balie.faq.errors import EntryNotFound
from balie.faq.index.kinds import Choice, Kinds
from balie.faq.index.pgvector_server import SCHEMA, VectorServer
from balie.faq.index.port import SLOTS
from balie.faq.index.upkeep import Upkeep
from balie.faq.knowledge.domain import EntryContent, ImportOrder
from balie.faq.retrieval.blend import Blend, DenseRetriever, HybridRetriever, shipped
from balie.faq.retrieval.judged import NOTHING
from balie.faq.retrieval.keys import key_of
from balie.faq.retrieval.port import Retriever
from balie.faq.retrieval.word_for_word import bare
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
        st.tuples(st.just("crash"), WHO),
        st.tuples(st.just("save"), WHO),
        st.tuples(st.just("rebuild"), WHO),
    ),
    max_size=40,
)


NEAREST = DenseRetriever(Blend({"": (1.0, 0.0, 0.0, 0.0, 0.0)}, shipped("dense").confidence, NOTHING))
"""Ranks by the nearest way to ask alone, so that the order can be told from the texts."""


@dataclass
class Desk:
    """Two replicas of one database with a collection of their own, and what a search of them must find."""

    url: str
    kinds: Kinds
    folder: Path
    retriever: Retriever
    vectors_url: str = ""
    collection: str = field(default_factory=new_id)
    opened: dict[int, tuple[AsyncExitStack, Replica]] = field(default_factory=dict)
    model: dict[str, tuple[str, ...]] = field(default_factory=dict)
    generation: int = 0

    async def replica(self, who: int) -> Replica:
        """Returns a replica, started when it is not running."""
        if who not in self.opened:
            stack = AsyncExitStack()
            self.opened[who] = (
                stack,
                await stack.enter_async_context(
                    replica(
                        self.url,
                        kinds=self.kinds,
                        folder=None if self.vectors_url else self.folder / str(who),
                        retriever=self.retriever,
                        vectors_url=self.vectors_url,
                        delay_seconds=5.0
                        if self.vectors_url
                        else 0.05,  # each of its searches is a round trip
                    )
                ),
            )
        return self.opened[who][1]

    async def stop(self, who: int) -> None:
        """Stops a replica if it runs."""
        if who in self.opened:
            await self.opened.pop(who)[0].aclose()

    async def crash(self, who: int) -> None:
        """Stops a replica if it runs, and saves nothing."""
        if who in self.opened:
            self.opened[who][1].indexes.save = _nothing  # type: ignore[method-assign]
            await self.stop(who)

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
            case "crash", ():
                await self.crash(who)
            case "save", ():
                await one.indexes.save()
            case "rebuild", ():
                await one.indexes.of(TENANT, self.collection)
                await Upkeep(one.indexes, save_seconds=60).rebuild_unfit()

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
        asked = {
            name: max(float(vector_of(text) @ query) for text in texts) for name, texts in self.model.items()
        }
        scores = {
            name: max(score, float(vector_of(f"about {name}") @ query)) for name, score in asked.items()
        }
        found = await one.search(
            word, top_k=top, min_generation=self.generation, collection_id=self.collection
        )
        names = [answer.entry_id for answer in found.answers]
        assert len(set(names)) == len(names) == min(top, len(self.model))
        assert set(names) <= set(self.model)
        tolerance = 1e-5 if found.state.kind == "flat" else 0.03
        assert [likeness(answer) for answer in found.answers] == pytest.approx(
            [scores[name] for name in names], abs=tolerance
        )
        sure = [answer.score for answer in found.answers]
        assert sure == sorted(sure, reverse=True)
        known = {name for name, asked in self.model.items() if word in map(bare, asked)}
        assert {*names[: len(known)]} <= known or not known
        if len(known) == 1 and found.answers:
            assert sure[0] >= 0.99
        if self.retriever is NEAREST:
            expected = sorted(
                scores.items(), key=lambda pair: (pair[0] not in known, -round(pair[1], 5), pair[0])
            )
            assert names == [name for name, _ in expected[:top]]

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
                for slot in range(len(asked) + 1)  # the answer's is the last
            )
            keys = {key_of(number, 0) for number in numbers.values()}

            async def equal(one: Replica = one, held: object = ((numbers, ids), keys)) -> bool:
                return (await one.ids(self.collection), await one.words(self.collection)) == held

            await until(equal)
            every = await one.found("dog", top_k=50, collection_id=self.collection)
            assert sorted(every) == sorted(self.model)
        if self.vectors_url:
            await until(lambda: self.hold_in_database(ids))

    async def hold_in_database(self, ids: list[int]) -> bool:
        """Returns whether the database of vectors holds these alone."""

        async def work(connection: Any) -> list[int]:
            of = f"SELECT number FROM {SCHEMA}.editions WHERE collection_id = $1"
            [number] = await connection.fetchrow(of, self.collection)
            rows = await connection.fetch(f"SELECT number * {SLOTS} + slot FROM {SCHEMA}.edition_{number}")
            return sorted(row[0] for row in rows)

        with VectorServer(self.vectors_url) as server:
            return await asyncio.to_thread(server.run, work) == ids


async def _nothing() -> None:
    """Takes the place of saving in a replica that crashes."""


async def play(
    url: str,
    kinds: Kinds,
    folder: Path,
    steps: list[tuple[object, ...]],
    retriever: Retriever,
    vectors_url: str = "",
) -> None:
    desk = Desk(url, kinds, folder, retriever, vectors_url)
    try:
        desk.generation = await (await desk.replica(0)).collect(desk.collection)
        for kind, who, *rest in steps:
            await desk.step(str(kind), int(str(who)), *rest)
        await desk.check_whole()
        for who in (0, 1):  # and again, from what a crash leaves
            await desk.crash(who)
        await desk.check_whole()
    finally:
        await desk.stop(0)
        await desk.stop(1)


QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@pytest.mark.parametrize(
    ("choice", "retriever"),
    [("flat", NEAREST), *[(choice, HybridRetriever()) for choice in ("flat", "fp16", "hnsw", "ivf")]],
    ids=["nearest-flat", "flat", "fp16", "hnsw", "ivf"],
)
@given(STEPS)
@settings(max_examples=8, deadline=None, suppress_health_check=QUIET)
def test_index_and_store_agree_whatever_happens(
    database_url: str, choice: Choice, retriever: Retriever, steps: list[tuple[object, ...]]
) -> None:
    with TemporaryDirectory() as folder:
        asyncio.run(play(database_url, Kinds(choice=choice, train_from=4), Path(folder), steps, retriever))


@pytest.mark.pgvector
@given(STEPS)
@settings(max_examples=6, deadline=None, suppress_health_check=QUIET)
def test_vectors_that_replicas_share_agree_with_the_store_whatever_happens(
    sqlite_url: str, pgvector_url: str, steps: list[tuple[object, ...]]
) -> None:
    with TemporaryDirectory() as folder:
        asyncio.run(play(sqlite_url, Kinds(choice="pgvector"), Path(folder), steps, NEAREST, pgvector_url))
