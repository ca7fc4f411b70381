"""Every documented error of the handoff service's RPCs, with its reason, and every bound from both sides."""

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest
import pytest_asyncio
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from tests.databases import sqlite_databases
from tests.unit.handoff.served import SERVICE, TIMEOUT, Handoffs, refusal, served

from balie.api.common.v1 import language_pb2
from balie.api.handoff.v1 import (
    agent_service_pb2,
    handoff_pb2,
    handoff_service_pb2,
    queue_service_pb2,
    router_service_pb2,
)
from balie.handoff.routing.steps import STEPS
from balie.kit.eventlog import encode_cursor
from balie.kit.ids import new_id
from balie.kit.testing import callers

pytestmark = pytest.mark.asyncio(loop_scope="module")

PROTOS = Path(__file__).parents[2] / "protos/balie/api/handoff/v1"
Code = grpc.StatusCode
LONG = "x" * 129
BAD = "no spaces"
ELS, JAN, ANNA = callers.agent("els"), callers.agent("jan"), callers.contact("anna")
NAN, INF = float("nan"), float("inf")


@dataclass(frozen=True)
class Desk:
    """A running service with a handoff in each state that errors need."""

    at: Handoffs
    offered: str
    queued: str
    accepted: str


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    make = sqlite_databases(tmp_path_factory.mktemp("handoff"))
    async with served(make(), confirm_wait_seconds=0, sweep_seconds=60) as at:
        await at.queue()
        await at.queue("other")
        await at.agent("els", chats=1)
        await at.agent("jan", queues=(), chats=1)
        await at.agent("piet", queues=(), chats=9, online=False)
        accepted = await at.ask("accepted", queue="other")
        await refusal(at.accept(accepted.id, "jan"))
        await at.confirm(accepted.id, 2)
        offered, queued = await at.ask("offered"), await at.ask("queued")
        routed = route(Desk(at, "", "", ""))
        routed.turn_id = "routed"
        await at.router.Route(routed, timeout=TIMEOUT, metadata=SERVICE)
        yield Desk(at, offered.id, queued.id, accepted.id)


@dataclass(frozen=True)
class Case:
    about: str
    rpc: str
    change: Callable[[Any, Desk], None]
    reason: str
    code: Code = Code.INVALID_ARGUMENT
    facts: dict[str, str] = field(default_factory=dict)
    caller: Any = SERVICE


def route(_: Desk) -> router_service_pb2.RouteRequest:
    return router_service_pb2.RouteRequest(
        turn_id=new_id(),
        conversation_id="error-talk",
        contact_id="anna",
        channel="web",
        owner_epoch=1,
        language="nl",
        understanding=router_service_pb2.TurnUnderstanding(
            verdict=language_pb2.VERDICT_NO_MATCH,
            intents=[language_pb2.ScoredIntent(name="booking", score=0.5)],
            keywords=[language_pb2.KeywordMatch(keyword_id="k", rule=language_pb2.KEYWORD_RULE_EXACT)],
        ),
        answers=router_service_pb2.TurnAnswers(
            candidates=[router_service_pb2.CandidateAnswer(answer_id="a", entry_id="e", score=0.5)]
        ),
        follow_ups=[
            router_service_pb2.FollowUp(
                source=router_service_pb2.FOLLOW_UP_SOURCE_KEYWORD, name="k", nothing=True
            )
        ],
        default_queue_id="desk",
    )


def request_handoff(_: Desk) -> handoff_service_pb2.RequestHandoffRequest:
    return handoff_service_pb2.RequestHandoffRequest(
        conversation_id="queued",
        contact_id="anna",
        channel="web",
        queue_id="desk",
        request_id=new_id(),
        skills=[handoff_pb2.WantedSkill(name="boats", level=3)],
    )


def upsert_agent(_: Desk) -> agent_service_pb2.UpsertAgentRequest:
    agent = handoff_pb2.Agent(id="kees", display_name="Kees", queue_ids=["desk"], languages=["nl"])
    agent.skills.add(name="boats", level=3)
    return agent_service_pb2.UpsertAgentRequest(agent=agent, request_id=new_id())


def upsert_queue(_: Desk) -> queue_service_pb2.UpsertQueueRequest:
    queue = handoff_pb2.Queue(id="spare", display_name="Spare")
    queue.rings.add(relaxations=[handoff_pb2.RELAXATION_SKILLS])
    return queue_service_pb2.UpsertQueueRequest(queue=queue, request_id=new_id())


def report_activity(desk: Desk) -> handoff_service_pb2.ReportActivityRequest:
    request = handoff_service_pb2.ReportActivityRequest()
    request.activities.add(
        handoff_id=desk.queued,
        seq=1,
        speaker=handoff_pb2.SPEAKER_CONTACT,
        time=Timestamp(seconds=1_750_000_000),
    )
    return request


