"""Whatever is sent, nobody gets INTERNAL or UNKNOWN, and every refusal says why."""

import asyncio
import importlib
import random
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import grpc
import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass
from tests.e2e.desk import RunningDesk
from tests.e2e.documented import EVERYWHERE, documented_errors
from tests.e2e.fuzz import Fuzzer

from balie.cli import talk
from balie.client import error_of
from balie.kit.ids import new_id

ROOT = Path(__file__).parents[2]
REQUESTS = 10_000
AT_ONCE = 16
SERVED_BY_OTHERS = {"EngineService", "RoutingPluginService"}
"""What NLU calls, and others implement."""

NEVER = {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN}
DOCUMENTED = documented_errors()
WAITS_LONG = {
    "AcceptHandoff",
    "LookupKeywords",
    "ReleaseHandoff",
    "ResolveHandoff",
    "WatchConversation",
    "WatchHandoffs",
}
ENDLESS_SECONDS = 0.3
CALL_SECONDS = 20.0

Metadata = tuple[tuple[str, str], ...]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(420)]


def methods() -> list[MethodDescriptor]:
    found = []
    for path in sorted((ROOT / "protos/balie/api").rglob("*_service.proto")):
        module = ".".join(path.relative_to(ROOT / "protos").with_suffix("").parts) + "_pb2"
        for service in importlib.import_module(module).DESCRIPTOR.services_by_name.values():
            found += service.methods if service.name not in SERVED_BY_OTHERS else ()
    return found


def service_of(method: MethodDescriptor) -> str:
    return method.containing_service.full_name.split(".")[2]


class Caller:
    """Calls any method with any bytes, and keeps count of what came back."""

    def __init__(self, desk: RunningDesk, source: random.Random, ids: list[str]) -> None:
        self._channels = {
            service: grpc.aio.insecure_channel(getattr(desk.addresses, service))
            for service in ("gateway", "nlu", "faq", "handoff")
        }
        self._sync = {
            service: grpc.insecure_channel(getattr(desk.addresses, service))
            for service in ("faq", "handoff", "gateway", "nlu")
        }
        self._random = source
        self._fuzzer = Fuzzer(source, ids)
        self.seen: Counter[tuple[str, str]] = Counter()
        self.mistakes: list[str] = []

    async def close(self) -> None:
        for channel in self._channels.values():
            await channel.close()
        for opened in self._sync.values():
            opened.close()

    async def one(self, method: MethodDescriptor) -> None:
        """Sends one random request, or garbage now and then."""
        garbage = self._random.random() < 0.1
        parts = [
            self._fuzzer.garbage()
            if garbage
            else self._fuzzer.message(method.input_type).SerializePartialToString()
            for _ in range(self._random.choice((1, 2, 3)) if method.client_streaming else 1)
        ]
        try:
            await self._call(method, parts)
        except grpc.RpcError as error:
            self._refused(method, error, parts)
        else:
            self.seen[method.name, "OK"] += 1

    async def _call(self, method: MethodDescriptor, parts: list[bytes]) -> None:
        path = f"/{method.containing_service.full_name}/{method.name}"
        channel = self._channels[service_of(method)]
        roles = (None, "contact:fuzz", "agent:sietske", "service:gateway", "nonsense", "agent:")
        acting = self._random.choice(roles)
        metadata = (("balie-act-as", acting),) if acting else ()
        seconds = ENDLESS_SECONDS if method.server_streaming or method.name in WAITS_LONG else CALL_SECONDS
        if method.client_streaming:
            await asyncio.to_thread(self._talk, service_of(method), path, parts, seconds, metadata)
        elif method.server_streaming:
            async for _ in channel.unary_stream(path)(parts[0], timeout=seconds, metadata=metadata):
                pass
        else:
            await channel.unary_unary(path)(parts[0], timeout=seconds, metadata=metadata)

    def _talk(self, service: str, path: str, parts: list[bytes], seconds: float, metadata: Metadata) -> None:
        """Sends a stream with the threaded client.

        The asyncio client says INTERNAL "Internal error from Core" of itself when a server ends a stream that is still
        being written to, whatever status came back.
        """
        for _ in self._sync[service].stream_stream(path)(iter(parts), timeout=seconds, metadata=metadata):
            pass

    def _refused(self, method: MethodDescriptor, error: grpc.RpcError, parts: list[bytes]) -> None:
        failed = error_of(error)
        self.seen[method.name, failed.code.name] += 1
        what = f"{method.full_name} {failed.code.name} {failed.reason} {failed.message}: {_readable(method, parts)}"
        if failed.code in NEVER:
            self.mistakes.append(what)
        elif failed.code is grpc.StatusCode.DEADLINE_EXCEEDED:
            pass  # a stream that goes on until its caller has had enough
        elif (failed.code.name, failed.reason) not in DOCUMENTED[method.name] | EVERYWHERE:
            self.mistakes.append(f"not documented: {what}")


