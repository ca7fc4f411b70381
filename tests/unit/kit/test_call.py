"""The call being served is one per task, and names its write."""

import asyncio
import math
import time

import pytest
from google.protobuf.descriptor_pb2 import DescriptorProto

from balie.api.gateway.v1.conversation_service_pb2 import SendMessageRequest
from balie.kit import call as calls
from balie.kit.call import Call
from balie.kit.caller import Caller, Role
from balie.kit.errors import FieldMalformed, FieldRequired

ANNA = Caller("acme", Role.CONTACT, "anna")


def a_call(seconds: float = math.inf) -> Call:
    return Call(
        method="/balie.Example/Send", request_id="r-1", caller=ANNA, deadline=time.monotonic() + seconds
    )


def a_request(**fields: str) -> SendMessageRequest:
    return SendMessageRequest(**{"request_id": "w-1", "conversation_id": "c-1", "text": "hello"} | fields)  # type: ignore[arg-type]


def test_is_known_within_the_block_alone() -> None:
    with calls.serving(a_call()) as call:
        assert calls.current() is call
        assert calls.caller() is ANNA
    with pytest.raises(LookupError):
        calls.current()


async def test_is_seen_by_tasks_that_a_call_starts() -> None:
    async def who() -> str:
        return calls.caller().id

    with calls.serving(a_call()):
        task = asyncio.create_task(who())
    assert await task == "anna"


def test_counts_down_to_zero() -> None:
    with calls.serving(a_call(5)):
        assert 4 < calls.remaining() <= 5
    with calls.serving(a_call(-5)):
        assert calls.remaining() == 0
        assert 0 < calls.timeout(10) < 0.01
    with calls.serving(a_call()):
        assert calls.remaining() == math.inf
        assert calls.timeout(10) == 10


def test_adds_to_its_log_line() -> None:
    with calls.serving(a_call()) as call:
        calls.log(conversation_id="c-1")
        calls.log(seq=3)
    assert call.fields == {"conversation_id": "c-1", "seq": 3}


def test_refuses_to_overwrite_what_every_line_has() -> None:
    with calls.serving(a_call()), pytest.raises(ValueError, match="request_id"):
        calls.log(request_id="mine")


def test_names_a_write_by_caller_method_and_request_id() -> None:
    with calls.serving(a_call()):
        write = calls.write(a_request())
    assert (write.tenant, write.caller, write.rpc, write.request_id) == (
        "acme",
        "contact:anna",
        "/balie.Example/Send",
        "w-1",
    )


def test_tells_requests_apart_by_their_other_fields() -> None:
    with calls.serving(a_call()):
        first = calls.write(a_request())
        assert calls.write(a_request()) == first
        assert calls.write(a_request(request_id="w-2")).digest == first.digest
        assert calls.write(a_request(text="hallo")).digest != first.digest
        assert (
            calls.write(a_request(text="hallo"), ignoring=["text"]).digest
            == calls.write(a_request(), ignoring=["text"]).digest
        )


def test_leaves_the_request_as_it_was() -> None:
    request = a_request()
    with calls.serving(a_call()):
        calls.write(request, ignoring=["text"])
    assert request == a_request()


@pytest.mark.parametrize(("request_id", "failure"), [("", FieldRequired), ("a b", FieldMalformed)])
def test_refuses_a_write_without_a_proper_request_id(request_id: str, failure: type[Exception]) -> None:
    with calls.serving(a_call()), pytest.raises(failure):
        calls.write(a_request(request_id=request_id))


def test_needs_a_request_that_has_a_request_id() -> None:
    with calls.serving(a_call()), pytest.raises(AttributeError):
        calls.write(DescriptorProto())