WITH_AGENT = {"agent_id": "els"}
# What each RPC is asked in a case before its change: all of it valid.
VALID: dict[str, Callable[[Desk], Message]] = {
    "router.Route": route,
    "router.Explain": lambda _: router_service_pb2.ExplainRequest(turn_id="routed"),
    "router.ReplayTurns": lambda _: router_service_pb2.ReplayTurnsRequest(),
    "router.GetPolicy": lambda _: router_service_pb2.GetPolicyRequest(),
    "handoffs.RequestHandoff": request_handoff,
    "handoffs.GetHandoff": lambda desk: handoff_service_pb2.GetHandoffRequest(handoff_id=desk.offered),
    "handoffs.ListHandoffs": lambda _: handoff_service_pb2.ListHandoffsRequest(),
    "handoffs.AcceptHandoff": lambda desk: handoff_service_pb2.AcceptHandoffRequest(
        handoff_id=desk.offered, request_id=new_id(), **WITH_AGENT
    ),
    "handoffs.ConfirmOwner": lambda desk: handoff_service_pb2.ConfirmOwnerRequest(
        handoff_id=desk.accepted, owner_epoch=2
    ),
    "handoffs.RejectOffer": lambda desk: handoff_service_pb2.RejectOfferRequest(
        handoff_id=desk.offered, request_id=new_id(), **WITH_AGENT
    ),
    "handoffs.ReleaseHandoff": lambda desk: handoff_service_pb2.ReleaseHandoffRequest(
        handoff_id=desk.accepted, request_id=new_id()
    ),
    "handoffs.ResolveHandoff": lambda desk: handoff_service_pb2.ResolveHandoffRequest(
        handoff_id=desk.accepted, request_id=new_id()
    ),
    "handoffs.CancelHandoff": lambda desk: handoff_service_pb2.CancelHandoffRequest(
        handoff_id=desk.queued, request_id=new_id()
    ),
    "handoffs.HoldHandoff": lambda desk: handoff_service_pb2.HoldHandoffRequest(
        handoff_id=desk.accepted, request_id=new_id()
    ),
    "handoffs.ResumeHandoff": lambda desk: handoff_service_pb2.ResumeHandoffRequest(
        handoff_id=desk.accepted, request_id=new_id()
    ),
    "handoffs.TransferHandoff": lambda desk: handoff_service_pb2.TransferHandoffRequest(
        handoff_id=desk.accepted, to_queue_id="other", request_id=new_id()
    ),
    "handoffs.ReportActivity": report_activity,
    "handoffs.WatchHandoffs": lambda _: handoff_service_pb2.WatchHandoffsRequest(),
    "agents.UpsertAgent": upsert_agent,
    "agents.GetAgent": lambda _: agent_service_pb2.GetAgentRequest(agent_id="els"),
    "agents.ListAgents": lambda _: agent_service_pb2.ListAgentsRequest(),
    "agents.SetPresence": lambda _: agent_service_pb2.SetPresenceRequest(
        presence=handoff_pb2.PRESENCE_ONLINE, request_id=new_id(), **WITH_AGENT
    ),
    "queues.UpsertQueue": upsert_queue,
    "queues.PauseQueue": lambda _: queue_service_pb2.PauseQueueRequest(
        queue_id="desk", paused=True, request_id=new_id()
    ),
    "queues.GetQueue": lambda _: queue_service_pb2.GetQueueRequest(queue_id="desk"),
    "queues.ListQueues": lambda _: queue_service_pb2.ListQueuesRequest(),
}


def put(path: str, value: Any) -> Callable[[Any, Desk], None]:
    """Returns a change that sets a field, also of the first item of a list; a list is replaced whole."""

    def change(request: Any, _: Desk) -> None:
        *parents, name = path.split(".")
        for parent in parents:
            request = getattr(request, parent)
            request = request[0] if hasattr(request, "__getitem__") else request
        if isinstance(value, list):
            request.ClearField(name)
            getattr(request, name).extend(value)
        elif isinstance(value, Message):
            getattr(request, name).CopyFrom(value)
        else:
            setattr(request, name, value)

    return change


def clear(path: str) -> Callable[[Any, Desk], None]:
    def change(request: Any, _: Desk) -> None:
        *parents, name = path.split(".")
        for parent in parents:
            request = getattr(request, parent)
            request = request[0] if hasattr(request, "__getitem__") else request
        request.ClearField(name)

    return change


def an_id(rpc: str, path: str, *, required: bool = True) -> list[Case]:
    facts = {"field": path}
    cases = [
        Case(
            f"{rpc} {path} is too long",
            rpc,
            put(path, LONG),
            "FIELD_TOO_LONG",
            facts=facts | {"limit": "128"},
        ),
        Case(f"{rpc} {path} is malformed", rpc, put(path, BAD), "FIELD_MALFORMED", facts=facts),
    ]
    missing = Case(f"{rpc} {path} is missing", rpc, put(path, ""), "FIELD_REQUIRED", facts=facts)
    return [missing, *cases] if required else cases


def a_request_id(rpc: str) -> list[Case]:
    return [
        Case(
            f"{rpc} has no request id",
            rpc,
            put("request_id", ""),
            "FIELD_REQUIRED",
            facts={"field": "request_id"},
        ),
        Case(f"{rpc} has a long request id", rpc, put("request_id", "x" * 65), "FIELD_TOO_LONG"),
        Case(f"{rpc} has a malformed request id", rpc, put("request_id", "a/b"), "FIELD_MALFORMED"),
    ]


def a_number(rpc: str, path: str, *wrong: float, least: str, most: str) -> list[Case]:
    facts = {"field": path, "minimum": least, "maximum": most}
    return [
        Case(f"{rpc} {path} is {one}", rpc, put(path, one), "FIELD_OUT_OF_RANGE", facts=facts)
        for one in wrong
    ]


def a_text(rpc: str, path: str, most: int, *, required: bool = True) -> list[Case]:
    facts = {"field": path, "limit": str(most), "actual": str(most + 1)}
    long = Case(f"{rpc} {path} is too long", rpc, put(path, "é" * (most + 1)), "FIELD_TOO_LONG", facts=facts)
    missing = Case(f"{rpc} {path} is missing", rpc, put(path, " "), "FIELD_REQUIRED", facts={"field": path})
    return [long, missing] if required else [long]


def too_many(rpc: str, path: str, items: list[Any], limit: int) -> Case:
    facts = {"field": path, "limit": str(limit), "actual": str(limit + 1)}
    return Case(f"{rpc} {path} are too many", rpc, put(path, items), "TOO_MANY_ITEMS", facts=facts)


def an_enum(rpc: str, path: str) -> list[Case]:
    return [
        Case(f"{rpc} {path} is unspecified", rpc, put(path, 0), "FIELD_REQUIRED", facts={"field": path}),
        Case(
            f"{rpc} {path} is unknown",
            rpc,
            put(path, 99),
            "FIELD_UNKNOWN_VALUE",
            facts={"field": path, "value": "99"},
        ),
    ]


