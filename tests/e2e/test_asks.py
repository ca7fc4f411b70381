"""What users of other desks ask for and do not get: each ask by name, over gRPC, against the four real processes.

Asks 1 to 4, 9 to 14, and of 25 all that needs no e-mail.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from tests.e2e import steps
from tests.e2e.at_desk import PATIENCE, SECONDS, AtDesk, at_desk, kinds, moment, refused, span
from tests.e2e.desk import RunningDesk, filled_copy

from balie.api.gateway.v1 import conversation_pb2 as resources
from balie.api.handoff.v1 import calendar_pb2, calendar_service_pb2, handoff_pb2
from balie.cli import talk
from balie.handoff.routing import policy_file
from balie.kit.ids import new_id

KEYWORD, QUESTION = "WV-1042", "Mag mijn hond mee op de boot?"
BOT, PERSON = resources.OWNER_KIND_BOT, resources.OWNER_KIND_AGENT
BOT_REPLIES = 4
"""How often the bot may speak in an hour here."""
SEARCH_SECONDS = 5.0
"""How long a turn waits for the FAQ here."""
AMSTERDAM = ZoneInfo("Europe/Amsterdam")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def desk(filled_data: Path, tmp_path_factory: pytest.TempPathFactory, encoder: Path) -> Iterator[RunningDesk]:
    """A running desk whose bot is capped soon, and whose sweeper looks often."""
    folder = tmp_path_factory.mktemp("asks")
    policy = folder / "policy.yaml"
    _, shipped = policy_file.default()
    capped = shipped.replace(b"bot_replies: {at_most: 40", b"bot_replies: {at_most: %d" % BOT_REPLIES)
    assert capped != shipped
    policy.write_bytes(capped)
    running = RunningDesk(
        filled_copy(filled_data, folder / "data"),
        encoder,
        handoff={"BALIE_HANDOFF_SWEEP_SECONDS": "0.2", "BALIE_HANDOFF_POLICY": str(policy)},
        gateway={
            "BALIE_GATEWAY_ANALYZE_TIMEOUT_SECONDS": "60",
            "BALIE_GATEWAY_SEARCH_TIMEOUT_SECONDS": str(SEARCH_SECONDS),
        },
    )
    running.start()
    yield running
    running.stop()


@pytest.fixture
async def at(desk: RunningDesk) -> AsyncIterator[AtDesk]:
    async with at_desk(desk) as opened:
        yield opened


def reasons(turn: resources.Turn) -> set[str]:
    return {handoff_pb2.ReasonCode.Name(reason.code)[12:] for reason in turn.decision.reasons}


def percents(events: list[handoff_pb2.HandoffEvent], kind: str) -> list[int]:
    """Returns the shares of a promise that were told."""
    wanted = handoff_pb2.ClockKind.Value(f"CLOCK_KIND_{kind}")
    return [event.percent for event in events if event.clock == wanted]


def first(events: list[handoff_pb2.HandoffEvent], kind: str) -> handoff_pb2.HandoffEvent:
    wanted = handoff_pb2.HandoffEventKind.Value(f"HANDOFF_EVENT_KIND_{kind}")
    return next(event for event in events if event.kind == wanted)


async def test_ask_01_one_owner_of_the_conversation_enforced_where_messages_are_sent(at: AtDesk) -> None:
    """Ask 1: "One owner of the conversation, enforced where messages are sent. Bots answer over people." """
    await at.queue("one-owner")
    els, jan = await at.agent("els-1", "one-owner"), await at.agent("jan-1", online=False)
    anna, conversation = await at.contact("anna-1")
    handoff = await at.ask(conversation, "one-owner")
    assert await refused(talk.say(els, conversation.id, "Too early.", wait_seconds=1)) == "NOT_OWNER"
    os.kill(at.desk.pid("nlu"), signal.SIGSTOP)  # what the bot works out now comes late
    try:
        sent = await steps.send(anna, conversation.id, KEYWORD, new_id())
        async with asyncio.timeout(PATIENCE):
            while (await talk.turn(at.operator, sent.turn_id)).state != resources.TURN_STATE_WORKING:
                await asyncio.sleep(0.05)
        owned = await at.accept(els, handoff)
        said = await at.write(els, conversation, "Hello, I am here.")
    finally:
        os.kill(at.desk.pid("nlu"), signal.SIGCONT)
    turn = await steps.ended(at.operator, sent.turn_id)
    assert (owned.owner_epoch, said.owner_epoch, turn.owner_epoch) == (2, 2, 1)
    assert turn.suggestions  # worked out under epoch 1, kept for the agent, refused as a reply
    assert not turn.reply_message_ids
    assert await refused(talk.say(jan, conversation.id, "Me too.", wait_seconds=1)) == "NOT_OWNER"
    silent = await at.turn(anna, conversation, KEYWORD)
    assert silent.decision.kind == handoff_pb2.DECISION_KIND_ASSIST
    async with at.desk.client(act_as="agent:els-1") as phone:  # another device of the same person
        await at.write(phone, conversation, "And from my phone.")
    authors = [message.author for message in await at.messages(conversation)]
    assert resources.AUTHOR_BOT not in authors
    assert authors.count(resources.AUTHOR_AGENT) == 2
    await at.release(els, handoff)
    assert await refused(talk.say(els, conversation.id, "One more thing.", wait_seconds=1)) == "NOT_OWNER"
    now = await at.conversation(conversation)
    assert (now.owner.kind, now.owner_epoch) == (BOT, 3)


async def test_ask_02_a_clean_way_back_to_the_bot(at: AtDesk) -> None:
    """Ask 2: "A clean way back to the bot": how it goes on, a marker message, and no handoff again at once."""
    await at.queue("way-back")
    els = await at.agent("els-2", "way-back", chats=3)

    async def back(name: str, reason: str) -> tuple[resources.Turn, list[resources.Message]]:
        """Returns the turn after a person, of a question that was answered twice before them, and the conversation."""
        contact, conversation = await at.contact(name)
        for _ in range(2):
            before = await at.turn(contact, conversation, KEYWORD)
            assert before.decision.kind == handoff_pb2.DECISION_KIND_ANSWER
        handoff = await at.ask(conversation, "way-back")
        await at.until(handoff, "OFFERED")
        await at.accept(els, handoff)
        await at.write(els, conversation, "Can I help?")
        await at.release(els, handoff, handoff_pb2.ReleaseReason.Value(f"RELEASE_REASON_{reason}"))
        messages = await at.told(conversation, "AGENT_JOINED", "RETURNED_TO_BOT")
        if reason == "SURVEY":
            await at.told(conversation, "RETURNED_TO_BOT", "SURVEY")
            await at.write(contact, conversation, "5")
            await at.told(conversation, "SURVEY", "RATED")
            assert (await at.conversation(conversation)).rating == 5
        ended = await at.get(handoff)
        assert handoff_pb2.ReleaseReason.Name(ended.release_reason) == f"RELEASE_REASON_{reason}"
        return await at.turn(contact, conversation, KEYWORD), messages

    (resumed, told), (anew, _), (surveyed, _) = await asyncio.gather(
        back("resume-2", "RESUME"), back("topic-2", "NEW_TOPIC"), back("survey-2", "SURVEY")
    )
    assert told[-1].notice == resources.NOTICE_RETURNED_TO_BOT  # marks the end of the person's part
    # After RESUME the bot still knows that it gave this answer twice; the other two begin anew.
    assert resumed.decision.kind != handoff_pb2.DECISION_KIND_ANSWER
    assert "ANSWER_REPEATED" in reasons(resumed)
    assert anew.decision.kind == surveyed.decision.kind == handoff_pb2.DECISION_KIND_ANSWER
    # No person is asked again at once: the bot tries first.
    assert not resumed.decision.handoff_id
    assert "RELEASED_RECENTLY" in reasons(resumed)


async def test_ask_03_the_customer_is_never_stranded_in_a_handoff(at: AtDesk) -> None:
    """Ask 3: "Never strand the customer in a handoff": a next step always, places told, and the bot stays reachable."""
    await at.queue("patient", max_wait=1.5)
    await at.queue("hasty", max_wait=1.5, overflow_queue_id="patient")
    await at.queue(
        "calling", max_wait=1, when_timed_out=handoff_pb2.WAIT_ACTION_CALL_BACK, call_back_within=2
    )
    await at.queue("long")

    async def moved_on() -> None:
        contact, conversation = await at.contact("overflow-3")
        handoff = await at.ask(conversation, "hasty")
        while_waiting = await at.turn(contact, conversation, KEYWORD)
        assert while_waiting.decision.kind == handoff_pb2.DECISION_KIND_ANSWER
        ended = await at.until(handoff, "MESSAGE_TAKEN")
        assert ended.queue_id == "patient"
        assert kinds(await at.events(handoff)) == ["QUEUED", "MOVED", "MESSAGE_TAKEN"]
        await at.told(conversation, "MESSAGE_TAKEN")

    async def called_back() -> None:
        _, conversation = await at.contact("call-3")
        handoff = await at.ask(conversation, "calling")
        ended = await at.until(handoff, "EXPIRED")
        assert ended.HasField("call_back_time")
        story = ["QUEUED", "CALL_BACK_PROMISED", "CALL_BACK_DUE", "EXPIRED"]
        assert kinds(await at.events(handoff)) == story
        await at.told(conversation, "CALL_BACK_PROMISED", "CALL_BACK_DUE", "EXPIRED")

    async def told_of_places() -> None:
        waiting = []
        for number in range(3):
            _, conversation = await at.contact(f"place-3-{number}")
            waiting.append((conversation, await at.ask(conversation, "long")))
        assert [(await at.get(handoff)).position for _, handoff in waiting] == [1, 2, 3]
        await at.cancel(waiting[0][1])
        await asyncio.gather(*(at.told(conversation, "POSITION") for conversation, _ in waiting[1:]))
        places = [(await at.events(handoff))[-1] for _, handoff in waiting[1:]]
        assert [event.position for event in places] == [1, 2]

    await asyncio.gather(moved_on(), called_back(), told_of_places())


async def test_ask_04_bot_failure_goes_to_a_human_without_false_alarms(at: AtDesk) -> None:
    """Ask 4: "Bot failure goes to a human, without false alarms": a slow service is waited for, one that is away is not."""
    slow, waited = await at.contact("slow-4")
    failing, conversation = await at.contact("failing-4")
    faq = at.desk.pid("faq")
    os.kill(faq, signal.SIGSTOP)
    try:
        sent = await steps.send(slow, waited.id, QUESTION, new_id())
        await asyncio.sleep(SEARCH_SECONDS / 4)
    finally:
        os.kill(faq, signal.SIGCONT)
    healthy = await steps.ended(at.operator, sent.turn_id)
    assert healthy.decision.kind == handoff_pb2.DECISION_KIND_ANSWER
    assert not healthy.services_down
    assert not (await at.conversation(waited)).handoff_id
    os.kill(faq, signal.SIGSTOP)
    try:
        failed = await at.turn(failing, conversation, QUESTION)
        again = await at.turn(failing, conversation, QUESTION)
    finally:
        os.kill(faq, signal.SIGCONT)
    assert failed.decision.kind == handoff_pb2.DECISION_KIND_ESCALATE
    assert "FAQ_UNAVAILABLE" in reasons(failed)
    assert failed.decision.handoff_id
    assert again.decision.handoff_id in ("", failed.decision.handoff_id)  # one person is asked, once
    await at.told(conversation, "WAITING")
    back = await at.turn(failing, conversation, QUESTION)  # who waits is answered once the bot can
    assert back.decision.kind == handoff_pb2.DECISION_KIND_ANSWER


async def test_ask_09_a_queue_drains_when_a_slot_frees(at: AtDesk) -> None:
    """Ask 9: "A queue that drains when a slot frees", also by a hold, in order, with nobody asking for it."""
    await at.queue("draining", offer_timeout=600)
    els = await at.agent("els-9", "draining", hold_weight=0)
    chats = []
    for number in range(4):
        _, conversation = await at.contact(f"drain-9-{number}")
        chats.append((conversation, await at.ask(conversation, "draining")))
    handoffs = [handoff for _, handoff in chats]
    queued = handoff_pb2.HANDOFF_STATE_QUEUED
    assert [(await at.get(one)).state == queued for one in handoffs] == [False, True, True, True]
    await at.accept(els, handoffs[0])
    assert (await at.get(handoffs[1])).state == queued  # the place is taken, not freed, by accepting
    await at.write(els, chats[0][0], "One moment.")
    await at.hold(els, handoffs[0])
    assert (await at.get(handoffs[1])).state == handoff_pb2.HANDOFF_STATE_OFFERED
    await at.accept(els, handoffs[1])
    await at.release(els, handoffs[1])
    assert (await at.get(handoffs[2])).state == handoff_pb2.HANDOFF_STATE_OFFERED
    await at.cancel(handoffs[2])
    last = await at.get(handoffs[3])
    assert (last.state, last.agent_id) == (handoff_pb2.HANDOFF_STATE_OFFERED, "els-9")
    offers = [moment(first(await at.events(one), "OFFERED").event_time) for one in handoffs]
    assert offers == sorted(offers)


async def test_ask_10_capacity_fits_asynchronous_chat(at: AtDesk) -> None:
    """Ask 10: "Capacity that fits asynchronous chat": an active chat weighs 1, one that waits for its contact 0.2, and a ceiling."""
    await at.queue("weighed", offer_timeout=600)
    els = await at.agent("els-10", "weighed", chats=2, max_open_chats=4)
    chats = []
    for number in range(5):
        contact, conversation = await at.contact(f"weight-10-{number}")
        chats.append((contact, conversation, await at.ask(conversation, "weighed")))

    async def offered() -> list[bool]:
        return [(await at.get(one)).state != handoff_pb2.HANDOFF_STATE_QUEUED for *_, one in chats]

    async def hold(number: int) -> float:
        _, conversation, handoff = chats[number]
        await at.accept(els, handoff)
        await at.write(els, conversation, "Where did you buy it?")
        await at.hold(els, handoff)
        return round((await at.seen("els-10")).load, 6)

    assert await offered() == [True, True, False, False, False]
    assert await hold(0) == 1.2
    assert await offered() == [True, True, False, False, False]  # 2.2 would be more than 2
    assert await hold(1) == 1.4  # two on hold, and the third is offered
    assert await offered() == [True, True, True, False, False]
    assert await hold(2) == 1.6
    assert await offered() == [True, True, True, True, False]
    assert await hold(3) == 0.8  # there is weight for another, and no place under the ceiling
    assert await offered() == [True, True, True, True, False]
    contact, conversation, handoff = chats[0]
    await at.write(contact, conversation, "In the shop on the quay.")
    woken = await at.answered(handoff, is_waiting=True)
    assert woken.state == handoff_pb2.HANDOFF_STATE_ACCEPTED
    els_now = await at.seen("els-10")
    assert (els_now.open_chats, round(els_now.load, 6)) == (4, 1.6)


async def test_ask_11_it_is_taken_away_from_a_silent_agent(at: AtDesk) -> None:
    """Ask 11: "Take it away from a silent agent": back in the queue with priority, and the contact is told."""
    await at.queue("answering", silent_after=10, return_priority=30, offer_timeout=600)
    els = await at.agent("els-11", "answering")
    _, conversation = await at.contact("silence-11")
    handoff = await at.ask(conversation, "answering")
    await at.accept(els, handoff)
    _, other = await at.contact("other-11")
    waiting = await at.ask(other, "answering", priority=20)
    await at.told(conversation, "AGENT_JOINED", "AGENT_SILENT")
    lost = await at.get(handoff)
    assert (lost.priority, lost.preferred_agent_id, lost.position) == (30, "els-11", 1)
    assert (await at.get(waiting)).position == 2
    assert (await at.seen("els-11")).presence == handoff_pb2.PRESENCE_AWAY
    owner = await at.conversation(conversation)
    assert (owner.owner.kind, owner.owner_epoch) == (BOT, 3)
    assert await refused(talk.say(els, conversation.id, "Still here.", wait_seconds=1)) == "NOT_OWNER"
    events = await at.events(handoff)
    silence = first(events, "AGENT_SILENT")
    since = moment(first(events, "RESERVED").event_time)
    assert moment(silence.event_time) - since >= timedelta(seconds=10)
    jan = await at.agent("jan-11", "answering")
    assert (await at.get(handoff)).agent_id == "jan-11"
    assert (await at.accept(jan, handoff)).owner_epoch == 4


async def test_ask_12_skills_and_language_are_relaxed_over_time(at: AtDesk) -> None:
    """Ask 12: "Skills and language, relaxed over time": rings by waiting time, and a message taken after the last."""
    relax = handoff_pb2.Relaxation
    rings = [
        handoff_pb2.Ring(after=span(1), relaxations=[relax.RELAXATION_SKILL_LEVELS]),
        handoff_pb2.Ring(after=span(2), relaxations=[relax.RELAXATION_LANGUAGE]),
        handoff_pb2.Ring(after=span(3), relaxations=[relax.RELAXATION_SKILLS, relax.RELAXATION_QUEUE]),
    ]
    skill = handoff_pb2.Skill
    for name in ("expert", "novice", "foreign", "anyone"):
        await at.queue(f"{name}-12", max_wait=60, offer_timeout=600, rings=rings)
    await at.queue("strict-12", max_wait=3)
    german = {"languages": ["de"]}
    await at.agent("expert-12", "expert-12", skills=[skill(name="refunds", level=3)], **german)
    await at.agent("novice-12", "novice-12", skills=[skill(name="refunds", level=1)], **german)
    await at.agent("foreign-12", "foreign-12", skills=[skill(name="refunds", level=3)], languages=["nl"])
    await at.agent("anyone-12", languages=["nl"])  # of no queue, with no skill
    await at.agent("strict-12", "strict-12", skills=[skill(name="refunds", level=2)], **german)
    wanted = [handoff_pb2.WantedSkill(name="refunds", level=3)]

    async def found(name: str) -> tuple[str, timedelta]:
        """Returns who got a handoff, and after how long."""
        _, conversation = await at.contact(f"{name}-12")
        handoff = await at.ask(conversation, f"{name}-12", language="de", skills=wanted)
        taken = await at.until(handoff, "OFFERED")
        offer = first(await at.events(handoff), "OFFERED")
        return taken.agent_id, moment(offer.event_time) - moment(taken.create_time)

    async def nobody() -> handoff_pb2.Handoff:
        _, conversation = await at.contact("strict-12")
        handoff = await at.ask(conversation, "strict-12", language="de", skills=wanted)
        return await at.until(handoff, "MESSAGE_TAKEN")

    names = ("expert", "novice", "foreign")
    (*offers, ended) = await asyncio.gather(*map(found, names), nobody())
    assert [agent for agent, _ in offers] == [f"{name}-12" for name in names]
    at_once, levels, languages = (waited for _, waited in offers)
    assert at_once < timedelta(seconds=1) <= levels
    assert languages >= timedelta(seconds=2)
    assert not ended.agent_id  # whoever has too little of the skill never got it
    await at.presence("strict-12", handoff_pb2.PRESENCE_OFFLINE)
    agent, waited = await found("anyone")  # all others have a chat already
    assert agent == "anyone-12"
    assert waited >= timedelta(seconds=3)


async def test_ask_13_business_hours_match_reality(at: AtDesk) -> None:
    """Ask 13: "Business hours that match reality": a lunch break, when it opens next, and what follows after hours."""
    hours = [calendar_pb2.OpeningInterval(start_minute=540, end_minute=750)]
    hours += [calendar_pb2.OpeningInterval(start_minute=780, end_minute=1020)]
    week = [calendar_pb2.WeekdayHours(weekday=day, intervals=hours) for day in range(1, 6)]  # type: ignore[arg-type]
    await put_calendar(at, "lunch-13", week)

    async def opens(written: str) -> tuple[bool, str]:
        """Returns whether it is open at a time in Amsterdam, and when it is next."""
        asked = Timestamp()
        asked.FromDatetime(datetime.fromisoformat(written).replace(tzinfo=AMSTERDAM))
        now = calendar_service_pb2.IsOpenRequest(calendar_id="lunch-13", at_time=asked)
        then = calendar_service_pb2.NextOpenRequest(calendar_id="lunch-13", at_time=asked)
        is_open = (await at.operator.calendars.IsOpen(now, timeout=SECONDS)).open
        next_open = (await at.operator.calendars.NextOpen(then, timeout=SECONDS)).open_time
        return is_open, moment(next_open).astimezone(AMSTERDAM).isoformat()[:16]

    assert await opens("2025-05-01T12:29:59") == (True, "2025-05-01T12:29")
    assert await opens("2025-05-01T12:30") == (False, "2025-05-01T13:00")  # lunch
    assert await opens("2025-05-02T17:00") == (False, "2025-05-05T09:00")  # the weekend
    assert await opens("2025-03-28T18:00") == (False, "2025-03-31T09:00")  # and with it summer time
    # A calendar that is closed now whenever this runs: it opens on one weekday, the day after tomorrow.
    day = datetime.now(AMSTERDAM).date() + timedelta(days=2)
    await put_calendar(
        at,
        "closed-13",
        [calendar_pb2.WeekdayHours(weekday=day.isoweekday(), intervals=hours)],  # type: ignore[arg-type]
    )
    closed = {"calendar_id": "closed-13", "call_back_within": 3600}
    await at.queue("called-13", when_closed=handoff_pb2.WAIT_ACTION_CALL_BACK, **closed)
    await at.queue("message-13", **closed)
    _, conversation = await at.contact("night-13")
    promised = await at.ask(conversation, "called-13")
    assert promised.state == handoff_pb2.HANDOFF_STATE_CALL_BACK
    called = datetime.combine(day, time(10), AMSTERDAM)  # an hour after it opens
    assert moment(promised.call_back_time) == called
    told = (await at.told(conversation, "CALL_BACK_PROMISED"))[-1]
    assert "10:00" in told.text
    _, other = await at.contact("message-13")
    taken = await at.ask(other, "message-13")
    assert taken.state == handoff_pb2.HANDOFF_STATE_MESSAGE_TAKEN
    await at.told(other, "MESSAGE_TAKEN")


async def put_calendar(at: AtDesk, name: str, weekdays: list[calendar_pb2.WeekdayHours]) -> None:
    calendar = calendar_pb2.Calendar(
        id=name, display_name=name, time_zone="Europe/Amsterdam", weekdays=weekdays
    )
    request = calendar_service_pb2.UpsertCalendarRequest(calendar=calendar, request_id=new_id())
    await at.operator.calendars.UpsertCalendar(request, timeout=SECONDS)


async def test_ask_14_the_reply_promise_is_measured_and_acted_on(at: AtDesk) -> None:
    """Ask 14: "The reply promise measured and acted on": three clocks, events at 50, 80 and 100 %, and ownership moves."""
    await at.queue("seniors-14", offer_timeout=600)
    breach = handoff_pb2.BreachAction(queue_id="seniors-14", priority=20)

    def promises(**seconds: float) -> handoff_pb2.Promises:
        return handoff_pb2.Promises(**{name: span(value) for name, value in seconds.items()})

    long = {"silent_after": 3600, "offer_timeout": 600, "on_breach": breach}
    await at.queue("first-14", promises=promises(first_reply=3), **long)
    await at.queue("next-14", promises=promises(first_reply=600, next_reply=3), **long)
    await at.queue("resolved-14", promises=promises(resolution=3600), **long)

    async def first_reply() -> None:
        els = await at.agent("els-14", "first-14")
        _, conversation = await at.contact("first-14")
        handoff = await at.ask(conversation, "first-14")
        await at.accept(els, handoff)
        assert (await at.conversation(conversation)).owner.agent_id == "els-14"
        await at.told(conversation, "TRANSFERRED")
        moved = await at.get(handoff)
        assert (moved.queue_id, moved.priority) == ("seniors-14", 20)
        assert (await at.conversation(conversation)).owner.kind == BOT
        events = await at.events(handoff)
        assert percents(events, "FIRST_REPLY") == [50, 80, 100]
        assert moment(first(events, "MOVED").event_time) - moment(moved.create_time) >= timedelta(seconds=3)

    async def next_reply() -> None:
        jan = await at.agent("jan-14", "next-14")
        contact, conversation = await at.contact("next-14")
        handoff = await at.ask(conversation, "next-14")
        await at.accept(jan, handoff)
        await at.write(jan, conversation, "Hello, what is it about?")
        await at.answered(handoff)
        await at.write(contact, conversation, "My parcel.")
        await at.told(conversation, "AGENT_JOINED", "TRANSFERRED")
        moved = await at.get(handoff)
        states = {clock.kind: clock.state for clock in moved.clocks}
        assert states[handoff_pb2.CLOCK_KIND_FIRST_REPLY] == handoff_pb2.CLOCK_STATE_KEPT
        assert states[handoff_pb2.CLOCK_KIND_NEXT_REPLY] == handoff_pb2.CLOCK_STATE_BROKEN
        events = await at.events(handoff)
        assert percents(events, "NEXT_REPLY") == [50, 80, 100]
        assert not percents(events, "FIRST_REPLY")

    async def resolution() -> None:
        piet = await at.agent("piet-14", "resolved-14")
        contact, conversation = await at.contact("resolved-14")
        handoff = await at.ask(conversation, "resolved-14")
        await at.accept(piet, handoff)
        wrote = await at.write(piet, conversation, "Which parcel is it?")
        clock = (await at.answered(handoff)).clocks[0]
        assert clock.state == handoff_pb2.CLOCK_STATE_PAUSED
        used = moment(wrote.create_time) - moment(handoff.create_time)
        assert clock.used.ToTimedelta() == used
        answer = await at.write(contact, conversation, "The blue one.")
        clock = (await at.answered(handoff, is_waiting=True)).clocks[0]
        left = timedelta(hours=1) - used  # the time in which the contact was waited for is not counted
        assert moment(clock.due_time) == moment(answer.create_time) + left

    await asyncio.gather(first_reply(), next_reply(), resolution())


async def test_ask_25_no_loops_between_machines(at: AtDesk) -> None:
    """Ask 25: "No loops between machines": a cap on the bot's replies per conversation and window, then a person."""
    machine, conversation = await at.contact("machine-25")
    texts = ("WV-1042", "WV-2210", "WV-4001", "hallo", "goedemorgen", "WV-1042 graag", "WV-2210 graag")
    turns = [await at.turn(machine, conversation, text) for text in texts]
    silent = [turn.decision.silent for turn in turns]
    capped = turns[BOT_REPLIES]
    assert capped.decision.kind == handoff_pb2.DECISION_KIND_ESCALATE
    assert "BOT_REPLIES_CAPPED" in reasons(capped)
    said = await at.messages(conversation)
    assert sum(message.author == resources.AUTHOR_BOT for message in said) == BOT_REPLIES
    assert all(silent[BOT_REPLIES + 1 :])  # whatever it writes on, nothing comes back
    told = sum(message.author == resources.AUTHOR_SYSTEM for message in said)
    handoff = (await at.conversation(conversation)).handoff_id
    assert handoff == capped.decision.handoff_id  # a person is asked, once
    other, elsewhere = await at.contact("person-25")
    heard = await at.turn(other, elsewhere, KEYWORD)
    assert heard.decision.kind == handoff_pb2.DECISION_KIND_ANSWER  # the cap is the conversation's own
    els = await at.agent("els-25", capped.decision.queue_id)
    owned = await at.accept(els, await at.until(handoff_pb2.Handoff(id=handoff), "OFFERED"))
    assert owned.agent_id == "els-25"
    assert (await at.conversation(conversation)).owner.kind == PERSON
    after = await at.messages(conversation)
    notices = sum(message.author == resources.AUTHOR_SYSTEM for message in after)
    assert notices == told + 1  # only that a person has come
