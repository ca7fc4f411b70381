"""Two replicas on one database, and a replica that is killed: nobody is overbooked, nothing is lost."""

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import grpc
import pytest
from tests.unit.handoff.served import TIMEOUT, Handoffs, refusal, served

from balie.api.handoff.v1 import handoff_pb2, handoff_service_pb2
from balie.client import error_of
from balie.kit.ids import new_id
from balie.kit.testing import free_address

QUEUED, OFFERED, RESERVED, ACCEPTED = handoff_pb2.HandoffState.values()[1:5]


async def tried(at: Handoffs, handoff_id: str, agent: str) -> str:
    """Returns how an accept ended: its state, or the reason of its refusal."""
    request = handoff_service_pb2.AcceptHandoffRequest(
        handoff_id=handoff_id, agent_id=agent, request_id=new_id()
    )
    try:
        handoff = (await at.handoffs.AcceptHandoff(request, timeout=TIMEOUT)).handoff
    except grpc.RpcError as error:
        return error_of(error).reason
    return handoff_pb2.HandoffState.Name(handoff.state).removeprefix("HANDOFF_STATE_")


async def test_twenty_agents_who_accept_at_once_are_one(database_url: str) -> None:
    async with served(database_url) as at, at.gateway() as gateway:
        await at.queue()
        names = [f"agent-{number}" for number in range(20)]
        for name in names:
            await at.agent(name, queues=())
        handoff = await at.ask()
        ended = Counter(await asyncio.gather(*(tried(at, handoff.id, name) for name in names)))
        assert ended == {"ACCEPTED": 1, "HANDOFF_STATE_INVALID": 19}
        assert (await at.get(handoff.id)).agent_id == gateway.owners["talk"]


@pytest.mark.postgres
async def test_two_replicas_never_overbook_an_agent(postgresql_url: str) -> None:
    async with served(postgresql_url) as one, served(postgresql_url) as other, one.gateway():
        await one.queue()
        await one.agent("els", queues=(), chats=1)
        waiting = [await one.ask(f"talk-{number}") for number in range(8)]
        ended = Counter(
            await asyncio.gather(
                *(tried(at, handoff.id, "els") for handoff in waiting for at in (one, other))
            )
        )
        assert ended["ACCEPTED"] == 1
        assert set(ended) <= {"ACCEPTED", "AGENT_AT_CAPACITY", "HANDOFF_STATE_INVALID"}


@pytest.mark.postgres
async def test_two_replicas_make_each_offer_once(postgresql_url: str) -> None:
    async with served(postgresql_url) as one, served(postgresql_url) as other:
        await one.queue()
        for name in ("els", "jan"):
            await one.agent(name, chats=1)
        asked = await asyncio.gather(*((one, other)[number % 2].ask(f"talk-{number}") for number in range(8)))
        states = Counter([(await other.get(handoff.id)).state for handoff in asked])
        assert states == {OFFERED: 2, QUEUED: 6}
        offers = {(await one.get(handoff.id)).agent_id for handoff in asked} - {""}
        assert offers == {"els", "jan"}


@pytest.mark.postgres
async def test_an_accept_on_one_replica_hears_the_confirmation_on_another(postgresql_url: str) -> None:
    async with served(postgresql_url) as one, served(postgresql_url) as other, other.gateway():
        await one.queue()
        await one.agent("els")
        handoff = await one.ask()
        assert (await one.accept(handoff.id, "els")).state == ACCEPTED


@dataclass(frozen=True)
class Process:
    """A service in a process of its own."""

    process: asyncio.subprocess.Process
    address: str

    async def killed(self) -> None:
        self.process.kill()
        await self.process.wait()

    async def stopped(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self.process.wait(), TIMEOUT)


@asynccontextmanager
async def process(url: str) -> AsyncIterator[Process]:
    address = free_address()
    names = {"LISTEN": address, "DATABASE_URL": url, "SWEEP_SECONDS": "0.1", "DRAIN_SECONDS": "0"}
    names["CONFIRM_WAIT_SECONDS"] = "20"
    environment = {key: value for key, value in os.environ.items() if not key.startswith("BALIE_")}
    environment |= {f"BALIE_HANDOFF_{name}": value for name, value in names.items()}
    child = await asyncio.create_subprocess_exec(sys.executable, "-m", "balie.handoff", env=environment)
    try:
        yield Process(child, address)
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()


async def test_nothing_is_lost_when_the_process_is_killed(database_url: str) -> None:
    async with process(database_url) as first, Handoffs.to(first.address) as at:
        await at.queue(offer=3600)
        await at.agent("els", chats=2)
        chat, coming, waiting = [await at.ask(name) for name in ("chat", "coming", "waiting")]
        taking = asyncio.create_task(refusal(at.accept(chat.id, "els")))
        reserving = asyncio.create_task(refusal(at.accept(coming.id, "els", request_id="take")))
        await at.until(chat.id, RESERVED)
        await at.until(coming.id, RESERVED)
        await at.confirm(chat.id, 2)
        await first.killed()
        await asyncio.gather(taking, reserving, return_exceptions=True)
    async with process(database_url) as second, Handoffs.to(second.address) as at:
        assert (await at.get(chat.id)).state == ACCEPTED
        assert (await at.get(coming.id)).state == RESERVED
        assert (await at.get(waiting.id)).state == QUEUED
        again = asyncio.create_task(at.accept(coming.id, "els", request_id="take"))
        assert (await at.confirm(coming.id, 2)).state == ACCEPTED
        assert (await again).state == ACCEPTED
        ending = handoff_service_pb2.ReleaseHandoffRequest(handoff_id=chat.id, request_id="end")
        releasing = at.handoffs.ReleaseHandoff(ending, timeout=TIMEOUT)
        await at.until(waiting.id, OFFERED)
        await at.confirm(chat.id, 3)
        assert (await releasing).handoff.owner_confirmed
        assert await second.stopped() == 0


async def test_a_wait_that_ended_while_nobody_served_ends_at_the_start(sqlite_url: str) -> None:
    async with served(sqlite_url, sweep_seconds=60) as at:
        await at.queue(max_wait=1)
        handoff = await at.ask()
    await asyncio.sleep(1.1)
    async with served(sqlite_url, sweep_seconds=60) as at:  # its first sweep is the only one
        await at.until(handoff.id, handoff_pb2.HANDOFF_STATE_MESSAGE_TAKEN)
