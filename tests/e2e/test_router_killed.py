"""The handoff service killed at every change of state: nothing stranded, timers fire after the restart, nothing done twice."""

import asyncio
import os
import random
import signal
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import grpc
import pytest
from tests.e2e import steps
from tests.e2e.at_desk import PATIENCE, SECONDS, SPANS, at_desk, span
from tests.e2e.conftest import MakeDesk
from tests.unit.handoff.desks import desks
from tests.unit.handoff.served import Handoffs

from balie.api.gateway.v1 import conversation_pb2 as resources
from balie.api.handoff.v1 import agent_service_pb2, handoff_pb2, handoff_service_pb2, queue_service_pb2
from balie.client import error_of
from balie.handoff.domain import OPEN, EventKind
from balie.handoff.machine import TRANSITIONS
from balie.kit.ids import new_id
from balie.kit.testing import callers, free_address

ROOT = Path(__file__).parents[2]
CALL_BACK = handoff_pb2.WAIT_ACTION_CALL_BACK
LANES = 3
"""Services that are killed side by side, each with a database of its own."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(420)]

Do = Callable[[Handoffs, str], Awaitable[Any]]


@dataclass(frozen=True)
class Case:
    """A change of a handoff; it is the one of the conversation that has the change's name.

    Attributes:
        kind: what happens.
        lead: makes all that has to be there before.
        do: makes it happen, the same request each time; None when time alone does.
    """

    kind: EventKind
    lead: Do
    do: Do | None = None

    @property
    def name(self) -> str:
        return self.kind.name.lower().replace("_", "-")


@dataclass
class Process:
    """A handoff service that dies where its file says."""

    url: str
    die_at: Path
    address: str
    process: asyncio.subprocess.Process

    async def died(self) -> None:
        async with asyncio.timeout(PATIENCE):
            assert await self.process.wait() == -signal.SIGKILL


@asynccontextmanager
async def process(url: str, die_at: Path) -> AsyncIterator[Process]:
    address = free_address()
    said = {"LISTEN": address, "DATABASE_URL": url, "SWEEP_SECONDS": "0.1", "CONFIRM_WAIT_SECONDS": "0"}
    environment = {key: value for key, value in os.environ.items() if not key.startswith("BALIE_")}
    environment |= {f"BALIE_HANDOFF_{name}": value for name, value in said.items()}
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.fakes.dying_handoff",
        cwd=ROOT,
        env=environment | {"DIE_AT": str(die_at)},
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        yield Process(url, die_at, address, child)
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()


def a_queue(**said: Any) -> Do:
    """Returns what makes a queue; spans are given in seconds."""

    async def make(at: Handoffs, name: str) -> None:
        given = {"offer_timeout": 600} | said
        fields = {key: span(value) if key in SPANS else value for key, value in given.items()}
        queue = handoff_pb2.Queue(id=name, display_name=name, **fields)
        request = queue_service_pb2.UpsertQueueRequest(queue=queue, request_id=new_id())
        await at.queues.UpsertQueue(request, timeout=SECONDS)

    return make


def queued(**said: Any) -> Do:
    async def make(at: Handoffs, name: str) -> None:
        await a_queue(**said)(at, name)
        await asked(at, name)

    return make


def offered(**said: Any) -> Do:
    async def make(at: Handoffs, name: str) -> None:
        await a_queue(**said)(at, name)
        await at.agent(name, queues=(name,))
        await asked(at, name)

    return make


async def led(at: Handoffs, name: str, *steps_there: Do) -> None:
    for step in steps_there:
        await step(at, name)


def after(*steps_there: Do) -> Do:
    async def make(at: Handoffs, name: str) -> None:
        await led(at, name, *steps_there)

    return make


async def asked(at: Handoffs, name: str) -> None:
    request = handoff_service_pb2.RequestHandoffRequest(
        conversation_id=name, contact_id=name, channel="web", queue_id=name, request_id=f"ask-{name}"
    )
    await at.handoffs.RequestHandoff(request, timeout=SECONDS)


def command(method: str, request: Any, **said: Any) -> Do:
    """Returns a command on the conversation's handoff: with the same request id whenever it is given again."""

    async def give(at: Handoffs, name: str) -> None:
        asking = request(handoff_id=(await found(at, name)).id, request_id=f"{method}-{name}", **said)
        if method in ("AcceptHandoff", "RejectOffer"):
            asking.agent_id = name
        try:
            await getattr(at.handoffs, method)(asking, timeout=SECONDS)
        except grpc.aio.AioRpcError as error:
            if error_of(error).reason != "OWNER_NOT_CONFIRMED":  # it is done; there is no gateway here
                raise

    return give


