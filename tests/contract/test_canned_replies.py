"""Canned replies: what CannedReplyService does, every documented error with its reason, and every bound from both sides."""

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
    clear,
    documented,
    forbidden,
    put,
    wrong,
)
from tests.databases import sqlite_databases
from tests.unit.handoff.served import SERVICE, TIMEOUT, Handoffs, refusal, served

from balie.api.handoff.v1 import canned_reply_service_pb2
from balie.kit.ids import new_id
from balie.kit.paging import encode_page
from balie.kit.testing import callers

pytestmark = pytest.mark.asyncio(loop_scope="module")

ELS, ANNA = callers.agent("els"), callers.contact("anna")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def at(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Handoffs]:
    async with served(sqlite_databases(tmp_path_factory.mktemp("canned"))()) as running:
        await running.queue()
        await call(running, "UpsertCannedReply", upsert("taken", shortcut="taken"))
        yield running


def upsert(reply_id: str = "spare", *, shortcut: str = "spare", **more: Any) -> Any:
    usual = {
        "language": "nl",
        "title": "Spare",
        "text": "Dag {contact}, dit is {agent}.",
        "queue_ids": ["desk"],
    }
    reply = canned_reply_service_pb2.CannedReply(id=reply_id, shortcut=shortcut, **(usual | more))
    return canned_reply_service_pb2.UpsertCannedReplyRequest(canned_reply=reply, request_id=new_id())


VALID: dict[str, Callable[[], Message]] = {
    "UpsertCannedReply": upsert,
    "GetCannedReply": lambda: canned_reply_service_pb2.GetCannedReplyRequest(canned_reply_id="taken"),
    "ListCannedReplies": lambda: canned_reply_service_pb2.ListCannedRepliesRequest(),
    "DeleteCannedReply": lambda: canned_reply_service_pb2.DeleteCannedReplyRequest(
        canned_reply_id="spare", request_id=new_id()
    ),
}


def call(at: Handoffs, rpc: str, request: Message, caller: Any = SERVICE) -> Any:
    return getattr(at.canned_replies, rpc)(request, timeout=TIMEOUT, metadata=caller)


async def test_a_reply_is_put_read_and_deleted(at: Handoffs) -> None:
    request = upsert("hours-nl", shortcut="hours")
    stored = (await call(at, "UpsertCannedReply", request)).canned_reply
    assert stored.HasField("update_time")
    get = canned_reply_service_pb2.GetCannedReplyRequest(canned_reply_id="hours-nl")
    assert (await call(at, "GetCannedReply", get, ELS)).canned_reply == stored
    stored.ClearField("update_time")
    assert stored == request.canned_reply
    gone = canned_reply_service_pb2.DeleteCannedReplyRequest(canned_reply_id="hours-nl", request_id=new_id())
    await call(at, "DeleteCannedReply", gone)
    await call(at, "DeleteCannedReply", gone)  # the same request: done once
    refused = await refusal(call(at, "GetCannedReply", get))
    assert (refused.code, refused.reason) == (Code.NOT_FOUND, "CANNED_REPLY_NOT_FOUND")


async def test_replies_are_listed_by_what_narrows_them(at: Handoffs) -> None:
    await at.queue("webshop")
    for reply_id, shortcut, language, queues in (
        ("list-1", "find-b", "nl", ["webshop"]),
        ("list-2", "find-a", "nl", []),
        ("list-3", "find-a", "de", ["desk", "webshop"]),
        ("list-4", "Find", "nl", []),
        ("list-5", "found", "nl", ["desk"]),
    ):
        await call(
            at, "UpsertCannedReply", upsert(reply_id, shortcut=shortcut, language=language, queue_ids=queues)
        )

    async def ids(**narrowed: Any) -> list[str]:
        found, token = [], ""
        while True:
            request = canned_reply_service_pb2.ListCannedRepliesRequest(
                page_size=2, page_token=token, **narrowed
            )
            page = await call(at, "ListCannedReplies", request, ELS)
            found += [reply.id for reply in page.canned_replies]
            token = page.next_page_token
            if not token:
                return [one for one in found if one.startswith("list-")]

    assert await ids() == ["list-4", "list-3", "list-2", "list-1", "list-5"]
    assert await ids(shortcut_prefix="find") == ["list-3", "list-2", "list-1"]
    assert await ids(shortcut_prefix="find", language="nl") == ["list-2", "list-1"]
    assert await ids(queue_id="desk") == ["list-4", "list-3", "list-2", "list-5"]
    assert await ids(queue_id="webshop", language="de") == ["list-3"]
    assert await ids(queue_id="no-such", language="nl") == ["list-4", "list-2"]


