"""Every concern of the kit's server, on a real server, for every kind of RPC and style of handler."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
import structlog
from google.protobuf.wrappers_pb2 import StringValue
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from structlog.testing import capture_logs
from tests.fakes import probe
from tests.fakes.probe import ask, probing

from balie.client import error_of
from balie.kit import call as calls
from balie.kit.caller import Caller
from balie.kit.chain import Chain, Exchange
from balie.kit.errors import CallerUnknown, DependencyUnavailable
from balie.kit.server import Serving
from balie.kit.settings import ServiceSettings
from balie.kit.testing import callers, serve

DETAILS = "grpc-status-details-bin"


async def echo(text: str) -> str:
    return text


async def fail(text: str) -> str:
    raise probe.ThingNotFound(text)


async def bug(text: str) -> str:
    raise KeyError(f"canary {text}")


def settings(**limits: Any) -> ServiceSettings:
    return ServiceSettings(listen="127.0.0.1:0", grace_seconds=2, **limits)


@pytest.fixture(autouse=True)
def _plain_log() -> Iterator[None]:
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()


class Gate:
    """Work that waits until it may go on, and tells when it has begun."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.ended = asyncio.Event()
        self.may_end = asyncio.Event()
        self.was_cancelled = False

    async def __call__(self, text: str) -> str:
        self.begun.set()
        try:
            await self.may_end.wait()
        except asyncio.CancelledError:
            self.was_cancelled = True
            raise
        finally:
            self.ended.set()
        return text


async def refused(channel: Any, rpc: str, *texts: str, **kwargs: Any) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await ask(channel, rpc, *texts, **kwargs)
    return caught.value


async def texts_of(started: Any) -> list[str]:
    """The answers' texts of a call that was started; until they are read, a stream does not end."""
    if hasattr(started, "__aiter__"):
        return [answer.value async for answer in started]
    return [(await started).value]


def lines(logs: list[Any]) -> list[Mapping[str, Any]]:
    return [entry for entry in logs if entry["event"] == "call"]


async def until(logs: list[Any], count: int) -> list[Mapping[str, Any]]:
    """The call lines, once there are `count`: a line is written after the caller has its answer."""
    async with asyncio.timeout(5):
        while len(lines(logs)) < count:
            await asyncio.sleep(0.01)
    return lines(logs)


@pytest.mark.parametrize("rpc", probe.ALL)
async def test_answers_every_kind_of_rpc(rpc: str) -> None:
    async with serve(probing(echo)) as served:
        assert await ask(served.channel, rpc, "one", "two") == ["one", "two"]


@pytest.mark.parametrize("rpc", probe.ALL)
async def test_tells_a_failure_with_its_status_reason_and_facts(rpc: str) -> None:
    async with serve(probing(fail)) as served:
        error = await refused(served.channel, rpc, "tree", metadata=callers.contact("anna", request_id="r-1"))
    assert error.code() is grpc.StatusCode.NOT_FOUND
    assert error.details() == "thing tree does not exist"
    told = error_of(error)
    assert (told.reason, told.metadata) == ("THING_NOT_FOUND", {"thing": "tree", "request_id": "r-1"})


async def test_carries_exactly_one_error_info_of_this_domain() -> None:
    async with serve(probing(fail)) as served:
        error = await refused(served.channel, probe.UNARY, "tree")
    status = Status.FromString(dict(tuple(error.trailing_metadata()))[DETAILS])
    assert (status.code, status.message) == (grpc.StatusCode.NOT_FOUND.value[0], error.details())
    info = ErrorInfo()
    assert [detail.Unpack(info) for detail in status.details] == [True]
    assert info.domain == "balie"


async def test_tells_a_failure_after_answers_that_were_sent() -> None:
    async def second_fails(text: str) -> str:
        return await (fail if text == "b" else echo)(text)

    async with serve(probing(second_fails)) as served:
        for rpc in probe.LONG_LIVED:
            started = probe.call(served.channel, rpc, "a", "b")
            assert (await started.read()).value == "a"
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await started.read()
            assert error_of(caught.value).reason == "THING_NOT_FOUND"


