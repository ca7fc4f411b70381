"""Positions come in commit order: whoever saw one has seen all before it."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack

import pytest
import sqlalchemy as sa
from tests.fakes.migrations_example.tables import notes
from tests.integration.kit.steps import (
    PATIENCE_SECONDS,
    TENANT,
    TOPIC,
    GivenUp,
    add_note,
    append,
    followed,
    given_up,
    note_ids,
    opened,
    payloads,
    positions,
    stays_pending,
    take,
)

from balie.kit.database import Database
from balie.kit.eventlog import EventLog, Record


@pytest.fixture
async def replicas(database_url: str) -> AsyncIterator[list[Database]]:
    """The same database opened twice, as two processes would."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(opened(database_url)) for _ in range(2)]


async def test_two_transactions_that_commit_in_reverse_are_seen_in_commit_order(
    replicas: list[Database],
) -> None:
    """The one that began first appends last: nothing is handed out when a transaction begins."""
    first, second = replicas
    logs = [EventLog(database, poll_seconds=0.02) for database in replicas]
    follower = asyncio.create_task(followed(logs[0], 2))
    began, go_on = asyncio.Event(), asyncio.Event()

    async def early() -> None:
        async with first.write() as tx:
            await add_note(tx, "early")
            began.set()
            await go_on.wait()
            await logs[0].append(tx, TENANT, TOPIC, b"early")

    async def late() -> None:
        async with second.write() as tx:
            await add_note(tx, "late")
            await logs[1].append(tx, TENANT, TOPIC, b"late")

    tasks = [asyncio.create_task(early())]
    await began.wait()
    tasks.append(asyncio.create_task(late()))
    overtaken = not await stays_pending(tasks[1], 1.0 if first.dialect == "postgresql" else 0.2)
    assert overtaken == (first.dialect == "postgresql")  # SQLite has one writer at a time
    go_on.set()
    await asyncio.gather(*tasks)
    seen = await follower
    assert positions(seen) == [1, 2]
    assert payloads(seen) == ([b"late", b"early"] if overtaken else [b"early", b"late"])


@pytest.mark.parametrize("outcome", ["commit", "rollback"])
async def test_a_writer_waits_for_the_one_that_holds_the_head(replicas: list[Database], outcome: str) -> None:
    """Otherwise a follower would see position 2 before 1, and never 1; or a gap where 1 was rolled back."""
    first, second = replicas
    logs = [EventLog(database, poll_seconds=0.02) for database in replicas]
    follower = asyncio.create_task(followed(logs[1], 2 if outcome == "commit" else 1))

    async def append_second() -> None:
        async with second.write() as tx:
            await logs[1].append(tx, TENANT, TOPIC, b"second")

    try:
        async with first.write() as tx:
            await logs[0].append(tx, TENANT, TOPIC, b"first")
            waiting = asyncio.create_task(append_second())
            assert await stays_pending(waiting)
            assert not follower.done()
            if outcome == "rollback":
                raise GivenUp
    except GivenUp:
        pass
    await waiting
    seen = await follower
    assert payloads(seen) == ([b"first", b"second"] if outcome == "commit" else [b"second"])
    assert positions(seen) == list(range(1, len(seen) + 1))


async def test_followers_miss_nothing_of_twenty_writers_of_which_some_give_up(
    replicas: list[Database],
) -> None:
    logs = [EventLog(database, poll_seconds=0.02) for database in replicas]
    dice = random.Random(7)
    rounds = 6
    committed: list[bytes] = []

    async def write(name: int) -> None:
        which = name % 2
        for turn in range(rounds):
            await asyncio.sleep(dice.random() * 0.02)
            payload = f"{name}/{turn}".encode()
            try:
                async with replicas[which].write() as tx:
                    await add_note(tx, payload.decode())
                    await asyncio.sleep(dice.random() * 0.002)
                    await logs[which].append(tx, TENANT, TOPIC, payload)
                    await asyncio.sleep(dice.random() * 0.002)
                    if dice.random() < 0.3:
                        raise GivenUp
            except GivenUp:
                continue
            committed.append(payload)

    streams = [log.follow(TENANT, TOPIC, 0) for log in logs for _ in range(2)]
    seen: list[list[bytes]] = [[] for _ in streams]

    async def watch(which: int) -> None:
        expected = 1
        async for record in streams[which]:
            assert record.position == expected
            expected += 1
            seen[which].append(record.payload)

    watchers = [asyncio.create_task(watch(which)) for which in range(len(streams))]
    async with asyncio.timeout(PATIENCE_SECONDS * 2):
        await asyncio.gather(*(write(name) for name in range(20)))
        while any(
            len(each) < len(committed) and not watcher.done()
            for each, watcher in zip(seen, watchers, strict=True)
        ):
            await asyncio.sleep(0.01)
    for watcher in watchers:
        watcher.cancel()
    assert [type(end) for end in await asyncio.gather(*watchers, return_exceptions=True)] == [
        asyncio.CancelledError
    ] * len(watchers)
    assert 0 < len(committed) < 20 * rounds
    for each in seen:
        assert sorted(each) == sorted(committed)
        assert each == seen[0]
    assert await note_ids(replicas[0]) == sorted(payload.decode() for payload in committed)