def _readable(method: MethodDescriptor, parts: list[bytes]) -> str:
    try:
        message: Message = GetMessageClass(method.input_type).FromString(parts[0])
    except DecodeError:
        return repr(parts[0][:80])
    return str(message)[:600]


@pytest.fixture
def own_desk(make_desk: Callable[[], RunningDesk]) -> RunningDesk:
    """A desk of its own: random writes that are valid change it."""
    return make_desk()


async def test_ten_thousand_random_requests_never_meet_a_bug(own_desk: RunningDesk) -> None:
    source = random.Random(20261122)
    async with own_desk.client(act_as="contact:fuzz") as contact:
        conversation = await talk.begin(contact, "fuzz")
        sent = await talk.say(contact, conversation.id, "I want to speak to a person", wait_seconds=20)
    ids = [
        conversation.id,
        sent.turn_id,
        "waddenveer",
        "service",
        "sietske",
        "dogs",
        new_id(),
        "fuzz",
        "no-such",
    ]
    caller = Caller(own_desk, source, ids)
    every = methods()
    todo = iter([every[number % len(every)] for number in range(REQUESTS)])

    async def work() -> None:
        for method in todo:
            await caller.one(method)

    try:
        await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    finally:
        await caller.close()
    assert sum(caller.seen.values()) == REQUESTS
    assert not caller.mistakes, "\n".join(caller.mistakes[:20])
    answered = {name for (name, status), _ in caller.seen.items() if status == "OK"}
    assert len(answered) > 10, caller.seen  # the requests get past the first check
    async with own_desk.client(act_as="contact:after") as contact:
        conversation = await talk.begin(contact, "after")
        sent = await talk.say(contact, conversation.id, "I want to speak to a person", wait_seconds=20)
    assert sent.replies  # and the desk still serves
    assert "Traceback" not in own_desk.logs()


def of_type(field: FieldDescriptor, text: str) -> str | bytes:
    """Returns a text as the field takes it."""
    return text.encode() if field.type == FieldDescriptor.TYPE_BYTES else text


def oversize(descriptor: Descriptor, depth: int = 0) -> Message:
    """Returns a message of a type in which every text is far over any limit."""
    message = GetMessageClass(descriptor)()
    for field in descriptor.fields:
        if field.cpp_type == FieldDescriptor.CPPTYPE_STRING and not field.is_repeated:
            setattr(message, field.name, of_type(field, "x" * 20_000))
        elif field.message_type is not None and not field.is_repeated and depth < 2:
            getattr(message, field.name).CopyFrom(oversize(field.message_type, depth + 1))
    return message


def unknown(descriptor: Descriptor, depth: int = 0) -> Message:
    """Returns a message of a type in which every enum holds a number that nobody knows."""
    message = GetMessageClass(descriptor)()
    for field in descriptor.fields:
        if field.cpp_type == FieldDescriptor.CPPTYPE_ENUM and field.is_repeated:
            getattr(message, field.name).append(99)
        elif field.cpp_type == FieldDescriptor.CPPTYPE_ENUM:
            setattr(message, field.name, 99)
        elif field.cpp_type == FieldDescriptor.CPPTYPE_STRING and not field.is_repeated:
            setattr(message, field.name, of_type(field, "never-seen"))
        elif field.message_type is not None and not field.is_repeated and depth < 2:
            getattr(message, field.name).CopyFrom(unknown(field.message_type, depth + 1))
    return message


LEARNED = {"faq.calibrations"}
"""What a service writes by itself, some seconds after its start."""


