"""What is due by itself: overflow, call-backs, promises that are broken, places that change, and the hours of a queue."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.unit.handoff.desks import TENANT, Desks, write

from balie.handoff.calendars.calendar import Calendar
from balie.handoff.calendars.calendars import Calendars
from balie.handoff.calendars.hours import Interval
from balie.handoff.chats.chats import Destination
from balie.handoff.clocks import ClockState, Promises
from balie.handoff.domain import Handoff, HandoffState, Speaker
from balie.handoff.errors import QueueNotFound
from balie.handoff.staffing.profiles import BreachAction, WaitAction

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
CALL_BACK, QUEUED, MESSAGE_TAKEN = HandoffState.CALL_BACK, HandoffState.QUEUED, HandoffState.MESSAGE_TAKEN
NINE_TO_FIVE = Calendar("hours", "Hours", "Europe/Amsterdam", ((Interval(9 * 60, 17 * 60),),) * 7, ())
NIGHT = datetime(2025, 5, 1, 20, tzinfo=UTC)
MORNING = datetime(2025, 5, 2, 7, tzinfo=UTC)  # nine in Amsterdam


async def later(at: Desks, span: timedelta) -> None:
    at.clock.time += span
    await at.sweeper.sweep()


async def closed(at: Desks, **rules: Any) -> Handoff:
    """A handoff that is asked for at night."""
    await Calendars(at.journal).put(write(), NINE_TO_FIVE)
    await at.queue("desk", calendar_id="hours", **rules)
    at.clock.time = NIGHT
    return await at.ask("talk")


async def test_what_waits_too_long_goes_to_another_queue_once(at: Desks) -> None:
    await at.queue("back", overflow_queue_id="desk")
    await at.queue("desk", overflow_queue_id="back")
    handoff = await at.ask("talk")
    await later(at, 10 * MINUTE)
    moved = await at.now(handoff)
    assert (moved.asked.queue_id, moved.state, moved.past_queue_ids) == ("back", QUEUED, ("desk",))
    await later(at, 10 * MINUTE)
    assert (await at.now(handoff)).state is MESSAGE_TAKEN
    assert await at.story(handoff) == "QUEUED, MOVED, MESSAGE_TAKEN"


async def test_a_queue_names_only_queues_that_there_are(at: Desks) -> None:
    with pytest.raises(QueueNotFound):
        await at.queue("back", overflow_queue_id="nowhere")
    with pytest.raises(QueueNotFound):
        await at.queue("back", on_breach=BreachAction("nowhere"))
    await at.queue("self", on_breach=BreachAction("self", 5))


async def test_a_call_back_is_promised_queued_in_time_and_kept(at: Desks) -> None:
    await at.queue("desk", when_timed_out=WaitAction.CALL_BACK)
    handoff = await at.ask("talk")
    began = at.clock()
    await later(at, 10 * MINUTE)
    promised = await at.now(handoff)
    assert (promised.state, promised.position) == (CALL_BACK, 0)
    assert promised.call_back is not None
    assert promised.call_back.promised_at == began + 70 * MINUTE
    await at.agent("els")
    await later(at, 50 * MINUTE)
    called = await at.now(handoff)
    assert (called.state, called.agent_id, called.asked.priority) == (HandoffState.OFFERED, "els", 10)
    assert await at.story(handoff) == "QUEUED, CALL_BACK_PROMISED, CALL_BACK_DUE, OFFERED els"


async def test_a_call_back_that_nobody_makes_expires_at_the_promised_time(at: Desks) -> None:
    await at.queue("desk", when_timed_out=WaitAction.CALL_BACK)
    handoff = await at.ask("talk")
    for span in (10 * MINUTE, 50 * MINUTE, 10 * MINUTE):
        await later(at, span)
    expired = await at.now(handoff)
    assert (expired.state, expired.next_step_at) == (HandoffState.EXPIRED, None)
    assert (await at.ask("talk")).id != handoff.id


async def test_a_call_back_can_be_taken_early(at: Desks) -> None:
    handoff = await closed(at, when_closed=WaitAction.CALL_BACK)
    await at.agent("els")
    assert (await at.take(handoff, "els")).state is HandoffState.ACCEPTED


async def test_after_hours_a_message_is_taken_at_once(at: Desks) -> None:
    handoff = await closed(at)
    assert handoff.state is MESSAGE_TAKEN
    assert await at.story(handoff) == "QUEUED, MESSAGE_TAKEN"


async def test_after_hours_a_call_back_is_promised_for_the_opening(at: Desks) -> None:
    handoff = await closed(at, when_closed=WaitAction.CALL_BACK)
    assert handoff.state is CALL_BACK
    assert handoff.call_back is not None
    assert (handoff.call_back.start_at, handoff.call_back.promised_at) == (MORNING, MORNING + HOUR)
    await later(at, MORNING - NIGHT)
    assert (await at.now(handoff)).state is QUEUED
    assert (await at.now(handoff)).deadline_at == MORNING + HOUR


async def test_after_hours_one_may_wait_for_the_opening(at: Desks) -> None:
    handoff = await closed(at, when_closed=WaitAction.WAIT)
    assert (handoff.state, handoff.deadline_at) == (QUEUED, MORNING + 10 * MINUTE)


async def test_a_queue_that_never_opens_promises_nothing(at: Desks) -> None:
    await Calendars(at.journal).put(write(), Calendar("never", "Never", "Europe/Amsterdam", ((),) * 7, ()))
    await at.queue("desk", calendar_id="never", when_closed=WaitAction.CALL_BACK)
    assert (await at.ask("talk")).state is MESSAGE_TAKEN


async def test_a_promise_is_told_of_and_moves_the_handoff_when_it_is_broken(at: Desks) -> None:
    await at.queue("supervisors")
    await at.queue(
        "desk",
        promises=Promises(first_reply=5 * MINUTE),
        on_breach=BreachAction("supervisors", 50),
        silent_after=HOUR,
    )
    await at.agent("els")
    chat = await at.take(await at.ask("talk"), "els")
    await later(at, 4 * MINUTE)
    told = [(event.kind.name, event.percent) for event in await at.events(chat)]
    assert told[-2:] == [("CLOCK", 50), ("CLOCK", 80)]
    await later(at, MINUTE)
    moved = await at.now(chat)
    assert (moved.asked.queue_id, moved.asked.priority, moved.agent_id) == ("supervisors", 50, "")
    assert moved.clocks[0].state is ClockState.BROKEN
    assert (await at.story(chat)).endswith("CLOCK els, CLOCK els, CLOCK els, MOVED els")
    await later(at, timedelta(seconds=30))
    assert (await at.events(chat))[-1].kind.name == "MOVED"  # it is told once


async def test_a_promise_goes_on_in_the_hours_of_the_queue_it_moves_to(at: Desks) -> None:
    await Calendars(at.journal).put(write(), NINE_TO_FIVE)
    await at.queue("desk", calendar_id="hours", promises=Promises(first_reply=2 * HOUR), max_wait=24 * HOUR)
    await at.queue("always", max_wait=24 * HOUR)
    at.clock.time = datetime(2025, 5, 1, 14, tzinfo=UTC)  # an hour before they close
    chat = await at.ask("talk")
    at.clock.time = datetime(2025, 5, 2, 6, tzinfo=UTC)  # an hour before they open again
    moved = await at.chats.transfer(write(), chat.id, Destination(queue_id="always"), agent_id="")
    assert moved.clocks[0].used == HOUR  # the night is not counted, whichever queue it is in now
    assert moved.clocks[0].due_at == at.clock() + HOUR  # and the hour that is left needs no opening
    await later(at, timedelta(0))
    assert [event.percent for event in await at.events(chat) if event.clock] == [50]


async def test_words_in_time_keep_the_promise(at: Desks) -> None:
    await at.queue(
        "desk", promises=Promises(first_reply=5 * MINUTE, next_reply=3 * MINUTE), silent_after=HOUR
    )
    await at.agent("els")
    chat = await at.take(await at.ask("talk"), "els")
    at.clock.time += 2 * MINUTE
    await at.says(chat, Speaker.AGENT, 2)
    at.clock.time += 30 * timedelta(seconds=1)
    await at.says(chat, Speaker.CONTACT, 3)
    await later(at, 3 * MINUTE)
    states = {clock.kind.name: clock.state.name for clock in (await at.now(chat)).clocks}
    assert states == {"FIRST_REPLY": "KEPT", "NEXT_REPLY": "BROKEN"}
    assert (await at.now(chat)).state is HandoffState.ACCEPTED  # nothing more is asked for


async def test_a_resolution_that_is_late_leaves_the_chat_with_its_agent(at: Desks) -> None:
    await at.queue(
        "desk", promises=Promises(resolution=5 * MINUTE), on_breach=BreachAction("", 20), silent_after=HOUR
    )
    await at.agent("els")
    chat = await at.take(await at.ask("talk"), "els")
    await later(at, 5 * MINUTE)
    late = await at.now(chat)
    assert (late.state, late.agent_id) == (HandoffState.ACCEPTED, "els")
    assert late.clocks[0].state is ClockState.BROKEN


async def test_places_that_change_are_told_and_what_stays_is_not(at: Desks) -> None:
    first, second, third = [await at.ask(f"talk-{number}") for number in range(3)]
    await later(at, MINUTE)
    assert await at.story(third) == "QUEUED"
    await at.desk.cancel(write(), second.id)
    await later(at, timedelta(seconds=15))
    assert await at.story(first) == "QUEUED"
    assert [(event.kind.name, event.position) for event in await at.events(third)] == [
        ("QUEUED", 3),
        ("POSITION", 2),
    ]


async def test_the_estimate_rests_on_the_last_acceptances(at: Desks) -> None:
    await at.agent("els", chats=3)
    assert (await at.ask("talk-0")).told_wait is None
    for number in range(3):
        await at.take(await at.ask(f"talk-{number}"), "els")
        at.clock.time += 2 * MINUTE
    waiting = [await at.ask(f"more-{number}") for number in range(2)]
    assert [one.told_wait for one in waiting] == [2 * MINUTE, 4 * MINUTE]
    at.clock.time += 2 * HOUR
    assert (await at.ask("late")).told_wait is None


async def test_two_sweepers_tell_a_thing_once(at: Desks) -> None:
    await at.queue("desk", promises=Promises(first_reply=5 * MINUTE))
    handoff = await at.ask("talk")
    at.clock.time += 5 * MINUTE
    await at.sweeper.sweep()
    await at.sweeper.sweep()
    assert await at.story(handoff) == "QUEUED, CLOCK, CLOCK, CLOCK"
    assert [event.percent for event in await at.events(handoff)][1:] == [50, 80, 100]
    assert not await at.journal.storage.tenants_with_due(now=at.clock())
    assert TENANT
