"""The stream an agent works on: what concerns them, live, and their commands, neither waiting for the other."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial

from balie.handoff.domain import OCCUPYING, Handoff
from balie.handoff.feed import Feed
from balie.handoff.floor import Filter, Floor
from balie.handoff.journal import Journal
from balie.handoff.staffing.profiles import Agent
from balie.kit.errors import Failure

_OUTBOX = 64
_COMMANDS_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Ready:
    """The stream is open, and the handoffs of now have been told."""

    agent: Agent


@dataclass(frozen=True, slots=True)
class Told:
    """A handoff that is the agent's or offered to them, or just was."""

    handoff: Handoff


@dataclass(frozen=True, slots=True)
class Done:
    """The answer to a command.

    Attributes:
        request_id: the command's.
        refused: why it was not done, None when it was.
        result: the handoff or the agent after it, None when it was refused.
    """

    request_id: str
    refused: Failure | None
    result: Handoff | Agent | None


Message = Ready | Told | Done


@dataclass(frozen=True, slots=True)
class Command:
    """Something the agent asks for; `run` does it, and refuses with a Failure."""

    request_id: str
    run: Callable[[], Awaitable[Handoff | Agent]]


@dataclass(frozen=True, slots=True)
class _End:
    error: BaseException | None


class Shift:
    """Opens agents' streams."""

    def __init__(self, journal: Journal[Floor], feed: Feed) -> None:
        self._journal = journal
        self._feed = feed

    async def work(
        self, tenant: str, agent_id: str, commands: AsyncIterator[Command]
    ) -> AsyncGenerator[Message, None]:
        """Yields the agent's handoffs of now, Ready, and then each that changes and each command's answer.

        Ends when the commands have ended and been answered.

        Raises:
            AgentNotFound: there is no such agent.
        """
        async with self._journal.reading(tenant) as floor:
            agent = await floor.agent(agent_id)
            theirs = await floor.listed(Filter(tuple(OCCUPYING), agent_id=agent_id))
            head = await floor.head()
        for handoff in theirs:
            yield Told(handoff)
        yield Ready(agent)
        outbox: asyncio.Queue[Message | _End] = asyncio.Queue(_OUTBOX)
        told = {handoff.id: handoff.revision for handoff in theirs}
        tasks = (
            asyncio.create_task(_ending(partial(self._tell, tenant, agent_id, head, told, outbox), outbox)),
            asyncio.create_task(_ending(partial(_obey, commands, outbox), outbox)),
        )
        try:
            while not isinstance(message := await outbox.get(), _End):
                yield message
            if message.error is not None:
                raise message.error
        finally:
            await _stopped(tasks)

    async def _tell(
        self,
        tenant: str,
        agent_id: str,
        head: int,
        told: dict[str, int],
        outbox: "asyncio.Queue[Message | _End]",
    ) -> None:
        """Tells the agent of each handoff that concerns them, as it is by then: no revision twice."""
        async with aclosing(self._feed.after(tenant, head)) as happenings:
            async for _, event in happenings:
                if event.agent_id != agent_id or event.revision <= told.get(event.handoff_id, 0):
                    continue
                async with self._journal.reading(tenant) as floor:
                    handoff = await floor.handoff(event.handoff_id)
                told[handoff.id] = handoff.revision
                await outbox.put(Told(handoff))


async def _obey(commands: AsyncIterator[Command], outbox: "asyncio.Queue[Message | _End]") -> None:
    """Runs commands side by side, as accepting waits for the gateway; ends when all are answered."""
    places = asyncio.Semaphore(_COMMANDS_AT_ONCE)
    running: set[asyncio.Task[None]] = set()

    async def obey(command: Command) -> None:
        try:
            done = Done(command.request_id, None, await command.run())
        except Failure as failure:
            done = Done(command.request_id, failure, None)
        finally:
            places.release()
        await outbox.put(done)

    try:
        async for command in commands:
            await places.acquire()
            task = asyncio.create_task(_ending_on_error(partial(obey, command), outbox))
            running.add(task)
            task.add_done_callback(running.discard)
        await asyncio.gather(*running)
    finally:
        await _stopped(tuple(running))


async def _ending(step: Callable[[], Awaitable[None]], outbox: "asyncio.Queue[Message | _End]") -> None:
    """Ends the stream when a step ends, with its error if it has one."""
    await _ending_on_error(step, outbox)
    await outbox.put(_End(None))


async def _ending_on_error(
    step: Callable[[], Awaitable[None]], outbox: "asyncio.Queue[Message | _End]"
) -> None:
    try:
        await step()
    except Exception as error:  # noqa: BLE001  raised again where the stream's caller can see it
        await outbox.put(_End(error))


async def _stopped(tasks: tuple["asyncio.Task[None]", ...]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