@pytest.mark.parametrize("rpc", probe.ALL)
async def test_never_sends_the_text_of_a_bug(rpc: str) -> None:
    async with serve(probing(bug)) as served:
        error = await refused(served.channel, rpc, "secret", metadata=callers.admin(request_id="r-2"))
    assert (error.code(), error.details()) == (grpc.StatusCode.INTERNAL, "internal error")
    assert (error_of(error).reason, error_of(error).metadata) == ("INTERNAL", {"request_id": "r-2"})
    assert "canary" not in repr(error.trailing_metadata()) + repr(error.debug_error_string())


@pytest.mark.parametrize("rpc", probe.ALL)
async def test_refuses_bytes_that_do_not_parse(rpc: str) -> None:
    async with serve(probing(echo)) as served:
        error = await refused(served.channel, rpc, raw=b"\xff\xff\xff")
        assert await ask(served.channel, rpc, "after") == ["after"]
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert error_of(error).reason == "REQUEST_MALFORMED"


async def test_refuses_text_that_is_no_utf_8() -> None:
    async with serve(probing(echo)) as served:
        error = await refused(served.channel, probe.UNARY, raw=b"\x0a\x02\xc3\x28")
    assert error_of(error).reason == "REQUEST_MALFORMED"


async def test_refuses_a_stream_at_the_message_that_does_not_parse() -> None:
    async with serve(probing(echo)) as served:
        method = served.channel.stream_stream(
            f"/{probe.SERVICE}/{probe.BOTH_GENERATED}", response_deserializer=StringValue.FromString
        )
        both = method()
        await both.write(StringValue(value="good").SerializeToString())
        assert (await both.read()).value == "good"
        await both.write(b"\xff")
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await both.read()
    assert error_of(caught.value).reason == "REQUEST_MALFORMED"


@pytest.mark.parametrize("rpc", [probe.CLIENT_STREAM, probe.BOTH_GENERATED])
async def test_refuses_a_stream_that_is_still_being_sent_with_its_reason(rpc: str) -> None:
    async def sent() -> AsyncIterator[bytes]:
        for _ in range(8):
            yield StringValue(value="x" * 2000).SerializeToString()

    async with serve(probing(fail)) as served:
        kind = served.channel.stream_unary if rpc == probe.CLIENT_STREAM else served.channel.stream_stream
        for _ in range(20):  # most of the times where the caller is not heard out
            started: Any = kind(f"/{probe.SERVICE}/{rpc}")(sent(), metadata=callers.admin())
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await (started if rpc == probe.CLIENT_STREAM else started.read())
            assert error_of(caught.value).reason == "THING_NOT_FOUND"


async def test_a_caller_that_goes_on_sending_is_refused_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("balie.kit.interceptors._HEARING_SECONDS", 0.5)

    async def sent() -> AsyncIterator[bytes]:
        while True:
            yield StringValue(value="x").SerializeToString()
            await asyncio.sleep(0.01)

    with capture_logs() as logs:
        async with serve(probing(fail)) as served:
            method: Any = served.channel.stream_stream(f"/{probe.SERVICE}/{probe.BOTH_GENERATED}")
            with pytest.raises(grpc.aio.AioRpcError):
                await method(sent(), metadata=callers.admin(), timeout=10).read()
            await until(logs, 1)
    assert [line["code"] for line in lines(logs)] == ["NOT_FOUND"]


@pytest.mark.parametrize("rpc", probe.ALL)
async def test_takes_an_answer_that_does_not_serialise_for_a_bug(rpc: str) -> None:
    async def number(text: str) -> str:
        return "\ud800"  # half a surrogate pair: no UTF-8

    async with serve(probing(number)) as served:
        error = await refused(served.channel, rpc, "x")
    assert (error.code(), error.details()) == (grpc.StatusCode.INTERNAL, "internal error")


async def test_tells_the_failure_within_a_task_group() -> None:
    async def grouped(text: str) -> str:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail(text))
        return text

    async with serve(probing(grouped)) as served:
        assert error_of(await refused(served.channel, probe.UNARY, "x")).reason == "THING_NOT_FOUND"


