"""Internal notes: what NoteService does, every documented error with its reason, and every bound from both sides."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
from google.protobuf.message import Message
from tests.contract.cases import (
    Case,
    Change,
    Code,
    a_page,
    a_request_id,
    a_text,
    absent,
    an_id,
    documented,
    forbidden,
    put,
)
from tests.databases import sqlite_databases
from tests.unit.handoff.served import SERVICE, TIMEOUT, Handoffs, refusal, served

from balie.api.handoff.v1 import note_service_pb2
from balie.kit.ids import new_id
from balie.kit.paging import encode_page
from balie.kit.testing import callers

pytestmark = pytest.mark.asyncio(loop_scope="module")

ELS, ANNA = callers.agent("els"), callers.contact("anna")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def at(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Handoffs]:
    async with served(sqlite_databases(tmp_path_factory.mktemp("notes"))()) as running:
        await running.queue()
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def handoff_id(at: Handoffs) -> str:
    return (await at.ask()).id


def add(handoff_id: str, text: str = "calls back at five", request_id: str = "") -> Any:
    return note_service_pb2.AddNoteRequest(
        handoff_id=handoff_id, text=text, request_id=request_id or new_id()
    )


VALID: dict[str, Callable[[str], Message]] = {
    "AddNote": add,
    "ListNotes": lambda handoff_id: note_service_pb2.ListNotesRequest(handoff_id=handoff_id),
}


def call(at: Handoffs, rpc: str, request: Message, caller: Any = SERVICE) -> Any:
    return getattr(at.notes, rpc)(request, timeout=TIMEOUT, metadata=caller)


async def listed(at: Handoffs, handoff_id: str, size: int = 500) -> list[Any]:
    notes, token = [], ""
    while True:
        request = note_service_pb2.ListNotesRequest(handoff_id=handoff_id, page_size=size, page_token=token)
        page = await call(at, "ListNotes", request)
        notes += page.notes
        token = page.next_page_token
        if not token:
            return notes


async def test_a_note_has_its_author_from_the_caller_and_is_listed_in_order(at: Handoffs) -> None:
    about = (await at.ask("talk-in-order")).id
    first = (await call(at, "AddNote", add(about, "asked for a refund"), ELS)).note
    await call(at, "AddNote", add(about, "is a friend of the house"))
    await at.notes.AddNote(add(about, "from the desk itself"), timeout=TIMEOUT)
    notes = await listed(at, about)
    assert [(note.author, note.text) for note in notes] == [
        ("agent:els", "asked for a refund"),
        ("service:gateway", "is a friend of the house"),
        ("admin:local", "from the desk itself"),
    ]
    assert notes[0] == first
    assert first.handoff_id == about
    assert first.kind == note_service_pb2.NOTE_KIND_WRITTEN
    assert first.HasField("create_time")
    assert not first.HasField("transfer")
    assert await listed(at, about, size=1) == notes


async def test_the_same_request_adds_one_note(at: Handoffs) -> None:
    about = (await at.ask("talk-twice")).id
    request = add(about, request_id="once")
    first = await call(at, "AddNote", request)
    assert await call(at, "AddNote", request) == first
    assert len(await listed(at, about)) == 1
    request.text = "something else"
    refused = await refusal(call(at, "AddNote", request))
    assert (refused.code, refused.reason) == (Code.ALREADY_EXISTS, "REQUEST_ID_REUSED")


CASES = [
    *an_id("AddNote", "handoff_id"),
    *a_text("AddNote", "text", 2000),
    *a_request_id("AddNote"),
    absent("AddNote", "handoff_id", "HANDOFF_NOT_FOUND"),
    *forbidden("AddNote", ANNA),
    *an_id("ListNotes", "handoff_id"),
    *a_page("ListNotes", other=encode_page(("notes", "another"), "last")),
    absent("ListNotes", "handoff_id", "HANDOFF_NOT_FOUND"),
    *forbidden("ListNotes", ANNA),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.about)
async def test_refuses(at: Handoffs, handoff_id: str, case: Case) -> None:
    request = VALID[case.rpc](handoff_id)
    case.change(request)
    refused = await refusal(call(at, case.rpc, request, case.caller))
    assert (refused.code, refused.reason) == (case.code, case.reason)
    assert case.facts.items() <= refused.metadata.items()


WITHIN: list[tuple[str, Change]] = [
    ("AddNote", put("text", "é" * 2000)),
    ("AddNote", put("request_id", "x" * 64)),
    ("ListNotes", put("page_size", 1)),
    ("ListNotes", put("page_size", 500)),
]


@pytest.mark.parametrize(("rpc", "change"), WITHIN, ids=range(len(WITHIN)))
async def test_takes_what_is_within_bounds(at: Handoffs, handoff_id: str, rpc: str, change: Change) -> None:
    request = VALID[rpc](handoff_id)
    change(request)
    assert await call(at, rpc, request)


async def test_every_error_is_documented_and_every_documented_error_has_a_test() -> None:
    tested = {(case.rpc, case.reason) for case in CASES} | {("AddNote", "REQUEST_ID_REUSED")}
    assert tested == documented("handoff/v1/note_service.proto")
