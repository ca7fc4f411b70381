"""What a driver's error becomes, and that the database is used again once it is back."""

import asyncio
import sqlite3
import traceback
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError
from tests.databases import run
from tests.fakes.migrations_example.tables import notes
from tests.integration.kit.steps import (
    PATIENCE_SECONDS,
    TENANT,
    add_note,
    append,
    followed,
    given_up,
    note_ids,
    opened,
)

from balie.kit.database import Database
from balie.kit.errors import DatabaseUnavailable, WriteConflict
from balie.kit.eventlog import EventLog

CANARY = "my-secret-ailment"
HANG_UP = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


async def disconnect(url: str) -> None:
    await asyncio.to_thread(run, make_url(url), HANG_UP)


async def test_a_broken_constraint_does_not_repeat_what_a_customer_wrote(database: Database) -> None:
    async with given_up(database) as tx:
        await add_note(tx, CANARY)
        with pytest.raises(IntegrityError) as failure:
            await add_note(tx, CANARY)
    assert CANARY not in "".join(traceback.format_exception(failure.value))
    assert CANARY not in repr(failure.value.orig)
    assert "notes" in str(failure.value.orig)  # what was broken is told


async def test_a_missing_value_does_not_repeat_the_others(database: Database) -> None:
    async with given_up(database) as tx:
        with pytest.raises(IntegrityError) as failure:
            await tx.execute(sa.insert(notes).values(tenant=CANARY, id=CANARY, version=None))
    assert CANARY not in "".join(traceback.format_exception(failure.value))


async def test_a_value_that_does_not_fit_is_not_repeated(database: Database) -> None:
    async with given_up(database) as tx:
        with pytest.raises(DBAPIError) as failure:
            await tx.execute(
                sa.text("INSERT INTO notes (tenant, id, version) VALUES (:a, :b, :c)"),
                {"a": "t", "b": "i", "c": [CANARY]},
            )
    assert CANARY not in "".join(traceback.format_exception(failure.value))


async def test_our_own_mistake_is_not_called_an_outage(database: Database) -> None:
    for begin in (database.read, lambda: given_up(database)):
        async with begin() as tx:
            with pytest.raises(DBAPIError):
                await tx.execute(sa.text("SELECT nothing FROM nowhere"))


@pytest.mark.postgres
@pytest.mark.parametrize("moment", ["before a statement", "before the commit"])
async def test_a_connection_that_breaks_is_an_outage_and_the_next_one_works(
    postgresql_url: str, moment: str
) -> None:
    async def interrupted(database: Database) -> None:
        async with database.write() as tx:
            await add_note(tx, "a")
            await disconnect(postgresql_url)
            if moment == "before a statement":
                await add_note(tx, "b")

    async with opened(postgresql_url) as database:
        with pytest.raises(DatabaseUnavailable):
            await interrupted(database)
        assert await note_ids(database) == []
        async with database.write() as tx:
            await add_note(tx, "a")
        assert await note_ids(database) == ["a"]


@pytest.mark.postgres
async def test_idle_connections_that_broke_are_replaced_unnoticed(postgresql_url: str) -> None:
    async with opened(postgresql_url, connections=4) as database:
        await asyncio.gather(*(note_ids(database) for _ in range(8)))
        await disconnect(postgresql_url)
        await asyncio.gather(*(note_ids(database) for _ in range(8)))
        await database.check()


@pytest.mark.postgres
async def test_a_deadlock_is_a_conflict_for_one_and_success_for_the_other(postgresql_url: str) -> None:
    async with opened(postgresql_url) as database:
        log = EventLog(database)
        both = asyncio.Barrier(2)

        async def write(first: str, second: str) -> None:
            async with database.write() as tx:
                await log.append(tx, TENANT, first, b"x")
                await both.wait()
                await log.append(tx, TENANT, second, b"x")

        async with asyncio.timeout(PATIENCE_SECONDS):
            ends = await asyncio.gather(write("one", "two"), write("two", "one"), return_exceptions=True)
        assert [type(end) for end in ends if end is not None] == [WriteConflict]
        assert [await log.head(TENANT, topic) for topic in ("one", "two")] == [1, 1]