async def test_takes_a_task_group_with_a_bug_for_a_bug() -> None:
    async def grouped(text: str) -> str:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail(text))
            group.create_task(bug(text))
        return text

    async with serve(probing(grouped)) as served:
        assert (await refused(served.channel, probe.UNARY, "x")).code() is grpc.StatusCode.INTERNAL


async def test_takes_a_cancellation_that_nobody_asked_for_for_a_bug() -> None:
    async def awaits_cancelled(text: str) -> str:
        task = asyncio.create_task(asyncio.sleep(60))
        task.cancel()
        await task
        return text

    async with serve(probing(awaits_cancelled)) as served:
        error = await refused(served.channel, probe.UNARY, "x", timeout=5)
    assert error.code() is grpc.StatusCode.INTERNAL


async def test_takes_a_timeout_of_the_handler_itself_for_a_bug() -> None:
    async def gives_up(text: str) -> str:
        async with asyncio.timeout(0.01):
            await asyncio.sleep(60)
        return text

    async with serve(probing(gives_up)) as served:
        assert (await refused(served.channel, probe.UNARY, "x")).code() is grpc.StatusCode.INTERNAL


async def test_says_unimplemented_for_a_method_nobody_wrote() -> None:
    async with serve(probing(echo)) as served:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await served.channel.unary_unary(f"/{probe.SERVICE}/Nothing")(b"")
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


class Odd(probe.Probe):
    """Handlers that gRPC allows and that are not like the others."""

    async def unary(self, request: StringValue, context: Any) -> Any:
        context.set_code(grpc.StatusCode.DATA_LOSS)
        context.set_details("set by hand")

    async def client_stream(self, requests: AsyncIterator[StringValue], context: Any) -> StringValue:
        context.set_code(grpc.StatusCode.UNIMPLEMENTED)  # as a generated servicer does
        raise NotImplementedError("Method not implemented!")

    def generated(self, request: StringValue, context: Any) -> Any:
        return iter([request])  # blocking style

    async def written(self, request: StringValue, context: Any) -> None:
        await context.send_initial_metadata((("own", "header"),))
        await context.write(request)


@asynccontextmanager
async def odd() -> AsyncIterator[Serving]:
    yield Serving([(probe.add_probe, Odd(echo))])


async def test_leaves_a_status_alone_that_a_handler_sets() -> None:
    with capture_logs() as logs:
        async with serve(odd()) as served:
            error = await refused(served.channel, probe.UNARY, "x")
            await until(logs, 1)
    assert (error.code(), error.details()) == (grpc.StatusCode.DATA_LOSS, "set by hand")
    assert [(line["code"], line["log_level"]) for line in lines(logs)] == [("DATA_LOSS", "error")]


async def test_says_unimplemented_for_a_method_of_the_contract_nobody_wrote() -> None:
    async with serve(odd()) as served:
        error = await refused(served.channel, probe.CLIENT_STREAM, "x")
    assert (error.code(), error.details()) == (grpc.StatusCode.UNIMPLEMENTED, "not implemented")


async def test_refuses_a_handler_that_would_block_the_loop() -> None:
    with capture_logs() as logs:
        async with serve(odd()) as served:
            error = await refused(served.channel, probe.GENERATED, "x")
            await until(logs, 1)
    assert error.code() is grpc.StatusCode.INTERNAL
    assert lines(logs)[0]["error"] == "TypeError"


async def test_sends_the_request_id_beside_a_handlers_own_headers() -> None:
    async with serve(odd()) as served:
        started = probe.call(served.channel, probe.WRITTEN, "x", metadata=callers.admin(request_id="r-5"))
        assert await texts_of(started) == ["x"]
        headers = dict(tuple(await started.initial_metadata()))
    assert (headers["own"], headers["balie-request-id"]) == ("header", "r-5")


# Request id


@pytest.mark.parametrize("rpc", probe.ALL)
async def test_sends_the_callers_request_id_back(rpc: str) -> None:
    seen: list[str] = []

    async def note(text: str) -> str:
        seen.append(calls.current().request_id)
        return text

    async with serve(probing(note)) as served:
        started = probe.call(served.channel, rpc, "x", metadata=callers.admin(request_id="mine-1"))
        assert dict(tuple(await started.initial_metadata()))["balie-request-id"] == "mine-1"
        assert await texts_of(started) == ["x"]
    assert seen == ["mine-1"]


