"""Which key of a desk's file is which field of the contract, and how it is read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from google.protobuf.message import Message

from balie.api.handoff.v1 import canned_reply_service_pb2 as canned
from balie.api.handoff.v1 import handoff_pb2
from balie.cli import desk_values as values
from balie.cli.desk_values import Read
from balie.nlu.yaml_file import Entry


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the contract.

    Attributes:
        name: its name there; empty when the contract has none.
        read: returns its value, or a list of values.
    """

    name: str
    read: Read


Fields = Mapping[str, Field]


def put(made: Message, field: Field, entry: Entry, what: str) -> None:
    """Gives a message the value of an entry.

    Raises:
        DataFileWrong: the entry holds no such value.
    """
    value = field.read(entry, what)
    if not field.name:
        return
    if isinstance(value, list):
        getattr(made, field.name).extend(value)
    elif isinstance(value, Message):
        getattr(made, field.name).CopyFrom(value)
    else:
        setattr(made, field.name, value)


def named_queues(made: Message) -> Iterator[tuple[str, str]]:
    """Yields the queues that something names, each with the key it is named under."""
    if isinstance(made, handoff_pb2.Queue):
        named = (("overflow_queue", made.overflow_queue_id), ("on_breach", made.on_breach.queue_id))
        yield from ((key, queue_id) for key, queue_id in named if queue_id)
    elif isinstance(made, handoff_pb2.Agent | canned.CannedReply):
        yield from (("queues", queue_id) for queue_id in made.queue_ids)


def _part(made: Message, entry: Entry, what: str, fields: Fields) -> Message:
    """Returns a message with what a mapping says of it."""
    for key, one in entry.items(what):
        if key not in fields:
            raise one.wrong(f"{what} has no {key!r}; it has {', '.join(fields)}")
        put(made, fields[key], one, f"{what}, {key}")
    return made


def _rings(entry: Entry, what: str) -> list[Message]:
    return [_part(handoff_pb2.Ring(), one, "a ring", _RING) for one in entry.elements(what)]


def _relaxations(entry: Entry, what: str) -> list[int]:
    return [_RELAXATION(one, what) for one in entry.elements(what)]


def _skills(entry: Entry, what: str) -> list[Message]:
    return [
        handoff_pb2.Skill(name=name, level=values.whole(level, f"{what}, {name}"))
        for name, level in entry.items(what)
    ]


def _promises(entry: Entry, what: str) -> Message:
    return _part(handoff_pb2.Promises(), entry, what, _PROMISES)


def _breach(entry: Entry, what: str) -> Message:
    return _part(handoff_pb2.BreachAction(), entry, what, _BREACH)


_ACTION = values.choice(handoff_pb2.WaitAction, "WAIT_ACTION_")
_RELAXATION = values.choice(handoff_pb2.Relaxation, "RELAXATION_")
_RING: Fields = {
    "after": Field("after", values.span),
    "after_minutes": Field("after", values.of(60)),
    "relax": Field("relaxations", _relaxations),
}
_PROMISES: Fields = {name: Field(name, values.span) for name in ("first_reply", "next_reply", "resolution")}
_BREACH: Fields = {"queue": Field("queue_id", values.text), "priority": Field("priority", values.whole)}

QUEUE: Fields = {
    "id": Field("id", values.text),
    "name": Field("display_name", values.text),
    "languages": Field("", values.texts),  # what its people write together, for those who read the file
    "calendar": Field("calendar_id", values.text),
    "max_wait": Field("max_wait", values.span),
    "max_wait_minutes": Field("max_wait", values.of(60)),
    "offer_timeout": Field("offer_timeout", values.span),
    "offer_seconds": Field("offer_timeout", values.of(1)),
    "priority_per_minute": Field("priority_per_minute", values.number),
    "rings": Field("rings", _rings),
    "last_agent_window": Field("last_agent_window", values.span),
    "promises": Field("promises", _promises),
    "on_breach": Field("on_breach", _breach),
    "silent_after": Field("silent_after", values.span),
    "hold_after": Field("hold_after", values.span),
    "idle_release_after": Field("idle_release_after", values.span),
    "return_priority": Field("return_priority", values.whole),
    "when_closed": Field("when_closed", _ACTION),
    "when_timed_out": Field("when_timed_out", _ACTION),
    "overflow_queue": Field("overflow_queue_id", values.text),
    "call_back_within": Field("call_back_within", values.span),
    "asks_rating": Field("asks_rating", values.flag),
    "agent_order": Field("agent_order", values.choice(handoff_pb2.AgentOrder, "AGENT_ORDER_")),
}
AGENT: Fields = {
    "id": Field("id", values.text),
    "name": Field("display_name", values.text),
    "queues": Field("queue_ids", values.texts),
    "languages": Field("languages", values.texts),
    "skills": Field("skills", _skills),
    "max_chats": Field("max_chats", values.whole),
    "hold_weight": Field("hold_weight", values.number),
    "max_open_chats": Field("max_open_chats", values.whole),
}
REPLY: Fields = {
    "id": Field("id", values.text),
    "shortcut": Field("shortcut", values.text),
    "title": Field("title", values.text),
    "queues": Field("queue_ids", values.texts),
}
