"""A plug-in chooses agents over gRPC; the service does when it is away, too slow, or names nobody of the candidates."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from tests.unit.handoff.served import Handoffs, refusal, served

from balie.api.handoff.v1 import handoff_pb2, routing_plugin_service_pb2_grpc
from balie.api.handoff.v1 import routing_plugin_service_pb2 as wire

Choose = Callable[[wire.ChooseAgentRequest], str]


class LastOfAll(routing_plugin_service_pb2_grpc.RoutingPluginServiceServicer):
    """A plug-in that does as it is told, and remembers what it was asked."""

    def __init__(self, choose: Choose, *, seconds: float = 0) -> None:
        self.choose = choose
        self.seconds = seconds
        self.asked: list[wire.ChooseAgentRequest] = []
        self.until: asyncio.Event | None = None

    async def ChooseAgent(  # noqa: N802 — gRPC's name
        self, request: wire.ChooseAgentRequest, context: Any
    ) -> wire.ChooseAgentResponse:
        self.asked.append(request)
        await asyncio.sleep(self.seconds)
        if self.until is not None:
            await self.until.wait()
        return wire.ChooseAgentResponse(agent_id=self.choose(request))


@asynccontextmanager
async def serving(plugin: LastOfAll) -> AsyncIterator[str]:
    server = grpc.aio.server()
    routing_plugin_service_pb2_grpc.add_RoutingPluginServiceServicer_to_server(plugin, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(None)


@asynccontextmanager
async def desk(url: str, address: str, **more: Any) -> AsyncIterator[Handoffs]:
    async with served(
        url, confirm_wait_seconds=0, sweep_seconds=0.1, plugin_address=address, **more
    ) as running:
        await running.queue()
        for name in ("els", "jan", "piet"):
            await running.agent(name)
        yield running


async def offered(at: Handoffs, handoff_id: str) -> handoff_pb2.Handoff:
    return await at.until(handoff_id, handoff_pb2.HANDOFF_STATE_OFFERED)


async def test_the_plugin_chooses_of_those_who_fit(database_url: str) -> None:
    plugin = LastOfAll(lambda request: request.candidates[-1].agent_id)
    async with serving(plugin) as address, desk(database_url, address) as at:
        first = await offered(at, (await at.ask("one")).id)
        second = await offered(at, (await at.ask("two")).id)
        assert (first.agent_id, second.agent_id) == ("piet", "jan")
        asked = plugin.asked[0]
        assert [one.agent_id for one in asked.candidates] == ["els", "jan", "piet"]
        assert (asked.tenant, asked.handoff.id, asked.handoff.queue_id) == ("default", first.id, "desk")
        assert all(one.spare == 1 and one.load == 0 for one in asked.candidates)
        await offered(at, (await at.ask("three")).id)
        assert [one.agent_id for one in plugin.asked[-1].candidates] == ["els"]  # the others are full


async def test_who_let_it_pass_is_told_and_comes_last(database_url: str) -> None:
    plugin = LastOfAll(lambda request: request.candidates[0].agent_id)
    async with serving(plugin) as address, desk(database_url, address) as at:
        handoff = await offered(at, (await at.ask("one")).id)
        await at.presence(handoff.agent_id, handoff_pb2.PRESENCE_AWAY)
        await at.presence(handoff.agent_id, handoff_pb2.PRESENCE_ONLINE)
        again = await offered(at, handoff.id)
        assert again.agent_id != handoff.agent_id
        passed = [(one.agent_id, one.passed) for one in plugin.asked[-1].candidates if one.passed]
        assert passed in ([], [(handoff.agent_id, True)])  # they may have been away when it was asked about


async def test_a_plugin_may_offer_to_nobody_for_now(database_url: str) -> None:
    plugin = LastOfAll(lambda request: "")
    async with serving(plugin) as address, desk(database_url, address) as at:
        handoff = await at.ask("one")
        while len(plugin.asked) < 3:  # asked again with each sweep
            await asyncio.sleep(0.05)
        assert (await at.get(handoff.id)).state == handoff_pb2.HANDOFF_STATE_QUEUED
        plugin.choose = lambda request: "jan"
        assert (await offered(at, handoff.id)).agent_id == "jan"


@pytest.mark.parametrize("kind", ["away", "slow", "nonsense", "broken"])
async def test_the_service_chooses_when_the_plugin_does_not(database_url: str, kind: str) -> None:
    def broken(request: wire.ChooseAgentRequest) -> str:
        raise RuntimeError("a mistake of the plug-in")

    choose: Choose = broken if kind == "broken" else lambda request: "nobody"
    plugin = LastOfAll(choose, seconds=60 if kind == "slow" else 0)
    async with serving(plugin) as address:
        where = "127.0.0.1:1" if kind == "away" else address
        async with desk(database_url, where, plugin_timeout_seconds=0.05) as at:
            names = [(await offered(at, (await at.ask(f"talk-{number}")).id)).agent_id for number in range(3)]
            assert names == ["els", "jan", "piet"]


async def test_what_is_gone_by_then_is_not_offered(database_url: str) -> None:
    plugin = LastOfAll(lambda request: "els")
    async with serving(plugin) as address, desk(database_url, address, plugin_timeout_seconds=5) as at:
        thinks = asyncio.Event()
        plugin.until = thinks
        handoff = await at.ask("one")
        while not plugin.asked:
            await asyncio.sleep(0.01)
        await refusal(at.accept(handoff.id, "jan"))  # picked from the queue while the plug-in thinks
        thinks.set()
        other = await offered(at, (await at.ask("two")).id)
        now = await at.get(handoff.id)
        assert (now.agent_id, now.state, other.agent_id) == ("jan", handoff_pb2.HANDOFF_STATE_RESERVED, "els")


async def test_the_example_takes_turns(database_url: str) -> None:
    example = Path(__file__).parents[2] / "examples/routing-plugin/chooser.py"
    process = await asyncio.create_subprocess_exec(
        sys.executable, example, "127.0.0.1:0", stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        port = (await process.stdout.readline()).split()[-1].decode()
        async with desk(database_url, f"127.0.0.1:{port}", plugin_timeout_seconds=5) as at:
            await at.agent("els", chats=9)
            names = [(await offered(at, (await at.ask(f"talk-{number}")).id)).agent_id for number in range(3)]
            assert len(set(names)) == 3
    finally:
        process.terminate()
        await process.wait()