@pytest.mark.parametrize("given", ["a" * 65, "with space", "semi;colon"])
async def test_replaces_a_request_id_that_is_not_safe(given: str) -> None:
    async with serve(probing(echo)) as served:
        started = probe.call(served.channel, probe.UNARY, "x", metadata=(("balie-request-id", given),))
        told = dict(tuple(await started.initial_metadata()))["balie-request-id"]
    assert told != given
    assert len(told) == 36


async def test_sends_no_headers_with_a_failure_so_that_retries_work() -> None:
    async with serve(probing(fail)) as served:
        error = await refused(served.channel, probe.UNARY, "x", metadata=callers.admin(request_id="mine-2"))
    assert "balie-request-id" not in dict(tuple(error.initial_metadata()))
    assert dict(tuple(error.trailing_metadata()))["balie-request-id"] == "mine-2"


# Caller


async def test_knows_who_is_calling() -> None:
    seen: list[Caller] = []

    async def note(text: str) -> str:
        seen.append(calls.caller())
        return text

    async with serve(probing(note)) as served:
        for rpc in probe.ALL:
            await ask(served.channel, rpc, "x", metadata=callers.agent("els", tenant="acme"))
    assert {(who.tenant, who.key) for who in seen} == {("acme", "agent:els")}
    assert len(seen) == len(probe.ALL)


async def test_refuses_a_caller_it_cannot_read_before_anything_is_done() -> None:
    worked = []

    async def note(text: str) -> str:
        worked.append(text)
        return text

    async with serve(probing(note)) as served:
        error = await refused(served.channel, probe.UNARY, "x", metadata=(("balie-act-as", "king:louis"),))
    assert error.code() is grpc.StatusCode.UNAUTHENTICATED
    assert error_of(error).reason == "CALLER_UNKNOWN"
    assert worked == []


async def test_asks_the_services_own_caller_resolver() -> None:
    class Nobody:
        async def resolve(self, metadata: Mapping[str, str]) -> Caller:
            raise CallerUnknown("authorization", expected="a token")

    async with serve(probing(echo, callers=Nobody())) as served:
        assert error_of(await refused(served.channel, probe.UNARY, "x")).metadata["key"] == "authorization"
        await health_of(served.channel, "")  # asks nobody who it is


# Deadline


@pytest.mark.parametrize("rpc", [probe.UNARY, probe.CLIENT_STREAM])
async def test_ends_a_call_without_a_deadline_at_the_default_one(rpc: str) -> None:
    gate = Gate()
    async with serve(probing(gate), settings=settings(default_deadline_seconds=0.1)) as served:
        error = await refused(served.channel, rpc, "x")
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert error_of(error).reason == "DEADLINE_TOO_SHORT"
    assert gate.was_cancelled


@pytest.mark.parametrize("rpc", probe.LONG_LIVED)
async def test_gives_a_stream_of_answers_no_default_deadline(rpc: str) -> None:
    async def late(text: str) -> str:
        assert calls.remaining() == float("inf")
        await asyncio.sleep(0.2)
        return text

    async with serve(probing(late), settings=settings(default_deadline_seconds=0.05)) as served:
        assert await ask(served.channel, rpc, "x") == ["x"]


@pytest.mark.parametrize("rpc", probe.ALL)
async def test_keeps_the_deadline_that_the_caller_sets(rpc: str) -> None:
    gate = Gate()
    async with serve(probing(gate)) as served:
        error = await refused(served.channel, rpc, "x", timeout=0.1)
        await asyncio.wait_for(gate.ended.wait(), 5)
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert gate.was_cancelled


@pytest.mark.parametrize("rpc", probe.ALL)
async def test_refuses_a_deadline_that_is_too_short_to_begin(rpc: str) -> None:
    gate = Gate()
    async with serve(probing(gate), settings=settings(least_deadline_seconds=5)) as served:
        error = await refused(served.channel, rpc, "x", timeout=2)
    assert error_of(error).reason == "DEADLINE_TOO_SHORT"
    assert error_of(error).metadata["least_seconds"] == "5"
    assert not gate.begun.is_set()


