"""NLU, FAQ or handoff down in the middle of a conversation: what the customer sees, and what happens when it is back."""

import asyncio
from collections.abc import Callable

import pytest
from tests.e2e import steps
from tests.e2e.desk import RunningDesk

from balie.api.gateway.v1 import conversation_pb2 as resources
from balie.api.handoff.v1 import handoff_pb2
from balie.cli import talk
from balie.client import Balie

QUESTION = "Mag mijn hond mee op de boot?"
KEYWORD = "WV-1042"
WAIT = 25.0

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def codes(turn: resources.Turn) -> set[int]:
    return {reason.code for reason in turn.decision.reasons}


async def ask(contact: Balie, operator: Balie, conversation: str, text: str) -> resources.Turn:
    sent = await talk.say(contact, conversation, text, wait_seconds=WAIT)
    return await steps.ended(operator, sent.turn_id)


async def test_without_nlu_the_contact_is_told_and_a_person_is_asked(
    make_desk: Callable[[], RunningDesk],
) -> None:
    desk = make_desk()
    async with desk.client(act_as="contact:nlu") as contact, desk.client() as operator:
        conversation = await talk.begin(contact, "nlu", language="nl")
        before = await ask(contact, operator, conversation.id, KEYWORD)
        await asyncio.to_thread(desk.kill, "nlu")
        without = await ask(contact, operator, conversation.id, QUESTION)
        await asyncio.to_thread(desk.start, "nlu")
        after = await ask(contact, operator, conversation.id, KEYWORD)
        said = await steps.messages(contact, conversation.id)
    assert before.decision.kind == handoff_pb2.DECISION_KIND_ANSWER
    assert without.decision.kind == handoff_pb2.DECISION_KIND_ESCALATE
    assert codes(without) == {handoff_pb2.REASON_CODE_NLU_UNAVAILABLE}
    assert list(without.services_down) == ["nlu"]
    assert after.decision.kind == handoff_pb2.DECISION_KIND_ANSWER
    told = [message for message in said if message.turn_id == without.id and message.ordinal == 1]
    assert len(told) == 1
    assert told[0].language == "nl"
    assert told[0].notice == resources.NOTICE_WAITING


async def test_without_faq_the_contact_is_told_and_a_person_is_asked(
    make_desk: Callable[[], RunningDesk],
) -> None:
    desk = make_desk()
    async with desk.client(act_as="contact:faq") as contact, desk.client() as operator:
        conversation = await talk.begin(contact, "faq", language="nl")
        await asyncio.to_thread(desk.kill, "faq")
        without = await ask(contact, operator, conversation.id, KEYWORD)
        greeting = await ask(contact, operator, conversation.id, "goedemorgen")
        await asyncio.to_thread(desk.start, "faq")
        after = await ask(contact, operator, conversation.id, KEYWORD)
    assert without.decision.kind == handoff_pb2.DECISION_KIND_ESCALATE
    assert handoff_pb2.REASON_CODE_FAQ_UNAVAILABLE in codes(without)
    assert list(without.services_down) == ["faq"]
    assert greeting.state == resources.TURN_STATE_DONE
    assert after.decision.kind == handoff_pb2.DECISION_KIND_ANSWER


async def test_without_handoff_the_turn_waits_on_disk_and_is_worked_when_it_is_back(
    make_desk: Callable[[], RunningDesk],
) -> None:
    desk = make_desk()
    async with desk.client(act_as="contact:handoff") as contact, desk.client() as operator:
        conversation = await talk.begin(contact, "handoff", language="nl")
        await asyncio.to_thread(desk.kill, "handoff")
        sent = await talk.say(contact, conversation.id, KEYWORD, wait_seconds=5)
        waiting = await talk.turn(operator, sent.turn_id)
        during = await steps.messages(contact, conversation.id)
        await asyncio.to_thread(desk.kill, "gateway")  # the turn waits on disk, not in memory
        await asyncio.to_thread(desk.start, "gateway")
        await asyncio.to_thread(desk.start, "handoff")
        done = await steps.ended(operator, sent.turn_id)
        said = await steps.messages(contact, conversation.id)
    assert waiting.state == resources.TURN_STATE_WAITING
    assert [message.notice for message in during] == [resources.NOTICE_UNSPECIFIED, resources.NOTICE_DELAYED]
    assert done.state == resources.TURN_STATE_DONE
    assert done.decision.kind == handoff_pb2.DECISION_KIND_ANSWER
    assert [message.author for message in said] == [
        resources.AUTHOR_CONTACT,
        resources.AUTHOR_SYSTEM,
        resources.AUTHOR_BOT,
    ]
