"""An agent's stream: what concerns them, and their commands."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from tests.unit.handoff.desks import LONG, TENANT, Desks, write

from balie.handoff.domain import Handoff, HandoffState
from balie.handoff.errors import AgentNotFound
from balie.handoff.staffing.profiles import Agent, Presence
from balie.handoff.work import Command, Done, Message, Ready, Told

PATIENCE = 20.0


@dataclass
class Stream:
    """An agent's end of the stream."""

    messages: AsyncIterator[Message]
    commands: "asyncio.Queue[Command | None]"
    heard: list[Message] = field(default_factory=list)

    async def until(self, fits: Callable[[Message], bool]) -> Message:
        async with asyncio.timeout(PATIENCE):
            async for message in self.messages:
                self.heard.append(message)
                if fits(message):
                    return message
        raise AssertionError("the stream ended")

    async def told(self, handoff: Handoff, state: HandoffState) -> Handoff:
        found = await self.until(
            lambda one: isinstance(one, Told) and one.handoff.id == handoff.id and one.handoff.state is state
        )
        assert isinstance(found, Told)
        return found.handoff

    async def done(self, request_id: str) -> Done:
        found = await self.until(lambda one: isinstance(one, Done) and one.request_id == request_id)
        assert isinstance(found, Done)
        return found


@asynccontextmanager
async def stream(at: Desks, agent: str) -> AsyncIterator[Stream]:
    commands: asyncio.Queue[Command | None] = asyncio.Queue()

    async def typed() -> AsyncIterator[Command]:
        while (command := await commands.get()) is not None:
            yield command

    async with aclosing(at.shift.work(TENANT, agent, typed())) as messages:
        yield Stream(messages, commands)


def tasks_of_streams() -> list[str]:
    running = [getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks()]
    return [name for name in running if name.startswith("_ending")]


async def test_first_tells_the_handoffs_of_now(at: Desks) -> None:
    await at.agent("els", chats=3)
    chat = await at.take(await at.ask("chat"), "els")
    offer = await at.ask("offer")
    await at.end(await at.take(await at.ask("ended"), "els"))
    async with stream(at, "els") as els:
        ready = await els.until(lambda one: isinstance(one, Ready))
    assert els.heard[:-1] == [Told(chat), Told(offer)]
    assert isinstance(ready, Ready)
    assert (ready.agent.id, ready.agent.open_chats) == ("els", 2)


async def test_needs_an_agent_that_exists(at: Desks) -> None:
    with pytest.raises(AgentNotFound):
        async with stream(at, "nobody") as nobody:
            await nobody.until(lambda _: True)


async def test_then_tells_what_becomes_theirs_and_stops_being_theirs(at: Desks) -> None:
    await at.agent("els")
    await at.agent("jan", presence=Presence.OFFLINE)
    async with stream(at, "els") as els:
        await els.until(lambda one: isinstance(one, Ready))
        handoff = await at.ask("talk")
        assert (await els.told(handoff, HandoffState.OFFERED)).agent_id == "els"
        await at.presence("els", Presence.AWAY)
        assert (await els.told(handoff, HandoffState.QUEUED)).agent_id == ""
        await at.presence("jan", Presence.ONLINE)  # no longer hers: nothing is told
        await at.desk.cancel(write(), handoff.id)
        await at.presence("els", Presence.ONLINE)
        await els.told(await at.ask("next"), HandoffState.OFFERED)
    assert [
        one.handoff.state for one in els.heard if isinstance(one, Told) and one.handoff.id == handoff.id
    ] == [
        HandoffState.OFFERED,
        HandoffState.QUEUED,
    ]


async def test_a_waiting_command_holds_up_neither_news_nor_others(at: Desks) -> None:
    await at.agent("els", chats=2)
    handoff = await at.ask("talk")
    async with stream(at, "els") as els:
        await els.commands.put(Command("1", lambda: at.desk.accept(write(), handoff.id, "els", wait=LONG)))
        await els.told(handoff, HandoffState.RESERVED)
        other = await at.ask("other")
        await els.told(other, HandoffState.OFFERED)
        await els.commands.put(Command("2", lambda: at.desk.reject(write(), other.id, "els")))
        assert (await els.done("2")).refused is None
        await at.desk.confirm_owner(TENANT, handoff.id, 2)
        accepted = (await els.done("1")).result
    assert isinstance(accepted, Handoff)
    assert accepted.state is HandoffState.ACCEPTED


async def test_a_refused_command_ends_nothing(at: Desks) -> None:
    await at.agent("els")
    async with stream(at, "els") as els:
        await els.commands.put(Command("1", lambda: at.desk.reject(write(), "0192", "els")))
        refused = await els.done("1")
        assert refused.refused is not None
        assert (refused.refused.reason, refused.result) == ("HANDOFF_NOT_FOUND", None)
        await els.commands.put(Command("2", lambda: at.staff.set_presence(write(), "els", Presence.AWAY)))
        done = await els.done("2")
        assert isinstance(done.result, Agent)
        assert done.result.presence is Presence.AWAY


async def test_ends_when_the_commands_have_ended_and_been_answered(at: Desks) -> None:
    await at.agent("els")
    handoff = await at.ask("talk")
    async with stream(at, "els") as els:
        await els.commands.put(
            Command("1", lambda: at.desk.accept(write(), handoff.id, "els", wait=timedelta(seconds=0.2)))
        )
        await els.commands.put(None)
        async with asyncio.timeout(PATIENCE):
            els.heard += [message async for message in els.messages]
    done = [one for one in els.heard if isinstance(one, Done)]
    assert [one.refused.reason for one in done if one.refused] == ["OWNER_NOT_CONFIRMED"]


async def test_a_bug_in_a_command_ends_the_stream_with_it(at: Desks) -> None:
    async def bug() -> Agent:
        raise KeyError("bug")

    await at.agent("els")
    async with stream(at, "els") as els:
        await els.commands.put(Command("1", bug))
        with pytest.raises(KeyError):
            await els.done("1")


async def test_leaves_nothing_behind_when_it_is_closed(at: Desks) -> None:
    await at.agent("els")
    handoff = await at.ask("talk")
    async with stream(at, "els") as els:
        await els.commands.put(Command("1", lambda: at.desk.accept(write(), handoff.id, "els", wait=LONG)))
        await els.told(handoff, HandoffState.RESERVED)
        assert len(tasks_of_streams()) == 3  # telling, obeying and the one command
    assert tasks_of_streams() == []
    assert (await at.now(handoff)).state is HandoffState.RESERVED
    assert (await at.staff.agent(TENANT, "els")).presence is Presence.ONLINE


async def test_tells_no_revision_twice(at: Desks) -> None:
    await at.agent("els", chats=2)
    async with stream(at, "els") as els:
        await els.until(lambda one: isinstance(one, Ready))
        for number in range(3):
            handoff = await at.take(await at.ask(f"talk-{number}"), "els")
            await at.end(handoff)
            await at.desk.confirm_owner(TENANT, handoff.id, 3)
        await els.until(
            lambda one: (
                isinstance(one, Told) and one.handoff.id == handoff.id and one.handoff.owner_epoch == 3
            )
        )
    told = [(one.handoff.id, one.handoff.revision) for one in els.heard if isinstance(one, Told)]
    assert told == sorted(set(told), key=told.index)
