"""What is due by itself: pure.

Each handoff that is open knows the moment of its next step, and none has to be remembered anywhere else: a crash loses no
timer, and whoever takes a step changes the moment with it, so that it is taken once.
"""

from dataclasses import replace
from datetime import datetime

from balie.handoff import clocks, machine, waiting
from balie.handoff.chats import chatting
from balie.handoff.clocks import Clock, ClockKind
from balie.handoff.domain import HELD, WAITING, Handoff, HandoffState, ReleaseReason
from balie.handoff.machine import Change, Step
from balie.handoff.rules import Rulebook, Rules
from balie.handoff.staffing.profiles import WaitAction


def due(handoff: Handoff, book: Rulebook, now: datetime) -> tuple[Change, ...]:
    """Returns what is due first, in the order in which it happens; nothing when nothing is due.

    Args:
        handoff: as it is.
        book: the rules of its queue, and of those that it may move to.
        now: the time.
    """
    rules = book[handoff.asked.queue_id]
    moment = clocks.next_moment(handoff.clocks)
    others = machine.next_step_at(replace(handoff, clocks=()))
    if moment is not None and moment <= now and (others is None or moment <= others):
        clock = min((one for one in handoff.clocks if one.next_at), key=lambda one: (one.next_at, one.kind))
        return _told(handoff, clock, book, now)
    if others is None or others > now:
        return ()
    match handoff.state:
        case HandoffState.QUEUED | HandoffState.OFFERED:
            return (_waited(handoff, book, now),)
        case HandoffState.CALL_BACK:
            return (waiting.called_back(handoff, rules, now=now),)
        case HandoffState.ACCEPTED if not handoff.talk.contact_waits and rules.queue.hold_after:
            return (chatting.held(handoff, rules, now=now),)
        case HandoffState.ACCEPTED | HandoffState.ON_HOLD if not handoff.talk.contact_waits:
            idle = ReleaseReason.IDLE
            return (chatting.given_back(handoff, Step.RELEASE, rules, release_reason=idle, now=now),)
        case _:
            return (waiting.lost(handoff, rules, now=now),)


def queues_of(rules: Rules) -> tuple[str, ...]:
    """Returns the queues that a handoff of a queue may move to by itself."""
    named = (rules.queue.overflow_queue_id, rules.queue.on_breach.queue_id if rules.queue.on_breach else "")
    return tuple(dict.fromkeys(queue_id for queue_id in named if queue_id))


def _told(handoff: Handoff, clock: Clock, book: Rulebook, now: datetime) -> tuple[Change, ...]:
    rules = book[handoff.asked.queue_id]
    told = clock.tell(rules.hours)
    change = waiting.clock_told(handoff, told, now=now)
    action = rules.queue.on_breach
    if not told.broken > clock.broken or action is None:
        return (change,)
    is_movable = handoff.state in WAITING or (
        handoff.state in HELD and clock.kind is not ClockKind.RESOLUTION
    )
    if not is_movable:
        return (change,)
    target = book[action.queue_id or handoff.asked.queue_id]
    moved = waiting.moved(change.handoff, rules, target, priority=action.priority, now=now)
    return change, moved


def _waited(handoff: Handoff, book: Rulebook, now: datetime) -> Change:
    """Returns what becomes of a handoff whose offer or whose wait is over."""
    rules = book[handoff.asked.queue_id]
    if handoff.state is HandoffState.OFFERED and handoff.deadline_at > now:
        return waiting.passed(handoff, Step.EXPIRE, now=now)
    overflow = rules.queue.overflow_queue_id
    if overflow and overflow not in (*handoff.past_queue_ids, handoff.asked.queue_id):
        return waiting.moved(handoff, rules, book[overflow], priority=0, now=now)
    if handoff.is_called_back:
        return waiting.ended_waiting(handoff, Step.GIVE_UP, rules, now=now)
    if rules.queue.when_timed_out is WaitAction.CALL_BACK and (promise := rules.call_back(now)):
        return waiting.promised(handoff, promise, rules, now=now)
    return waiting.ended_waiting(handoff, Step.TAKE_MESSAGE, rules, now=now)
