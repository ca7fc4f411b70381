"""An agent's stream: commands with their answers, and what happens when it breaks off."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from tests.fakes.agent_calls import AGENT, handoff

from balie.api.handoff.v1 import agent_service_pb2 as work
from balie.api.handoff.v1 import agent_service_pb2_grpc as servicers
from balie.api.handoff.v1 import handoff_pb2
from balie.cli.agent import stream as streams
from balie.cli.agent.chats import ACCEPTED
from balie.cli.agent.stream import Refused, Stream
from balie.client import Balie


class Desk(servicers.AgentServiceServicer):
    """Breaks off on the first command, and answers it when it comes again."""

    def __init__(self) -> None:
        self.opened = 0
        self.commands: list[work.WorkRequest] = []
        self.breaks = 1

    async def Work(self, requests: AsyncIterator[work.WorkRequest], context: Any) -> AsyncIterator[Any]:  # noqa: N802
        self.opened += 1
        assert (await anext(aiter(requests))).open.agent_id == AGENT
        yield work.WorkResponse(handoff=handoff(f"of-stream-{self.opened}", "anna", ACCEPTED))
        yield work.WorkResponse(ready=work.WorkReady(agent=handoff_pb2.Agent(id=AGENT)))
        async for request in requests:
            self.commands.append(request)
            if self.breaks:
                self.breaks -= 1
                await context.abort(grpc.StatusCode.UNAVAILABLE, "going")
            command = getattr(request, request.WhichOneof("command"))
            refused = "HANDOFF_NOT_FOUND" if request.WhichOneof("command") == "hold" else ""
            yield work.WorkResponse(
                result=work.WorkResult(request_id=command.request_id, refused_reason=refused)
            )


class Listener:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    async def opened(self, agent: handoff_pb2.Agent, handoff_ids: frozenset[str]) -> None:
        self.heard.append(f"opened with {', '.join(handoff_ids)}")

    async def told(self, told: handoff_pb2.Handoff) -> None:
        self.heard.append(told.id)

    async def broke_off(self) -> None:
        self.heard.append("broke off")


@pytest.fixture
async def served(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Desk, str]]:
    monkeypatch.setattr(streams, "_PAUSES_SECONDS", (0.01,))
    server, desk = grpc.aio.server(), Desk()
    servicers.add_AgentServiceServicer_to_server(desk, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield desk, f"127.0.0.1:{port}"
    await server.stop(None)


async def test_a_command_outlives_the_stream_that_it_was_given_on(served: tuple[Desk, str]) -> None:
    desk, address = served
    listener = Listener()
    async with Balie(handoff=address) as client:
        stream = Stream(client, AGENT, listener)
        running = asyncio.create_task(stream.run())
        await stream.ready.wait()
        presence = work.SetPresenceRequest(presence=handoff_pb2.PRESENCE_ONLINE)
        await stream.ask(set_presence=presence)
        with pytest.raises(Refused, match=r"^$"):
            await stream.ask(hold=work.WorkRequest().hold)
        await stream.close()
        await asyncio.wait_for(running, 5)
    first, again, _ = desk.commands
    assert first.set_presence.request_id == again.set_presence.request_id
    assert listener.heard == [
        "of-stream-1",
        "opened with of-stream-1",
        "broke off",
        "of-stream-2",
        "opened with of-stream-2",
    ]


async def test_a_desk_that_is_not_there_at_first_is_told() -> None:
    async with Balie(handoff="127.0.0.1:1") as client:
        with pytest.raises(grpc.aio.AioRpcError):
            await asyncio.wait_for(Stream(client, AGENT, Listener()).run(), 10)
