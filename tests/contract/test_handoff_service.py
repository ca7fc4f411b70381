"""HandoffService and RouterService as their callers see them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
from tests.unit.handoff.served import SERVICE, TIMEOUT, Handoffs, refusal, served

from balie.api.common.v1 import language_pb2
from balie.api.handoff.v1 import handoff_pb2, handoff_service_pb2, router_service_pb2
from balie.handoff.routing.policy import Policy
from balie.kit.ids import new_id
from balie.kit.testing import callers

ELS = callers.agent("els")
(
    QUEUED,
    OFFERED,
    RESERVED,
    ACCEPTED,
    RELEASED,
    RESOLVED,
    CANCELLED,
    MESSAGE_TAKEN,
    *_,
) = handoff_pb2.HandoffState.values()[1:]


@pytest.fixture
async def at(sqlite_url: str) -> AsyncIterator[Handoffs]:
    async with served(sqlite_url) as running:
        await running.queue()
        yield running


async def follow(at: Handoffs, cursor: str, count: int) -> list[handoff_pb2.HandoffEvent]:
    """Returns the next events after a cursor."""
    request = handoff_service_pb2.WatchHandoffsRequest(cursor=cursor)
    events: list[handoff_pb2.HandoffEvent] = []
    call = at.handoffs.WatchHandoffs(request, timeout=TIMEOUT)
    while len(events) < count:
        events.append((await call.read()).event)
    call.cancel()
    return events


def kinds(events: list[handoff_pb2.HandoffEvent]) -> list[str]:
    return [
        handoff_pb2.HandoffEventKind.Name(event.kind).removeprefix("HANDOFF_EVENT_KIND_") for event in events
    ]


async def test_a_handoff_is_as_it_was_asked_for(at: Handoffs) -> None:
    before = datetime.now(UTC)
    asked = await at.ask(priority=7)
    assert await at.get(asked.id) == asked
    wanted = handoff_pb2.Handoff(
        conversation_id="talk", contact_id="anna", channel="web", language="nl", queue_id="desk", priority=7
    )
    wanted.reasons.add(code=handoff_pb2.REASON_CODE_REQUESTED_BY_STAFF, subject="admin:local")
    wanted.state, wanted.position, wanted.revision = handoff_pb2.HANDOFF_STATE_QUEUED, 1, 1
    wanted.contact_waits = True
    assert asked.id
    assert asked.update_time == asked.create_time
    assert before <= asked.create_time.ToDatetime(UTC) <= datetime.now(UTC)
    waits = asked.deadline_time.ToDatetime(UTC) - asked.create_time.ToDatetime(UTC)
    assert waits == timedelta(minutes=10)
    for name in ("id", "create_time", "update_time", "deadline_time"):
        asked.ClearField(name)
    assert asked == wanted


async def test_a_language_that_nobody_named_is_und(at: Handoffs) -> None:
    request = handoff_service_pb2.RequestHandoffRequest(
        conversation_id="talk", contact_id="anna", channel="web", queue_id="desk", request_id="r1"
    )
    handoff = (await at.handoffs.RequestHandoff(request, timeout=TIMEOUT, metadata=ELS)).handoff
    assert (handoff.language, handoff.reasons[0].subject) == ("und", "agent:els")


async def test_the_whole_way_with_a_gateway(database_url: str) -> None:
    async with served(database_url) as at, at.gateway() as gateway:
        await at.queue()
        await at.agent("els")
        handoff = await at.ask()
        assert (handoff.state, handoff.agent_id) == (OFFERED, "els")
        request = handoff_service_pb2.AcceptHandoffRequest(handoff_id=handoff.id, request_id="take")
        accepted = (await at.handoffs.AcceptHandoff(request, timeout=TIMEOUT, metadata=ELS)).handoff
        assert (accepted.state, accepted.owner_confirmed, accepted.owner_epoch) == (ACCEPTED, True, 2)
        assert gateway.owners == {"talk": "els"}  # before Accept has returned
        ending = handoff_service_pb2.ReleaseHandoffRequest(handoff_id=handoff.id, request_id="end")
        released = (await at.handoffs.ReleaseHandoff(ending, timeout=TIMEOUT, metadata=ELS)).handoff
        assert (released.state, released.owner_confirmed, released.owner_epoch) == (RELEASED, True, 3)
        assert gateway.owners == {"talk": "bot"}
        events = await follow(at, "", 6)
        assert kinds(events) == ["QUEUED", "OFFERED", "RESERVED", "ACCEPTED", "RELEASED", "OWNER_RETURNED"]
        assert [event.revision for event in events] == [1, 2, 3, 4, 5, 6]
        assert [event.agent_id for event in events] == ["", "els", "els", "els", "els", "els"]


async def test_resolving_keeps_the_outcome(at: Handoffs) -> None:
    await at.agent("els", chats=2)
    async with at.gateway():
        for outcome, kept in (("sold-a-ticket", "sold-a-ticket"), ("", "resolved")):
            handoff = await at.accept((await at.ask(f"talk-{kept}")).id, "els")
            request = handoff_service_pb2.ResolveHandoffRequest(
                handoff_id=handoff.id, outcome=outcome, request_id=new_id()
            )
            resolved = (await at.handoffs.ResolveHandoff(request, timeout=TIMEOUT, metadata=ELS)).handoff
            assert (resolved.state, resolved.outcome, resolved.agent_id) == (RESOLVED, kept, "els")


async def test_without_a_gateway_the_call_says_so_and_can_be_repeated(sqlite_url: str) -> None:
    async with served(sqlite_url, confirm_wait_seconds=0.1) as at:
        await at.queue()
        await at.agent("els")
        handoff = await at.ask()
        refused = await refusal(at.accept(handoff.id, "els", request_id="take"))
        assert (refused.code, refused.reason) == (grpc.StatusCode.UNAVAILABLE, "OWNER_NOT_CONFIRMED")
        assert refused.metadata["handoff_id"] == handoff.id
        assert refused.retry_after_seconds == 1.0
        assert (await at.get(handoff.id)).state == RESERVED
        await at.confirm(handoff.id, 2)
        assert (await at.accept(handoff.id, "els", request_id="take")).state == ACCEPTED
        ending = handoff_service_pb2.ReleaseHandoffRequest(handoff_id=handoff.id, request_id="end")
        for _ in range(2):
            refused = await refusal(at.handoffs.ReleaseHandoff(ending, timeout=TIMEOUT))
            assert refused.reason == "OWNER_NOT_CONFIRMED"
        await at.confirm(handoff.id, 3)
        assert (await at.handoffs.ReleaseHandoff(ending, timeout=TIMEOUT)).handoff.state == RELEASED


async def test_confirming_twice_changes_nothing(at: Handoffs) -> None:
    await at.agent("els")
    async with at.gateway():
        accepted = await at.accept((await at.ask()).id, "els")
    assert await at.confirm(accepted.id, accepted.owner_epoch) == accepted


async def test_a_rejected_offer_goes_on(at: Handoffs) -> None:
    await at.agent("els")
    handoff = await at.ask()
    await at.agent("jan")
    request = handoff_service_pb2.RejectOfferRequest(handoff_id=handoff.id, request_id="no")
    passed = (await at.handoffs.RejectOffer(request, timeout=TIMEOUT, metadata=ELS)).handoff
    assert (passed.state, passed.agent_id, passed.position) == (OFFERED, "jan", 1)


async def test_a_cancelled_handoff_is_over(at: Handoffs) -> None:
    handoff = await at.ask()
    request = handoff_service_pb2.CancelHandoffRequest(handoff_id=handoff.id, request_id="no-more")
    cancelled = (await at.handoffs.CancelHandoff(request, timeout=TIMEOUT, metadata=ELS)).handoff
    assert (cancelled.state, cancelled.position) == (CANCELLED, 0)
    assert (await at.handoffs.CancelHandoff(request, timeout=TIMEOUT, metadata=ELS)).handoff == cancelled


async def test_an_offer_that_passes_is_made_again(at: Handoffs) -> None:
    await at.queue(offer=1)
    await at.agent("els")
    handoff = await at.ask()
    stands = handoff.offer_expire_time.ToDatetime(UTC) - handoff.update_time.ToDatetime(UTC)
    assert stands == timedelta(seconds=1)
    told = await follow(at, "", 4)
    assert kinds(told) == ["QUEUED", "OFFERED", "OFFER_EXPIRED", "OFFERED"]
    assert [event.position for event in told] == [1, 1, 1, 1]


async def test_a_wait_that_is_over_ends_in_a_message(database_url: str) -> None:
    async with served(database_url) as at:
        await at.queue(max_wait=1)
        handoff = await at.ask()
        ended = await at.until(handoff.id, MESSAGE_TAKEN)
        assert (ended.agent_id, ended.position) == ("", 0)
        assert ended.update_time.ToDatetime() >= handoff.deadline_time.ToDatetime()
        assert kinds(await follow(at, "", 2)) == ["QUEUED", "MESSAGE_TAKEN"]


async def test_lists_in_pages_oldest_first_with_filters(at: Handoffs) -> None:
    await at.queue("tickets")
    asked = [await at.ask(f"talk-{number}", queue=["desk", "tickets"][number % 2]) for number in range(5)]
    found: list[str] = []
    request = handoff_service_pb2.ListHandoffsRequest(page_size=2)
    while True:
        page = await at.handoffs.ListHandoffs(request, timeout=TIMEOUT)
        found += [handoff.id for handoff in page.handoffs]
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert found == [handoff.id for handoff in asked]

    await at.agent("els", queues=("tickets",))
    wanted: dict[str, dict[str, Any]] = {
        "talk-1": {"agent_id": "els"},
        "talk-1 talk-3": {"queue_id": "tickets"},
        "talk-0 talk-2 talk-3 talk-4": {"states": [QUEUED, CANCELLED]},
        "talk-2": {"conversation_id": "talk-2"},
        "": {"queue_id": "tickets", "conversation_id": "talk-2"},
    }
    for names, filters in wanted.items():
        listed = await at.handoffs.ListHandoffs(
            handoff_service_pb2.ListHandoffsRequest(**filters), timeout=TIMEOUT, metadata=ELS
        )
        assert " ".join(handoff.conversation_id for handoff in listed.handoffs) == names


async def test_a_watch_goes_on_from_a_list_and_from_its_own_cursors(at: Handoffs) -> None:
    before = await at.ask("before")
    listed = await at.handoffs.ListHandoffs(handoff_service_pb2.ListHandoffsRequest(), timeout=TIMEOUT)
    assert [handoff.id for handoff in listed.handoffs] == [before.id]
    watching = asyncio.create_task(follow(at, listed.cursor, 3))
    for name in ("one", "two", "three"):
        await at.ask(name)
    events = await watching
    assert [event.conversation_id for event in events] == ["one", "two", "three"]
    again = await follow(at, events[0].cursor, 2)
    assert again == events[1:]
    assert (await follow(at, "", 1))[0].conversation_id == "before"


async def test_an_event_says_what_it_should_and_no_text(at: Handoffs) -> None:
    await at.ask("first")
    asked = await at.ask("second")
    event = (await follow(at, "", 2))[1]
    assert event.event_id
    assert event.cursor
    assert event.event_time == asked.create_time
    for name in ("event_id", "cursor", "event_time"):
        event.ClearField(name)
    assert event == handoff_pb2.HandoffEvent(
        kind=handoff_pb2.HANDOFF_EVENT_KIND_QUEUED,
        handoff_id=asked.id,
        conversation_id="second",
        state=handoff_pb2.HANDOFF_STATE_QUEUED,
        queue_id="desk",
        revision=1,
        position=2,
    )


def turn(name: str, **more: Any) -> router_service_pb2.RouteRequest:
    return router_service_pb2.RouteRequest(
        turn_id=name,
        conversation_id="talk",
        contact_id="anna",
        channel="web",
        owner_epoch=1,
        language="nl",
        understanding=router_service_pb2.TurnUnderstanding(
            verdict=language_pb2.VERDICT_NO_MATCH,
            intents=[language_pb2.ScoredIntent(name="booking", score=0.25)],
            threshold=0.5,
        ),
        answers=router_service_pb2.TurnAnswers(threshold=0.5),
        default_queue_id="desk",
        **more,
    )


async def route(at: Handoffs, request: router_service_pb2.RouteRequest) -> router_service_pb2.RouteResponse:
    return await at.router.Route(request, timeout=TIMEOUT, metadata=SERVICE)  # type: ignore[no-any-return]


async def test_routes_a_turn_to_an_answer(at: Handoffs) -> None:
    request = turn("turn-1")
    request.answers.candidates.add(answer_id="dogs/nl", entry_id="dogs", score=0.75, above_threshold=True)
    routed = await route(at, request)
    assert not routed.HasField("handoff")
    decision = routed.decision
    assert (decision.kind, decision.answer.answer_id) == (handoff_pb2.DECISION_KIND_ANSWER, "dogs/nl")
    assert (decision.turn_id, decision.policy_version) == ("turn-1", Policy.default().version)
    assert list(decision.reasons) == [
        handoff_pb2.Reason(code=handoff_pb2.REASON_CODE_FAQ_ANSWER, subject="dogs", score=0.75, threshold=0.5)
    ]
    assert decision.decide_time.ToDatetime() <= datetime.now(UTC).replace(tzinfo=None)
    assert await route(at, request) == routed


async def test_routes_a_turn_to_a_reply_and_to_options(at: Handoffs) -> None:
    hello = turn("turn-1")
    hello.understanding.verdict = language_pb2.VERDICT_MATCH
    hello.follow_ups.add(source=router_service_pb2.FOLLOW_UP_SOURCE_INTENT, name="booking", reply="hello")
    assert (await route(at, hello)).decision.answer == handoff_pb2.AnswerChoice(reply="hello")
    unclear = turn("turn-2")
    unclear.answers.ambiguous = True
    for name in ("dogs", "bikes"):
        unclear.answers.candidates.add(
            answer_id=f"{name}/nl", entry_id=name, score=0.75, above_threshold=True
        )
    decision = (await route(at, unclear)).decision
    assert decision.kind == handoff_pb2.DECISION_KIND_CLARIFY
    assert [option.answer_id for option in decision.options] == ["dogs/nl", "bikes/nl"]


async def test_routes_a_turn_to_a_person(at: Handoffs) -> None:
    await at.agent("els")
    routed = await route(at, turn("turn-1"))
    assert routed.decision.kind == handoff_pb2.DECISION_KIND_ESCALATE
    assert (routed.decision.handoff_id, routed.decision.queue_id) == (routed.handoff.id, "desk")
    assert (routed.handoff.state, routed.handoff.agent_id, routed.handoff.turn_id) == (
        OFFERED,
        "els",
        "turn-1",
    )
    assert list(routed.handoff.reasons) == list(routed.decision.reasons)
    again = await route(at, turn("turn-2"))
    assert again.handoff == routed.handoff
    assert again.decision.reasons[-1].code == handoff_pb2.REASON_CODE_HANDOFF_OPEN
    async with at.gateway():
        await at.accept(routed.handoff.id, "els")
    assist = await route(at, turn("turn-3", owner_agent_id="els"))
    assert assist.decision.kind == handoff_pb2.DECISION_KIND_ASSIST
    assert (assist.decision.handoff_id, assist.handoff.state) == (routed.handoff.id, ACCEPTED)
    first = await route(at, turn("turn-1"))
    assert (first.decision, first.handoff.state) == (routed.decision, ACCEPTED)
