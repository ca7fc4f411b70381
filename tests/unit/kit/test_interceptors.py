"""Links on their own, where a real server cannot be made to fail at the moment that matters."""

import asyncio
from typing import Any

import grpc
import pytest
from tests.fakes.probe import ThingNotFound

from balie.kit.call import Call
from balie.kit.caller import Caller, Role
from balie.kit.chain import Chain, Exchange
from balie.kit.interceptors import ErrorsLink, RequestIdLink
from balie.kit.limits import StoppingLink


class DeadContext:
    """gRPC's context of a call whose connection is gone: nothing can be sent any more."""

    def code(self) -> grpc.StatusCode | None:
        return None

    async def abort(self, *_: Any) -> None:
        raise grpc.aio.InternalError("Failed")


def an_exchange(*, streams_answers: bool = False, **metadata: str) -> Exchange:
    call = Call(method="/balie.Example/Send", request_id="r-1", caller=Caller("acme", Role.AGENT, "els"))
    return Exchange(
        call=call,
        context=DeadContext(),
        metadata=metadata,
        streams_requests=False,
        streams_answers=streams_answers,
    )


@pytest.mark.parametrize("error", [ThingNotFound("tree"), KeyError("bug")])
async def test_ends_quietly_when_an_answer_cannot_be_sent(error: Exception) -> None:
    exchange = an_exchange()
    with pytest.raises(asyncio.CancelledError):
        async with ErrorsLink().around(exchange):
            raise error
    assert exchange.reason in ("THING_NOT_FOUND", "INTERNAL")


async def test_takes_a_read_or_write_that_failed_for_a_caller_who_left() -> None:
    exchange = an_exchange()
    with pytest.raises(asyncio.CancelledError):
        async with ErrorsLink().around(exchange):
            raise grpc.aio.InternalError("Failed grpc_call_start_batch")
    assert (exchange.error, exchange.code) == (None, None)


async def test_takes_a_wrong_use_of_grpc_for_a_bug() -> None:
    exchange = an_exchange()
    with pytest.raises(asyncio.CancelledError):
        async with ErrorsLink().around(exchange):
            raise grpc.aio.UsageError("Send initial metadata failed: already sent")
    assert exchange.code is grpc.StatusCode.INTERNAL


async def test_lets_an_answer_pass_that_the_handler_gave_itself() -> None:
    exchange = an_exchange()
    with pytest.raises(grpc.aio.AbortError):
        async with ErrorsLink().around(exchange):
            raise grpc.aio.AbortError
    assert exchange.code is None


async def test_adds_the_request_id_to_the_headers() -> None:
    exchange = an_exchange(**{"balie-request-id": "mine"})
    async with RequestIdLink().around(exchange):
        assert exchange.call.request_id == "mine"
        assert exchange.headers == (("balie-request-id", "mine"),)


async def test_leaves_a_call_with_one_answer_alone_when_the_server_stops() -> None:
    link, ended = StoppingLink(), False
    async with link.around(an_exchange()):
        link.stop()
        await asyncio.sleep(0)
        ended = True
    assert ended


async def test_takes_no_new_stream_once_the_server_stops() -> None:
    link = StoppingLink()
    link.stop()
    link.stop()
    with pytest.raises(Exception, match="the server is stopping"):
        async with link.around(an_exchange(streams_answers=True)):
            pytest.fail("a stream was opened")


def test_names_the_links_when_one_is_unknown() -> None:
    with pytest.raises(KeyError, match="no link 'nope'; it has errors"):
        Chain((ErrorsLink(),)).replacing("nope", RequestIdLink())