def stored(desk: RunningDesk) -> dict[str, list[tuple[object, ...]]]:
    """Returns every row of every table of the services."""
    rows: dict[str, list[tuple[object, ...]]] = {}
    for service in ("gateway", "nlu", "faq", "handoff"):
        with closing(sqlite3.connect(f"file:{desk.data / service}.sqlite3?mode=ro", uri=True)) as database:
            tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            for (table,) in tables:
                if f"{service}.{table}" in LEARNED:
                    continue
                # The names come from the database itself.
                rows[f"{service}.{table}"] = sorted(
                    database.execute(f'SELECT * FROM "{table}"').fetchall(), key=repr
                )
    return rows


WRONG = {
    "malformed": lambda method: b"\xff\xff\xff\x07",
    "empty": lambda method: b"",
    "oversize": lambda method: oversize(method.input_type).SerializeToString(),
    "unknown": lambda method: unknown(method.input_type).SerializeToString(),
}
MAKES_WHAT_IT_NAMES = {"UpsertAgent", "UpsertQueue", "UpsertCollection", "CreateConversation", "Converse"}
NEEDS_NOTHING_KNOWN = {
    "Analyze",
    "BatchAnalyze",
    "ListAgents",
    "ListCalendars",
    "ListCannedReplies",
    "ListCollections",
    "ListQueues",
    "LookupKeywords",
}
MAY_BE_EMPTY = {
    "ListConversations",
    "ListCollections",
    "ListHandoffs",
    "ListAgents",
    "ListQueues",
    "ListCalendars",
    "ListCannedReplies",
    "ListKeywords",
    "ListModels",
    "GetPolicy",  # the policy in use
    "ReplayTurns",
    "GetModel",  # the model that serves
    "GetFigures",  # of the last day
    "WatchHandoffs",
    "BatchAnalyze",
}


async def test_bad_input_gets_the_documented_refusal_and_changes_nothing(own_desk: RunningDesk) -> None:
    before = stored(own_desk)
    answers: dict[tuple[str, str], tuple[str, str]] = {}
    channels = {
        service: grpc.insecure_channel(getattr(own_desk.addresses, service))
        for service in ("gateway", "nlu", "faq", "handoff")
    }
    try:
        for method in methods():
            for kind, make in WRONG.items():
                if kind == "unknown" and method.name in MAKES_WHAT_IT_NAMES | NEEDS_NOTHING_KNOWN:
                    continue  # what is not known yet is what it is for
                asked = asyncio.to_thread(answer, channels[service_of(method)], method, make(method))
                answers[method.name, kind] = await asked
    finally:
        for channel in channels.values():
            channel.close()
    undocumented = [
        (name, kind, *told) for (name, kind), told in answers.items() if not is_documented(name, kind, *told)
    ]
    assert undocumented == []
    after = stored(own_desk)
    assert [table for table in before if after[table] != before[table]] == []


def is_documented(name: str, kind: str, code: str, reason: str) -> bool:
    """Tells whether an RPC may answer a wrong request so."""
    if kind == "malformed":
        return (code, reason) == ("INVALID_ARGUMENT", "REQUEST_MALFORMED")
    if kind == "empty" and name in MAY_BE_EMPTY:
        return code in ("OK", "DEADLINE_EXCEEDED", "INVALID_ARGUMENT")
    return (code, reason) in DOCUMENTED[name]


def answer(channel: grpc.Channel, method: MethodDescriptor, request: bytes) -> tuple[str, str]:
    """Sends one request as it is and returns status and reason."""
    path = f"/{method.containing_service.full_name}/{method.name}"
    try:
        if method.client_streaming:
            list(channel.stream_stream(path)(iter([request]), timeout=5))
        elif method.server_streaming:
            list(channel.unary_stream(path)(request, timeout=2))
        else:
            channel.unary_unary(path)(request, timeout=10)
    except grpc.RpcError as error:
        failed = error_of(error)
        return failed.code.name, failed.reason
    return "OK", ""


async def test_a_message_over_four_mebibytes_is_refused_by_grpc_itself(shared_desk: RunningDesk) -> None:
    async with grpc.aio.insecure_channel(shared_desk.addresses.gateway) as channel:
        method = channel.unary_unary("/balie.api.gateway.v1.ConversationService/SendMessage")
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await method(b"\x12\xff\xff\xff\x02" + b"x" * (5 * 1024 * 1024), timeout=20)
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