async def test_tells_what_is_left_and_what_to_hand_on() -> None:
    seen: list[float] = []

    async def note(text: str) -> str:
        seen.extend([calls.remaining(), calls.timeout(60, margin=1), calls.timeout(0.5)])
        return text

    async with serve(probing(note)) as served:
        await ask(served.channel, probe.UNARY, "x", timeout=20)
    left, all_of_it, part = seen
    assert 15 < left <= 21  # gRPC rounds a timeout up on its way
    assert left - 1.5 < all_of_it <= left - 1
    assert part == 0.5


# Limits


async def test_refuses_the_call_over_the_limit_and_takes_one_when_one_is_done() -> None:
    gate = Gate()
    async with serve(probing(gate), settings=settings(max_calls_in_flight=1)) as served:
        first = probe.call(served.channel, probe.UNARY, "a")
        await gate.begun.wait()
        error = await refused(served.channel, probe.UNARY, "b")
        gate.may_end.set()
        assert (await first).value == "a"
        assert await ask(served.channel, probe.UNARY, "c") == ["c"]
    told = error_of(error)
    assert (told.code, told.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "SERVER_BUSY")
    assert told.retry_after_seconds == 1.0
    assert told.metadata["limit"] == "1"


async def test_counts_streams_apart_from_calls() -> None:
    gate = Gate()
    async with serve(probing(gate), settings=settings(max_calls_in_flight=1, max_streams=1)) as served:
        stream = probe.call(served.channel, probe.GENERATED, "a")
        await gate.begun.wait()
        error = await refused(served.channel, probe.BOTH_WRITTEN, "b")
        unary = probe.call(served.channel, probe.UNARY, "c")
        gate.may_end.set()
        assert (await unary).value == "c"
        assert [answer.value async for answer in stream] == ["a"]
    assert error_of(error).reason == "SERVER_BUSY"


async def test_frees_the_place_of_a_call_that_was_cancelled() -> None:
    gate = Gate()
    async with serve(probing(gate), settings=settings(max_calls_in_flight=1)) as served:
        first = probe.call(served.channel, probe.UNARY, "a")
        await gate.begun.wait()
        first.cancel()
        await asyncio.wait_for(gate.ended.wait(), 5)
        gate.may_end.set()
        assert await ask(served.channel, probe.UNARY, "b") == ["b"]


async def test_answers_health_when_it_is_busy() -> None:
    gate = Gate()
    async with serve(probing(gate), settings=settings(max_calls_in_flight=1)) as served:
        first = probe.call(served.channel, probe.UNARY, "a")
        await gate.begun.wait()
        assert await health_of(served.channel, "liveness") == "SERVING"
        gate.may_end.set()
        await first


async def test_tells_how_long_to_wait_when_it_knows() -> None:
    async def waits(text: str) -> str:
        raise DependencyUnavailable("nlu")

    async with serve(probing(waits)) as served:
        error = await refused(served.channel, probe.UNARY, "x")
    status = Status.FromString(dict(tuple(error.trailing_metadata()))[DETAILS])
    assert [detail.Is(RetryInfo.DESCRIPTOR) for detail in status.details] == [False]
    assert error_of(error).retry_after_seconds is None


# Log


@pytest.mark.parametrize("rpc", probe.ALL)
async def test_writes_one_line_for_a_call(rpc: str) -> None:
    async def note(text: str) -> str:
        calls.log(conversation_id="c-1")
        return text

    with capture_logs() as logs:
        async with serve(probing(note)) as served:
            who = callers.contact("anna", tenant="acme", request_id="r-3")
            await ask(served.channel, rpc, "canary", metadata=who)
            await until(logs, 1)
    (line,) = lines(logs)
    assert line["duration_ms"] >= 0
    assert {name: value for name, value in line.items() if name != "duration_ms"} == {
        "event": "call",
        "log_level": "info",
        "rpc": f"/{probe.SERVICE}/{rpc}",
        "code": "OK",
        "request_id": "r-3",
        "tenant": "acme",
        "role": "contact",
        "conversation_id": "c-1",
    }