def a_page(rpc: str) -> list[Case]:
    token = encode_cursor("handoffs", 1)
    return [
        *a_number(rpc, "page_size", 0, -1, 501, least="1", most="500"),
        Case(
            f"{rpc} has another's token",
            rpc,
            put("page_token", token),
            "CURSOR_MALFORMED",
            facts={"field": "page_token"},
        ),
        Case(f"{rpc} has a token that is none", rpc, put("page_token", "é"), "CURSOR_MALFORMED"),
    ]


def forbidden(rpc: str, *who: Any) -> list[Case]:
    return [
        Case(
            f"{rpc} by {caller[0][1]}",
            rpc,
            lambda *_: None,
            "CALLER_FORBIDDEN",
            Code.PERMISSION_DENIED,
            caller=caller,
        )
        for caller in who
    ]


def named(attribute: str) -> Callable[[Any, Desk], None]:
    """Returns a change that names another of the desk's handoffs."""
    return lambda request, desk: setattr(request, "handoff_id", getattr(desk, attribute))


def changes(*all_of: Callable[[Any, Desk], None]) -> Callable[[Any, Desk], None]:
    def change(request: Any, desk: Desk) -> None:
        for one in all_of:
            one(request, desk)

    return change


R, PRE = "router.Route", Code.FAILED_PRECONDITION
U, A = "understanding", "answers"
FOLLOW_UP = router_service_pb2.FollowUp(source=1, name="k", nothing=True)  # type: ignore[arg-type]
ROUTE = [
    *(
        case
        for name in ("turn_id", "conversation_id", "contact_id", "channel", "default_queue_id")
        for case in an_id(R, name)
    ),
    *an_id(R, "owner_agent_id", required=False),
    *a_number(R, "owner_epoch", 0, -1, least="1", most="9223372036854775807"),
    Case("no language", R, put("language", ""), "FIELD_REQUIRED", facts={"field": "language"}),
    Case("a malformed language", R, put("language", "dutch!"), "FIELD_MALFORMED"),
    Case("a long language", R, put("language", "nl-" + "x" * 33), "FIELD_TOO_LONG", facts={"limit": "35"}),
    *an_enum(R, f"{U}.verdict"),
    *a_text(R, f"{U}.intents.name", 128),
    *a_number(R, f"{U}.intents.score", -0.5, 1.5, NAN, INF, least="0", most="1"),
    *a_number(R, f"{U}.threshold", -0.5, 1.5, NAN, least="0", most="1"),
    too_many(R, f"{U}.intents", [language_pb2.ScoredIntent(name="i")] * 11, 10),
    too_many(R, f"{U}.keywords", [language_pb2.KeywordMatch(keyword_id="k", rule=1)] * 17, 16),  # type: ignore[arg-type]
    *a_text(R, f"{U}.keywords.keyword_id", 128),
    *an_enum(R, f"{U}.keywords.rule"),
    Case(
        "an unknown frustration",
        R,
        put(f"{U}.signals.frustration", 99),
        "FIELD_UNKNOWN_VALUE",
        facts={"field": f"{U}.signals.frustration"},
    ),
    *a_number(R, f"{U}.signals.question_count", -1, least="0", most="2147483647"),
    *a_number(R, f"{U}.signals.character_count", -1, least="0", most="2147483647"),
    *a_text(R, f"{A}.candidates.answer_id", 256),
    *an_id(R, f"{A}.candidates.entry_id"),
    *a_number(R, f"{A}.candidates.score", -1.5, 1.5, NAN, -INF, least="-1", most="1"),
    *a_number(R, f"{A}.threshold", -1.5, 1.5, NAN, least="-1", most="1"),
    too_many(
        R, f"{A}.candidates", [router_service_pb2.CandidateAnswer(answer_id="a", entry_id="e")] * 51, 50
    ),
    too_many(R, "follow_ups", [FOLLOW_UP] * 17, 16),
    *an_enum(R, "follow_ups.source"),
    *a_text(R, "follow_ups.name", 128),
    *a_text(R, "follow_ups.reply", 128),
    *an_id(R, "follow_ups.faq_entry_id"),
    *an_id(R, "follow_ups.queue_id"),
    Case(
        "a follow-up without a target",
        R,
        clear("follow_ups.nothing"),
        "FIELD_REQUIRED",
        facts={"field": "follow_ups.target"},
    ),
    Case(
        "a follow-up that is not nothing",
        R,
        put("follow_ups.nothing", False),
        "FIELD_REQUIRED",
        facts={"field": "follow_ups.target"},
    ),
    *a_number(R, "history.clarified_in_a_row", -1, least="0", most="2147483647"),
    *a_number(R, "history.bot_replies", -1, least="0", most="2147483647"),
    *a_number(R, "history.same_message_in_a_row", -1, least="0", most="2147483647"),
    *a_number(R, "attachment_count", -1, least="0", most="2147483647"),
    *(
        Case(
            f"contact attributes {about}",
            R,
            lambda request, _, held=held: request.contact_attributes.update(held),
            reason,
            facts=facts,
        )
        for about, held, reason, facts in (
            ("too many", {f"a{number}": "b" for number in range(21)}, "TOO_MANY_ITEMS", {"limit": "20"}),
            ("without a name", {" ": "b"}, "FIELD_REQUIRED", {"field": "contact_attributes.key"}),
            ("of a long name", {"a" * 65: "b"}, "FIELD_TOO_LONG", {"field": "contact_attributes.key"}),
            ("of a long value", {"a": "b" * 257}, "FIELD_TOO_LONG", {"field": "contact_attributes.value"}),
        )
    ),
    *forbidden(R, ELS, ANNA),
]

