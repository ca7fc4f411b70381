"""The contract holds what it promises: every reason documented, used, and shown by an example."""

import importlib
import pkgutil
import re
from pathlib import Path

import pytest
from google.protobuf.descriptor import MethodDescriptor

import balie
from balie.api.common.v1 import error_reason_pb2
from balie.kit.errors import Failure

ROOT = Path(__file__).parents[2]
PROTOS = ROOT / "protos" / "balie" / "api"
REASONS = ROOT / "protos/balie/api/common/v1/error_reason.proto"
SERVER_ONLY = {"INTERNAL"}  # made by the chain for what is no failure of ours
CLIENT_PACKAGES = ("gateway", "nlu", "faq", "handoff", "kit", "encoders", "calibration")


def reasons() -> set[str]:
    names = error_reason_pb2.ErrorReason.keys()
    return {name.removeprefix("ERROR_REASON_") for name in names} - {"UNSPECIFIED"}


def failures() -> set[type[Failure]]:
    """Returns every failure there is, from every module."""
    for package in CLIENT_PACKAGES:
        root = importlib.import_module(f"balie.{package}")
        for found in pkgutil.walk_packages(root.__path__, f"{root.__name__}."):
            if found.name.rsplit(".", 1)[-1] in ("errors", "database", "transaction", "driver_errors"):
                importlib.import_module(found.name)
    todo, every = [Failure], set()
    while todo:
        kind = todo.pop()
        every.add(kind)
        todo += [
            child for child in kind.__subclasses__() if child.__module__.startswith(f"{balie.__name__}.")
        ]
    return every


def test_every_failure_has_a_reason_of_the_contract() -> None:
    known = reasons()
    strangers = {
        kind.__qualname__: kind.reason
        for kind in failures()
        if hasattr(kind, "reason") and kind.reason not in known
    }
    assert not strangers


def test_every_reason_of_the_contract_has_a_failure() -> None:
    used = {kind.reason for kind in failures() if hasattr(kind, "reason")}
    assert reasons() - used - SERVER_ONLY == set()


def test_every_reason_shows_an_example() -> None:
    text = REASONS.read_text(encoding="utf-8")
    for name in reasons():
        comment = text.split(f"  ERROR_REASON_{name} =")[0].rsplit(";", 1)[-1]
        assert f'Example: `{{"reason": "{name}", "domain": "balie"' in comment, name


def test_comments_list_only_reasons_that_exist() -> None:
    known = reasons()
    for path in PROTOS.rglob("*.proto"):
        for line in re.findall(r"// - [A-Z_]+ ([A-Z_, ]+):", path.read_text(encoding="utf-8")):
            assert {word for word in line.split(", ") if word} <= known, (path.name, line)


def methods() -> list[MethodDescriptor]:
    found = []
    for path in sorted(PROTOS.rglob("*_service.proto")):
        module = ".".join(path.relative_to(ROOT / "protos").with_suffix("").parts) + "_pb2"
        for service in importlib.import_module(module).DESCRIPTOR.services_by_name.values():
            found += service.methods
    return found


@pytest.mark.parametrize("method", methods(), ids=lambda method: method.full_name)
def test_every_call_but_a_talk_says_whether_it_may_be_repeated(method: MethodDescriptor) -> None:
    both_ways = method.client_streaming and method.server_streaming
    assert method.GetOptions().idempotency_level or both_ways


@pytest.mark.parametrize("method", methods(), ids=lambda method: method.full_name)
def test_every_idempotent_write_names_what_makes_it_so(method: MethodDescriptor) -> None:
    idempotent = 2
    if method.GetOptions().idempotency_level != idempotent or method.client_streaming:
        return
    if method.name == "DeleteEngineModel":  # an engine never names another model by an id
        return
    if method.name == "RebuildIndex":  # one that is under way is joined, and another changes no result
        return
    if method.name in (
        "RecordRating",
        "ReportActivity",
    ):  # the first of a conversation counts, and what has no later `seq` is nothing
        return
    names = {field.name for field in method.input_type.fields}
    assert names & {"request_id", "turn_id", "owner_epoch"}
