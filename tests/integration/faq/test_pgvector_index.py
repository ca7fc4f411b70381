"""Vectors in PostgreSQL: the promises of an index, and those to replicas that share it."""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import asyncpg
import numpy as np
import pytest
from sqlalchemy import make_url
from tests.databases import run

from balie.faq.errors import VectorDatabaseUnavailable, VectorDatabaseUnfit
from balie.faq.index.indexed_entry import IndexedEntry
from balie.faq.index.pgvector_index import PgVectorIndex, PgVectorIndexes
from balie.faq.index.pgvector_server import SCHEMA, VectorServer
from balie.faq.index.port import SLOTS
from balie.faq.knowledge.domain import EntryText
from balie.kit.testing.vector_indexes import VectorIndexSuite

Rows = Mapping[int, Sequence[Any]]

DIMENSIONS = 16

pytestmark = pytest.mark.pgvector


@pytest.fixture
def server(pgvector_url: str) -> Iterator[VectorServer]:
    with VectorServer(pgvector_url, statement_seconds=20) as opened:
        yield opened


class TestComparedWithAll(VectorIndexSuite):
    slots = SLOTS
    tolerance = 1e-3
    least_recall = 0.97
    graph_from = 10**9

    @pytest.fixture(autouse=True)
    def _on(self, server: VectorServer) -> None:
        self.indexes = PgVectorIndexes(server, graph_from=self.graph_from)

    def index(self, entries: Rows) -> Any:
        made = self.indexes.open("acme", "ferry", "words", self.dimensions, anew=True)
        made.replace((), entries)
        made.settle(1)
        return made


class TestInAGraph(TestComparedWithAll):
    graph_from = 1


def indexes(server: VectorServer) -> PgVectorIndexes:
    return PgVectorIndexes(server)


def opened(server: VectorServer, *, anew: bool = False, collection: str = "ferry") -> PgVectorIndex:
    return indexes(server).open("acme", collection, "words", DIMENSIONS, anew=anew)


def entry(number: int, revision: int = 1, phrasings: int = 1) -> IndexedEntry:
    text = EntryText("en", f"question {number} {revision}", tuple("x" * phrasings), "an answer")
    return IndexedEntry(number, f"e{number}", revision, (text,), digest=f"{number}/{revision}/{phrasings}")


def rows(held: IndexedEntry) -> list[Any]:
    dice = np.random.default_rng([held.number, held.revision])
    found = dice.normal(size=(held.slots[-1], DIMENSIONS))
    return list((found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32))


def put(index: PgVectorIndex, *entries: IndexedEntry, generation: int, removed: Sequence[int] = ()) -> None:
    index.stage({one: rows(one) for one in entries}, generation)
    index.replace(removed, {one.number: rows(one) for one in entries})


def stored(server: VectorServer, what: str = "*", table: str = "editions") -> list[tuple[Any, ...]]:
    found = server.run(lambda connection: connection.fetch(f"SELECT {what} FROM {SCHEMA}.{table}"))
    return [tuple(row) for row in found]


def only_table(server: VectorServer) -> str:
    [[number]] = stored(server, "number")
    return f"edition_{number}"


def test_a_replica_that_comes_later_takes_over_what_is_there_and_writes_nothing(server: VectorServer) -> None:
    one, held = opened(server), [entry(1), entry(2, phrasings=3)]
    put(one, *held, generation=7)
    before = stored(server, "xmin::text, ctid::text", only_table(server))
    other = opened(server)
    assert (other.generation, len(other)) == (7, 0)
    assert other.adopt([*held, entry(3)]) == {1: "1/1/1", 2: "2/1/3"}
    assert other.ids() == one.ids()
    put(other, *held, generation=8)
    assert stored(server, "xmin::text, ctid::text", only_table(server)) == before
    assert np.array_equal(other.snapshot().vectors, one.snapshot().vectors)