EXPLAIN, REPLAY, POLICY = "router.Explain", "router.ReplayTurns", "router.GetPolicy"
BROKEN = b"version: 1\nrules:\n  - step: nowhere\n"
EXPLAINING = [
    *an_id(EXPLAIN, "turn_id"),
    Case(
        "a turn that was never decided",
        EXPLAIN,
        put("turn_id", "nobody"),
        "TURN_NOT_ROUTED",
        Code.NOT_FOUND,
        {"turn_id": "nobody"},
    ),
    *(
        case
        for rpc in (EXPLAIN, POLICY)
        for case in (
            Case(
                f"{rpc} of an unknown policy",
                rpc,
                put("policy_version", "9-1"),
                "POLICY_NOT_FOUND",
                Code.NOT_FOUND,
                {"policy_version": "9-1"},
            ),
            Case(
                f"{rpc} of a long policy version",
                rpc,
                put("policy_version", "x" * 129),
                "FIELD_TOO_LONG",
                facts={"limit": "128"},
            ),
            Case(
                f"{rpc} of a policy version with a NUL", rpc, put("policy_version", "a\0"), "FIELD_MALFORMED"
            ),
        )
    ),
    *(
        case
        for rpc in (EXPLAIN, REPLAY)
        for case in (
            Case(
                f"{rpc} by a broken policy",
                rpc,
                put("policy_yaml", BROKEN),
                "POLICY_MALFORMED",
                facts={
                    "problem": f"policy: line 3, rules.0: knows no step 'nowhere'; they are {', '.join(STEPS)}"
                },
            ),
            Case(
                f"{rpc} by a policy that is too long",
                rpc,
                put("policy_yaml", b"#" * (256 * 1024 + 1)),
                "FIELD_TOO_LONG",
                facts={"field": "policy_yaml"},
            ),
        )
    ),
    *a_number(REPLAY, "limit", 0, 1_000_001, least="1", most="1000000"),
    Case(
        "a time that is none",
        REPLAY,
        put("since_time", Timestamp(seconds=1 << 60)),
        "FIELD_MALFORMED",
        facts={"field": "since_time"},
    ),
    *(case for rpc in (EXPLAIN, REPLAY, POLICY) for case in forbidden(rpc, ELS, ANNA)),
]

H = "handoffs."
NOT_FOUND = Code.NOT_FOUND
HANDOFFS = [
    *(
        case
        for name in ("conversation_id", "contact_id", "channel", "queue_id")
        for case in an_id(H + "RequestHandoff", name)
    ),
    Case("a malformed language of a handoff", H + "RequestHandoff", put("language", "d"), "FIELD_MALFORMED"),
    Case(
        "a long language of a handoff",
        H + "RequestHandoff",
        put("language", "nl-" + "x" * 33),
        "FIELD_TOO_LONG",
    ),
    *a_number(H + "RequestHandoff", "priority", -101, 101, least="-100", most="100"),
    *a_text(H + "RequestHandoff", "skills.name", 64),
    *a_number(H + "RequestHandoff", "skills.level", 0, 6, least="1", most="5"),
    too_many(H + "RequestHandoff", "skills", [handoff_pb2.WantedSkill(name="s")] * 51, 50),
    *a_request_id(H + "RequestHandoff"),
    Case(
        "a queue that is not there",
        H + "RequestHandoff",
        put("queue_id", "nowhere"),
        "QUEUE_NOT_FOUND",
        NOT_FOUND,
        {"queue_id": "nowhere"},
    ),
    *(
        case
        for rpc in (
            "GetHandoff",
            "AcceptHandoff",
            "ConfirmOwner",
            "RejectOffer",
            "ReleaseHandoff",
            "ResolveHandoff",
            "CancelHandoff",
        )
        for case in (
            *an_id(H + rpc, "handoff_id"),
            Case(
                f"{rpc} of none",
                H + rpc,
                put("handoff_id", "0192"),
                "HANDOFF_NOT_FOUND",
                NOT_FOUND,
                {"handoff_id": "0192"},
            ),
            *forbidden(H + rpc, ANNA),
        )
    ),
    *(
        case
        for rpc in ("AcceptHandoff", "RejectOffer")
        for case in (
            *an_id(H + rpc, "agent_id"),
            Case(
                f"{rpc} by nobody",
                H + rpc,
                put("agent_id", "nobody"),
                "AGENT_NOT_FOUND",
                NOT_FOUND,
                {"agent_id": "nobody"},
            ),
            Case(
                f"{rpc} of another's offer",
                H + rpc,
                put("agent_id", "jan"),
                "HANDOFF_OF_ANOTHER_AGENT",
                PRE,
                {"agent_id": "els"},
            ),
            *forbidden(H + rpc, JAN),
        )
    ),
    *(
        case
        for rpc in ("AcceptHandoff", "RejectOffer", "ReleaseHandoff", "ResolveHandoff", "CancelHandoff")
        for case in a_request_id(H + rpc)
    ),
    Case(
        "accept one that is taken",
        H + "AcceptHandoff",
        named("accepted"),
        "HANDOFF_STATE_INVALID",
        PRE,
        {"state": "ACCEPTED", "allowed": "QUEUED, OFFERED, CALL_BACK"},
    ),
    Case(
        "accept while offline",
        H + "AcceptHandoff",
        changes(named("queued"), put("agent_id", "piet")),
        "AGENT_NOT_ONLINE",
        PRE,
        {"agent_id": "piet", "presence": "OFFLINE"},
    ),
    Case(
        "accept one too many",
        H + "AcceptHandoff",
        changes(named("queued"), put("agent_id", "jan")),
        "AGENT_AT_CAPACITY",
        Code.RESOURCE_EXHAUSTED,
        {"agent_id": "jan", "limit": "1"},
    ),
    *a_number(H + "ConfirmOwner", "owner_epoch", 0, -5, least="1", most="9223372036854775807"),
    Case(
        "confirm an epoch that has passed",
        H + "ConfirmOwner",
        put("owner_epoch", 1),
        "OWNER_EPOCH_PASSED",
        PRE,
        {"epoch": "1", "current_epoch": "2"},
    ),
    Case(
        "confirm an owner of one that waits",
        H + "ConfirmOwner",
        named("offered"),
        "HANDOFF_STATE_INVALID",
        PRE,
        {"state": "OFFERED"},
    ),
    *an_id(H + "ConfirmOwner", "agent_id", required=False),
    *forbidden(H + "ConfirmOwner", ELS),
    Case(
        "turn down what is not offered",
        H + "RejectOffer",
        named("queued"),
        "HANDOFF_STATE_INVALID",
        PRE,
        {"state": "QUEUED", "allowed": "OFFERED"},
    ),
    *(
        case
        for rpc in ("ReleaseHandoff", "ResolveHandoff")
        for case in (
            Case(
                f"{rpc} of one that waits",
                H + rpc,
                named("offered"),
                "HANDOFF_STATE_INVALID",
                PRE,
                {"state": "OFFERED", "allowed": "ACCEPTED, ON_HOLD"},
            ),
            Case(
                f"{rpc} of another's",
                H + rpc,
                named("accepted"),
                "HANDOFF_OF_ANOTHER_AGENT",
                PRE,
                {"agent_id": "jan"},
                caller=ELS,
            ),
        )
    ),
    *a_text(H + "ResolveHandoff", "outcome", 64, required=False),
    Case(
        "cancel one that is taken",
        H + "CancelHandoff",
        named("accepted"),
        "HANDOFF_STATE_INVALID",
        PRE,
        {"state": "ACCEPTED", "allowed": "QUEUED, OFFERED, CALL_BACK"},
    ),
    *(
        case
        for name in ("queue_id", "agent_id", "conversation_id")
        for case in an_id(H + "ListHandoffs", name, required=False)
    ),
    *(
        Case(
            f"list state {state}",
            H + "ListHandoffs",
            put("states", [state]),
            "FIELD_UNKNOWN_VALUE",
            facts={"field": "states", "value": str(state)},
        )
        for state in (0, 99)
    ),
    too_many(H + "ListHandoffs", "states", [1] * 21, 20),
    *a_page(H + "ListHandoffs"),
    *forbidden(H + "ListHandoffs", ANNA),
    *forbidden(H + "RequestHandoff", ANNA),
    *forbidden(H + "WatchHandoffs", ANNA),
    Case(
        "watch from nonsense",
        H + "WatchHandoffs",
        put("cursor", "nonsense"),
        "CURSOR_MALFORMED",
        facts={"field": "cursor"},
    ),
    Case(
        "watch from another stream's",
        H + "WatchHandoffs",
        put("cursor", encode_cursor("talks", 1)),
        "CURSOR_MALFORMED",
    ),
    Case(
        "watch from the future",
        H + "WatchHandoffs",
        put("cursor", encode_cursor("handoffs", 999)),
        "CURSOR_EXPIRED",
        Code.OUT_OF_RANGE,
    ),
]

