"""What happens to a handoff that waits for an agent, or has to wait again: pure."""

from dataclasses import replace
from datetime import datetime

from balie.handoff import clocks
from balie.handoff.clocks import Clock
from balie.handoff.domain import HELD, Asked, CallBack, Course, EventKind, Handoff, HandoffState, Talk
from balie.handoff.machine import Change, Step, changed, next_step_at
from balie.handoff.rules import Rules

FINENESS = 10
"""A place is told again once it is another by the tenth part of what was told: each one of the first ten, and a few of a long
line, which would else be told of as a whole each time that its first one leaves."""


def is_worth_telling(told: int, place: int) -> bool:
    """Returns whether somebody who was told one place should be told another."""
    return told != place and abs(told - place) * FINENESS >= told


def queued(
    handoff_id: str, asked: Asked, rules: Rules, *, now: datetime, preferred_agent_id: str = ""
) -> Change:
    """Returns a new handoff that waits for an agent."""
    opens = rules.hours.next_open(now) or now
    handoff = Handoff(
        id=handoff_id,
        asked=asked,
        state=HandoffState.QUEUED,
        talk=Talk(contact_waits=True, since=now),
        course=Course(waiting_since=now),
        agent_id="",
        passed_agent_ids=(),
        owner_epoch=0,
        owner_confirmed=False,
        revision=1,
        created_at=now,
        updated_at=now,
        offer_expires_at=None,
        deadline_at=opens + rules.queue.max_wait,
        rank=rules.rank(asked.priority, now),
        preferred_agent_id=preferred_agent_id,
        clocks=clocks.started(rules.queue.promises, now, rules.hours),
    )
    return Change(replace(handoff, next_step_at=next_step_at(handoff)), EventKind.QUEUED, "")


def offered(handoff: Handoff, agent_id: str, rules: Rules, *, now: datetime) -> Change:
    """Returns the handoff offered to an agent for a while, at most until its deadline."""
    until = min(now + rules.queue.offer_timeout, handoff.deadline_at)
    return changed(handoff, Step.OFFER, now, agent_id=agent_id, offer_expires_at=until)


def passed(handoff: Handoff, step: Step, *, now: datetime) -> Change:
    """Returns the handoff back in its place, after its agent turned the offer down (REJECT) or let it pass (EXPIRE).

    One that was transferred to that agent is anybody's now.
    """
    return changed(
        handoff,
        step,
        now,
        agent_id="",
        offer_expires_at=None,
        passed_agent_ids=_with(handoff.passed_agent_ids, handoff.agent_id),
        wanted_agent_id="",
        wanted_until=None,
    )


def reserved(handoff: Handoff, agent_id: str, rules: Rules, *, now: datetime) -> Change:
    """Returns the handoff taken by an agent, who has as long to write as any agent whose contact waits."""
    return changed(
        handoff,
        Step.RESERVE,
        now,
        agent_id=agent_id,
        offer_expires_at=None,
        agent_due_at=now + rules.queue.silent_after,
        wanted_agent_id="",
        wanted_until=None,
        clocks=clocks.resumed(handoff.clocks, now, rules.hours)
        if handoff.talk.contact_waits
        else handoff.clocks,
        course=replace(handoff.course, accepted_at=handoff.course.accepted_at or now),
    )


def ended_waiting(handoff: Handoff, step: Step, rules: Rules, *, now: datetime) -> Change:
    """Returns the handoff withdrawn (CANCEL) or out of time (TAKE_MESSAGE, GIVE_UP); an offer of it is void."""
    stop = clocks.paused if step is Step.CANCEL else clocks.missed
    return changed(
        handoff,
        step,
        now,
        agent_id="",
        offer_expires_at=None,
        clocks=stop(handoff.clocks, now, rules.hours),
        course=replace(handoff.course, ended_at=now),
    )


def transferred(
    handoff: Handoff, origin: Rules, goal: Rules, *, wanted_agent_id: str = "", now: datetime
) -> Change:
    """Returns the handoff waiting in a queue, for one agent if one is named; ahead of those asked for later.

    Args:
        handoff: as it was.
        origin: the rules of its queue.
        goal: those of the queue it goes to.
        wanted_agent_id: who alone it is offered to for half of the longest wait.
        now: the time.
    """
    change = _again(handoff, Step.TRANSFER, origin, goal, priority=goal.queue.return_priority, now=now)
    until = now + goal.queue.max_wait / 2 if wanted_agent_id else None
    moved = replace(
        change.handoff,
        wanted_agent_id=wanted_agent_id,
        wanted_until=until,
        transfers=handoff.transfers + 1,
        passed_agent_ids=tuple(one for one in change.handoff.passed_agent_ids if one != wanted_agent_id),
        past_queue_ids=(),
    )
    return replace(change, handoff=moved)