@pytest.mark.parametrize("rpc", probe.ALL)
@pytest.mark.parametrize(
    ("work", "level", "reason"), [(fail, "info", "THING_NOT_FOUND"), (bug, "error", "INTERNAL")]
)
async def test_logs_own_mistakes_as_errors_and_the_callers_as_news(
    rpc: str, work: probe.Work, level: str, reason: str
) -> None:
    with capture_logs() as logs:
        async with serve(probing(work)) as served:
            await refused(served.channel, rpc, "canary")
            await until(logs, 1)
    (line,) = lines(logs)
    assert (line["log_level"], line["reason"]) == (level, reason)
    assert ("traceback" in line) is (work is bug)
    assert "canary" not in repr(logs)


async def test_says_where_a_bug_came_from_and_not_what_it_said() -> None:
    with capture_logs() as logs:
        async with serve(probing(bug)) as served:
            await refused(served.channel, probe.UNARY, "x")
            await until(logs, 1)
    (line,) = lines(logs)
    assert line["error"] == "KeyError"
    assert line["traceback"].splitlines()[-1].endswith("in bug")


async def test_logs_health_and_reflection_for_debugging_only() -> None:
    with capture_logs() as logs:
        async with serve(probing(echo)) as served:
            await health_of(served.channel, "liveness")
            await until(logs, 1)
    assert [line["log_level"] for line in lines(logs)] == ["debug"]


@pytest.mark.parametrize("rpc", probe.ALL)
async def test_logs_a_call_that_its_caller_left_as_cancelled(rpc: str) -> None:
    gate = Gate()
    with capture_logs() as logs:
        async with serve(probing(gate)) as served:
            started = probe.call(served.channel, rpc, "x")
            await gate.begun.wait()
            started.cancel()
            await until(logs, 1)
    (line,) = lines(logs)
    assert (line["code"], line["log_level"]) == ("CANCELLED", "info")


@pytest.mark.parametrize("work", [fail, bug])
async def test_answers_nobody_when_the_caller_has_left(work: probe.Work) -> None:
    begun = asyncio.Event()

    async def stubborn(text: str) -> str:
        begun.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await work(text)
        return text

    with capture_logs() as logs:
        async with serve(probing(stubborn)) as served:
            started = probe.call(served.channel, probe.UNARY, "x")
            await begun.wait()
            started.cancel()
            await until(logs, 1)
            assert await health_of(served.channel, "liveness") == "SERVING"
    assert len(lines([entry for entry in logs if entry["log_level"] != "debug"])) == 1


async def test_takes_a_write_to_a_caller_who_left_for_no_bug() -> None:
    begun = asyncio.Event()

    async def endless(text: str) -> str:
        begun.set()
        await asyncio.sleep(0)
        return "x" * 10_000

    with capture_logs() as logs:
        async with serve(probing(endless)) as served:
            started = probe.call(served.channel, probe.WRITTEN, *["x"] * 2000)
            await begun.wait()
            started.cancel()
            await until(logs, 1)
    (line,) = lines(logs)
    assert (line["code"], line["log_level"]) == ("CANCELLED", "info")


async def test_closes_a_generator_before_the_call_is_over() -> None:
    class Generating(probe.Probe):
        async def generated(self, request: StringValue, context: Any) -> AsyncIterator[StringValue]:
            try:
                while True:
                    yield StringValue(value="x" * 100_000)
            finally:
                calls.log(closed=True)

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[Serving]:
        yield Serving([(probe.add_probe, Generating(echo))])

    with capture_logs() as logs:
        async with serve(lifespan()) as served:
            started = probe.call(served.channel, probe.GENERATED, "x")
            await started.read()
            await asyncio.sleep(0.1)  # the server writes until the caller's window is full
            started.cancel()
            await until(logs, 1)
    (line,) = lines(logs)
    assert (line["code"], line["closed"]) == ("CANCELLED", True)


# Chain


async def test_runs_its_links_in_one_order_and_lets_a_test_replace_one() -> None:
    class Refusing:
        name = "limit"
        serves_infrastructure = False

        @asynccontextmanager
        async def around(self, exchange: Exchange) -> AsyncIterator[None]:
            raise probe.ThingNotFound("place")
            yield

    def replaced(chain: Chain) -> Chain:
        return chain.replacing("limit", Refusing())

    async with serve(probing(echo), chain=replaced) as served:
        assert served.server.chain.names == (
            "log",
            "request_id",
            "errors",
            "limit",
            "deadline",
            "stopping",
            "caller",
        )
        for rpc in probe.ALL:
            assert error_of(await refused(served.channel, rpc, "x")).metadata["thing"] == "place"