def confirmed(epoch: int) -> Do:
    async def confirm(at: Handoffs, name: str) -> None:
        await at.confirm((await found(at, name)).id, epoch)

    return confirm


def spoken(speaker: Any, seq: int) -> Do:
    async def report(at: Handoffs, name: str) -> None:
        handoff = await found(at, name)
        said = handoff_service_pb2.Activity(handoff_id=handoff.id, seq=seq, speaker=speaker)
        said.time.CopyFrom(handoff.create_time)
        request = handoff_service_pb2.ReportActivityRequest(activities=[said])
        await at.handoffs.ReportActivity(request, timeout=SECONDS, metadata=callers.service("gateway"))

    return report


async def online(at: Handoffs, name: str) -> None:
    request = agent_service_pb2.SetPresenceRequest(
        agent_id=name, presence=handoff_pb2.PRESENCE_ONLINE, request_id=f"online-{name}"
    )
    await at.agents.SetPresence(request, timeout=SECONDS)


async def an_agent(at: Handoffs, name: str) -> None:
    await at.agent(name, queues=(name,), online=False)


async def another_ahead_that_leaves(at: Handoffs, name: str) -> None:
    await a_queue()(at, name)
    first = await at.ask(f"before-{name}", queue=name)
    await asked(at, name)
    request = handoff_service_pb2.CancelHandoffRequest(handoff_id=first.id, request_id=new_id())
    await at.handoffs.CancelHandoff(request, timeout=SECONDS)


async def overflowing(at: Handoffs, name: str) -> None:
    await a_queue()(at, f"next-{name}")
    await queued(max_wait=1, overflow_queue_id=f"next-{name}")(at, name)


accept = command("AcceptHandoff", handoff_service_pb2.AcceptHandoffRequest)
reject = command("RejectOffer", handoff_service_pb2.RejectOfferRequest)
hold = command("HoldHandoff", handoff_service_pb2.HoldHandoffRequest)
resume = command("ResumeHandoff", handoff_service_pb2.ResumeHandoffRequest)
release = command("ReleaseHandoff", handoff_service_pb2.ReleaseHandoffRequest)
resolve = command("ResolveHandoff", handoff_service_pb2.ResolveHandoffRequest)
cancel = command("CancelHandoff", handoff_service_pb2.CancelHandoffRequest)
answer = spoken(handoff_pb2.SPEAKER_AGENT, 2)
accepted = after(offered(), accept, confirmed(2))
answered = after(accepted, answer)


async def transfer(at: Handoffs, name: str) -> None:
    await command("TransferHandoff", handoff_service_pb2.TransferHandoffRequest, to_queue_id=name)(at, name)


BY_COMMAND = (
    Case(EventKind.QUEUED, a_queue(), asked),
    Case(EventKind.OFFERED, after(queued(), an_agent), online),
    Case(EventKind.OFFER_REJECTED, offered(), reject),
    Case(EventKind.RESERVED, offered(), accept),
    Case(EventKind.ACCEPTED, after(offered(), accept), confirmed(2)),
    Case(EventKind.SPOKE, accepted, answer),
    Case(EventKind.HELD, answered, hold),
    Case(EventKind.RESUMED, after(answered, hold), resume),
    Case(EventKind.TRANSFERRED, accepted, transfer),
    Case(EventKind.RELEASED, accepted, release),
    Case(EventKind.RESOLVED, accepted, resolve),
    Case(EventKind.OWNER_RETURNED, after(accepted, release), confirmed(3)),
    Case(EventKind.CANCELLED, queued(), cancel),
)
BY_TIME = (
    Case(EventKind.POSITION, another_ahead_that_leaves),
    Case(EventKind.AGENT_SILENT, after(offered(silent_after=10), accept)),
    Case(EventKind.OFFER_EXPIRED, offered(offer_timeout=1, max_wait=600)),
    Case(EventKind.MESSAGE_TAKEN, queued(max_wait=1)),
    Case(EventKind.CALL_BACK_PROMISED, queued(max_wait=1, when_timed_out=CALL_BACK)),
    Case(EventKind.CALL_BACK_DUE, queued(max_wait=1, when_timed_out=CALL_BACK, call_back_within=2)),
    Case(EventKind.EXPIRED, queued(max_wait=1, when_timed_out=CALL_BACK, call_back_within=2)),
    Case(EventKind.CLOCK, queued(promises=handoff_pb2.Promises(first_reply=span(2)))),
    Case(EventKind.MOVED, overflowing),
)


