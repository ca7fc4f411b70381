"""A handoff service of one tenant that keeps everything in memory, served by a real server.

Its states, events and confirmations are those of the contract; its policy is short, and a test may say what is decided.
"""

# ruff: noqa: N802  RPC names are PascalCase

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status

from balie.api.common.v1 import language_pb2
from balie.api.handoff.v1 import (
    agent_service_pb2,
    agent_service_pb2_grpc,
    handoff_pb2,
    handoff_service_pb2,
    handoff_service_pb2_grpc,
    router_service_pb2,
    router_service_pb2_grpc,
)

Request = router_service_pb2.RouteRequest
WAITING = (handoff_pb2.HANDOFF_STATE_QUEUED, handoff_pb2.HANDOFF_STATE_OFFERED)
HELD = (
    handoff_pb2.HANDOFF_STATE_RESERVED,
    handoff_pb2.HANDOFF_STATE_ACCEPTED,
    handoff_pb2.HANDOFF_STATE_ON_HOLD,
)
OPEN = (*WAITING, *HELD, handoff_pb2.HANDOFF_STATE_CALL_BACK)
REFUSED = "handoff-refused"
"""Names a handoff of which nothing may be told."""
CALL_BACK_SECONDS = 1_894_003_200


class FakeHandoff(
    router_service_pb2_grpc.RouterServiceServicer,
    handoff_service_pb2_grpc.HandoffServiceServicer,
    agent_service_pb2_grpc.AgentServiceServicer,
):
    """Routes turns, opens handoffs, and tells of them.

    Attributes:
        routed: what was asked of the router, in order.
        decide: says what is decided in place of the policy, when it returns something.
        after_route: is awaited once a decision is recorded, before it is answered.
        handoffs: by id.
        confirmed: handoff and epoch of each confirmation, in order.
        names: of agents, by id.
        fails: codes of the next answers of Route, which are refusals, before anything is recorded.
        refuses_to_open: code with which RequestHandoff refuses.
        holds_confirmations: while it is not set, confirmations are not answered.
        floor: events up to this position are no longer kept.
        activities: handoff, `seq` and speaker of each message that was told of, in order, each once.
        estimate: seconds that a handoff is estimated to wait when it is opened.
        opens_as: the state that one comes to at once, as in a queue that is closed.
        refuses_to_end: whether CancelHandoff and ResolveHandoff are not answered; counted by `refused_to_end`.
        ratings: by handoff.
        unrateable: handoffs whose ratings are refused.
        tellings: how often activities were told, and how many each time.
        forgets_answers: how many of the next tellings are kept and not answered.
    """

    def __init__(self) -> None:
        self.routed: list[Request] = []
        self.decide: Callable[[Request], handoff_pb2.Decision | None] = lambda _: None
        self.after_route: Callable[[Request], Any] | None = None
        self.handoffs: dict[str, handoff_pb2.Handoff] = {}
        self.confirmed: list[tuple[str, int]] = []
        self.names = {"els": "Els"}
        self.fails: list[grpc.StatusCode] = []
        self.refuses_to_open: grpc.StatusCode | None = None
        self.holds_confirmations = asyncio.Event()
        self.holds_confirmations.set()
        self.floor = 0
        self.activities: list[tuple[str, int, int]] = []
        self.tellings: list[int] = []
        self.ratings: dict[str, int] = {}
        self.unrateable: set[str] = set()
        self.forgets_answers = 0
        self.estimate: int | None = None
        self.opens_as = handoff_pb2.HANDOFF_STATE_QUEUED
        self.refuses_to_end = False
        self.refused_to_end = 0
        self.watches = 0
        self.snapshots = 0
        self._decisions: dict[str, handoff_pb2.Decision] = {}
        self._events: list[handoff_pb2.HandoffEvent] = []
        self._changed = asyncio.Condition()

    # Router

    async def Route(self, request: Request, context: Any) -> router_service_pb2.RouteResponse:
        self.routed.append(request)
        if self.fails:
            await context.abort(self.fails.pop(0), "as the test says")
        if request.turn_id not in self._decisions:
            decision = self.decide(request) or self._policy(request)
            decision.id, decision.turn_id = f"decision-{request.turn_id}", request.turn_id
            decision.policy_version = "fake-policy"
            if decision.kind == handoff_pb2.DECISION_KIND_ESCALATE:
                await self._opened_for(request, decision)
            self._decisions[request.turn_id] = decision
        if self.after_route is not None:
            await self.after_route(request)
        decision = self._decisions[request.turn_id]
        return router_service_pb2.RouteResponse(
            decision=decision, handoff=self.handoffs.get(decision.handoff_id)
        )

    async def _opened_for(self, request: Request, decision: handoff_pb2.Decision) -> None:
        before = self.open_handoff(request.conversation_id)
        if before is not None:
            decision.reasons.add(code=handoff_pb2.REASON_CODE_HANDOFF_OPEN)
        handoff = before or await self.open(request.conversation_id, request.default_queue_id)
        decision.handoff_id, decision.queue_id = handoff.id, handoff.queue_id

    def _policy(self, request: Request) -> handoff_pb2.Decision:
        candidates = request.answers.candidates
        best = next((one for one in candidates if one.above_threshold and not one.pinned), None)
        held = self.open_handoff(request.conversation_id)
        if request.owner_agent_id or (held is not None and held.state in HELD):
            return _decision(handoff_pb2.DECISION_KIND_ASSIST, handoff_pb2.REASON_CODE_OWNED_BY_PERSON, best)
        if not request.HasField("understanding"):
            return _decision(handoff_pb2.DECISION_KIND_ESCALATE, handoff_pb2.REASON_CODE_NLU_UNAVAILABLE)
        if request.understanding.signals.asks_for_person:
            return _decision(handoff_pb2.DECISION_KIND_ESCALATE, handoff_pb2.REASON_CODE_PERSON_REQUESTED)
        if not request.HasField("answers"):
            return _decision(handoff_pb2.DECISION_KIND_ESCALATE, handoff_pb2.REASON_CODE_FAQ_UNAVAILABLE)
        if request.answers.ambiguous:
            return self._asking(request)
        if best is not None:
            return _decision(handoff_pb2.DECISION_KIND_ANSWER, handoff_pb2.REASON_CODE_FAQ_ANSWER, best)
        if request.understanding.verdict == language_pb2.VERDICT_MATCH:
            return self._followed(request)
        return _decision(handoff_pb2.DECISION_KIND_ESCALATE, handoff_pb2.REASON_CODE_NO_MATCH)

    def _asking(self, request: Request) -> handoff_pb2.Decision:
        if request.history.clarified_in_a_row:
            return _decision(handoff_pb2.DECISION_KIND_ESCALATE, handoff_pb2.REASON_CODE_AMBIGUOUS_AGAIN)
        decision = _decision(handoff_pb2.DECISION_KIND_CLARIFY, handoff_pb2.REASON_CODE_AMBIGUOUS)
        for one in request.answers.candidates[:3]:
            decision.options.add(answer_id=one.answer_id)
        return decision

    def _followed(self, request: Request) -> handoff_pb2.Decision:
        for follow_up in request.follow_ups:
            decision = _decision(handoff_pb2.DECISION_KIND_ANSWER, handoff_pb2.REASON_CODE_INTENT)
            if follow_up.reply:
                decision.answer.reply = follow_up.reply
                return decision
            for one in request.answers.candidates:
                if follow_up.faq_entry_id == one.entry_id:
                    decision.answer.answer_id = one.answer_id
                    return decision
        return _decision(handoff_pb2.DECISION_KIND_CLARIFY, handoff_pb2.REASON_CODE_NOTHING_FOLLOWS)

    # Handoffs

    def open_handoff(self, conversation_id: str) -> handoff_pb2.Handoff | None:
        """Returns the conversation's handoff that has not ended."""
        found = (one for one in self.handoffs.values() if one.conversation_id == conversation_id)
        return next((one for one in found if one.state in OPEN), None)

    async def open(self, conversation_id: str, queue_id: str = "service") -> handoff_pb2.Handoff:
        """Opens a handoff."""
        handoff = handoff_pb2.Handoff(
            id=f"handoff-{len(self.handoffs) + 1}", conversation_id=conversation_id, queue_id=queue_id
        )
        handoff.position = 1 + sum(one.state in WAITING for one in self.handoffs.values())
        self.handoffs[handoff.id] = handoff
        if self.estimate is not None:
            handoff.estimated_wait.FromSeconds(self.estimate)
        await self.move(handoff, handoff_pb2.HANDOFF_STATE_QUEUED, handoff_pb2.HANDOFF_EVENT_KIND_QUEUED)
        if self.opens_as == handoff_pb2.HANDOFF_STATE_CALL_BACK:
            handoff.call_back_time.FromSeconds(CALL_BACK_SECONDS)
            await self.move(handoff, self.opens_as, handoff_pb2.HANDOFF_EVENT_KIND_CALL_BACK_PROMISED)
        elif self.opens_as == handoff_pb2.HANDOFF_STATE_MESSAGE_TAKEN:
            await self.move(handoff, self.opens_as, handoff_pb2.HANDOFF_EVENT_KIND_MESSAGE_TAKEN)
        return handoff

    async def place(self, handoff: handoff_pb2.Handoff, position: int, estimate: int | None) -> None:
        """Gives a handoff another place in line."""
        handoff.position = position
        if estimate is not None:
            handoff.estimated_wait.FromSeconds(estimate)
        await self.move(handoff, handoff.state, handoff_pb2.HANDOFF_EVENT_KIND_POSITION)

    async def accept(self, handoff: handoff_pb2.Handoff, agent_id: str) -> None:
        """Reserves a handoff for an agent, and returns once the gateway has confirmed."""
        handoff.agent_id = agent_id
        await self.move(handoff, handoff_pb2.HANDOFF_STATE_RESERVED, handoff_pb2.HANDOFF_EVENT_KIND_RESERVED)
        await self.until(lambda: handoff.state != handoff_pb2.HANDOFF_STATE_RESERVED)

    async def release(
        self,
        handoff: handoff_pb2.Handoff,
        reason: "handoff_pb2.ReleaseReason.ValueType" = handoff_pb2.RELEASE_REASON_NEW_TOPIC,
        state: "handoff_pb2.HandoffState.ValueType" = handoff_pb2.HANDOFF_STATE_RELEASED,
        kind: "handoff_pb2.HandoffEventKind.ValueType" = handoff_pb2.HANDOFF_EVENT_KIND_RELEASED,
    ) -> None:
        """Gives the conversation back to the bot, and returns once the gateway has confirmed."""
        handoff.owner_confirmed, handoff.release_reason = False, reason
        await self.move(handoff, state, kind)
        await self.until(lambda: handoff.owner_confirmed)

    async def requeue(
        self,
        handoff: handoff_pb2.Handoff,
        kind: "handoff_pb2.HandoffEventKind.ValueType" = handoff_pb2.HANDOFF_EVENT_KIND_TRANSFERRED,
    ) -> None:
        """Lets a handoff that an agent has wait for another."""
        handoff.owner_confirmed = False
        await self.move(handoff, handoff_pb2.HANDOFF_STATE_QUEUED, kind)
        handoff.agent_id = ""

    async def move(
        self,
        handoff: handoff_pb2.Handoff,
        state: "handoff_pb2.HandoffState.ValueType",
        kind: "handoff_pb2.HandoffEventKind.ValueType",
    ) -> None:
        """Changes a handoff's state and tells of it."""
        handoff.state = state
        handoff.revision += 1
        if state not in WAITING:
            handoff.position = 0
            handoff.ClearField("estimated_wait")
        event = handoff_pb2.HandoffEvent(
            cursor=str(len(self._events) + 1),
            event_id=f"event-{len(self._events) + 1}",
            kind=kind,
            handoff_id=handoff.id,
            conversation_id=handoff.conversation_id,
            state=state,
            agent_id=handoff.agent_id,
            queue_id=handoff.queue_id,
            revision=handoff.revision,
            position=handoff.position,
            release_reason=handoff.release_reason,
        )
        if handoff.HasField("estimated_wait"):
            event.estimated_wait.CopyFrom(handoff.estimated_wait)
        if handoff.HasField("call_back_time"):
            event.call_back_time.CopyFrom(handoff.call_back_time)
        self._events.append(event)
        await self._tell()

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Returns when something is so."""
        async with self._changed, asyncio.timeout(30):
            await self._changed.wait_for(is_so)

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def RequestHandoff(
        self, request: handoff_service_pb2.RequestHandoffRequest, context: Any
    ) -> handoff_service_pb2.RequestHandoffResponse:
        if self.refuses_to_open is not None:
            await context.abort(self.refuses_to_open, "as the test says")
        before = self.open_handoff(request.conversation_id)
        handoff = before or await self.open(request.conversation_id, request.queue_id)
        return handoff_service_pb2.RequestHandoffResponse(handoff=handoff)

    async def ListHandoffs(
        self, request: handoff_service_pb2.ListHandoffsRequest, context: Any
    ) -> handoff_service_pb2.ListHandoffsResponse:
        self.snapshots += 1
        found = list(self.handoffs.values())
        start = int(request.page_token or 0)
        end = start + 2  # short pages, so that there are several
        return handoff_service_pb2.ListHandoffsResponse(
            handoffs=found[start:end],
            next_page_token=str(end) if end < len(found) else "",
            cursor=str(len(self._events)),
        )

    async def WatchHandoffs(
        self, request: handoff_service_pb2.WatchHandoffsRequest, context: Any
    ) -> AsyncIterator[handoff_service_pb2.WatchHandoffsResponse]:
        self.watches += 1
        position = int(request.cursor or 0)
        if not self.floor <= position <= len(self._events):
            await _refuse(context, grpc.StatusCode.OUT_OF_RANGE, "CURSOR_EXPIRED")
        while True:
            for event in self._events[position:]:
                yield handoff_service_pb2.WatchHandoffsResponse(event=event)
                position += 1
            async with self._changed:
                await self._changed.wait_for(lambda seen=position: len(self._events) > seen)

    async def ConfirmOwner(
        self, request: handoff_service_pb2.ConfirmOwnerRequest, context: Any
    ) -> handoff_service_pb2.ConfirmOwnerResponse:
        await self.holds_confirmations.wait()
        self.confirmed.append((request.handoff_id, request.owner_epoch))
        handoff = self.handoffs[request.handoff_id]
        if request.owner_epoch < handoff.owner_epoch:
            await _refuse(context, grpc.StatusCode.FAILED_PRECONDITION, "OWNER_EPOCH_PASSED")
        if handoff.state in WAITING:
            await _refuse(context, grpc.StatusCode.FAILED_PRECONDITION, "HANDOFF_STATE_INVALID")
        if request.owner_epoch == handoff.owner_epoch:
            return handoff_service_pb2.ConfirmOwnerResponse(handoff=handoff)
        handoff.owner_epoch = request.owner_epoch
        if handoff.state == handoff_pb2.HANDOFF_STATE_RESERVED:
            await self.move(
                handoff, handoff_pb2.HANDOFF_STATE_ACCEPTED, handoff_pb2.HANDOFF_EVENT_KIND_ACCEPTED
            )
        handoff.owner_confirmed = True
        await self._tell()
        return handoff_service_pb2.ConfirmOwnerResponse(handoff=handoff)

    async def ReportActivity(
        self, request: handoff_service_pb2.ReportActivityRequest, context: Any
    ) -> handoff_service_pb2.ReportActivityResponse:
        self.tellings.append(len(request.activities))
        if any(one.handoff_id == REFUSED for one in request.activities):
            await _refuse(context, grpc.StatusCode.INVALID_ARGUMENT, "FIELD_MALFORMED")
        for one in request.activities:
            told = [seq for handoff_id, seq, _ in self.activities if handoff_id == one.handoff_id]
            if one.seq > max(told, default=0):
                self.activities.append((one.handoff_id, one.seq, one.speaker))
        await self._tell()
        if self.forgets_answers:
            self.forgets_answers -= 1
            await context.abort(grpc.StatusCode.UNAVAILABLE, "as the test says")
        return handoff_service_pb2.ReportActivityResponse()

    async def RecordRating(
        self, request: handoff_service_pb2.RecordRatingRequest, context: Any
    ) -> handoff_service_pb2.RecordRatingResponse:
        if request.handoff_id in self.unrateable or request.handoff_id not in self.handoffs:
            await _refuse(context, grpc.StatusCode.NOT_FOUND, "HANDOFF_NOT_FOUND")
        rating = self.ratings.setdefault(request.handoff_id, request.rating)
        await self._tell()
        return handoff_service_pb2.RecordRatingResponse(rating=rating)

    async def _may_end(self, context: Any) -> None:
        if self.refuses_to_end:
            self.refused_to_end += 1
            await self._tell()
            await context.abort(grpc.StatusCode.UNAVAILABLE, "as the test says")

    async def CancelHandoff(
        self, request: handoff_service_pb2.CancelHandoffRequest, context: Any
    ) -> handoff_service_pb2.CancelHandoffResponse:
        await self._may_end(context)
        handoff = self.handoffs[request.handoff_id]
        if handoff.state not in (*WAITING, handoff_pb2.HANDOFF_STATE_CALL_BACK):
            await _refuse(context, grpc.StatusCode.FAILED_PRECONDITION, "HANDOFF_STATE_INVALID")
        await self.move(
            handoff, handoff_pb2.HANDOFF_STATE_CANCELLED, handoff_pb2.HANDOFF_EVENT_KIND_CANCELLED
        )
        return handoff_service_pb2.CancelHandoffResponse(handoff=handoff)

    async def ResolveHandoff(
        self, request: handoff_service_pb2.ResolveHandoffRequest, context: Any
    ) -> handoff_service_pb2.ResolveHandoffResponse:
        await self._may_end(context)
        handoff = self.handoffs[request.handoff_id]
        if handoff.state not in HELD[1:]:
            await _refuse(context, grpc.StatusCode.FAILED_PRECONDITION, "HANDOFF_STATE_INVALID")
        handoff.outcome, handoff.owner_confirmed = request.outcome, False
        await self.move(handoff, handoff_pb2.HANDOFF_STATE_RESOLVED, handoff_pb2.HANDOFF_EVENT_KIND_RESOLVED)
        return handoff_service_pb2.ResolveHandoffResponse(handoff=handoff)

    async def GetAgent(
        self, request: agent_service_pb2.GetAgentRequest, context: Any
    ) -> agent_service_pb2.GetAgentResponse:
        if request.agent_id not in self.names:
            await _refuse(context, grpc.StatusCode.NOT_FOUND, "AGENT_NOT_FOUND")
        agent = handoff_pb2.Agent(id=request.agent_id, display_name=self.names[request.agent_id])
        return agent_service_pb2.GetAgentResponse(agent=agent)

    def add(self, server: grpc.aio.Server) -> None:
        router_service_pb2_grpc.add_RouterServiceServicer_to_server(self, server)
        handoff_service_pb2_grpc.add_HandoffServiceServicer_to_server(self, server)
        agent_service_pb2_grpc.add_AgentServiceServicer_to_server(self, server)


def _decision(
    kind: "handoff_pb2.DecisionKind.ValueType",
    code: "handoff_pb2.ReasonCode.ValueType",
    answer: router_service_pb2.CandidateAnswer | None = None,
) -> handoff_pb2.Decision:
    decision = handoff_pb2.Decision(kind=kind, reasons=[handoff_pb2.Reason(code=code)])
    if answer is not None:
        decision.answer.answer_id = answer.answer_id
    return decision


async def _refuse(context: Any, code: grpc.StatusCode, reason: str) -> None:
    status = Status(code=code.value[0], message=reason)
    status.details.add().Pack(ErrorInfo(reason=reason, domain="balie"))
    trailers = (("grpc-status-details-bin", status.SerializeToString()),)
    await context.abort(code, reason, trailers)