async def test_a_follower_in_the_process_is_woken_by_the_commit(database: Database) -> None:
    log = EventLog(database, poll_seconds=10 * PATIENCE_SECONDS)  # the poll would come too late
    follower = asyncio.create_task(followed(log, 1))
    assert await stays_pending(follower)
    async with database.write() as tx:
        await log.append(tx, TENANT, TOPIC, b"a")
        assert await stays_pending(follower, 0.05)
    assert payloads(await follower) == [b"a"]


async def test_two_replicas_that_read_before_they_write_lose_no_update(replicas: list[Database]) -> None:
    """On SQLite the file's lock is taken before the first read: taken later, it would come too late."""
    async with replicas[0].write() as tx:
        await add_note(tx, "a")

    async def step(database: Database) -> None:
        async with database.write() as tx:
            before = await tx.scalar(sa.select(notes.c.version).with_for_update())
            await asyncio.sleep(0.001)
            await tx.execute(sa.update(notes).values(version=before + 1))

    async with asyncio.timeout(PATIENCE_SECONDS):
        await asyncio.gather(*(step(replicas[turn % 2]) for turn in range(40)))
    async with replicas[0].read() as tx:
        assert await tx.scalar(sa.select(notes.c.version)) == 41


class AppendsAfterReading(EventLog):
    """Appends an event at the worst moment: a follower has read, found nothing, and does not wait yet."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, poll_seconds=10 * PATIENCE_SECONDS)
        self._appended_to = database

    async def read(self, tenant: str, topic: str, after: int, limit: int = 500) -> Sequence[Record]:
        records = await super().read(tenant, topic, after, limit)
        if after == 0 and not records:
            await append(self._appended_to, self, b"a")
        return records


async def test_an_event_committed_between_reading_and_waiting_is_not_missed(database: Database) -> None:
    assert payloads(await followed(AppendsAfterReading(database), 1)) == [b"a"]


async def test_a_rolled_back_append_wakes_nobody_and_shows_nobody_anything(database: Database) -> None:
    log = EventLog(database, poll_seconds=0.02)
    follower = asyncio.create_task(followed(log, 1))
    async with given_up(database) as tx:
        await log.append(tx, TENANT, TOPIC, b"never")
    assert await stays_pending(follower)
    await append(database, log, b"a")
    assert payloads(await follower) == [b"a"]


async def test_a_follower_sees_what_another_process_wrote(replicas: list[Database]) -> None:
    here, there = (EventLog(database, poll_seconds=0.02) for database in replicas)
    follower = here.follow(TENANT, TOPIC, 0)
    waiting = asyncio.create_task(take(follower, 2))
    assert await stays_pending(waiting)
    await append(replicas[1], there, b"a", b"b")
    assert payloads(await waiting) == [b"a", b"b"]


@pytest.mark.postgres
async def test_writers_of_different_topics_do_not_wait_for_each_other(postgresql_url: str) -> None:
    async with opened(postgresql_url) as database:
        log = EventLog(database)
        async with database.write() as tx:
            await log.append(tx, TENANT, "one", b"held")
            async with asyncio.timeout(PATIENCE_SECONDS):
                await asyncio.create_task(append(database, log, b"free", topic="two"))
                await asyncio.create_task(append(database, log, b"free", tenant="globex", topic="one"))
        assert await log.head(TENANT, "one") == 1
