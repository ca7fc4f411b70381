"""A request that is sent twice is carried out once, on both databases."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import pytest
import sqlalchemy as sa
from tests.integration.kit.steps import (
    TENANT,
    TOPIC,
    GivenUp,
    add_note,
    given_up,
    note_ids,
    opened,
    stays_pending,
)

from balie.kit.database import Database
from balie.kit.errors import RequestIdReused
from balie.kit.eventlog import EventLog
from balie.kit.ledger import Ledger, Write
from balie.kit.tables import requests

WRITE = Write(TENANT, "agent:els", "/example.v1.Notes/Add", "request-1", "digest-1")


class Colour(StrEnum):
    YELLOW = "yellow"


@dataclass(frozen=True)
class Note:
    id: str
    colour: Colour
    noted_at: datetime
    sizes: tuple[float, ...]
    parent: "Note | None" = None


NOTE = Note(
    "n1",
    Colour.YELLOW,
    datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC),
    (0.1, 1e20),
    Note("n0", Colour.YELLOW, datetime(2026, 1, 1, tzinfo=UTC), ()),
)


def returning(value: object) -> Callable[[], Awaitable[object]]:
    async def work() -> object:
        return value

    return work


async def never() -> Note:
    raise AssertionError("the work was done a second time")


async def once(database: Database, write: Write = WRITE) -> Note:
    async with database.write() as tx:
        return await Ledger().once(tx, write, Note, returning(NOTE))  # type: ignore[arg-type]


async def replay(database: Database, write: Write = WRITE) -> Note:
    async with database.write() as tx:
        return await Ledger().once(tx, write, Note, never)


async def test_a_replay_gets_the_first_result_and_does_nothing(database: Database) -> None:
    assert await once(database) == NOTE
    assert await replay(database) == NOTE
    assert await replay(database) == NOTE


async def test_twenty_at_once_do_the_work_once_and_get_equal_results(
    database: Database, log: EventLog
) -> None:
    ledger, done = Ledger(), 0

    async def deliver() -> Note:
        async with database.write() as tx:

            async def work() -> Note:
                nonlocal done
                done += 1
                await add_note(tx, "n1")
                await asyncio.sleep(0.01)
                record = await log.append(tx, TENANT, TOPIC, b"added")
                return replace(NOTE, id=record.event_id)

            return await ledger.once(tx, WRITE, Note, work)

    results = await asyncio.gather(*(deliver() for _ in range(20)))
    assert done == 1
    assert len(set(results)) == 1
    assert await log.head(TENANT, TOPIC) == 1
    assert await note_ids(database) == ["n1"]


async def test_two_replicas_do_the_work_once(database_url: str) -> None:
    async with opened(database_url) as first, opened(database_url) as second:
        async with first.write() as tx:
            assert await Ledger().once(tx, WRITE, Note, returning(NOTE)) == NOTE  # type: ignore[arg-type]
            waiting = asyncio.create_task(replay(second))
            assert await stays_pending(waiting)  # nobody knows yet if the first commits
        assert await waiting == NOTE


async def test_the_one_that_waited_does_the_work_when_the_first_gives_up(database: Database) -> None:
    async with given_up(database) as tx:
        assert await Ledger().once(tx, WRITE, Note, returning(NOTE)) == NOTE  # type: ignore[arg-type]
        waiting = asyncio.create_task(once(database))
        assert await stays_pending(waiting)
    assert await waiting == NOTE
    assert await replay(database) == NOTE


async def test_the_same_id_with_another_request_is_refused(database: Database) -> None:
    await once(database)
    with pytest.raises(RequestIdReused, match="request-1"):
        await replay(database, replace(WRITE, digest="digest-2"))
    assert await replay(database) == NOTE


@pytest.mark.parametrize(
    "other",
    [
        replace(WRITE, tenant="globex"),
        replace(WRITE, caller="agent:jan"),
        replace(WRITE, rpc="/example.v1.Notes/Remove"),
        replace(WRITE, request_id="request-2"),
    ],
)
async def test_the_same_id_elsewhere_is_another_write(database: Database, other: Write) -> None:
    await once(database)
    with pytest.raises(AssertionError, match="a second time"):
        await replay(database, other)
    other_note = replace(NOTE, id="other")
    async with database.write() as tx:
        assert await Ledger().once(tx, other, Note, returning(other_note)) == other_note  # type: ignore[arg-type]
    assert await replay(database) == NOTE


async def test_work_that_fails_is_forgotten_with_everything_it_wrote(database: Database) -> None:
    async def attempt() -> None:
        async with database.write() as tx:

            async def work() -> Note:
                await add_note(tx, "half")
                raise GivenUp

            await Ledger().once(tx, WRITE, Note, work)

    with pytest.raises(GivenUp):
        await attempt()
    assert await note_ids(database) == []
    assert await once(database) == NOTE


@pytest.mark.parametrize(
    ("kind", "value"),
    [(str, "zoë"), (int, 7), (type(None), None), (dict[str, list[int]], {"a": [1]}), (bool, False)],
)
async def test_keeps_results_of_builtin_types(database: Database, kind: type[object], value: object) -> None:
    ledger = Ledger()
    for work in (returning(value), never, never):
        async with database.write() as tx:
            assert await ledger.once(tx, WRITE, kind, work) == value


async def test_a_result_that_a_replay_could_not_repeat_fails_the_first_time(database: Database) -> None:
    endless = replace(NOTE, sizes=(float("inf"),))

    async def attempt() -> None:
        async with database.write() as tx:
            await Ledger().once(tx, WRITE, Note, returning(endless))  # type: ignore[arg-type]

    with pytest.raises(ValueError, match="sizes"):
        await attempt()
    assert await once(database) == NOTE


async def test_forgets_what_was_recorded_before_a_moment(database: Database) -> None:
    ledger = Ledger()
    await once(database)
    now = datetime.now(UTC)
    async with database.write() as tx:
        await tx.execute(sa.update(requests).values(recorded_at=now - ledger.keep - timedelta(seconds=1)))
    await once(database, replace(WRITE, request_id="request-2"))
    async with database.write() as tx:
        assert await ledger.forget(tx, now - ledger.keep) == 1
        assert await ledger.forget(tx, now - ledger.keep) == 0
    assert await replay(database, replace(WRITE, request_id="request-2")) == NOTE
    with pytest.raises(AssertionError, match="a second time"):
        await replay(database)


def test_keeps_results_for_the_promised_day_at_least() -> None:
    assert Ledger().keep == timedelta(hours=48)
    with pytest.raises(ValueError, match="24 hours"):
        Ledger(keep=timedelta(hours=23))
