"""Between the contract and the domain: queues; checks every documented bound on the way in, and fills in what is not said."""

from datetime import timedelta

from google.protobuf.duration_pb2 import Duration

from balie.api.handoff.v1 import handoff_pb2, queue_service_pb2
from balie.handoff.clocks import Promises
from balie.handoff.events import span
from balie.handoff.staffing.convert import DISPLAY_NAME_CHARACTERS
from balie.handoff.staffing.profiles import (
    RETURN_PRIORITY,
    AgentOrder,
    BreachAction,
    Queue,
    QueueProfile,
    WaitAction,
)
from balie.handoff.staffing.skills import Relaxation, Ring
from balie.kit import bounds
from balie.kit.errors import FieldRequired, FieldUnknownValue

RINGS = 10
PRIORITY = 100
_SECOND, _WEEK = timedelta(seconds=1), timedelta(days=7)
BOUNDS = {
    "max_wait": (_SECOND, _WEEK),
    "offer_timeout": (_SECOND, timedelta(hours=1)),
    "last_agent_window": (timedelta(), timedelta(days=90)),
    "silent_after": (timedelta(seconds=10), _WEEK),
    "hold_after": (timedelta(), _WEEK),
    "idle_release_after": (timedelta(minutes=1), timedelta(days=30)),
    "call_back_within": (_SECOND, _WEEK),
}
"""Least and greatest time of each of a queue's limits."""
PROMISE = (_SECOND, timedelta(days=365))


def queue_from_proto(request: queue_service_pb2.UpsertQueueRequest) -> QueueProfile:
    """Returns what a caller says of a queue, with the default of each limit that is not given."""
    if not request.HasField("queue"):
        raise FieldRequired("queue")
    queue = request.queue
    return QueueProfile(
        id=bounds.identifier("queue.id", queue.id),
        display_name=bounds.text("queue.display_name", queue.display_name, DISPLAY_NAME_CHARACTERS),
        calendar_id=bounds.identifier("queue.calendar_id", queue.calendar_id, required=False),
        rings=tuple(map(_ring, bounds.items("queue.rings", queue.rings, RINGS))),
        priority_per_minute=bounds.number(
            "queue.priority_per_minute", queue.priority_per_minute, 0, PRIORITY
        ),
        promises=_promises(queue.promises) if queue.HasField("promises") else None,
        on_breach=_breach(queue.on_breach) if queue.HasField("on_breach") else None,
        return_priority=bounds.number("queue.return_priority", queue.return_priority, 0, PRIORITY)
        if queue.HasField("return_priority")
        else RETURN_PRIORITY,
        when_closed=_action("queue.when_closed", queue.when_closed),
        when_timed_out=_action("queue.when_timed_out", queue.when_timed_out, but=WaitAction.WAIT),
        overflow_queue_id=bounds.identifier(
            "queue.overflow_queue_id", queue.overflow_queue_id, required=False
        ),
        asks_rating=queue.asks_rating,
        agent_order=bounds.enum("queue.agent_order", queue.agent_order, AgentOrder)
        if queue.agent_order
        else AgentOrder.WEIGHTED_CAPACITY,
        **{
            name: _duration(f"queue.{name}", getattr(queue, name), *limits)
            for name, limits in BOUNDS.items()
            if queue.HasField(name)  # type: ignore[arg-type]  # BOUNDS has names of fields alone
        },
    )


def queue_to_proto(queue: Queue) -> handoff_pb2.Queue:
    """Returns a queue as it is sent."""
    profile = queue.profile
    return handoff_pb2.Queue(
        id=profile.id,
        display_name=profile.display_name,
        waiting=queue.waiting,
        paused=queue.is_paused,
        calendar_id=profile.calendar_id,
        rings=map(_ring_to_proto, profile.rings),
        priority_per_minute=profile.priority_per_minute,
        promises=_promises_to_proto(profile.promises) if profile.promises else None,
        on_breach=_breach_to_proto(profile.on_breach) if profile.on_breach else None,
        return_priority=profile.return_priority,
        when_closed=handoff_pb2.WaitAction.ValueType(profile.when_closed),
        when_timed_out=handoff_pb2.WaitAction.ValueType(profile.when_timed_out),
        overflow_queue_id=profile.overflow_queue_id,
        asks_rating=profile.asks_rating,
        agent_order=handoff_pb2.AgentOrder.ValueType(profile.agent_order),
        **{name: span(getattr(profile, name)) for name in BOUNDS},
    )


def _promises(promises: handoff_pb2.Promises) -> Promises:
    given = {
        name: _duration(f"queue.promises.{name}", getattr(promises, name), *PROMISE)
        for name in ("first_reply", "next_reply", "resolution")
        if promises.HasField(name)
    }
    if not given:
        raise FieldRequired("queue.promises.first_reply")
    return Promises(**given)


def _promises_to_proto(promises: Promises) -> handoff_pb2.Promises:
    return handoff_pb2.Promises(
        first_reply=span(promises.first_reply),
        next_reply=span(promises.next_reply),
        resolution=span(promises.resolution),
    )


def _breach(action: handoff_pb2.BreachAction) -> BreachAction:
    if not action.queue_id and not action.priority:
        raise FieldRequired("queue.on_breach.queue_id")
    return BreachAction(
        queue_id=bounds.identifier("queue.on_breach.queue_id", action.queue_id, required=False),
        priority=bounds.number("queue.on_breach.priority", action.priority, 0, PRIORITY),
    )


def _breach_to_proto(action: BreachAction) -> handoff_pb2.BreachAction:
    return handoff_pb2.BreachAction(queue_id=action.queue_id, priority=action.priority)


def _action(field: str, value: int, *, but: WaitAction | None = None) -> WaitAction:
    action = bounds.enum(field, value, WaitAction) if value else WaitAction.TAKE_MESSAGE
    if action is but:
        known = [one.name for one in WaitAction if one is not but]
        raise FieldUnknownValue(field, value=value, known=known)
    return action


def _ring(ring: handoff_pb2.Ring) -> Ring:
    field = "queue.rings.relaxations"
    return Ring(
        _duration("queue.rings.after", ring.after, timedelta(), _WEEK),
        tuple(
            bounds.enum(field, one, Relaxation)
            for one in bounds.items(field, ring.relaxations, len(Relaxation), minimum=1)
        ),
    )


def _ring_to_proto(ring: Ring) -> handoff_pb2.Ring:
    return handoff_pb2.Ring(
        after=span(ring.after),
        relaxations=[handoff_pb2.Relaxation.ValueType(one) for one in ring.relaxations],
    )


def _duration(field: str, value: Duration, least: timedelta, most: timedelta) -> timedelta:
    seconds = value.seconds + value.nanos / 1e9
    return timedelta(seconds=bounds.duration(field, seconds, least.total_seconds(), most.total_seconds()))