def test_a_replica_that_is_behind_never_finds_what_is_ahead_of_it(server: VectorServer) -> None:
    ahead, behind = opened(server), opened(server)
    put(ahead, entry(1), entry(2), generation=1)
    behind.adopt([entry(1), entry(2)])
    put(ahead, entry(1, 2), entry(3), generation=2)
    [vector, *_] = rows(entry(1, 2))
    assert {hit.number for hit in behind.search(vector, 5)} == {2}
    assert not behind.rows(np.asarray([SLOTS + 1])).any()
    assert behind.count(1) == 3
    put(behind, entry(1, 2), entry(3), generation=2)
    assert behind.search(vector, 5) == ahead.search(vector, 5)


def test_what_a_replica_that_is_behind_writes_leaves_the_others_alone(server: VectorServer) -> None:
    ahead, behind = opened(server), opened(server)
    put(ahead, entry(1, 3), generation=3)
    put(behind, entry(1, 2), generation=2)
    [vector, *_] = rows(entry(1, 3))
    assert ahead.search(vector, 1)[0].score == pytest.approx(1, abs=1e-3)
    put(behind, entry(1, 3), generation=3)
    assert {version for [version] in stored(server, "version", only_table(server))} == {ahead._versions[1]}, (
        "what was replaced is gone"
    )


def test_what_is_deleted_is_gone_from_the_table(server: VectorServer) -> None:
    index = opened(server)
    put(index, entry(1), entry(2), generation=1)
    put(index, generation=2, removed=[1])
    assert {number for [number] in stored(server, "number", only_table(server))} == {2}


def test_what_a_crash_leaves_goes_when_the_next_replica_has_loaded(server: VectorServer) -> None:
    crashed = opened(server)
    crashed.stage({entry(1): rows(entry(1)), entry(2): rows(entry(2))}, 1)  # and no replacement follows
    ahead = opened(server)
    put(ahead, entry(3), generation=9)
    later = opened(server)
    assert later.adopt([entry(2)]) == {2: "2/1/1"}
    later.settle(8)
    assert {number for [number] in stored(server, "number", only_table(server))} == {2, 3}, (
        "entry 1 is left over, entry 3 is from a later generation"
    )


def test_an_index_is_built_anew_beside_the_old_which_goes_when_nobody_uses_it(server: VectorServer) -> None:
    old = opened(server)
    put(old, entry(1), generation=1)
    old.settle(1)
    fresh = opened(server, anew=True)
    assert opened(server)._edition._number == old._edition._number, "the new one is not whole"
    put(fresh, entry(1), generation=1)
    fresh.settle(1)
    assert opened(server)._edition._number == fresh._edition._number
    assert fresh.keep()
    assert old.search(rows(entry(1))[0], 1), "the old one is in use"
    server.run(
        lambda connection: connection.execute(
            f"UPDATE {SCHEMA}.editions SET used_at = now() - interval '2 hours' WHERE number = $1",
            old._edition._number,
        )
    )
    assert fresh.keep()
    assert stored(server, "number") == [(fresh._edition._number,)]
    assert not old.keep()
    with pytest.raises(VectorDatabaseUnavailable):
        old.search(rows(entry(1))[0], 1)


def test_a_collection_that_is_gone_takes_its_vectors_with_it(server: VectorServer) -> None:
    put(opened(server), entry(1), generation=1)
    put(opened(server, collection="bus"), entry(1), generation=1)
    indexes(server).forget("acme", "ferry")
    assert stored(server, "collection_id") == [("bus",)]
    indexes(server).keep_only([])
    assert stored(server, "collection_id") == [("bus",)], "somebody may use it"
    server.run(
        lambda connection: connection.execute(
            f"UPDATE {SCHEMA}.editions SET used_at = now() - interval '2 hours'"
        )
    )
    indexes(server).keep_only([("acme", "bus")])
    assert stored(server, "collection_id") == [("bus",)]
    indexes(server).keep_only([])
    assert stored(server, "collection_id") == []