def lost(handoff: Handoff, rules: Rules, *, now: datetime) -> Change:
    """Returns the handoff taken from an agent who let its contact wait; they are preferred again once they are back."""
    change = _again(handoff, Step.LOSE, rules, rules, priority=rules.queue.return_priority, now=now)
    passed_by = handoff.passed_agent_ids
    again = replace(change.handoff, preferred_agent_id=handoff.agent_id, passed_agent_ids=passed_by)
    return replace(change, handoff=again)


def moved(handoff: Handoff, origin: Rules, goal: Rules, *, priority: int, now: datetime) -> Change:
    """Returns the handoff waiting in another queue, or with another priority, because it waits for too long."""
    change = _again(handoff, Step.MOVE, origin, goal, priority=priority, now=now)
    queue_id = handoff.asked.queue_id
    if goal.queue.id == queue_id:
        return change
    past = _with(handoff.past_queue_ids, queue_id)
    return replace(change, handoff=replace(change.handoff, past_queue_ids=past))


def promised(handoff: Handoff, promise: CallBack, rules: Rules, *, now: datetime) -> Change:
    """Returns the handoff waiting for the time to call its contact back; an offer of it is void, and its clocks stand still."""
    return changed(
        handoff,
        Step.PROMISE,
        now,
        agent_id="",
        offer_expires_at=None,
        call_back=promise,
        clocks=clocks.paused(handoff.clocks, now, rules.hours),
    )


def called_back(handoff: Handoff, rules: Rules, *, now: datetime) -> Change:
    """Returns the handoff queued again, as its contact was promised: until the promised time, in the worst case."""
    promised_at = handoff.call_back.promised_at if handoff.call_back else now
    change = _again(handoff, Step.CALL, rules, rules, priority=rules.queue.return_priority, now=now)
    deadline = promised_at if promised_at > now else now + rules.queue.max_wait
    again = replace(change.handoff, deadline_at=deadline)
    return replace(change, handoff=replace(again, next_step_at=next_step_at(again)))


def clock_told(handoff: Handoff, clock: Clock, *, now: datetime) -> Change:
    """Returns the handoff after a share of one of its promises is used up."""
    running = tuple(clock if one.kind is clock.kind else one for one in handoff.clocks)
    change = changed(handoff, Step.TELL_CLOCK, now, clocks=running)
    return replace(change, clock=clock.kind, percent=clock.told)


def position_told(handoff: Handoff, *, now: datetime) -> Change:
    """Returns the handoff once its place is another than the one that was told."""
    return changed(handoff, Step.TELL_POSITION, now)


def _again(
    handoff: Handoff, step: Step, origin: Rules, goal: Rules, *, priority: int, now: datetime
) -> Change:
    """Returns the handoff waiting for an agent again: its contact waits, since now unless they did before."""
    talk = handoff.talk
    if goal.queue.id == origin.queue.id:
        running = clocks.resumed(handoff.clocks, now, goal.hours)
    else:
        running = clocks.moved(handoff.clocks, now, origin.hours, goal.hours)
    if not talk.contact_waits:
        talk = replace(talk, contact_waits=True, since=now)
        is_replied = handoff.course.replied_at is not None
        running = clocks.contact_waits(
            handoff.clocks, goal.queue.promises, now, goal.hours, is_replied=is_replied
        )
    passed_by = handoff.passed_agent_ids
    if handoff.state in HELD:
        passed_by = _with(passed_by, handoff.agent_id)
    asked = replace(handoff.asked, queue_id=goal.queue.id, priority=handoff.asked.priority + priority)
    return changed(
        handoff,
        step,
        now,
        asked=asked,
        talk=talk,
        clocks=running,
        agent_id="",
        agent_due_at=None,
        offer_expires_at=None,
        owner_confirmed=False,
        wanted_agent_id="",
        wanted_until=None,
        passed_agent_ids=passed_by,
        deadline_at=now + goal.queue.max_wait,
        rank=goal.rank(asked.priority, handoff.created_at),
        course=replace(handoff.course, waiting_since=now),
    )


def _with(ids: tuple[str, ...], latest: str) -> tuple[str, ...]:
    return (*(one for one in ids if one != latest), latest)
