"""What tests of documented errors share: a valid request, one change, and the refusal that must come of it."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.message import Message
from tests.unit.handoff.served import SERVICE

PROTOS = Path(__file__).parents[2] / "protos/balie/api"
Code = grpc.StatusCode

Change = Callable[[Any], None]


@dataclass(frozen=True)
class Case:
    about: str
    rpc: str
    change: Change
    reason: str
    code: Code = Code.INVALID_ARGUMENT
    facts: dict[str, str] = field(default_factory=dict)
    caller: Any = SERVICE


def put(path: str, value: Any) -> Change:
    """Returns a change that sets a field, such as `calendar.holidays[0].date`."""

    def change(request: Any) -> None:
        *parents, name = re.findall(r"\w+|\[\d+\]", path)
        for parent in parents:
            request = request[int(parent[1:-1])] if parent[0] == "[" else getattr(request, parent)
        if isinstance(value, list):
            request.ClearField(name)
            getattr(request, name).extend(value)
        elif isinstance(value, Message):
            getattr(request, name).CopyFrom(value)
        else:
            setattr(request, name, value)

    return change


def clear(name: str) -> Change:
    return lambda request: request.ClearField(name)


def wrong(rpc: str, path: str, value: Any, reason: str, /, **facts: object) -> Case:
    given = {name: str(fact) for name, fact in facts.items()} | {"field": path}
    shown = f"{len(value)} items" if isinstance(value, list) else repr(value)[:20]
    return Case(f"{rpc} {path} {shown} {reason}", rpc, put(path, value), reason, facts=given)


def an_id(rpc: str, path: str) -> list[Case]:
    return [
        wrong(rpc, path, "", "FIELD_REQUIRED"),
        wrong(rpc, path, "x" * 129, "FIELD_TOO_LONG", limit=128),
        wrong(rpc, path, "no spaces", "FIELD_MALFORMED"),
    ]


def a_request_id(rpc: str) -> list[Case]:
    return [
        wrong(rpc, "request_id", "", "FIELD_REQUIRED"),
        wrong(rpc, "request_id", "x" * 65, "FIELD_TOO_LONG"),
        wrong(rpc, "request_id", "a/b", "FIELD_MALFORMED"),
    ]


def a_text(rpc: str, path: str, most: int) -> list[Case]:
    return [
        wrong(rpc, path, " ", "FIELD_REQUIRED"),
        wrong(rpc, path, "é" * (most + 1), "FIELD_TOO_LONG", limit=most, actual=most + 1),
    ]


def forbidden(rpc: str, *who: Any) -> list[Case]:
    return [
        Case(
            f"{rpc} by {caller[0][1]}",
            rpc,
            lambda _: None,
            "CALLER_FORBIDDEN",
            Code.PERMISSION_DENIED,
            caller=caller,
        )
        for caller in who
    ]


def absent(rpc: str, path: str, reason: str) -> Case:
    facts = {path: "nowhere"}
    return Case(f"{rpc} {path} of none", rpc, put(path, "nowhere"), reason, Code.NOT_FOUND, facts)


def a_page(rpc: str, *, other: str) -> list[Case]:
    """Returns the wrong pages of a list; `other` is a token of another list."""
    return [
        *(
            wrong(rpc, "page_size", size, "FIELD_OUT_OF_RANGE", minimum=1, maximum=500)
            for size in (0, -1, 501)
        ),
        wrong(rpc, "page_token", other, "CURSOR_MALFORMED"),
        wrong(rpc, "page_token", "é", "CURSOR_MALFORMED"),
    ]


def documented(proto: str) -> set[tuple[str, str]]:
    """Returns the errors that a contract's comments list, as RPC and reason."""
    found: set[tuple[str, str]] = set()
    text = (PROTOS / proto).read_text(encoding="utf-8")
    for comment, rpc in re.findall(r"((?:  // [^\n]*\n|  //\n)+)  rpc (\w+)\(", text):
        for reasons in re.findall(r"- [A-Z_]+ ([A-Z_]+(?:, [A-Z_]+)*):", comment):
            found |= {(rpc, reason) for reason in reasons.split(", ")}
    return found
