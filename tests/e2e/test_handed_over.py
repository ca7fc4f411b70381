"""A conversation that goes through several hands: passed on, on hold, solved and rated, over four real processes."""

import asyncio
from collections.abc import Callable

import grpc
import pytest
from tests.e2e import steps
from tests.e2e.desk import RunningDesk

from balie.api.gateway.v1 import conversation_pb2 as resources
from balie.api.gateway.v1 import conversation_service_pb2 as door
from balie.api.handoff.v1 import handoff_pb2, handoff_service_pb2, queue_service_pb2
from balie.cli import talk
from balie.client import Balie
from balie.kit.ids import new_id

FIRST, SECOND = "sietske", "femke"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


async def handoff_when(
    operator: Balie, handoff: str, is_so: Callable[[handoff_pb2.Handoff], bool]
) -> handoff_pb2.Handoff:
    request = handoff_service_pb2.GetHandoffRequest(handoff_id=handoff)
    async with asyncio.timeout(steps.END_SECONDS):
        while True:
            reply = await operator.handoffs.GetHandoff(request, timeout=steps.CALL_SECONDS)
            if is_so(reply.handoff):
                found: handoff_pb2.Handoff = reply.handoff
                return found
            await asyncio.sleep(0.05)


async def owner_when(operator: Balie, conversation: str, kind: int) -> None:
    request = door.GetConversationRequest(conversation_id=conversation)
    async with asyncio.timeout(steps.END_SECONDS):
        while (await operator.conversations.GetConversation(request)).conversation.owner.kind != kind:
            await asyncio.sleep(0.05)


async def notices_when(operator: Balie, conversation: str, *last: int) -> None:
    async with asyncio.timeout(steps.END_SECONDS):
        while True:
            said = await steps.messages(operator, conversation)
            told = [message.notice for message in said if message.notice]
            if tuple(told[-len(last) :]) == last:
                return
            await asyncio.sleep(0.05)


async def let_queue_ask(operator: Balie) -> None:
    request = queue_service_pb2.GetQueueRequest(queue_id="service")
    queue = (await operator.queues.GetQueue(request, timeout=steps.CALL_SECONDS)).queue
    queue.asks_rating = True
    change = queue_service_pb2.UpsertQueueRequest(queue=queue, request_id=new_id())
    await operator.queues.UpsertQueue(change, timeout=steps.CALL_SECONDS)


async def test_a_conversation_is_passed_on_held_solved_and_rated(
    make_desk: Callable[[], RunningDesk],
) -> None:
    desk = make_desk()
    async with (
        desk.client() as operator,
        desk.client(act_as="contact:anna") as anna,
        desk.client(act_as=f"agent:{FIRST}") as first,
        desk.client(act_as=f"agent:{SECOND}") as second,
    ):
        await let_queue_ask(operator)
        await steps.be_online(first, FIRST)
        conversation = await talk.begin(anna, "anna", language="en")
        asked = await talk.say(anna, conversation.id, "I want to speak to a person", wait_seconds=20)
        assert asked.replies
        of = handoff_service_pb2.ListHandoffsRequest(conversation_id=conversation.id)
        (handoff,) = (await operator.handoffs.ListHandoffs(of, timeout=steps.CALL_SECONDS)).handoffs
        await steps.accept(first, handoff.id, FIRST)
        await steps.send(first, conversation.id, "Let me find a colleague for you.", new_id())

        await steps.be_online(second, SECOND)
        onward = handoff_service_pb2.TransferHandoffRequest(
            handoff_id=handoff.id, to_agent_id=SECOND, note="knows the way", request_id=new_id()
        )
        await first.handoffs.TransferHandoff(onward, timeout=steps.CALL_SECONDS)
        await owner_when(operator, conversation.id, resources.OWNER_KIND_BOT)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await steps.send(first, conversation.id, "One more thing.", new_id())
        assert steps.reason_of(refused.value) == "NOT_OWNER"
        await notices_when(operator, conversation.id, resources.NOTICE_TRANSFERRED)

        await steps.accept(second, handoff.id, SECOND)
        await talk.say(anna, conversation.id, "My ticket is gone.", wait_seconds=0)
        await handoff_when(operator, handoff.id, lambda one: one.contact_waits)
        await steps.send(second, conversation.id, "Here is another one.", new_id())
        await handoff_when(operator, handoff.id, lambda one: not one.contact_waits)
        hold = handoff_service_pb2.HoldHandoffRequest(handoff_id=handoff.id, request_id=new_id())
        await second.handoffs.HoldHandoff(hold, timeout=steps.CALL_SECONDS)
        await talk.say(anna, conversation.id, "Found it, thank you!", wait_seconds=0)
        await handoff_when(operator, handoff.id, lambda one: one.state == handoff_pb2.HANDOFF_STATE_ACCEPTED)
        briefed = await second.conversations.GetBriefing(
            door.GetBriefingRequest(conversation_id=conversation.id), timeout=steps.CALL_SECONDS
        )
        assert briefed.briefing.question.id == asked.message.id

        solved = handoff_service_pb2.ResolveHandoffRequest(handoff_id=handoff.id, request_id=new_id())
        await second.handoffs.ResolveHandoff(solved, timeout=steps.CALL_SECONDS)
        await notices_when(
            operator, conversation.id, resources.NOTICE_RETURNED_TO_BOT, resources.NOTICE_SURVEY
        )
        rated = await talk.say(anna, conversation.id, "5", wait_seconds=5)
        assert [reply.notice for reply in rated.replies] == [resources.NOTICE_RATED]
        assert await rating_told(operator, handoff.id) == 5


async def rating_told(operator: Balie, handoff: str) -> int:
    """Returns the rating that the handoff service keeps, by giving it a later one, which changes nothing."""
    await asyncio.sleep(1)
    later = handoff_service_pb2.RecordRatingRequest(handoff_id=handoff, rating=1)
    later.time.GetCurrentTime()
    reply = await operator.handoffs.RecordRating(later, timeout=steps.CALL_SECONDS)
    kept: int = reply.rating
    return kept