REPORT, TRANSFER, PAUSE = H + "ReportActivity", H + "TransferHandoff", "queues.PauseQueue"
CHATS = [
    *(
        case
        for rpc in ("HoldHandoff", "ResumeHandoff", "TransferHandoff")
        for case in (
            *an_id(H + rpc, "handoff_id"),
            *a_request_id(H + rpc),
            Case(
                f"{rpc} of none",
                H + rpc,
                put("handoff_id", "0192"),
                "HANDOFF_NOT_FOUND",
                NOT_FOUND,
                {"handoff_id": "0192"},
            ),
            *forbidden(H + rpc, ANNA),
        )
    ),
    *(
        Case(
            f"{rpc} of another's",
            H + rpc,
            named("accepted"),
            "HANDOFF_OF_ANOTHER_AGENT",
            PRE,
            {"agent_id": "jan"},
            caller=ELS,
        )
        for rpc in ("HoldHandoff", "TransferHandoff")
    ),
    Case(
        "hold one that waits",
        H + "HoldHandoff",
        named("offered"),
        "HANDOFF_STATE_INVALID",
        PRE,
        {"state": "OFFERED", "allowed": "ACCEPTED"},
    ),
    Case("hold while the contact waits", H + "HoldHandoff", named("accepted"), "CONTACT_WAITS", PRE),
    Case(
        "resume what is not on hold",
        H + "ResumeHandoff",
        named("accepted"),
        "HANDOFF_STATE_INVALID",
        PRE,
        {"state": "ACCEPTED", "allowed": "ON_HOLD"},
    ),
    Case(
        "transfer to nowhere",
        TRANSFER,
        put("to_queue_id", ""),
        "FIELD_REQUIRED",
        facts={"field": "to_queue_id"},
    ),
    *an_id(TRANSFER, "to_queue_id", required=False),
    *an_id(TRANSFER, "to_agent_id", required=False),
    *a_text(TRANSFER, "note", 2000, required=False),
    Case(
        "transfer to a queue that is not there",
        TRANSFER,
        put("to_queue_id", "nowhere"),
        "QUEUE_NOT_FOUND",
        NOT_FOUND,
        {"queue_id": "nowhere"},
    ),
    Case(
        "transfer to nobody",
        TRANSFER,
        put("to_agent_id", "nobody"),
        "AGENT_NOT_FOUND",
        NOT_FOUND,
        {"agent_id": "nobody"},
    ),
    Case(
        "transfer to one who is offline",
        TRANSFER,
        put("to_agent_id", "piet"),
        "AGENT_NOT_ONLINE",
        PRE,
        {"agent_id": "piet"},
    ),
    Case("report nothing", REPORT, put("activities", []), "FIELD_REQUIRED", facts={"field": "activities"}),
    too_many(REPORT, "activities", [handoff_service_pb2.Activity(handoff_id="h", seq=1)] * 501, 500),
    *an_id(REPORT, "activities.handoff_id"),
    *a_number(REPORT, "activities.seq", 0, -1, least="1", most="9223372036854775807"),
    *an_enum(REPORT, "activities.speaker"),
    Case(
        "report without a time",
        REPORT,
        clear("activities.time"),
        "FIELD_REQUIRED",
        facts={"field": "activities.time"},
    ),
    Case(
        "report a time that is none",
        REPORT,
        put("activities.time", Timestamp(seconds=-(10**12))),
        "FIELD_MALFORMED",
        facts={"field": "activities.time"},
    ),
    *forbidden(REPORT, ELS, ANNA),
    Case(
        "release with an unknown reason",
        H + "ReleaseHandoff",
        put("reason", 99),
        "FIELD_UNKNOWN_VALUE",
        facts={"field": "reason"},
    ),
    Case(
        "release as idle",
        H + "ReleaseHandoff",
        put("reason", handoff_pb2.RELEASE_REASON_IDLE),
        "FIELD_UNKNOWN_VALUE",
        facts={"field": "reason"},
    ),
    *an_id(PAUSE, "queue_id"),
    *a_request_id(PAUSE),
    Case(
        "pause a queue that is not there",
        PAUSE,
        put("queue_id", "nowhere"),
        "QUEUE_NOT_FOUND",
        NOT_FOUND,
        {"queue_id": "nowhere"},
    ),
    *forbidden(PAUSE, ELS, ANNA),
]