async def test_knows_no_call_outside_of_one() -> None:
    with pytest.raises(LookupError, match="no call is being served"):
        calls.current()


async def test_keeps_calls_apart_that_are_served_at_once() -> None:
    meeting = asyncio.Barrier(5)

    async def note(text: str) -> str:
        await meeting.wait()
        return calls.caller().id

    async with serve(probing(note)) as served:
        names = [f"contact-{number}" for number in range(5)]
        answers = await asyncio.gather(
            *(ask(served.channel, probe.UNARY, "x", metadata=callers.contact(name)) for name in names)
        )
    assert list(itertools.chain(*answers)) == names


# Health and reflection


async def health_of(channel: Any, service: str) -> str:
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    answer = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service=service))
    return health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)


async def becomes(channel: Any, service: str, status: str) -> None:
    async with asyncio.timeout(5):
        while await health_of(channel, service) != status:
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("service", ["", probe.SERVICE])
async def test_is_ready_while_its_check_passes_and_live_all_the_time(service: str) -> None:
    class Neighbour:
        is_there = False

        async def ready(self) -> None:
            if not self.is_there:
                raise DependencyUnavailable("nlu")

    neighbour = Neighbour()
    async with serve(probing(echo, ready=neighbour.ready)) as served:
        assert await health_of(served.channel, service) == "NOT_SERVING"
        assert await health_of(served.channel, "liveness") == "SERVING"
        neighbour.is_there = True
        await becomes(served.channel, service, "SERVING")
        neighbour.is_there = False
        await becomes(served.channel, service, "NOT_SERVING")
        assert await health_of(served.channel, "liveness") == "SERVING"


@pytest.mark.parametrize("failure", [TimeoutError("slow"), RuntimeError("canary")])
async def test_is_not_ready_when_its_check_breaks(failure: Exception) -> None:
    checked = asyncio.Event()

    async def ready() -> None:
        checked.set()
        raise failure

    with capture_logs() as logs:
        async with serve(probing(echo, ready=ready)) as served:
            await checked.wait()
            assert await health_of(served.channel, "") == "NOT_SERVING"
    assert "canary" not in repr(logs)


async def test_is_not_ready_when_its_check_takes_too_long() -> None:
    async def ready() -> None:
        await asyncio.sleep(60)

    with capture_logs() as logs:
        async with serve(probing(echo, ready=ready)) as served, asyncio.timeout(5):
            while not any(entry.get("reason") == "CHECK_TIMED_OUT" for entry in logs):
                await asyncio.sleep(0.02)
            assert await health_of(served.channel, "") == "NOT_SERVING"


async def test_lists_its_services_by_reflection() -> None:
    from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

    async with serve(probing(echo)) as served:
        ask_reflection = reflection_pb2_grpc.ServerReflectionStub(served.channel).ServerReflectionInfo
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        (answer,) = [answer async for answer in ask_reflection(iter([request]))]
    names = {service.name for service in answer.list_services_response.service}
    assert names == {probe.SERVICE, "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"}


@pytest.mark.parametrize("rpc", probe.LONG_LIVED)
async def test_ends_open_streams_when_it_stops(rpc: str) -> None:
    gate = Gate()
    async with (
        serve(probing(gate), settings=settings()) as served,
        grpc.aio.insecure_channel(served.address) as own,
    ):
        stream = probe.call(own, rpc, "x")
        await gate.begun.wait()

        async def read() -> Any:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                async for _ in stream:
                    pass
            return error_of(caught.value)

        reading = asyncio.create_task(read())
        await asyncio.sleep(0)
        served.server.stop_streams()
        told = await asyncio.wait_for(reading, 5)
    assert (told.code, told.reason) == (grpc.StatusCode.UNAVAILABLE, "SERVER_STOPPING")
    assert told.retry_after_seconds == 0.1
