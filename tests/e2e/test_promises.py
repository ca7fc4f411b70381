"""The promises, each tried against four real processes that are killed, stopped and asked twice."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest
from tests.e2e import steps
from tests.e2e.desk import RunningDesk

from balie.api.gateway.v1 import conversation_pb2 as resources
from balie.api.gateway.v1 import conversation_service_pb2 as door
from balie.cli import talk
from balie.client import Balie
from balie.handoff.routing import policy_file
from balie.kit.ids import new_id

CONVERSATIONS = 6
MESSAGES = 8
KILLS = 3
TEXTS = (
    "WV-1042",
    "Mag mijn hond mee op de boot?",
    "what does a bicycle cost",
    "hallo",
    "Wie viel kostet ein Ticket?",
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def assert_said_once_and_in_order(said: list[resources.Message], acknowledged: list[str]) -> None:
    """Checks one conversation: nothing lost, nothing twice, no gap, turns answered in the order they came."""
    assert [message.seq for message in said] == list(range(1, len(said) + 1))
    contact = [message for message in said if message.author == resources.AUTHOR_CONTACT]
    assert [message.id for message in contact] == acknowledged
    places = Counter((message.turn_id, message.ordinal) for message in said if message.ordinal)
    assert set(places.values()) <= {1}
    order = {message.turn_id: number for number, message in enumerate(contact)}
    answered = [order[message.turn_id] for message in said if message.ordinal]
    assert answered == sorted(answered)
    assert set(answered) == set(range(len(contact)))  # every message was answered


@pytest.mark.parametrize("victim", ["gateway", "nlu", "faq", "handoff"])
async def test_a_service_killed_in_the_middle_of_turns_loses_nothing_and_says_nothing_twice(
    make_desk: Callable[[], RunningDesk], victim: str
) -> None:
    desk = make_desk()
    acknowledged: dict[str, list[str]] = {}
    turns: list[str] = []

    async def customer(client: Balie, number: int) -> None:
        request_id = f"begin-{number}"
        request = door.CreateConversationRequest(
            contact_id=f"c{number}", channel="web", request_id=request_id
        )
        created = await steps.persist(lambda: client.conversations.CreateConversation(request, timeout=10))
        conversation = created.conversation.id
        acknowledged[conversation] = []
        for message in range(MESSAGES):
            text = TEXTS[(number + message) % len(TEXTS)]
            sent = await steps.send(client, conversation, text, f"message-{number}-{message}")
            acknowledged[conversation].append(sent.message.id)
            turns.append(sent.turn_id)
            await asyncio.sleep(0.15)

    async def trouble() -> None:
        for _ in range(KILLS):
            await asyncio.sleep(0.3)
            await asyncio.to_thread(desk.kill, victim)
            await asyncio.sleep(0.2)
            await asyncio.to_thread(desk.start, victim)

    async with asyncio.TaskGroup() as group:
        clients = [desk.client(act_as=f"contact:c{number}") for number in range(CONVERSATIONS)]
        for number, client in enumerate(clients):
            group.create_task(customer(client, number))
        group.create_task(trouble())
    async with desk.client() as operator:
        for turn in turns:
            assert (await steps.ended(operator, turn)).state == resources.TURN_STATE_DONE
        for conversation, sent in acknowledged.items():
            assert_said_once_and_in_order(list(await steps.messages(operator, conversation)), sent)
    for client in clients:
        await client.close()


async def test_the_same_request_twenty_times_at_once_is_one_message_and_twenty_equal_replies(
    shared_desk: RunningDesk,
) -> None:
    async with shared_desk.client(act_as="contact:twenty") as client:
        conversation = await talk.begin(client, "twenty")
        request = door.SendMessageRequest(
            conversation_id=conversation.id, text="WV-1042", request_id=new_id()
        )
        request.wait_for_reply.FromSeconds(20)
        calls = (client.conversations.SendMessage(request, timeout=30) for _ in range(20))
        replies = await asyncio.gather(*calls)
        said = await steps.messages(client, conversation.id)
    assert {reply.SerializeToString(deterministic=True) for reply in replies} == {
        replies[0].SerializeToString(deterministic=True)
    }
    assert [message.author for message in said] == [resources.AUTHOR_CONTACT, resources.AUTHOR_BOT]


async def test_the_same_request_id_with_other_words_is_refused(shared_desk: RunningDesk) -> None:
    async with shared_desk.client(act_as="contact:reuse") as client:
        conversation = await talk.begin(client, "reuse")
        await steps.send(client, conversation.id, "WV-1042", "the-same")
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await steps.send(client, conversation.id, "WV-2210", "the-same")
    assert refused.value.code() is grpc.StatusCode.ALREADY_EXISTS
    assert steps.reason_of(refused.value) == "REQUEST_ID_REUSED"


async def test_fifty_messages_at_once_get_one_place_each_and_are_answered_in_turn(
    make_desk: Callable[..., RunningDesk], tmp_path: Path
) -> None:
    policy = tmp_path / "policy.yaml"  # the one that ships lets the bot speak 40 times an hour
    _, shipped = policy_file.default()
    policy.write_bytes(shipped.replace(b"bot_replies: {at_most: 40", b"bot_replies: {at_most: 100"))
    desk = make_desk(handoff={"BALIE_HANDOFF_POLICY": str(policy)})
    async with desk.client(act_as="contact:fifty") as client, desk.client() as operator:
        conversation = await talk.begin(client, "fifty")
        calls = (steps.send(client, conversation.id, TEXTS[n % len(TEXTS)], f"fifty-{n}") for n in range(50))
        sent = sorted(await asyncio.gather(*calls), key=lambda reply: reply.message.seq)
        for reply in sent:
            await steps.ended(operator, reply.turn_id)
        said = await steps.messages(client, conversation.id)
    assert_said_once_and_in_order(list(said), [reply.message.id for reply in sent])


async def test_an_agent_who_takes_over_silences_a_reply_that_is_being_worked_out(
    make_desk: Callable[..., RunningDesk],
) -> None:
    desk = make_desk(gateway={"BALIE_GATEWAY_ANALYZE_TIMEOUT_SECONDS": "60"})
    async with (
        desk.client(act_as="contact:late") as contact,
        desk.client(act_as=f"agent:{steps.AGENT}") as person,
        desk.client() as operator,
    ):
        conversation = await talk.begin(contact, "late")
        await steps.be_online(person)
        handoff = await steps.request_handoff(operator, conversation)
        nlu = desk.pid("nlu")
        os.kill(nlu, signal.SIGSTOP)  # holds the reply back: whatever the bot works out now comes late
        try:
            sent = await steps.send(contact, conversation.id, "WV-1042", "held-back")
            while (await talk.turn(operator, sent.turn_id)).state != resources.TURN_STATE_WORKING:
                await asyncio.sleep(0.02)
            accepted = await steps.accept(person, handoff)
            first = await steps.send(person, conversation.id, "Hello, I am here.", "first-words")
        finally:
            os.kill(nlu, signal.SIGCONT)
        turn = await steps.ended(operator, sent.turn_id)
        said = await steps.messages(operator, conversation.id)
    assert accepted.owner_epoch == 2
    assert first.message.author == resources.AUTHOR_AGENT
    assert first.message.owner_epoch == 2
    assert turn.state in steps.ENDED
    assert not turn.reply_message_ids
    assert turn.suggestions  # what was worked out is kept for the agent
    authors = [message.author for message in said]
    assert resources.AUTHOR_BOT not in authors
    assert authors == [resources.AUTHOR_CONTACT, resources.AUTHOR_SYSTEM, resources.AUTHOR_AGENT]


async def test_the_bot_speaks_again_after_release_and_not_before(shared_desk: RunningDesk) -> None:
    async with (
        shared_desk.client(act_as="contact:back") as contact,
        shared_desk.client(act_as=f"agent:{steps.AGENT}") as person,
        shared_desk.client() as operator,
    ):
        conversation = await talk.begin(contact, "back")
        await steps.be_online(person)
        handoff = await steps.request_handoff(operator, conversation)
        await steps.accept(person, handoff)
        silent = await talk.say(contact, conversation.id, "WV-1042", wait_seconds=20)
        await steps.release(person, handoff)
        answered = await talk.say(contact, conversation.id, "WV-1042", wait_seconds=20)
    assert not silent.replies
    assert silent.turn_state == resources.TURN_STATE_DONE
    assert [reply.author for reply in answered.replies] == [resources.AUTHOR_BOT]


async def test_no_log_holds_what_a_customer_wrote(make_desk: Callable[..., RunningDesk]) -> None:
    canary = "Kanarienvogel-48151623"
    desk = make_desk()
    async with desk.client(act_as="contact:canary") as contact:
        conversation = await talk.begin(contact, "canary")
        await talk.say(contact, conversation.id, f"my name is {canary}, where is my parcel?", wait_seconds=20)
        desk.kill("nlu")
        await talk.say(contact, conversation.id, f"{canary} again", wait_seconds=20)
    assert canary not in desk.logs()
