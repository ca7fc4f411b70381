"""What happens to a handoff that an agent has: pure."""

from dataclasses import replace
from datetime import datetime

from balie.handoff import clocks
from balie.handoff.domain import HELD, Handoff, HandoffState, ReleaseReason, Speaker, Talk
from balie.handoff.errors import ContactWaits, OwnerEpochPassed
from balie.handoff.machine import Change, Step, changed, target
from balie.handoff.rules import Rules


def given_back(
    handoff: Handoff,
    step: Step,
    rules: Rules,
    *,
    now: datetime,
    outcome: str = "",
    release_reason: ReleaseReason = ReleaseReason.NONE,
) -> Change:
    """Returns the handoff ended by its agent (RELEASE or RESOLVE); the gateway is yet to confirm the bot.

    Args:
        handoff: as it was.
        step: how it ends.
        rules: those of its queue; contacts of one that asks for ratings are asked once it is solved.
        now: the time.
        outcome: how it ended, in a code of the operator's own.
        release_reason: how the bot goes on; NEW_TOPIC by default for what is released.
    """
    asks = step is Step.RESOLVE and rules.queue.asks_rating
    default = ReleaseReason.SURVEY if asks else ReleaseReason.NONE
    if step is Step.RELEASE:
        default = ReleaseReason.NEW_TOPIC
    return changed(
        handoff,
        step,
        now,
        outcome=outcome,
        owner_confirmed=False,
        agent_due_at=None,
        release_reason=release_reason or default,
        clocks=clocks.solved(handoff.clocks, now, rules.hours),
        course=replace(handoff.course, ended_at=now),
    )


def confirmed(handoff: Handoff, epoch: int, *, now: datetime, agent_id: str | None = None) -> Change | None:
    """Returns the handoff with its owner confirmed; None when nothing is new.

    What is said of another owner than follows by now came too late: the handoff has changed hands since. An epoch that was confirmed already says nothing about the present state: after a release, the late repetition of
    the confirmation of the agent is not taken for one of the bot.

    Args:
        handoff: as it was.
        epoch: the conversation's, since which the owner is in place.
        now: the time.
        agent_id: who owns it, empty for the bot; None for whoever follows from the state.

    Raises:
        HandoffStateInvalid: no owner follows from its state.
        OwnerEpochPassed: a later epoch was confirmed before.
    """
    target(handoff, Step.CONFIRM)
    if epoch < handoff.owner_epoch:
        raise OwnerEpochPassed(epoch=epoch, current_epoch=handoff.owner_epoch)
    meant = handoff.agent_id if handoff.state in HELD else ""
    if epoch == handoff.owner_epoch or agent_id not in (None, meant):
        return None
    return changed(handoff, Step.CONFIRM, now, owner_epoch=epoch, owner_confirmed=True)


def held(handoff: Handoff, rules: Rules, *, now: datetime) -> Change:
    """Returns the handoff on hold until its contact writes.

    Raises:
        HandoffStateInvalid: no agent has it, or it is on hold.
        ContactWaits: the contact wrote last.
    """
    target(handoff, Step.HOLD)
    if handoff.talk.contact_waits:
        raise ContactWaits(handoff.id)
    idle = max(now, handoff.talk.since + rules.queue.idle_release_after)
    return changed(handoff, Step.HOLD, now, agent_due_at=idle)


def resumed(handoff: Handoff, rules: Rules, *, now: datetime) -> Change:
    """Returns the handoff no longer on hold, though its contact has not written."""
    quiet = rules.queue.hold_after or rules.queue.idle_release_after
    return changed(handoff, Step.RESUME, now, agent_due_at=now + quiet)


def spoke(
    handoff: Handoff, speaker: Speaker, seq: int, at: datetime, rules: Rules, *, now: datetime
) -> Change | None:
    """Returns the handoff after words of its contact or agent; None when they change nothing.

    Words of whoever wrote last change nothing, nor do those told before, or written while nobody had it: its contact waits then
    whatever they write.

    Args:
        handoff: as it was.
        speaker: who wrote.
        seq: the message's.
        at: when it was stored; taken for now when it says later, and not for earlier than what the clocks have counted.
        rules: those of its queue.
        now: the time.
    """
    waits, talk = speaker is Speaker.CONTACT, handoff.talk
    if handoff.state not in HELD or seq <= talk.seq or waits == talk.contact_waits:
        return None
    counted = (clock.since for clock in handoff.clocks if clock.since is not None)
    at = min(max(at, talk.since, *counted), now)
    talk = Talk(contact_waits=waits, since=at, seq=seq)
    course, queue = handoff.course, rules.queue
    if waits:
        step = Step.RESUME if handoff.state is HandoffState.ON_HOLD else Step.SPEAK
        running = clocks.contact_waits(
            handoff.clocks, queue.promises, at, rules.hours, is_replied=course.replied_at is not None
        )
        return changed(handoff, step, now, talk=talk, clocks=running, agent_due_at=at + queue.silent_after)
    return changed(
        handoff,
        Step.SPEAK,
        now,
        talk=talk,
        clocks=clocks.agent_wrote(handoff.clocks, at, rules.hours),
        agent_due_at=at + (queue.hold_after or queue.idle_release_after),
        course=replace(course, replied_at=course.replied_at or at),
    )