UA, UQ, PRESENCE = "agents.UpsertAgent", "queues.UpsertQueue", "agents.SetPresence"
STAFF = [
    Case("no agent", UA, clear("agent"), "FIELD_REQUIRED", facts={"field": "agent"}),
    *an_id(UA, "agent.id"),
    *a_text(UA, "agent.display_name", 200),
    Case(
        "a malformed queue of an agent",
        UA,
        put("agent.queue_ids", [BAD]),
        "FIELD_MALFORMED",
        facts={"field": "agent.queue_ids"},
    ),
    Case("an empty queue of an agent", UA, put("agent.queue_ids", [""]), "FIELD_REQUIRED"),
    too_many(UA, "agent.queue_ids", ["desk"] * 101, 100),
    Case(
        "a malformed language of an agent",
        UA,
        put("agent.languages", ["n"]),
        "FIELD_MALFORMED",
        facts={"field": "agent.languages"},
    ),
    too_many(UA, "agent.languages", ["nl"] * 21, 20),
    *a_number(UA, "agent.max_chats", -1, 101, least="0", most="100"),
    *a_number(UA, "agent.hold_weight", -0.1, 1.1, NAN, least="0", most="1"),
    *a_number(UA, "agent.max_open_chats", -1, 501, least="0", most="500"),
    *a_text(UA, "agent.skills.name", 64),
    *a_number(UA, "agent.skills.level", 0, 6, least="1", most="5"),
    too_many(UA, "agent.skills", [handoff_pb2.Skill(name="s", level=1)] * 51, 50),
    Case(
        "an agent's queue that is not there",
        UA,
        put("agent.queue_ids", ["desk", "nowhere"]),
        "QUEUE_NOT_FOUND",
        NOT_FOUND,
        {"queue_id": "nowhere"},
    ),
    *a_request_id(UA),
    *forbidden(UA, ELS, ANNA),
    *an_id("agents.GetAgent", "agent_id"),
    Case(
        "an agent that is not there",
        "agents.GetAgent",
        put("agent_id", "nobody"),
        "AGENT_NOT_FOUND",
        NOT_FOUND,
        {"agent_id": "nobody"},
    ),
    *forbidden("agents.GetAgent", ANNA),
    *a_page("agents.ListAgents"),
    *forbidden("agents.ListAgents", ANNA),
    *an_id(PRESENCE, "agent_id"),
    *an_enum(PRESENCE, "presence"),
    *a_request_id(PRESENCE),
    Case("presence of nobody", PRESENCE, put("agent_id", "nobody"), "AGENT_NOT_FOUND", NOT_FOUND),
    *forbidden(PRESENCE, JAN, ANNA),
    Case("no queue", UQ, clear("queue"), "FIELD_REQUIRED", facts={"field": "queue"}),
    *an_id(UQ, "queue.id"),
    *a_text(UQ, "queue.display_name", 200),
    *(
        Case(
            f"{name} of {value.seconds} s {value.nanos} ns",
            UQ,
            put(f"queue.{name}", value),
            "FIELD_OUT_OF_RANGE",
            facts={"field": f"queue.{name}", "minimum": "1", "maximum": most},
        )
        for name, seconds, most in (("max_wait", 604800, "604800"), ("offer_timeout", 3600, "3600"))
        for value in (
            Duration(),
            Duration(nanos=999_999_999),
            Duration(seconds=-5),
            Duration(seconds=seconds, nanos=1000),
        )
    ),
    *an_id(UQ, "queue.calendar_id", required=False),
    Case(
        "a calendar of a queue that is not there",
        UQ,
        put("queue.calendar_id", "nowhere"),
        "CALENDAR_NOT_FOUND",
        NOT_FOUND,
        {"calendar_id": "nowhere"},
    ),
    *(
        Case(
            f"{name} of {value.seconds} s",
            UQ,
            put(f"queue.{name}", value),
            "FIELD_OUT_OF_RANGE",
            facts={"field": f"queue.{name}", "minimum": "0", "maximum": most},
        )
        for name, seconds, most in (
            ("rings.after", 604800, "604800"),
            ("last_agent_window", 7776000, "7776000"),
        )
        for value in (Duration(seconds=-1), Duration(seconds=seconds, nanos=1000))
    ),
    *(
        Case(
            f"{name} of {value.seconds} s",
            UQ,
            put(f"queue.{name}", value),
            "FIELD_OUT_OF_RANGE",
            facts={"field": f"queue.{name}", "minimum": least, "maximum": most},
        )
        for name, least, most in (
            ("silent_after", "10", "604800"),
            ("hold_after", "0", "604800"),
            ("idle_release_after", "60", "2592000"),
            ("call_back_within", "1", "604800"),
            ("promises.first_reply", "1", "31536000"),
            ("promises.next_reply", "1", "31536000"),
            ("promises.resolution", "1", "31536000"),
        )
        for value in (Duration(seconds=int(least) - 1), Duration(seconds=int(most), nanos=1000))
    ),
    Case(
        "promises of nothing",
        UQ,
        put("queue.promises", handoff_pb2.Promises()),
        "FIELD_REQUIRED",
        facts={"field": "queue.promises.first_reply"},
    ),
    Case(
        "a broken promise that does nothing",
        UQ,
        put("queue.on_breach", handoff_pb2.BreachAction()),
        "FIELD_REQUIRED",
    ),
    *an_id(UQ, "queue.on_breach.queue_id", required=False),
    *a_number(UQ, "queue.on_breach.priority", -1, 101, least="0", most="100"),
    *a_number(UQ, "queue.return_priority", -1, 101, least="0", most="100"),
    *an_id(UQ, "queue.overflow_queue_id", required=False),
    *(
        Case(
            f"an unknown {name}",
            UQ,
            put(f"queue.{name}", 99),
            "FIELD_UNKNOWN_VALUE",
            facts={"field": f"queue.{name}"},
        )
        for name in ("when_closed", "when_timed_out", "agent_order")
    ),
    Case(
        "to wait when waiting is over",
        UQ,
        put("queue.when_timed_out", handoff_pb2.WAIT_ACTION_WAIT),
        "FIELD_UNKNOWN_VALUE",
    ),
    *(
        Case(
            f"{name} that is not there",
            UQ,
            put(f"queue.{name}", "nowhere"),
            "QUEUE_NOT_FOUND",
            NOT_FOUND,
            {"queue_id": "nowhere"},
        )
        for name in ("overflow_queue_id", "on_breach.queue_id")
    ),
    *a_number(UQ, "queue.priority_per_minute", -0.5, 100.5, NAN, least="0", most="100"),
    too_many(UQ, "queue.rings", [handoff_pb2.Ring(relaxations=[1])] * 11, 10),  # type: ignore[list-item]
    Case(
        "a ring that relaxes nothing",
        UQ,
        put("queue.rings.relaxations", []),
        "FIELD_REQUIRED",
        facts={"field": "queue.rings.relaxations"},
    ),
    Case("a ring that relaxes the unknown", UQ, put("queue.rings.relaxations", [99]), "FIELD_UNKNOWN_VALUE"),
    too_many(UQ, "queue.rings.relaxations", [1] * 6, 5),
    *a_request_id(UQ),
    *forbidden(UQ, ELS, ANNA),
    *an_id("queues.GetQueue", "queue_id"),
    Case(
        "a queue to read that is not there",
        "queues.GetQueue",
        put("queue_id", "nowhere"),
        "QUEUE_NOT_FOUND",
        NOT_FOUND,
        {"queue_id": "nowhere"},
    ),
    *forbidden("queues.GetQueue", ANNA),
    *a_page("queues.ListQueues"),
    *forbidden("queues.ListQueues", ANNA),
]