U = "UpsertCannedReply"
CASES = [
    Case("no reply", U, clear("canned_reply"), "FIELD_REQUIRED", facts={"field": "canned_reply"}),
    *an_id(U, "canned_reply.id"),
    wrong(U, "canned_reply.shortcut", "", "FIELD_REQUIRED"),
    wrong(U, "canned_reply.shortcut", "x" * 65, "FIELD_TOO_LONG", limit=64),
    wrong(U, "canned_reply.shortcut", "/hours", "FIELD_MALFORMED"),
    wrong(U, "canned_reply.language", "", "FIELD_REQUIRED"),
    wrong(U, "canned_reply.language", "nederlands", "FIELD_MALFORMED"),
    *a_text(U, "canned_reply.title", 200),
    *a_text(U, "canned_reply.text", 4096),
    *(
        wrong(
            U, "canned_reply.text", text, "PLACEHOLDER_UNKNOWN", placeholder=found, known="{contact}, {agent}"
        )
        for text, found in (
            ("Dag {name}", "{name}"),
            ("{contact} {Agent}", "{Agent}"),
            ("{ contact }", "{ contact }"),
            ("{contact", "{"),
            ("} {agent}", "}"),
            ("{{contact}}", "{"),
            ("{}", "{}"),
            ("{" + "x" * 100 + "}", "{" + "x" * 63),
        )
    ),
    wrong(U, "canned_reply.queue_ids", ["desk"] * 101, "TOO_MANY_ITEMS", limit=100, actual=101),
    wrong(U, "canned_reply.queue_ids", ["no spaces"], "FIELD_MALFORMED"),
    Case(
        "a queue of none",
        U,
        put("canned_reply.queue_ids", ["desk", "nowhere"]),
        "QUEUE_NOT_FOUND",
        Code.NOT_FOUND,
        {"queue_id": "nowhere"},
    ),
    Case(
        "a shortcut that another has",
        U,
        put("canned_reply.shortcut", "taken"),
        "SHORTCUT_TAKEN",
        Code.ALREADY_EXISTS,
        {"shortcut": "taken", "language": "nl", "canned_reply_id": "taken"},
    ),
    *a_request_id(U),
    *forbidden(U, ELS, ANNA),
    *an_id("GetCannedReply", "canned_reply_id"),
    absent("GetCannedReply", "canned_reply_id", "CANNED_REPLY_NOT_FOUND"),
    *forbidden("GetCannedReply", ANNA),
    wrong("ListCannedReplies", "language", "nederlands", "FIELD_MALFORMED"),
    wrong("ListCannedReplies", "language", "nl" + "-abcdefgh" * 4, "FIELD_TOO_LONG"),
    wrong("ListCannedReplies", "queue_id", "no spaces", "FIELD_MALFORMED"),
    wrong("ListCannedReplies", "shortcut_prefix", "x" * 65, "FIELD_TOO_LONG"),
    wrong("ListCannedReplies", "shortcut_prefix", "%", "FIELD_MALFORMED"),
    *a_page("ListCannedReplies", other=encode_page(("canned_replies", "nl", "", ""), "taken nl")),
    *forbidden("ListCannedReplies", ANNA),
    *an_id("DeleteCannedReply", "canned_reply_id"),
    *a_request_id("DeleteCannedReply"),
    absent("DeleteCannedReply", "canned_reply_id", "CANNED_REPLY_NOT_FOUND"),
    *forbidden("DeleteCannedReply", ELS, ANNA),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.about)
async def test_refuses(at: Handoffs, case: Case) -> None:
    request = VALID[case.rpc]()
    case.change(request)
    refused = await refusal(call(at, case.rpc, request, case.caller))
    assert (refused.code, refused.reason) == (case.code, case.reason)
    assert case.facts.items() <= refused.metadata.items()


WITHIN: list[tuple[str, Change]] = [
    (U, lambda _: None),
    (U, put("canned_reply.id", "x" * 128)),
    (U, put("canned_reply.shortcut", "x" * 64)),
    (U, put("canned_reply.title", "é" * 200)),
    (U, put("canned_reply.text", "é" * 4096)),
    (U, put("canned_reply.text", "{agent}{contact}")),
    (U, put("canned_reply.queue_ids", [])),
    (U, put("canned_reply.queue_ids", ["desk"] * 100)),
    (U, put("request_id", "x" * 64)),
    ("ListCannedReplies", put("shortcut_prefix", "x" * 64)),
    ("ListCannedReplies", put("page_size", 1)),
    ("ListCannedReplies", put("page_size", 500)),
]


@pytest.mark.parametrize(("number", "rpc", "change"), [(n, *one) for n, one in enumerate(WITHIN)])
async def test_takes_what_is_within_bounds(at: Handoffs, number: int, rpc: str, change: Change) -> None:
    request: Any = VALID[rpc]()
    if rpc == U:
        request.canned_reply.id = request.canned_reply.shortcut = f"within-{number}"
    change(request)
    assert await call(at, rpc, request)


async def test_a_shortcut_is_free_again_in_another_language_and_after_a_change(at: Handoffs) -> None:
    await call(at, U, upsert("free", shortcut="free"))
    await call(at, U, upsert("free-de", shortcut="free", language="de"))
    await call(at, U, upsert("free", shortcut="freed"))
    await call(at, U, upsert("free-2", shortcut="free"))


async def test_refuses_a_request_id_that_was_used_with_another_request(at: Handoffs) -> None:
    made = upsert("twice", shortcut="twice")
    first = await call(at, U, made)
    assert await call(at, U, made) == first
    made.canned_reply.title = "Other"
    gone = canned_reply_service_pb2.DeleteCannedReplyRequest(canned_reply_id="twice", request_id="gone")
    await call(at, "DeleteCannedReply", gone)
    gone.canned_reply_id = "taken"
    for rpc, request in ((U, made), ("DeleteCannedReply", gone)):
        refused = await refusal(call(at, rpc, request))
        assert (refused.code, refused.reason) == (Code.ALREADY_EXISTS, "REQUEST_ID_REUSED")


async def test_every_error_is_documented_and_every_documented_error_has_a_test() -> None:
    tested = {(case.rpc, case.reason) for case in CASES}
    tested |= {(rpc, "REQUEST_ID_REUSED") for rpc in (U, "DeleteCannedReply")}
    assert tested == documented("handoff/v1/canned_reply_service.proto")
