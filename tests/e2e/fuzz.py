"""Random requests of any message type: bounds and beyond, ids that exist, garbage of every kind."""

import math
import random
from collections.abc import Sequence

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

_DEEPEST = 5
_TEXTS = (
    "",
    " ",
    "x",
    "hond",
    "Mag mijn hond mee?",
    "\x00",
    "a\x00b",
    "\u202eabc",
    "🐕" * 20,
    "e\u0301" * 30,
    "\ufeff",
    "\n\t",
    "../../etc/passwd",
    "'; DROP TABLE turns; --",
    "{}",
    "a" * 64,
    "a" * 65,
    "a" * 128,
    "a" * 129,
    "a" * 5000,
    "ж" * 4096,
    "nl",
    "de-AT",
    "und",
    "xx-invalid-language-tag-that-goes-on",
    "agent:els",
    "default",
    "0",
    "-1",
    "NaN",
    "https://x.test/a",
)
_INTEGERS = (0, 1, -1, 2, 7, 49, 50, 51, 500, 501, 2**31 - 1, -(2**31))
_LONG = (*_INTEGERS, 2**63 - 1, -(2**63))
_UNSIGNED = (0, 1, 2**32 - 1)
_FLOATS = (0.0, 1.0, -1.0, 0.5, 1e38, -1e38, math.nan, math.inf, -math.inf, 1e-38)


class Fuzzer:
    """Makes random messages.

    Args:
        random_source: seeded by the test.
        known_ids: ids that exist, so that a request gets past the first check now and then.
    """

    def __init__(self, random_source: random.Random, known_ids: Sequence[str]) -> None:
        self._random = random_source
        self._ids = list(known_ids)

    def message(self, descriptor: Descriptor, depth: int = 0) -> Message:
        """Returns a message of a type with random fields."""
        message = GetMessageClass(descriptor)()
        for field in descriptor.fields:
            if self._random.random() < 0.35 and field.name not in ("request_id",):
                continue
            self._fill(message, field, depth)
        return message

    def garbage(self) -> bytes:
        """Returns bytes that are seldom a message."""
        return self._random.randbytes(self._random.choice((1, 2, 7, 40, 400)))

    def _fill(self, message: Message, field: FieldDescriptor, depth: int) -> None:
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            for _ in range(self._random.choice((0, 1, 3, 60))):
                getattr(message, field.name)[self._text()] = self._text()
        elif field.is_repeated:
            self._repeat(message, field, depth)
        elif field.message_type is not None:
            if depth < _DEEPEST:
                getattr(message, field.name).CopyFrom(self.message(field.message_type, depth + 1))
        else:
            setattr(message, field.name, self._scalar(field))

    def _repeat(self, message: Message, field: FieldDescriptor, depth: int) -> None:
        count = self._random.choice((0, 1, 2, 5, 11, 101))
        target = getattr(message, field.name)
        if field.message_type is None:
            target.extend(self._scalar(field) for _ in range(count))
        elif depth < _DEEPEST:
            target.extend(self.message(field.message_type, depth + 1) for _ in range(min(count, 11)))

    def _scalar(self, field: FieldDescriptor) -> object:
        kind = field.cpp_type
        if kind == FieldDescriptor.CPPTYPE_STRING:
            return (
                self._random.randbytes(5)
                if field.type == FieldDescriptor.TYPE_BYTES
                else self._named(field.name)
            )
        if kind == FieldDescriptor.CPPTYPE_BOOL:
            return self._random.random() < 0.5
        if kind == FieldDescriptor.CPPTYPE_ENUM:
            return self._random.choice((0, 1, 2, 3, 99, -1))
        if kind in (FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT):
            return self._random.choice(_FLOATS)
        if kind in (FieldDescriptor.CPPTYPE_UINT32, FieldDescriptor.CPPTYPE_UINT64):
            return self._random.choice(_UNSIGNED)
        return self._random.choice(_INTEGERS if kind == FieldDescriptor.CPPTYPE_INT32 else _LONG)

    def _named(self, name: str) -> str:
        if name == "request_id" and self._random.random() < 0.8:
            return f"fuzz-{self._random.randrange(10**9)}"
        if name.endswith("_id") and self._random.random() < 0.6:
            return self._random.choice(self._ids)
        if name in ("id", "channel", "language") and self._random.random() < 0.5:
            return self._random.choice(("web", "nl", "waddenveer", "service"))
        return self._text()

    def _text(self) -> str:
        return self._random.choice(_TEXTS)
