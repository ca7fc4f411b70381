"""What agents do beside their chats on the stream they work on: notes, and what became of suggested answers."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from tests.unit.handoff.served import SERVICE, TIMEOUT, Served, refusal, served

from balie.api.handoff.v1 import agent_service_pb2, note_service_pb2, suggestion_service_pb2
from balie.kit.testing import callers

ELS = callers.agent("els")


@pytest.fixture
async def at(sqlite_url: str) -> AsyncIterator[Served]:
    async with served(sqlite_url, confirm_wait_seconds=0) as running:
        await running.queue()
        await running.agent("els")
        yield running


async def results(at: Served, *commands: dict[str, Any]) -> list[agent_service_pb2.WorkResult]:
    """Returns the results of commands on an agent's stream."""
    stream, found = at.agents.Work(metadata=ELS), []
    await stream.write(agent_service_pb2.WorkRequest(open=agent_service_pb2.WorkOpen()))
    async with asyncio.timeout(TIMEOUT):
        for command in commands:
            await stream.write(agent_service_pb2.WorkRequest(**command))
            while not (response := await stream.read()).HasField("result"):
                assert response is not grpc.aio.EOF
            found.append(response.result)
    stream.cancel()
    return found


async def test_an_agent_notes_and_tells_while_they_work(at: Served) -> None:
    handoff = await at.ask()
    await refusal(at.accept(handoff.id, "els"))
    await at.confirm(handoff.id, 2)
    note = note_service_pb2.AddNoteRequest(handoff_id=handoff.id, text="wants a refund", request_id="n1")
    told = suggestion_service_pb2.RecordSuggestionRequest(
        handoff_id=handoff.id,
        answer_id="answer-1",
        outcome=suggestion_service_pb2.SUGGESTION_OUTCOME_USED,
        request_id="s1",
    )
    noted, suggested = await results(at, {"add_note": note}, {"record_suggestion": told})
    assert (noted.refused_reason, noted.handoff.id, noted.request_id) == ("", handoff.id, "n1")
    assert (suggested.refused_reason, suggested.handoff.id) == ("", handoff.id)
    # The same by the RPC: a request id counts as one of it.
    again = await at.notes.AddNote(note, timeout=TIMEOUT, metadata=ELS)
    listed = await at.notes.ListNotes(
        note_service_pb2.ListNotesRequest(handoff_id=handoff.id), timeout=TIMEOUT, metadata=SERVICE
    )
    assert list(listed.notes) == [again.note]
    assert again.note.author == "agent:els"


async def test_what_is_refused_does_not_end_the_stream(at: Served) -> None:
    handoff = await at.ask()  # offered, and nobody's yet
    note = note_service_pb2.AddNoteRequest(handoff_id="nowhere", text="?", request_id="n1")
    told = suggestion_service_pb2.RecordSuggestionRequest(
        handoff_id=handoff.id,
        answer_id="answer-1",
        outcome=suggestion_service_pb2.SUGGESTION_OUTCOME_USED,
        request_id="s1",
    )
    empty = note_service_pb2.AddNoteRequest(handoff_id=handoff.id, request_id="n2")
    refused = await results(at, {"add_note": note}, {"record_suggestion": told}, {"add_note": empty})
    assert [one.refused_reason for one in refused] == [
        "HANDOFF_NOT_FOUND",
        "HANDOFF_STATE_INVALID",
        "FIELD_REQUIRED",
    ]
