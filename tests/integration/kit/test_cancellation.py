"""A cancelled task leaves no lock, no connection and no half of a transaction behind."""

import asyncio
import random
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from tests.integration.kit.steps import (
    PATIENCE_SECONDS,
    TENANT,
    TOPIC,
    add_note,
    append,
    given_up,
    note_ids,
    opened,
    stays_pending,
)

from balie.kit.cancellation import see_through
from balie.kit.database import Database
from balie.kit.eventlog import EventLog


async def cancelled(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_cancelled_writer_is_rolled_back_and_lets_the_next_one_go(database: Database) -> None:
    inside = asyncio.Event()

    async def hold() -> None:
        async with database.write() as tx:
            await add_note(tx, "a")
            inside.set()
            await asyncio.Event().wait()

    holder = asyncio.create_task(hold())
    await inside.wait()
    await cancelled(holder)
    async with asyncio.timeout(PATIENCE_SECONDS), database.write() as tx:
        await add_note(tx, "a")
    assert await note_ids(database) == ["a"]


async def test_a_writer_cancelled_while_it_waits_takes_nothing_with_it(
    database: Database, log: EventLog
) -> None:
    async with database.write() as tx:
        await log.append(tx, TENANT, TOPIC, b"first")
        waiting = [asyncio.create_task(append(database, log, b"never")) for _ in range(20)]
        assert await stays_pending(waiting[0])
        async with asyncio.timeout(PATIENCE_SECONDS):  # the lock it waits for is still held
            for task in waiting:
                await cancelled(task)
    async with asyncio.timeout(PATIENCE_SECONDS):
        await append(database, log, b"second")
    assert [record.payload for record in await log.read(TENANT, TOPIC, 0)] == [b"first", b"second"]


async def test_tasks_cancelled_anywhere_leave_the_database_whole(database_url: str) -> None:
    """Whatever moment a cancellation hits: what was announced as committed is on disk, and nothing else is."""
    dice = random.Random(11)
    told: set[str] = set()
    async with opened(database_url, connections=3) as database:
        log = EventLog(database)

        async def work(name: str) -> None:
            await note_ids(database)
            async with database.write() as tx:
                await add_note(tx, name)
                await log.append(tx, TENANT, TOPIC, name.encode())
                tx.after_commit(lambda: told.add(name))
            await log.read(TENANT, TOPIC, 0)

        async def cut_short(name: str) -> None:
            task = asyncio.create_task(work(name))
            await asyncio.sleep(dice.random() * 0.15)
            task.cancel()
            await asyncio.wait({task})

        async with asyncio.timeout(PATIENCE_SECONDS * 2):
            for turn in range(6):
                await asyncio.gather(*(cut_short(f"{turn}/{name}") for name in range(15)))
            # As many transactions as there are connections still run side by side.
            await asyncio.gather(*(note_ids(database) for _ in range(12)))
            await work("last")
        assert 1 < len(told) < 91
        assert set(await note_ids(database)) == told
        records = await log.read(TENANT, TOPIC, 0)
        assert [record.position for record in records] == list(range(1, len(told) + 1))
        assert {record.payload.decode() for record in records} == told
        if database.dialect == "postgresql":
            async with database.read() as tx:
                others = sa.text(
                    "SELECT state FROM pg_stat_activity WHERE datname = current_database() "
                    "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
                )
                assert {row.state for row in await tx.all(others)} <= {"idle"}


async def test_a_writer_cancelled_during_its_commit_learns_nothing_but_the_others_do(
    database: Database,
) -> None:
    """The commit is on disk although its task was told to stop: who waits for it must be woken."""
    told: list[str] = []

    async def write() -> None:
        async with database.write() as tx:
            await add_note(tx, "a")
            tx.after_commit(lambda: told.append("a"))

    task = asyncio.create_task(write())
    event.listen(database._pools.writer.sync_engine, "commit", lambda _: task.cancel(), once=True)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert told == ["a"] == await note_ids(database)


async def test_a_writer_cancelled_during_its_rollback_still_returns_its_connection(database_url: str) -> None:
    async with opened(database_url, connections=1, wait_seconds=1.0) as database:

        async def write() -> None:
            async with given_up(database) as tx:
                await add_note(tx, "a")

        task = asyncio.create_task(write())
        engine = database._pools.writer.sync_engine
        event.listen(engine, "rollback", lambda _: task.cancel(), once=True)
        with pytest.raises(asyncio.CancelledError):
            await task
        assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]
        async with database.write() as tx:
            await add_note(tx, "a")
        assert await note_ids(database) == ["a"]


@pytest.mark.parametrize("statement", ["BEGIN", "INSERT"])
async def test_a_cancelled_statement_of_sqlite_is_seen_through_and_keeps_its_connection(
    sqlite_url: str, statement: str
) -> None:
    """The statement runs on in its thread: a connection given up would hold the file while the next one begins."""
    connects: list[object] = []
    async with opened(sqlite_url) as database, database.write() as tx:
        await add_note(tx, "a")
    async with opened(sqlite_url) as database:
        await append(database, EventLog(database), b"warm")
        engine = database._pools.writer.sync_engine
        event.listen(engine, "connect", lambda *_: connects.append(_))

        async def write() -> None:
            async with database.write() as tx:
                await add_note(tx, "b")

        for _ in range(3):
            task = asyncio.create_task(write())

            def cancel(*about: Any, task: "asyncio.Task[None]" = task) -> None:
                if about[2].startswith(statement):
                    task.cancel()

            event.listen(engine, "before_cursor_execute", cancel)
            with pytest.raises(asyncio.CancelledError):
                await task
            event.remove(engine, "before_cursor_execute", cancel)
        await write()
        assert connects == []
        assert await note_ids(database) == ["a", "b"]


@pytest.mark.parametrize("cancellations", [1, 3])
async def test_a_step_is_seen_through_before_the_cancellation_goes_on(cancellations: int) -> None:
    started, finished = asyncio.Event(), asyncio.Event()

    async def step() -> None:
        started.set()
        for _ in range(cancellations + 5):
            await asyncio.sleep(0)
        finished.set()

    task = asyncio.create_task(see_through(step()))
    await started.wait()
    for _ in range(cancellations):
        task.cancel()
        await asyncio.sleep(0)
        assert not finished.is_set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert finished.is_set()


async def test_a_step_that_fails_while_cancelled_is_cancelled() -> None:
    started = asyncio.Event()

    async def step() -> None:
        started.set()
        await asyncio.sleep(0)
        raise ZeroDivisionError

    task = asyncio.create_task(see_through(step()))
    await started.wait()
    await cancelled(task)
    with pytest.raises(ZeroDivisionError):
        await see_through(step())