def call(at: Handoffs, rpc: str, request: Message, caller: Any) -> Any:
    service, name = rpc.split(".")
    return getattr(getattr(at, service), name)(request, timeout=TIMEOUT, metadata=caller)


@pytest.mark.parametrize(
    "case", [*ROUTE, *EXPLAINING, *HANDOFFS, *CHATS, *STAFF], ids=lambda case: case.about
)
async def test_refuses(desk: Desk, case: Case) -> None:
    request = VALID[case.rpc](desk)
    case.change(request, desk)
    refused = await refusal(call(desk.at, case.rpc, request, case.caller))
    assert (refused.code, refused.reason) == (case.code, case.reason)
    assert case.facts.items() <= refused.metadata.items()
    assert refused.request_id


# What lies just within every bound: accepted, so that no test above passes for another reason.
WITHIN: list[tuple[str, Callable[[Any, Desk], None]]] = [
    (R, lambda *_: None),
    (R, clear("understanding")),
    (R, clear("answers")),
    (R, put("turn_id", "x" * 128)),
    (R, put("language", "und")),
    (R, put(f"{U}.intents", [language_pb2.ScoredIntent(name="é" * 128, score=1)] * 10)),
    (R, put(f"{U}.keywords", [language_pb2.KeywordMatch(keyword_id="k" * 128, rule=2)] * 16)),  # type: ignore[arg-type]
    (
        R,
        put(
            f"{A}.candidates",
            [router_service_pb2.CandidateAnswer(answer_id="a" * 256, entry_id="e", score=-1)] * 50,
        ),
    ),
    (R, put("follow_ups", [FOLLOW_UP] * 16)),
    (R, put("owner_epoch", (1 << 63) - 1)),
    (R, lambda request, _: request.contact_attributes.update({f"{n:064}": "v" * 256 for n in range(20)})),
    (EXPLAIN, lambda *_: None),
    (EXPLAIN, put("policy_yaml", b"version: 1\nrules:\n  - step: faq_answer\n")),
    (POLICY, lambda *_: None),
    (H + "RequestHandoff", put("priority", -100)),
    (H + "RequestHandoff", put("priority", 100)),
    (H + "GetHandoff", lambda *_: None),
    (H + "ListHandoffs", put("page_size", 1)),
    (H + "ListHandoffs", put("page_size", 500)),
    (H + "ListHandoffs", put("states", [1, 2, 3, 4, 5, 6, 7, 8] * 2 + [1] * 4)),
    (H + "ConfirmOwner", lambda *_: None),
    (
        REPORT,
        put(
            "activities",
            [handoff_service_pb2.Activity(handoff_id="h", seq=1, speaker=1, time=Timestamp())] * 500,
        ),
    ),  # type: ignore[arg-type]
    (UA, changes(put("agent.hold_weight", 1), put("agent.max_open_chats", 500))),
    (UQ, put("queue.on_breach", handoff_pb2.BreachAction(queue_id="spare", priority=100))),
    (UQ, put("queue.promises", handoff_pb2.Promises(resolution=Duration(seconds=31_536_000)))),
    (UA, put("agent.queue_ids", ["desk"] * 100)),
    (UA, put("agent.languages", ["nl"] * 20)),
    (UA, put("agent.display_name", "é" * 200)),
    (UA, put("agent.max_chats", 100)),
    (PRESENCE, lambda *_: None),
    (
        UQ,
        changes(put("queue.max_wait", Duration(seconds=1)), put("queue.offer_timeout", Duration(seconds=1))),
    ),
    (
        UQ,
        changes(
            put("queue.max_wait", Duration(seconds=604800)),
            put("queue.offer_timeout", Duration(seconds=3600)),
        ),
    ),
]


