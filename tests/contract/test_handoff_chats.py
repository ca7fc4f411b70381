"""Chats over gRPC: held, resumed, transferred and told of, by RPCs of their own and on an agent's stream."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from tests.unit.handoff.served import TIMEOUT, Handoffs, refusal, served

from balie.api.handoff.v1 import (
    agent_service_pb2,
    handoff_pb2,
    handoff_service_pb2,
    note_service_pb2,
    queue_service_pb2,
)
from balie.kit.ids import new_id
from balie.kit.testing import callers

ELS, JAN = callers.agent("els"), callers.agent("jan")
REQUESTS: dict[str, Any] = {
    "HoldHandoff": handoff_service_pb2.HoldHandoffRequest,
    "ResumeHandoff": handoff_service_pb2.ResumeHandoffRequest,
    "TransferHandoff": handoff_service_pb2.TransferHandoffRequest,
}


@pytest.fixture
async def at(database_url: str) -> AsyncIterator[Handoffs]:
    async with served(database_url, confirm_wait_seconds=0, sweep_seconds=0.1) as running:
        await running.queue()
        await running.queue("boats")
        yield running


async def chat(at: Handoffs, *, answered: bool = True) -> handoff_pb2.Handoff:
    """A chat of els, whose contact she has answered."""
    await at.agent("els", chats=2)
    handoff = await at.ask()
    await refusal(at.accept(handoff.id, "els"))
    accepted = await at.confirm(handoff.id, 2)
    if answered:
        await tell(at, handoff.id, 2, handoff_pb2.SPEAKER_AGENT)
    return accepted


async def tell(at: Handoffs, handoff_id: str, seq: int, speaker: int) -> None:
    request = handoff_service_pb2.ReportActivityRequest()
    now = Timestamp()
    now.GetCurrentTime()
    request.activities.add(handoff_id=handoff_id, seq=seq, speaker=speaker, time=now)  # type: ignore[arg-type]
    await at.handoffs.ReportActivity(request, timeout=TIMEOUT)


async def do(at: Handoffs, rpc: str, handoff_id: str, caller: Any = ELS, **more: Any) -> handoff_pb2.Handoff:
    request = REQUESTS[rpc](handoff_id=handoff_id, **({"request_id": new_id()} | more))
    return (await getattr(at.handoffs, rpc)(request, timeout=TIMEOUT, metadata=caller)).handoff


async def test_a_chat_is_held_until_its_contact_writes(at: Handoffs) -> None:
    handoff = await chat(at)
    held = await do(at, "HoldHandoff", handoff.id)
    assert held.state == handoff_pb2.HANDOFF_STATE_ON_HOLD
    assert not held.contact_waits
    agent = (
        await at.agents.GetAgent(agent_service_pb2.GetAgentRequest(agent_id="els"), timeout=TIMEOUT)
    ).agent
    assert (agent.open_chats, round(agent.load, 6), agent.hold_weight) == (1, 0.2, 0.2)
    refused = await refusal(do(at, "ResumeHandoff", handoff.id, JAN))
    assert refused.reason == "HANDOFF_OF_ANOTHER_AGENT"
    await tell(at, handoff.id, 3, handoff_pb2.SPEAKER_CONTACT)
    back = await at.get(handoff.id)
    assert (back.state, back.contact_waits, back.HasField("reply_due_time")) == (
        handoff_pb2.HANDOFF_STATE_ACCEPTED,
        True,
        True,
    )


async def test_a_transfer_says_who_sent_it_and_why(at: Handoffs) -> None:
    handoff = await chat(at)
    moved = await do(at, "TransferHandoff", handoff.id, to_queue_id="boats", note="asks about boat 7")
    assert (moved.state, moved.queue_id, moved.agent_id, moved.transfers) == (
        handoff_pb2.HANDOFF_STATE_QUEUED,
        "boats",
        "",
        1,
    )
    listed = await at.notes.ListNotes(
        note_service_pb2.ListNotesRequest(handoff_id=handoff.id), timeout=TIMEOUT
    )
    [note] = listed.notes
    assert (note.text, note.author) == ("asks about boat 7", "agent:els")
    cancel = handoff_service_pb2.CancelHandoffRequest(handoff_id=handoff.id, request_id=new_id())
    await at.handoffs.CancelHandoff(cancel, timeout=TIMEOUT)
    late = await refusal(do(at, "TransferHandoff", handoff.id, to_queue_id="desk"))
    assert (late.code, late.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "HANDOFF_STATE_INVALID")


@pytest.mark.parametrize("rpc", REQUESTS)
async def test_a_command_that_is_repeated_is_done_once_and_never_taken_for_another(
    at: Handoffs, rpc: str
) -> None:
    handoff = await chat(at)
    more = {"to_queue_id": "boats"} if rpc == "TransferHandoff" else {}
    if rpc == "ResumeHandoff":
        await do(at, "HoldHandoff", handoff.id)
    first = await do(at, rpc, handoff.id, request_id="once", **more)
    assert (await do(at, rpc, handoff.id, request_id="once", **more)).revision == first.revision
    refused = await refusal(do(at, rpc, "another", request_id="once", **more))
    assert (refused.code, refused.reason) == (grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED")


async def test_an_agent_does_all_of_it_on_their_stream(at: Handoffs) -> None:
    handoff = await chat(at)
    commands: list[dict[str, Any]] = [
        {"hold": REQUESTS["HoldHandoff"](handoff_id=handoff.id, request_id="hold")},
        {"resume": REQUESTS["ResumeHandoff"](handoff_id=handoff.id, request_id="resume")},
        {"hold": REQUESTS["HoldHandoff"](handoff_id="0192", request_id="none")},
        {
            "transfer": REQUESTS["TransferHandoff"](
                handoff_id=handoff.id, to_queue_id="boats", request_id="go"
            )
        },
    ]

    gone, answered = asyncio.Event(), asyncio.Semaphore(0)

    async def typed() -> AsyncIterator[agent_service_pb2.WorkRequest]:
        yield agent_service_pb2.WorkRequest(open=agent_service_pb2.WorkOpen(agent_id="els"))
        for command in commands:
            yield agent_service_pb2.WorkRequest(**command)
            await answered.acquire()
        await gone.wait()

    told = []
    async for reply in at.agents.Work(typed(), timeout=TIMEOUT, metadata=ELS):
        told.append(reply)
        if reply.WhichOneof("message") == "result":
            answered.release()
        elif reply.handoff.id and not reply.handoff.agent_id:
            gone.set()
    results = {one.result.request_id: one.result for one in told if one.WhichOneof("message") == "result"}
    assert {name: (one.refused_reason, one.handoff.state) for name, one in results.items()} == {
        "hold": ("", handoff_pb2.HANDOFF_STATE_ON_HOLD),
        "resume": ("", handoff_pb2.HANDOFF_STATE_ACCEPTED),
        "none": ("HANDOFF_NOT_FOUND", 0),
        "go": ("", handoff_pb2.HANDOFF_STATE_QUEUED),
    }
    last = [one.handoff for one in told if one.WhichOneof("message") == "handoff"][-1]
    assert (last.id, last.agent_id) == (handoff.id, "")  # told once that it is no longer theirs


async def test_promises_are_told_and_kept(at: Handoffs) -> None:
    queue = handoff_pb2.Queue(id="boats", display_name="Boats", asks_rating=True)
    queue.promises.first_reply.CopyFrom(Duration(seconds=600))
    request = queue_service_pb2.UpsertQueueRequest(queue=queue, request_id=new_id())
    stored = (await at.queues.UpsertQueue(request, timeout=TIMEOUT)).queue
    assert stored.promises.first_reply.seconds == 600
    await at.agent("els", queues=("boats",))
    handoff = await at.ask(queue="boats")
    [clock] = handoff.clocks
    assert (clock.kind, clock.state) == (handoff_pb2.CLOCK_KIND_FIRST_REPLY, handoff_pb2.CLOCK_STATE_RUNNING)
    assert clock.due_time.seconds - handoff.create_time.seconds == 600
    await refusal(at.accept(handoff.id, "els"))
    await at.confirm(handoff.id, 2)
    await tell(at, handoff.id, 2, handoff_pb2.SPEAKER_AGENT)
    [kept] = (await at.get(handoff.id)).clocks
    assert kept.state == handoff_pb2.CLOCK_STATE_KEPT
    ending = handoff_service_pb2.ResolveHandoffRequest(handoff_id=handoff.id, request_id=new_id())
    await refusal(at.handoffs.ResolveHandoff(ending, timeout=TIMEOUT))
    assert (await at.get(handoff.id)).release_reason == handoff_pb2.RELEASE_REASON_SURVEY