def test_a_graph_is_used_and_its_searches_are_full(server: VectorServer) -> None:
    index = PgVectorIndexes(server, graph_from=1).open("acme", "ferry", "words", DIMENSIONS, anew=False)
    held = [entry(number) for number in range(1, 1500)]
    put(index, *held, generation=1)
    index.settle(1)
    index.settle(1)
    table = only_table(server)
    plan = server.run(
        lambda connection: connection.fetch(
            f"EXPLAIN SELECT number FROM {SCHEMA}.{table} ORDER BY vector <#> "
            f"'[{','.join('1' * DIMENSIONS)}]' LIMIT 10"
        )
    )
    assert "graph" in str(plan)
    query = rows(held[0])[0]
    allowed = {number for number in range(1, 1500) if number % 300 == 7}
    assert {hit.number for hit in index.search(query, 10, allowed=allowed.__contains__)} == allowed
    assert index.search(query, 1)[0].number == 1
    assert len({hit.number for hit in index.search(query, 1499)}) == 1499


def test_threads_that_are_at_work_when_it_is_closed_are_refused(pgvector_url: str) -> None:
    with ThreadPoolExecutor(4) as threads:
        with VectorServer(pgvector_url, connections=1) as server:
            server.check()

            def search_on() -> None:
                while True:
                    server.run(lambda connection: connection.execute("SELECT pg_sleep(0.02)"))

            working = [threads.submit(search_on) for _ in range(4)]
            time.sleep(0.1)
        for one in working:
            assert isinstance(one.exception(timeout=10), VectorDatabaseUnavailable)


def test_a_database_that_is_away_is_told_of(pgvector_url: str) -> None:
    nobody = make_url(pgvector_url).set(database="no_such_database").render_as_string(hide_password=False)
    with VectorServer(nobody, statement_seconds=5) as away, pytest.raises(VectorDatabaseUnavailable) as told:
        away.check()
    assert told.value.reason == "DATABASE_UNAVAILABLE"


def test_connections_that_break_are_made_anew(pgvector_url: str, server: VectorServer) -> None:
    index = opened(server)
    put(index, entry(1), generation=1)
    run(
        make_url(pgvector_url),
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    for _ in range(
        3
    ):  # a connection that is found to be broken may cost one attempt, as a follower makes many
        with suppress(VectorDatabaseUnavailable):
            put(index, entry(2), generation=2)
    assert index.numbers() == {1, 2}


def test_a_user_who_may_not_is_told_what_an_administrator_has_to_run(pgvector_url: str) -> None:
    administrator = make_url(pgvector_url).set(drivername="postgresql+asyncpg")
    run(
        administrator,
        "CREATE ROLE balie_plain LOGIN PASSWORD 'plain'",
        "GRANT USAGE ON SCHEMA public TO balie_plain",
    )
    plain = administrator.set(username="balie_plain", password="plain")  # noqa: S106
    try:
        url = plain.render_as_string(hide_password=False)
        with VectorServer(url) as server, pytest.raises(VectorDatabaseUnfit, match="CREATE EXTENSION vector"):
            server.check()
        with VectorServer(url) as server:
            run(administrator, "CREATE EXTENSION vector")
            with pytest.raises(VectorDatabaseUnfit, match="CREATE SCHEMA balie_vectors AUTHORIZATION"):
                server.check()
            run(administrator, "CREATE SCHEMA balie_vectors AUTHORIZATION balie_plain")
            put(opened(server), entry(1), generation=1)
    finally:
        run(administrator, "DROP OWNED BY balie_plain CASCADE", "DROP ROLE balie_plain")


@pytest.mark.postgres
def test_a_server_without_pgvector_is_told_how_to_get_it(postgresql_url: str) -> None:
    available = "SELECT 1 FROM pg_available_extensions WHERE name = 'vector'"
    with ThreadPoolExecutor(1) as thread:
        there = thread.submit(asyncio.run, _value(postgresql_url, available)).result()
    with VectorServer(postgresql_url, statement_seconds=5) as plain:
        if there:
            plain.check()
        else:
            with pytest.raises(VectorDatabaseUnfit, match="install it"):
                plain.check()


async def _value(url: str, query: str) -> Any:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()