@pytest.mark.parametrize(
    ("rpc", "change"), WITHIN, ids=[f"{index}-{rpc}" for index, (rpc, _) in enumerate(WITHIN)]
)
async def test_takes_what_is_within_bounds(desk: Desk, rpc: str, change: Callable[[Any, Desk], None]) -> None:
    request = VALID[rpc](desk)
    change(request, desk)
    assert await call(desk.at, rpc, request, SERVICE)


WRITES = [
    (H + "RequestHandoff", put("contact_id", "bob")),
    (UA, put("agent.display_name", "Piet")),
    (UQ, put("queue.display_name", "Other")),
    (PRESENCE, put("presence", handoff_pb2.PRESENCE_AWAY)),
    (PAUSE, put("paused", False)),
]


@pytest.mark.parametrize(("rpc", "change"), WRITES, ids=[rpc for rpc, _ in WRITES])
async def test_refuses_a_request_id_that_was_used_with_another_request(
    desk: Desk, rpc: str, change: Callable[[Any, Desk], None]
) -> None:
    request: Any = VALID[rpc](desk)
    first = await call(desk.at, rpc, request, SERVICE)
    assert await call(desk.at, rpc, request, SERVICE) == first
    change(request, desk)
    refused = await refusal(call(desk.at, rpc, request, SERVICE))
    assert (refused.code, refused.reason) == (Code.ALREADY_EXISTS, "REQUEST_ID_REUSED")
    assert refused.metadata["reused_request_id"] == request.request_id


async def test_refuses_a_turn_of_another_conversation(desk: Desk) -> None:
    request: Any = VALID[R](desk)
    await call(desk.at, R, request, SERVICE)
    request.conversation_id = "another"
    refused = await refusal(call(desk.at, R, request, SERVICE))
    assert (refused.code, refused.reason) == (Code.ALREADY_EXISTS, "TURN_ALREADY_ROUTED")
    assert refused.metadata["turn_id"] == request.turn_id


ELSEWHERE = {
    (rpc, reason)
    for reason, rpcs in {
        "REQUEST_ID_REUSED": (
            UA,
            UQ,
            PRESENCE,
            PAUSE,
            *(H + name for name in ("RequestHandoff", "AcceptHandoff", "RejectOffer", "TransferHandoff")),
            *(H + name for name in ("HoldHandoff", "ResumeHandoff")),
        ),
        "OWNER_NOT_CONFIRMED": (H + "AcceptHandoff", H + "ReleaseHandoff"),
        "TURN_ALREADY_ROUTED": (R,),
        "HANDOFF_OF_ANOTHER_AGENT": (H + "ResumeHandoff",),
        "HANDOFF_STATE_INVALID": (TRANSFER,),
    }.items()
    for rpc in rpcs
} | {(H + "ReleaseHandoff", "REQUEST_ID_REUSED"), (H + "CancelHandoff", "REQUEST_ID_REUSED")}
"""Errors that have a test of their own, here or beside."""


BESIDE = {
    f"{name}_service"
    for name in ("calendar", "canned_reply", "figure", "note", "routing_plugin", "suggestion")
}


def documented() -> set[tuple[str, str]]:
    """Returns the errors that the contract's comments list, as RPC and reason; Work's are in the tests of the stream.

    Those of ratings and of the services beside have files of their own.
    """
    found: set[tuple[str, str]] = set()
    for path in PROTOS.glob("*_service.proto"):
        if path.stem in BESIDE:
            continue
        service = path.stem.removesuffix("_service") + "s" if path.stem != "router_service" else "router"
        for comment, rpc in re.findall(
            r"((?:  // [^\n]*\n|  //\n)+)  rpc (\w+)\(", path.read_text(encoding="utf-8")
        ):
            if rpc in ("Work", "RecordRating"):
                continue
            flat = " ".join(line.strip().removeprefix("//").strip() for line in comment.splitlines())
            for reasons in re.findall(r"- [A-Z_]+ ([A-Z_]+(?:, +[A-Z_]+)*):", flat):
                found |= {(f"{service}.{rpc}", reason.strip()) for reason in reasons.split(",")}
    return found


async def test_every_error_is_documented_and_every_documented_error_has_a_test() -> None:
    tested = {
        (case.rpc, case.reason) for case in (*ROUTE, *EXPLAINING, *HANDOFFS, *CHATS, *STAFF)
    } | ELSEWHERE
    tested |= {(H + "ResolveHandoff", reason) for rpc, reason in ELSEWHERE if rpc == H + "ReleaseHandoff"}
    assert tested - documented() == set()
    assert documented() - tested == set()