@pytest.mark.postgres
async def test_a_serialisation_failure_is_a_conflict(postgresql_url: str) -> None:
    async with opened(postgresql_url) as database, given_up(database) as tx:
        with pytest.raises(WriteConflict):
            await tx.execute(sa.text("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$"))


@pytest.mark.postgres
async def test_a_statement_that_takes_too_long_is_an_outage(postgresql_url: str) -> None:
    async with opened(postgresql_url, statement_seconds=0.5) as database:
        for begin in (database.read, lambda: given_up(database)):
            async with begin() as tx:
                with pytest.raises(DatabaseUnavailable):
                    await tx.execute(sa.text("SELECT pg_sleep(60)"))
        await database.check()


@pytest.mark.postgres
@pytest.mark.parametrize(
    "change", [{"port": 1}, {"database": "balie_no_such_database"}, {"username": "balie_no_such_role"}]
)
async def test_a_server_that_does_not_let_us_in_is_an_outage(
    postgresql_url: str, change: dict[str, object]
) -> None:
    url = make_url(postgresql_url).set(**change).render_as_string(hide_password=False)  # type: ignore[arg-type]
    with pytest.raises(DatabaseUnavailable):
        await opened(url).__aenter__()


@pytest.mark.postgres
async def test_followers_are_told_of_an_outage_while_they_wait(postgresql_url: str) -> None:
    async with opened(postgresql_url, connections=2) as database:
        log = EventLog(database, poll_seconds=0.02)
        followers = [asyncio.create_task(followed(log, 1)) for _ in range(5)]
        await asyncio.sleep(0.1)
        name, server = make_url(postgresql_url).database, make_url(postgresql_url).set(database="postgres")
        refuse, admit = (f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS {allowed}' for allowed in (False, True))
        hang_up = HANG_UP.replace("current_database()", f"'{name}'")
        await asyncio.to_thread(run, server, refuse, hang_up)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                ends = await asyncio.gather(*followers, return_exceptions=True)
            with pytest.raises(DatabaseUnavailable):
                await database.check()
        finally:
            await asyncio.to_thread(run, server, admit)
        assert [type(end) for end in ends] == [DatabaseUnavailable] * 5
        waiting = asyncio.create_task(followed(log, 1))
        await append(database, log, b"back")
        assert [record.payload for record in await waiting] == [b"back"]


async def test_a_file_that_another_process_holds_is_an_outage_until_it_lets_go(sqlite_url: str) -> None:
    async with opened(sqlite_url, wait_seconds=0.1) as database:
        other = sqlite3.connect(str(make_url(sqlite_url).database), isolation_level=None)
        try:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(DatabaseUnavailable):
                await append(database, EventLog(database), b"never")
            assert await note_ids(database) == []
            other.execute("ROLLBACK")
        finally:
            other.close()
        async with database.write() as tx:
            await add_note(tx, "a")
        assert await note_ids(database) == ["a"]


async def test_a_file_that_is_no_database_is_an_outage(sqlite_url: str) -> None:
    Path(str(make_url(sqlite_url).database)).write_bytes(b"this is a letter, not a database" * 200)
    with pytest.raises(DatabaseUnavailable):
        await opened(sqlite_url).__aenter__()


async def test_a_full_disk_is_an_outage_and_loses_nothing_older(sqlite_url: str) -> None:
    async with opened(sqlite_url) as database:
        async with database.write() as tx:
            await add_note(tx, "a")
            await tx.execute(sa.text("PRAGMA max_page_count=40"))

        async def fill() -> None:
            async with database.write() as tx:
                await tx.execute(
                    sa.insert(notes).values(tenant=TENANT, id="b", version=1, body="x" * 1_000_000)
                )

        with pytest.raises(DatabaseUnavailable):
            await fill()
        assert await note_ids(database) == ["a"]
        async with database.write() as tx:
            await add_note(tx, "c")
        assert await note_ids(database) == ["a", "c"]
