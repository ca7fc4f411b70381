"""The client's channels against a real server: what calls carry, what is retried, how errors read."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
from google.protobuf.wrappers_pb2 import StringValue
from google.rpc.status_pb2 import Status
from tests.fakes import probe
from tests.fakes.probe import ask, probing

from balie.api.gateway.v1.conversation_service_pb2 import GetConversationRequest
from balie.client import AddressMissing, Balie, CallError, channel, error_of, sync_channel
from balie.kit import call as calls
from balie.kit.errors import DependencyUnavailable, ServerBusy
from balie.kit.settings import ServiceSettings
from balie.kit.testing import Served, free_address, serve

REPEATABLE = (probe.UNARY, probe.GENERATED)
SERVICES = [probe.described_service(REPEATABLE)]


class Flaky:
    """Work that is unavailable the first `failures` times."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.attempts = 0

    async def __call__(self, text: str) -> str:
        self.attempts += 1
        if self.attempts <= self.failures:
            raise DependencyUnavailable("nlu")
        return text


async def who_and_how_long(text: str) -> str:
    call = calls.current()
    left = "none" if call.deadline == float("inf") else str(round(call.remaining()))
    return f"{call.caller.tenant} {call.caller.key} {call.request_id} {left}"


@asynccontextmanager
async def reached(work: probe.Work, **defaults: Any) -> AsyncIterator[tuple[grpc.aio.Channel, Served]]:
    settings = ServiceSettings(listen="127.0.0.1:0", default_deadline_seconds=100)
    async with (
        serve(probing(work), settings=settings) as served,
        channel(served.address, services=SERVICES, **defaults) as own,
    ):
        yield own, served


async def refused(own: Any, rpc: str, **kwargs: Any) -> CallError:
    with pytest.raises(grpc.RpcError) as caught:
        await ask(own, rpc, "x", **kwargs)
    return error_of(caught.value)


@pytest.mark.parametrize("rpc", probe.ALL)
async def test_every_call_says_who_calls_and_for_whom(rpc: str) -> None:
    async with reached(who_and_how_long, tenant="acme", act_as="agent:els", request_id="r-1") as (own, _):
        (answer,) = await ask(own, rpc, "x")
    assert answer.rpartition(" ")[0] == "acme agent:els r-1"


async def test_a_calls_own_metadata_win() -> None:
    async with reached(who_and_how_long, tenant="acme", act_as="agent:els") as (own, _):
        (answer,) = await ask(own, probe.UNARY, "x", metadata=(("balie-act-as", "contact:anna"),))
    assert answer.startswith("acme contact:anna ")


async def test_asks_for_a_request_id_before_each_call() -> None:
    ids = iter(["r-1", "r-2", None])
    async with reached(who_and_how_long, request_id=lambda: next(ids)) as (own, _):
        answers = [(await ask(own, probe.UNARY, "x"))[0].split(" ")[2] for _ in range(3)]
    assert answers[:2] == ["r-1", "r-2"]
    assert len(answers[2]) == 36  # the server made one up


async def test_gives_a_unary_call_a_timeout_and_a_stream_none() -> None:
    async with reached(who_and_how_long, timeout_seconds=30) as (own, _):
        seconds = {rpc: (await ask(own, rpc, "x"))[0].rpartition(" ")[2] for rpc in probe.ALL}
        own_timeout = (await ask(own, probe.UNARY, "x", timeout=60))[0].rpartition(" ")[2]
    assert own_timeout == "60"
    assert seconds.pop(probe.UNARY) == "30"
    assert seconds.pop(probe.CLIENT_STREAM) == "100"  # the server's default
    assert set(seconds.values()) == {"none"}


@pytest.mark.parametrize("rpc", REPEATABLE)
async def test_repeats_a_repeatable_call_while_the_service_is_unavailable(rpc: str) -> None:
    work = Flaky(failures=3)
    async with reached(work) as (own, _):
        assert await ask(own, rpc, "x") == ["x"]
    assert work.attempts == 4


async def test_gives_up_after_four_attempts() -> None:
    work = Flaky(failures=100)
    async with reached(work) as (own, _):
        told = await refused(own, probe.UNARY)
    assert work.attempts == 4
    assert (told.code, told.reason) == (grpc.StatusCode.UNAVAILABLE, "DEPENDENCY_UNAVAILABLE")
    assert told.metadata["dependency"] == "nlu"


@pytest.mark.parametrize("rpc", sorted(set(probe.ALL) - set(REPEATABLE)))
async def test_repeats_nothing_that_the_contract_does_not_call_repeatable(rpc: str) -> None:
    work = Flaky(failures=1)
    async with reached(work) as (own, _):
        await refused(own, rpc)
    assert work.attempts == 1


async def test_repeats_no_other_error() -> None:
    attempts = []

    async def busy(text: str) -> str:
        attempts.append(text)
        raise ServerBusy(limit=1)

    async with reached(busy) as (own, _):
        told = await refused(own, probe.UNARY)
    assert len(attempts) == 1
    assert (told.reason, told.retry_after_seconds) == ("SERVER_BUSY", 1.0)


