"""Metrics on both databases, and as Prometheus reads them."""

import asyncio
import socket
from datetime import timedelta
from urllib.request import Request, urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.unit.handoff.desks import Desks
from tests.unit.handoff.figures.samples import HOUR, Past, clock, put, rate, suggest, transfer

from balie.handoff.clocks import ClockKind
from balie.handoff.domain import HandoffState
from balie.handoff.metrics.counted import Counted
from balie.handoff.metrics.exposition import exposed
from balie.kit.server import CannotListen

DAY = timedelta(days=1)
Samples = dict[tuple[str, ...], float]


def counted(at: Desks) -> Counted:
    return Counted(at.database, now=at.clock, fresh=timedelta(seconds=10))


async def fetched(port: int, accept: str = "text/plain") -> str:
    def fetch() -> str:
        request = Request(f"http://127.0.0.1:{port}/metrics", headers={"Accept": accept})
        with urlopen(request, timeout=10) as answer:  # noqa: S310
            return str(answer.read().decode())

    return await asyncio.to_thread(fetch)


async def scraped(port: int) -> Samples:
    """Returns each sample by its name and the values of its labels, in the order of their names."""
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(await fetched(port))
        for sample in family.samples
    }


async def test_an_empty_desk_has_its_queues_alone(at: Desks) -> None:
    async with exposed(counted(at), "127.0.0.1", 0) as port:
        found = await scraped(port)
    assert found.pop(("balie_handoff_counted",)) == 1
    states = ("queued", "offered", "reserved", "accepted", "on_hold", "call_back")
    assert found == {
        ("balie_handoff_longest_wait_seconds", "desk", "default"): 0,
        **{("balie_handoff_open", "desk", state, "default"): 0 for state in states},
    }


async def test_what_happened_is_counted_by_tenant_and_queue(at: Desks) -> None:
    now = at.clock.time
    asked = now - 3 * HOUR
    solved = Past(
        asked,
        state=HandoffState.RESOLVED,
        accepted=asked + timedelta(seconds=30),
        replied=asked + timedelta(seconds=61),
        ended=asked + HOUR,
        clocks=(clock(ClockKind.FIRST_REPLY, kept=1), clock(ClockKind.NEXT_REPLY, kept=2, broken=1)),
    )
    older = Past(asked - 5 * DAY, state=HandoffState.EXPIRED, ended=asked - 4 * DAY)
    others = Past(asked, "webshop", tenant="other", state=HandoffState.CANCELLED, ended=now)
    waits = (Past(now - HOUR), Past(now - timedelta(seconds=5), state=HandoffState.OFFERED))
    await put(
        at.database, solved, older, others, *waits, Past(asked, state=HandoffState.ACCEPTED, accepted=asked)
    )
    async with at.journal.writing("other"):
        pass  # as whoever asks for a person does: the tenant has a desk
    await transfer(at.database, solved, asked)
    await rate(at.database, solved, 4, now)
    await suggest(at.database, solved, 2, now)
    async with exposed(counted(at), "127.0.0.1", 0) as port:
        found = await scraped(port)
    assert found["balie_handoff_open", "desk", "queued", "default"] == 1
    assert found["balie_handoff_open", "desk", "offered", "default"] == 1
    assert found["balie_handoff_open", "desk", "accepted", "default"] == 1
    assert found["balie_handoff_longest_wait_seconds", "desk", "default"] == 3600
    assert found["balie_handoff_ended_total", "desk", "resolved", "default"] == 1
    assert found["balie_handoff_ended_total", "desk", "expired", "default"] == 1
    assert found["balie_handoff_ended_total", "webshop", "cancelled", "other"] == 1
    assert found["balie_handoff_promises_kept_total", "first_reply", "desk", "default"] == 1
    assert found["balie_handoff_promises_kept_total", "next_reply", "desk", "default"] == 2
    assert found["balie_handoff_promises_broken_total", "next_reply", "desk", "default"] == 1
    assert found["balie_handoff_transfers_total", "desk", "default"] == 1
    assert found["balie_handoff_ratings_total", "desk", "4", "default"] == 1
    assert found["balie_handoff_suggestions_total", "edited", "desk", "default"] == 1
    assert found["balie_handoff_wait_seconds_bucket", "10.0", "desk", "default"] == 0
    assert found["balie_handoff_wait_seconds_bucket", "30.0", "desk", "default"] == 1
    assert found["balie_handoff_wait_seconds_bucket", "+Inf", "desk", "default"] == 1
    assert found["balie_handoff_wait_seconds_sum", "desk", "default"] == 30
    assert found["balie_handoff_first_reply_seconds_sum", "desk", "default"] == 61
    assert found["balie_handoff_first_reply_seconds_count", "desk", "default"] == 1


async def test_counters_go_on_while_time_passes_and_never_fall(at: Desks) -> None:
    asked = at.clock.time
    metrics, seen = counted(at), 0
    for hour in range(60):
        at.clock.forward(hours=1)
        await put(at.database, Past(asked, state=HandoffState.RELEASED, ended=at.clock.time))
        told = await metrics.metrics()
        count = told.counters["ended", "default", "desk", "released"]
        assert count == hour + 1 > seen
        seen = count
    assert (await counted(at).metrics()).counters == told.counters  # as another process counts anew


async def test_what_was_counted_just_before_is_not_counted_again(at: Desks) -> None:
    metrics = counted(at)
    first = await metrics.metrics()
    await at.ask("talk")
    at.clock.forward(seconds=9.9)
    assert await metrics.metrics() is first
    at.clock.forward(seconds=0.1)
    assert (await metrics.metrics()).gauges["open", "default", "desk", "queued"] == 1


async def test_nothing_of_a_contact_is_told(at: Desks) -> None:
    handoff = await at.ask("talk-of-anna")
    async with exposed(counted(at), "127.0.0.1", 0) as port:
        for accept in ("text/plain", "application/openmetrics-text"):
            text = await fetched(port, accept)
            assert "desk" in text
            assert not [word for word in ("anna", "talk", handoff.id) if word in text]


async def test_a_database_that_is_away_is_told(at: Desks) -> None:
    metrics = counted(at)
    async with exposed(metrics, "127.0.0.1", 0) as port:
        await at.database._close()
        assert await scraped(port) == {("balie_handoff_counted",): 0}


async def test_a_port_that_is_taken_is_told(at: Desks) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(CannotListen):
            async with exposed(counted(at), "127.0.0.1", taken.getsockname()[1]):
                pass