async def found(at: Handoffs, name: str) -> handoff_pb2.Handoff:
    request = handoff_service_pb2.ListHandoffsRequest(conversation_id=name)
    [handoff] = (await at.handoffs.ListHandoffs(request, timeout=SECONDS)).handoffs
    return handoff


async def events(at: Handoffs) -> dict[str, list[handoff_pb2.HandoffEvent]]:
    """Returns all that has happened until now, by conversation; nothing is there twice and no revision is left out."""
    request = handoff_service_pb2.ListHandoffsRequest(page_size=500)
    listed = (await at.handoffs.ListHandoffs(request, timeout=SECONDS)).handoffs
    left = {handoff.id: handoff.revision for handoff in listed}
    told: dict[str, list[handoff_pb2.HandoffEvent]] = defaultdict(list)
    ids = set()
    if left:
        watch = at.handoffs.WatchHandoffs(handoff_service_pb2.WatchHandoffsRequest(), timeout=PATIENCE)
        async for reply in watch:
            event = reply.event
            assert event.event_id not in ids
            ids.add(event.event_id)
            told[event.conversation_id].append(event)
            if event.revision >= left.get(event.handoff_id, 0):
                left.pop(event.handoff_id, None)
            if not left:
                watch.cancel()
                break
    for mine in told.values():
        assert [event.revision for event in mine] == list(range(1, len(mine) + 1))
    return told


async def story(at: Handoffs, name: str) -> list[EventKind]:
    return [EventKind(event.kind) for event in (await events(at))[name]]


async def cut_off(call: Awaitable[Any]) -> None:
    """Makes a call in the middle of which the service dies."""
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await call
    assert error.value.code() is grpc.StatusCode.UNAVAILABLE


async def killed_at(case: Case, first: Process, at: Handoffs) -> None:
    """Brings a change about in a service that dies before it is on disk, and then in one that dies right after."""
    first.die_at.write_text(f"before {case.kind.name}")
    if case.do is None:
        with suppress(grpc.aio.AioRpcError):  # it may be due before all is told that leads there
            await case.lead(at, case.name)
        await first.died()
        first.die_at.write_text(f"after {case.kind.name}")
        async with process(first.url, first.die_at) as second:  # its first sweep does what is due
            await second.died()
        return
    await case.lead(at, case.name)
    before = await story(at, case.name)
    await cut_off(case.do(at, case.name))
    await first.died()
    first.die_at.write_text(f"after {case.kind.name}")
    async with process(first.url, first.die_at) as second, Handoffs.to(second.address) as again:
        assert await story(again, case.name) == before  # nothing of it has happened
        await cut_off(case.do(again, case.name))
        await second.died()


async def check(case: Case, at: Handoffs) -> None:
    """Checks what is there after both deaths: the change, once; and that the same request again changes nothing."""
    told = await story(at, case.name)
    if case.do is not None:
        await case.do(at, case.name)
        assert await story(at, case.name) == told
        assert told.count(case.kind) == 1
    elif case.kind is EventKind.CLOCK:
        clocks = [event for event in (await events(at))[case.name] if event.clock]
        async with asyncio.timeout(PATIENCE):
            while len(clocks) < 3:
                await asyncio.sleep(0.1)
                clocks = [event for event in (await events(at))[case.name] if event.clock]
        assert [event.percent for event in clocks] == [50, 80, 100]
    elif case.kind is EventKind.OFFER_EXPIRED:
        # The only agent is offered it anew each second: each offer passes once.
        pairs = [kind for kind in told if kind in (EventKind.OFFERED, EventKind.OFFER_EXPIRED)]
        assert pairs[:2] == [EventKind.OFFERED, EventKind.OFFER_EXPIRED]
        assert all(one != other for one, other in pairwise(pairs))
    else:
        assert told.count(case.kind) == 1


async def lane(cases: list[Case], url: str, die_at: Path) -> None:
    die_at.write_text("")
    pending = list(cases)
    done: list[Case] = []
    while True:
        async with process(url, die_at) as running, Handoffs.to(running.address) as at:
            for case in done:
                await check(case, at)
            if not pending:
                await nobody_stranded(url)
                return
            case = pending.pop(0)
            try:
                await killed_at(case, running, at)
            except BaseException as wrong:
                wrong.add_note(f"killed at {case.kind.name}")
                raise
            die_at.write_text("")
            done.append(case)


