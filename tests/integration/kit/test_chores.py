"""What is thrown away from time to time, and work that goes on beside a block."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs
from tests.integration.kit.steps import PATIENCE_SECONDS, TENANT, TOPIC, append, positions

from balie.kit.background import running
from balie.kit.chores import Chores, Trimming
from balie.kit.database import Database, Transaction
from balie.kit.errors import CursorExpired, DatabaseUnavailable
from balie.kit.eventlog import EventLog
from balie.kit.ledger import Ledger
from balie.kit.tables import requests


async def one_topic(_: Transaction) -> Sequence[tuple[str, str]]:
    return [(TENANT, TOPIC), (TENANT, "never written")]


async def remember(database: Database, request_id: str, age: timedelta) -> None:
    row = {"tenant": TENANT, "caller": "agent:els", "rpc": "/Add", "request_id": request_id, "digest": "d"}
    async with database.write() as tx:
        await tx.execute(sa.insert(requests).values(**row, recorded_at=datetime.now(UTC) - age))


async def remembered(database: Database) -> list[str]:
    async with database.read() as tx:
        return [row.request_id for row in await tx.all(sa.select(requests.c.request_id))]


async def test_keeps_the_newest_events_of_the_topics_it_is_told_of(database: Database, log: EventLog) -> None:
    for topic in (TOPIC, "another"):
        await append(database, log, b"a", b"b", b"c", b"d", topic=topic)
    chores = Chores(database, Ledger(), Trimming(log, one_topic, keep=3))
    await chores.once()
    await chores.once()
    assert positions(list(await log.read(TENANT, TOPIC, 1))) == [2, 3, 4]
    with pytest.raises(CursorExpired):
        await log.read(TENANT, TOPIC, 0)
    assert positions(list(await log.read(TENANT, "another", 0))) == [1, 2, 3, 4]


async def test_forgets_requests_that_nobody_may_repeat_any_more(database: Database) -> None:
    await remember(database, "old", timedelta(hours=48, seconds=1))
    await remember(database, "young", timedelta(hours=47))
    await Chores(database, Ledger()).once()
    assert await remembered(database) == ["young"]


async def test_goes_on_after_trouble(database: Database, log: EventLog) -> None:
    troubles = [DatabaseUnavailable(), KeyError("a bug")]
    done = asyncio.Event()

    async def troubled(_: Transaction) -> Sequence[tuple[str, str]]:
        if troubles:
            raise troubles.pop(0)
        done.set()
        return []

    chores = Chores(database, Ledger(), Trimming(log, troubled, keep=1))
    with capture_logs() as lines:
        async with running(chores.run(every_seconds=0.01)):
            await asyncio.wait_for(done.wait(), PATIENCE_SECONDS)
    held_up = [line for line in lines if line["event"] == "chores held up"]
    assert [line.get("reason") for line in held_up] == ["DATABASE_UNAVAILABLE", None]
    assert [line["log_level"] for line in held_up] == ["warning", "error"]


async def test_jobs_end_with_the_block() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def job() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)  # such as closing what it held
            ended.set()

    async def block() -> None:
        async with running(job(), job()):
            await begun.wait()
            raise KeyError("of the block")

    with capture_logs() as lines, pytest.raises(KeyError, match="of the block"):
        await block()
    assert ended.is_set()
    assert lines == []


async def test_a_job_that_ends_by_itself_is_told_of() -> None:
    async def job() -> None:
        raise KeyError("a bug")

    with capture_logs() as lines:
        async with running(job()):
            await asyncio.sleep(0.01)
            assert [line["event"] for line in lines] == ["background work ended"]
    assert isinstance(lines[0]["exc_info"], KeyError)


async def test_does_what_else_a_service_throws_away(database: Database) -> None:
    done: list[str] = []

    async def other() -> None:
        async with database.write():  # no transaction of the round is open any more
            done.append("other")

    await Chores(database, Ledger(), others=[other, other]).once()
    assert done == ["other", "other"]
