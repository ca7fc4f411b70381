import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Any

import pytest

from balie.gateway.domain import TurnState
from balie.gateway.endings import Endings
from balie.gateway.happenings import Event, TurnChanged
from balie.kit.errors import DatabaseUnavailable

KEY = ("default", "c1")


class Log:
    """A conversation's log whose events a test puts there one by one."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[Event | Exception] = asyncio.Queue()
        self.followed: list[int] = []
        self._position = 0

    def put(self, turn_id: str, state: TurnState = TurnState.DONE) -> None:
        self._position += 1
        happening = TurnChanged(turn_id, state)
        self.events.put_nowait(Event("", "", self._position, datetime.now(UTC), happening))

    async def follow(self, tenant: str, conversation_id: str, after: int) -> AsyncGenerator[Event, None]:
        self.followed.append(after)
        while True:
            event = await self.events.get()
            if isinstance(event, Exception):
                raise event
            yield event


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def endings(log: Any) -> Endings:
    return Endings(log)


async def test_tells_all_who_wait_through_one_follower(log: Log, endings: Endings) -> None:
    async def heard(turn_id: str) -> None:
        async with endings.heard(KEY, turn_id, 0) as ending:
            await ending.come()

    waiting = [asyncio.create_task(heard(turn_id)) for turn_id in ("t1", "t1", "t2")]
    await asyncio.sleep(0)
    log.put("t1", TurnState.WAITING)
    log.put("t1")
    await asyncio.gather(*waiting[:2])
    assert not waiting[2].done()
    log.put("t2", TurnState.SUPERSEDED)
    await waiting[2]
    assert log.followed == [0]


async def test_says_when_the_end_may_have_been_told_before(log: Log, endings: Endings) -> None:
    async with endings.heard(KEY, "t1", 0) as first:
        assert first.hears_all
        log.put("t0")
        log.put("t1")
        await first.come()
        async with endings.heard(KEY, "t2", 2) as later, endings.heard(KEY, "t0", 0) as late:
            assert later.hears_all
            assert not late.hears_all


async def test_who_waits_learns_that_the_log_cannot_be_followed(log: Log, endings: Endings) -> None:
    async with endings.heard(KEY, "t1", 0) as ending:
        log.events.put_nowait(DatabaseUnavailable())
        with pytest.raises(DatabaseUnavailable):
            await ending.come()
        async with endings.heard(KEY, "t1", 0) as next_one:  # while the first has not left
            log.put("t1")
            await next_one.come()
    assert log.followed == [0, 0]


async def test_follows_nothing_when_nobody_waits(log: Log, endings: Endings) -> None:
    for _ in range(2):
        async with endings.heard(KEY, "t1", 0):
            await asyncio.sleep(0)
    assert log.followed == [0, 0]
    assert not endings._listeners