async def test_finds_a_neighbour_that_comes_back() -> None:
    address = free_address()
    async with channel(address, services=SERVICES) as own:
        told = await refused(own, probe.UNARY, timeout=2)
        assert told.code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
        assert (told.reason, told.request_id) == ("", "")
        server = grpc.aio.server()
        probe.add_probe(probe.Probe(Flaky(failures=0)), server)
        server.add_insecure_port(address)
        await server.start()
        try:
            assert await ask(own, probe.UNARY, "x", timeout=10, wait_for_ready=True) == ["x"]
        finally:
            await server.stop(None)


def on_a_thread(served: Served, job: Callable[[grpc.Channel], Any], **defaults: Any) -> Any:
    """Runs `job` with a blocking channel, away from the loop that serves."""
    found: list[Any] = []

    def work() -> None:
        with sync_channel(served.address, services=SERVICES, **defaults) as own:
            found.append(job(own))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(20)
    return found[0]


def ask_blocking(own: grpc.Channel) -> list[str]:
    forms = {
        "request_serializer": StringValue.SerializeToString,
        "response_deserializer": StringValue.FromString,
    }
    path = f"/{probe.SERVICE}/"
    one, several = StringValue(value="x"), [StringValue(value="x")]
    streams = [
        own.unary_stream(path + probe.GENERATED, **forms)(one),
        own.stream_stream(path + probe.BOTH_GENERATED, **forms)(iter(several)),
    ]
    return [
        own.unary_unary(path + probe.UNARY, **forms)(one).value,
        own.stream_unary(path + probe.CLIENT_STREAM, **forms)(iter(several)).value,
        *(answer.value for stream in streams for answer in stream),
    ]


async def test_a_blocking_channel_carries_the_same() -> None:
    async with reached(who_and_how_long) as (_, served):
        answers = await asyncio.to_thread(
            on_a_thread,
            served,
            ask_blocking,
            tenant="acme",
            act_as="agent:els",
            request_id="r-1",
            timeout_seconds=30,
        )
    assert answers == [
        "acme agent:els r-1 30",
        "acme agent:els r-1 100",
        "acme agent:els r-1 none",
        "acme agent:els r-1 none",
    ]


async def test_reads_the_errors_of_a_blocking_channel_and_repeats_alike() -> None:
    work = Flaky(failures=100)

    def fail(own: grpc.Channel) -> CallError:
        with pytest.raises(grpc.RpcError) as caught:
            own.unary_unary(f"/{probe.SERVICE}/{probe.UNARY}")(b"", metadata=(("balie-request-id", "r-1"),))
        return error_of(caught.value)

    async with reached(work) as (_, served):
        told = await asyncio.to_thread(on_a_thread, served, fail)
    assert (told.reason, told.request_id, work.attempts) == ("DEPENDENCY_UNAVAILABLE", "r-1", 4)


class Unreadable(grpc.RpcError):
    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.ABORTED

    def details(self) -> str:
        return "from a proxy"

    def trailing_metadata(self) -> tuple[tuple[str, bytes], ...]:
        return (("grpc-status-details-bin", b"\xff\xff"),)


class WithoutDetails(Unreadable):
    def trailing_metadata(self) -> tuple[tuple[str, bytes], ...]:
        return (("grpc-status-details-bin", Status(code=10).SerializeToString()),)


@pytest.mark.parametrize("error", [Unreadable(), WithoutDetails()])
def test_reads_an_error_that_is_not_ours(error: grpc.RpcError) -> None:
    assert error_of(error) == CallError(grpc.StatusCode.ABORTED, "", "from a proxy")


def test_reads_an_error_that_tells_nothing() -> None:
    assert error_of(grpc.RpcError()) == CallError(grpc.StatusCode.UNKNOWN, "", "")


async def test_the_desk_names_the_address_that_is_missing() -> None:
    async with Balie(gateway="127.0.0.1:1") as desk:
        assert desk.conversations is desk.conversations
        for name, service in {
            "nlu": "nlu",
            "encoder": "nlu",
            "faq": "faq",
            "knowledge": "faq",
            "router": "handoff",
            "handoffs": "handoff",
            "agents": "handoff",
            "queues": "handoff",
        }.items():
            with pytest.raises(AddressMissing, match=rf"Balie\({service}='host:port'\)"):
                getattr(desk, name)


async def test_the_desk_calls_the_service_at_its_address() -> None:
    async with reached(who_and_how_long) as (_, served):
        addresses = dict.fromkeys(("gateway", "nlu", "faq", "handoff"), served.address)
        async with Balie(**addresses, tenant="acme") as desk:
            assert desk.faq is not None
            assert desk.channel("faq") is desk.channel("faq")
            assert await ask(desk.channel("nlu"), probe.UNARY, "x", timeout=5)
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await desk.conversations.GetConversation(GetConversationRequest(conversation_id="c"))
        assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED  # the probe has no conversations
        with pytest.raises(grpc.aio.UsageError):
            await ask(desk.channel("nlu"), probe.UNARY, "x")
