"""Calls NLU, the FAQ and the handoff service, and translates how they fail.

No status of theirs is handed on: either a service is down, or it refused what we asked, which is a mistake of ours
or of the desk's set-up.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from typing import Any, TypeVar

import grpc
import structlog

from balie.api.faq.v1 import faq_service_pb2, faq_service_pb2_grpc
from balie.api.handoff.v1 import (
    agent_service_pb2,
    agent_service_pb2_grpc,
    handoff_service_pb2,
    handoff_service_pb2_grpc,
    router_service_pb2_grpc,
)
from balie.api.nlu.v1 import nlu_service_pb2, nlu_service_pb2_grpc
from balie.client import CallError, error_of
from balie.client.defaults import REQUEST_ID, TENANT
from balie.gateway.domain import Owner
from balie.gateway.neighbours import convert
from balie.gateway.ports import Case, CursorGone, InternalMistake, Question, Report, ServiceDown
from balie.gateway.said import Answers, HandoffNow, Routing, Understanding

_AWAY = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.DATA_LOSS,
    }
)
_REFUSED = frozenset({grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND})
_BUSY_PAUSE_SECONDS = 0.1
_PAGE = 500
_CLOSED = "conversation_closed"

M = TypeVar("M")

_log = structlog.get_logger()


class Neighbour:
    """One service and how it is called.

    Args:
        name: what it is called in records and logs.
        timeout_seconds: of each call; a service that is too busy is asked again within it.
    """

    def __init__(self, name: str, timeout_seconds: float) -> None:
        self.name = name
        self._timeout_seconds = timeout_seconds

    async def ask(self, method: Any, request: Any, *, tenant: str, request_id: str = "") -> Any:
        """Returns the answer to a call.

        Raises:
            grpc.aio.AioRpcError: it was refused or not answered.
        """
        metadata = metadata_of(tenant, request_id)
        end = time.monotonic() + self._timeout_seconds
        while True:
            left = end - time.monotonic()
            try:
                return await method(request, timeout=max(left, _BUSY_PAUSE_SECONDS), metadata=metadata)
            except grpc.aio.AioRpcError as error:
                is_busy = error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
                if not is_busy or left <= _BUSY_PAUSE_SECONDS:
                    raise
            await asyncio.sleep(_BUSY_PAUSE_SECONDS)

    async def answered(self, method: Any, request: Any, *, tenant: str, request_id: str = "") -> Any:
        """Returns the answer to a call.

        Raises:
            ServiceDown: there is none.
            InternalMistake: the call was refused.
        """
        try:
            return await self.ask(method, request, tenant=tenant, request_id=request_id)
        except grpc.aio.AioRpcError as error:
            raise self.translated(error_of(error)) from None

    def translated(self, error: CallError) -> ServiceDown | InternalMistake:
        """Returns what a failed call means for a turn."""
        _log.info("call failed", dependency=self.name, code=error.code.name, reason=error.reason)
        if error.code in _AWAY:
            return ServiceDown(self.name)
        return InternalMistake(self.name, error.reason or error.code.name)


def metadata_of(tenant: str, request_id: str) -> tuple[tuple[str, str], ...]:
    """Returns the metadata of a call: a turn's id names its calls in every service's log."""
    named = ((REQUEST_ID, request_id),) if request_id else ()
    return ((TENANT, tenant), *named)


class NluClient:
    """Asks NLU."""

    def __init__(self, channel: grpc.aio.Channel, timeout_seconds: float) -> None:
        self._stub: Any = nlu_service_pb2_grpc.NluServiceStub(channel)
        self._neighbour = Neighbour("nlu", timeout_seconds)

    async def analyze(self, tenant: str, turn_id: str, text: str) -> Understanding:
        """Returns the understanding of a text, with its embedding."""
        request = nlu_service_pb2.AnalyzeRequest(text=text, want_embedding=True)
        answer = await self._neighbour.answered(
            self._stub.Analyze, request, tenant=tenant, request_id=turn_id
        )
        return convert.understanding_from_proto(answer.understanding)

    def recall(self, wire: bytes) -> Understanding:
        """Returns an understanding from its stored form."""
        return convert.understanding_from_proto(nlu_service_pb2.Understanding.FromString(wire))


class FaqClient:
    """Asks the FAQ, about one collection."""

    def __init__(self, channel: grpc.aio.Channel, timeout_seconds: float, collection_id: str) -> None:
        self._stub: Any = faq_service_pb2_grpc.FaqServiceStub(channel)
        self._neighbour = Neighbour("faq", timeout_seconds)
        self._collection_id = collection_id

    async def search(self, question: Question) -> Answers:
        """Returns what the FAQ knows about a question.

        Entries that are pointed at are asked for in a second call, and only when the first has not found them: the
        FAQ does not rank what it is told to list, and the best answer would lose its score and its rivals.
        """
        found = await self._ask(convert.question_to_proto(question, self._collection_id), question)
        missing = convert.missing_entries(question, found)
        if missing:
            pointed_at = faq_service_pb2.SearchAnswersRequest(
                collection_id=self._collection_id, language=question.language, entry_ids=missing
            )
            found.answers.extend((await self._ask(pointed_at, question)).answers)
        return convert.answers_from_proto(found)

    def recall(self, wire: bytes) -> Answers:
        """Returns answers from their stored form."""
        return convert.answers_from_proto(faq_service_pb2.SearchAnswersResponse.FromString(wire))

    async def _ask(
        self, request: faq_service_pb2.SearchAnswersRequest, question: Question
    ) -> faq_service_pb2.SearchAnswersResponse:
        found: faq_service_pb2.SearchAnswersResponse = await self._neighbour.answered(
            self._stub.SearchAnswers, request, tenant=question.tenant, request_id=question.turn_id
        )
        return found


class RouterClient:
    """Asks the router."""

    def __init__(self, channel: grpc.aio.Channel, timeout_seconds: float) -> None:
        self._router: Any = router_service_pb2_grpc.RouterServiceStub(channel)
        self._handoffs: Any = handoff_service_pb2_grpc.HandoffServiceStub(channel)
        self._neighbour = Neighbour("handoff", timeout_seconds)

    async def route(self, case: Case) -> Routing:
        """Returns the decision on a turn."""
        answer = await self._neighbour.answered(
            self._router.Route,
            convert.case_to_proto(case),
            tenant=case.conversation.tenant,
            request_id=case.turn_id,
        )
        return convert.routing_from_proto(answer)

    async def ask_for_person(self, case: Case) -> HandoffNow:
        """Returns the handoff of the conversation, asked for now when none is open."""
        answer = await self._neighbour.answered(
            self._handoffs.RequestHandoff,
            convert.person_request(case),
            tenant=case.conversation.tenant,
            request_id=case.turn_id,
        )
        return convert.handoff_from_proto(answer.handoff)


class HandoffsClient:
    """Follows handoffs, and tells who owns their conversations."""

    def __init__(self, channel: grpc.aio.Channel, timeout_seconds: float) -> None:
        self._handoffs: Any = handoff_service_pb2_grpc.HandoffServiceStub(channel)
        self._agents: Any = agent_service_pb2_grpc.AgentServiceStub(channel)
        self._neighbour = Neighbour("handoff", timeout_seconds)

    async def watch(self, tenant: str, cursor: str) -> AsyncGenerator[tuple[HandoffNow, str], None]:
        """Yields each change of the tenant's handoffs and the cursor after it."""
        request = handoff_service_pb2.WatchHandoffsRequest(cursor=cursor)
        stream = self._handoffs.WatchHandoffs(request, metadata=metadata_of(tenant, ""))
        try:
            async for answer in stream:
                yield convert.event_from_proto(answer.event), answer.event.cursor
        except grpc.aio.AioRpcError as failed:
            error = error_of(failed)
            if error.reason in ("CURSOR_EXPIRED", "CURSOR_MALFORMED"):
                raise CursorGone from None
            raise self._neighbour.translated(error) from None
        finally:
            stream.cancel()

    async def snapshot(self, tenant: str) -> tuple[Sequence[HandoffNow], str]:
        """Returns all handoffs as they are, oldest first, and the cursor from which to watch."""
        found: list[HandoffNow] = []
        cursor = token = ""
        while True:
            request = handoff_service_pb2.ListHandoffsRequest(page_size=_PAGE, page_token=token)
            page = await self._neighbour.answered(self._handoffs.ListHandoffs, request, tenant=tenant)
            # The first page's: what changed while the others were read is heard again.
            cursor = cursor or page.cursor
            found += map(convert.handoff_from_proto, page.handoffs)
            token = page.next_page_token
            if not token:
                return found, cursor

    async def confirm_owner(self, tenant: str, handoff_id: str, owner: Owner, owner_epoch: int) -> None:
        """Tells that an owner who follows from a handoff is the conversation's since an epoch."""
        request = handoff_service_pb2.ConfirmOwnerRequest(
            handoff_id=handoff_id, owner_epoch=owner_epoch, agent_id=owner.agent_id
        )
        await self._unless_past(self._handoffs.ConfirmOwner, request, tenant)

    async def withdraw(self, tenant: str, handoff_id: str) -> None:
        """Ends a handoff whose conversation was closed, whether an agent has it or not."""
        once = f"close:{handoff_id}"
        cancel = handoff_service_pb2.CancelHandoffRequest(handoff_id=handoff_id, request_id=once)
        if not await self._unless_past(self._handoffs.CancelHandoff, cancel, tenant):
            resolve = handoff_service_pb2.ResolveHandoffRequest(
                handoff_id=handoff_id, outcome=_CLOSED, request_id=once
            )
            await self._unless_past(self._handoffs.ResolveHandoff, resolve, tenant)

    async def report_activity(self, tenant: str, reports: Sequence[Report]) -> None:
        """Tells who wrote."""
        await self._told(self._handoffs.ReportActivity, convert.activity_request(reports), tenant)

    async def record_rating(self, tenant: str, report: Report) -> None:
        """Tells a contact's rating."""
        await self._told(self._handoffs.RecordRating, convert.rating_request(report), tenant)

    async def agent_name(self, tenant: str, owner: Owner) -> str:
        """Returns the name that contacts see of the agent, empty when it cannot be had now."""
        request = agent_service_pb2.GetAgentRequest(agent_id=owner.agent_id)
        try:
            answer = await self._neighbour.answered(self._agents.GetAgent, request, tenant=tenant)
        except (ServiceDown, InternalMistake):
            return ""
        name: str = answer.agent.display_name
        return name

    async def _told(self, method: Any, request: Any, tenant: str) -> None:
        """Returns when it was heard.

        Only a refusal of what is told is one: whatever else is in the way, such as a handoff service of an earlier
        version, goes by, and what is told must not be lost meanwhile.
        """
        try:
            await self._neighbour.ask(method, request, tenant=tenant)
        except grpc.aio.AioRpcError as error:
            if error.code() in _REFUSED:
                raise self._neighbour.translated(error_of(error)) from None
            raise ServiceDown(self._neighbour.name) from None

    async def _unless_past(self, method: Any, request: Any, tenant: str) -> bool:
        """Returns whether a step was taken; not when the handoff's state is past it."""
        try:
            await self._neighbour.ask(method, request, tenant=tenant)
        except grpc.aio.AioRpcError as error:
            if error.code() == grpc.StatusCode.FAILED_PRECONDITION:
                return False
            raise self._neighbour.translated(error_of(error)) from None
        return True
