"""The stream an agent works on: what concerns them, their commands with an answer each, and a new one when it breaks off."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import grpc

from balie.api.handoff.v1 import agent_service_pb2 as work
from balie.api.handoff.v1 import handoff_pb2
from balie.client import Balie
from balie.kit.ids import new_id

_PAUSES_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)
AWAY = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
"""Statuses of a stream whose server went, and may be back soon."""


class Listener(Protocol):
    """Who is told what the stream tells."""

    async def opened(self, agent: handoff_pb2.Agent, handoff_ids: frozenset[str]) -> None:
        """Is told that it is open, after the handoffs of now, which are these."""

    async def told(self, handoff: handoff_pb2.Handoff) -> None:
        """Is told of a handoff that is the agent's, or just was."""

    async def broke_off(self) -> None:
        """Is told that the stream broke off and is opened again."""


class Refused(Exception):
    """A command was refused.

    Attributes:
        reason: of the contract's reasons.
        message: a sentence for a developer.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


@dataclass(frozen=True, slots=True)
class _Asked:
    request: work.WorkRequest
    answer: "asyncio.Future[work.WorkResult]"


class Stream:
    """An agent's stream, opened again whenever it breaks off; commands without an answer are sent again then.

    A command keeps its request id, so that what was done before the stream broke off is not done twice.

    Args:
        client: calls the handoff service.
        agent: the agent's id.
        listener: is told what the stream tells.
    """

    def __init__(self, client: Balie, agent: str, listener: Listener) -> None:
        self._client = client
        self._agent = agent
        self._listener = listener
        self._asked: dict[str, _Asked] = {}
        self._outbox: asyncio.Queue[work.WorkRequest | None] = asyncio.Queue()
        self._is_closed = False
        self.ready = asyncio.Event()

    async def run(self) -> None:
        """Listens until the stream is closed.

        Raises:
            grpc.RpcError: it could not be opened at all, or was refused.
        """
        tries = 0
        while not self._is_closed:
            try:
                await self._listen()
                return
            except grpc.aio.AioRpcError as error:
                if error.code() not in AWAY or not (self.ready.is_set() or tries):
                    raise
                if self.ready.is_set():
                    tries = 0
                    self.ready.clear()
                    await self._listener.broke_off()
            await asyncio.sleep(pause_seconds(tries))
            tries += 1

    async def ask(self, **command: Any) -> work.WorkResult:
        """Gives a command and returns the answer to it.

        Args:
            command: one command of a WorkRequest by its name, without `request_id`.

        Raises:
            Refused: it was not done.
        """
        ((name, request),) = command.items()
        request.request_id = new_id()
        asked = _Asked(work.WorkRequest(**{name: request}), asyncio.get_running_loop().create_future())
        self._asked[request.request_id] = asked
        await self._outbox.put(asked.request)
        try:
            result = await asked.answer
        finally:
            self._asked.pop(request.request_id, None)
        if result.refused_reason:
            raise Refused(result.refused_reason, result.refused_message)
        return result

    async def close(self) -> None:
        """Ends the stream once all commands are answered."""
        self._is_closed = True
        await self._outbox.put(None)

    async def _listen(self) -> None:
        self._outbox = asyncio.Queue()
        for asked in self._asked.values():
            await self._outbox.put(asked.request)
        told: set[str] = set()
        async for reply in self._client.agents.Work(self._requests(self._outbox)):
            match reply.WhichOneof("message"):
                case "ready":
                    await self._listener.opened(reply.ready.agent, frozenset(told))
                    self.ready.set()
                case "handoff":
                    told.add(reply.handoff.id)
                    await self._listener.told(reply.handoff)
                case "result":
                    self._answer(reply.result)
                case _:
                    pass

    async def _requests(
        self, outbox: "asyncio.Queue[work.WorkRequest | None]"
    ) -> AsyncIterator[work.WorkRequest]:
        yield work.WorkRequest(open=work.WorkOpen(agent_id=self._agent))
        while (command := await outbox.get()) is not None:
            yield command

    def _answer(self, result: work.WorkResult) -> None:
        asked = self._asked.get(result.request_id)
        if asked is not None and not asked.answer.done():
            asked.answer.set_result(result)


def pause_seconds(tries: int) -> float:
    """Returns how long to wait before a stream is opened again."""
    return _PAUSES_SECONDS[min(tries, len(_PAUSES_SECONDS) - 1)]


async def first_of(*works: Awaitable[None]) -> None:
    """Runs works until one of them ends, and stops the others; raises what that one raised."""
    tasks = [asyncio.ensure_future(one) for one in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        await stopped(tasks)


async def stopped(tasks: Iterable["asyncio.Future[None]"]) -> None:
    """Stops tasks and returns when they have stopped, whatever came of them."""
    tasks = list(tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