async def nobody_stranded(url: str) -> None:
    """Returns once what was due has been done: each open handoff has a next step that is yet to come, and no other has one."""
    async with desks(url) as beside, asyncio.timeout(PATIENCE):
        while True:
            handoffs, now = await beside.all(), datetime.now(UTC)
            for one in handoffs:
                assert (one.next_step_at is not None) == (one.state in OPEN)
            if all(one.next_step_at is None or one.next_step_at > now for one in handoffs):
                return
            await asyncio.sleep(0.1)


def test_every_change_of_a_handoff_has_a_case() -> None:
    assert {case.kind for case in BY_COMMAND + BY_TIME} == {kind for _, kind in TRANSITIONS.values()} | {
        EventKind.QUEUED
    }


@pytest.mark.parametrize("cases", [BY_COMMAND, BY_TIME], ids=["by-command", "by-time"])
async def test_killed_right_before_and_right_after_every_change(
    cases: tuple[Case, ...], sqlite_urls: Callable[[], str], tmp_path: Path
) -> None:
    async with asyncio.TaskGroup() as lanes:
        for number in range(LANES):
            mine = list(cases[number::LANES])
            lanes.create_task(lane(mine, sqlite_urls(), tmp_path / f"die-{number}"))


async def test_killed_at_random_with_the_gateway_in_the_middle_of_chats(make_desk: MakeDesk) -> None:
    desk = make_desk(handoff={"BALIE_HANDOFF_SWEEP_SECONDS": "0.2"})
    chance = random.Random(7)
    async with at_desk(desk) as at:
        await at.queue("killed", offer_timeout=600)
        els = await at.agent("els", "killed", chats=10)

        async def until_done(call: Callable[[], Awaitable[Any]]) -> Any:
            return await steps.persist(call)

        async def chat(number: int) -> tuple[handoff_pb2.Handoff, resources.Conversation]:
            contact, conversation = await at.contact(f"killed-{number}")
            asking = handoff_service_pb2.RequestHandoffRequest(
                conversation_id=conversation.id,
                contact_id=conversation.contact_id,
                channel="web",
                queue_id="killed",
                request_id=f"ask-{number}",
            )
            ask = at.operator.handoffs.RequestHandoff
            handoff = (await until_done(lambda: ask(asking, timeout=SECONDS))).handoff

            async def give(method: str, request: Any) -> None:
                made = request(handoff_id=handoff.id, request_id=f"{method}-{number}")
                await until_done(lambda: getattr(els.handoffs, method)(made, timeout=SECONDS))

            await give("AcceptHandoff", handoff_service_pb2.AcceptHandoffRequest)
            await at.write(els, conversation, "Hello, what is it about?")
            await until_done(lambda: at.answered(handoff))
            await give("HoldHandoff", handoff_service_pb2.HoldHandoffRequest)
            await at.write(contact, conversation, "My parcel.")
            await until_done(lambda: at.answered(handoff, is_waiting=True))
            await give("ReleaseHandoff", handoff_service_pb2.ReleaseHandoffRequest)
            return handoff, conversation

        async def trouble() -> None:
            for _ in range(5):
                await asyncio.sleep(chance.uniform(0.05, 0.6))
                await asyncio.to_thread(desk.kill, "handoff")
                await asyncio.to_thread(desk.start, "handoff")

        async with asyncio.TaskGroup() as group:
            chats = [group.create_task(chat(number)) for number in range(6)]
            group.create_task(trouble())
        for task in chats:
            handoff, conversation = task.result()
            happened = [
                handoff_pb2.HandoffEventKind.Name(event.kind)[19:] for event in await at.events(handoff)
            ]
            assert happened == [
                "QUEUED",
                "OFFERED",
                "RESERVED",
                "ACCEPTED",
                "SPOKE",
                "HELD",
                "RESUMED",
                "RELEASED",
                "OWNER_RETURNED",
            ]
            now = await at.conversation(conversation)
            assert (now.owner.kind, now.owner_epoch) == (resources.OWNER_KIND_BOT, 3)
            notices = [message.notice for message in await at.messages(conversation) if message.notice]
            assert notices == [resources.NOTICE_AGENT_JOINED, resources.NOTICE_RETURNED_TO_BOT]
