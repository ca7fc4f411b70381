"""The life of a server as its operator sees it: a process, its signals, its exit code and its log."""

import asyncio
import json
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.fakes import probe
from tests.fakes.probe import ask

from balie.client import error_of
from balie.kit.testing import free_address

PATIENCE_SECONDS = 20


@dataclass
class Running:
    """A probe in a process of its own."""

    process: Process
    address: str
    output: list[str]

    async def line(self, wanted: str) -> str:
        """The first line of output, from now on, that holds `wanted`."""
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                line = (await self.process.stdout.readline()).decode()
                assert line, f"the process ended without {wanted!r}:\n{''.join(self.output)}"
                self.output.append(line)
                if wanted in line:
                    return line

    async def end(self) -> tuple[int, str, str]:
        """Exit code, whole output and errors."""
        out, err = await asyncio.wait_for(self.process.communicate(), PATIENCE_SECONDS)
        assert self.process.returncode is not None
        return self.process.returncode, "".join(self.output) + out.decode(), err.decode()


@asynccontextmanager
async def running(address: str | None = None, **settings: object) -> AsyncIterator[Running]:
    address = address or free_address()
    variables = {f"BALIE_PROBE_{name.upper()}": str(value) for name, value in settings.items()}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.fakes.probe_service",
        env={**os.environ, "BALIE_PROBE_LISTEN": address, **variables},
        stdout=PIPE,
        stderr=PIPE,
    )
    try:
        yield Running(process, address, [])
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def health_of(channel: Any, service: str) -> str:
    answer = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service=service))
    return health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_drains_before_it_stops(number: signal.Signals) -> None:
    async with running(drain_seconds=1, grace_seconds=10) as service:
        await service.line('"serving"')
        async with grpc.aio.insecure_channel(service.address) as channel:
            await ask(channel, probe.UNARY, "hello")
            assert await health_of(channel, "") == "SERVING"
            in_flight = probe.call(channel, probe.UNARY, "sleep 4")
            await service.line("begun")
            service.process.send_signal(number)
            await service.line('"draining"')
            assert await ask(channel, probe.UNARY, "late") == ["late"]
            assert await health_of(channel, "") == "NOT_SERVING"
            assert await health_of(channel, "liveness") == "SERVING"
            assert not in_flight.done()
            assert (await in_flight).value == "sleep 4"
        code, output, errors = await service.end()
    assert (code, errors) == (0, "")
    assert output.index("draining") < output.index("closed") < output.index('"stopped"')


async def test_cancels_what_outlasts_its_grace() -> None:
    async with running(drain_seconds=0, grace_seconds=0.2) as service:
        await service.line('"serving"')
        async with grpc.aio.insecure_channel(service.address) as channel:
            endless = probe.call(channel, probe.UNARY, "sleep 60", timeout=90)
            await service.line("begun")
            service.process.terminate()
            with pytest.raises(grpc.aio.AioRpcError):
                await endless
        code, output, _ = await service.end()
    assert code == 0
    assert "closed" in output


async def test_ends_watching_clients_at_once_so_that_they_go_elsewhere() -> None:
    async with running(drain_seconds=0, grace_seconds=60) as service:
        await service.line('"serving"')
        async with grpc.aio.insecure_channel(service.address) as channel:
            watch = probe.call(channel, probe.GENERATED, "first", "sleep 300")
            assert (await watch.read()).value == "first"
            service.process.terminate()
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await watch.read()
        code, _, _ = await service.end()
    assert error_of(caught.value).reason == "SERVER_STOPPING"
    assert code == 0


async def test_stops_at_once_on_a_second_signal() -> None:
    async with running(drain_seconds=300, grace_seconds=300) as service:
        await service.line('"serving"')
        async with grpc.aio.insecure_channel(service.address) as channel:
            endless = probe.call(channel, probe.UNARY, "sleep 300", timeout=300)
            await service.line("begun")
            service.process.terminate()
            await service.line('"draining"')
            service.process.terminate()
            code, output, _ = await service.end()
            with pytest.raises(grpc.aio.AioRpcError):
                await endless
    assert code == 0
    assert "closed" in output


async def test_gives_up_starting_on_a_signal() -> None:
    async with running(start_seconds=300) as service:
        await service.line("opening")
        service.process.terminate()
        code, output, _ = await service.end()
    assert code == 0
    assert "stopped before serving" in output
    assert '"serving"' not in output


async def test_tells_of_a_busy_port_in_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        async with running(address) as service:
            code, output, errors = await service.end()
    assert code == 1
    assert errors == f"probe: cannot listen on {address}: the address is taken, or not this machine's\n"
    assert "opening" not in output


async def test_tells_of_a_failed_start_in_one_line() -> None:
    async with running(start_fails=True) as service:
        code, _, errors = await service.end()
    assert (code, errors) == (1, "probe: nlu does not answer\n")


async def test_refuses_settings_it_does_not_know() -> None:
    async with running(lisen="127.0.0.1:1", max_streams=0) as service:
        code, output, errors = await service.end()
    assert code == 2
    assert "  BALIE_PROBE_LISEN: no such setting\n" in errors
    assert "  BALIE_PROBE_MAX_STREAMS: Input should be greater than or equal to 1\n" in errors
    assert output == ""


async def test_logs_json_without_a_word_of_its_callers() -> None:
    async with running(drain_seconds=0, log_level="debug") as service:
        await service.line('"serving"')
        async with grpc.aio.insecure_channel(service.address) as channel:
            for rpc in probe.ALL:
                await ask(channel, rpc, "canary-text")
                with pytest.raises(grpc.aio.AioRpcError):
                    await ask(channel, rpc, "bug canary-bug")
        service.process.terminate()
        code, output, errors = await service.end()
    assert code == 0
    assert "canary" not in output + errors
    entries = [json.loads(line) for line in output.splitlines() if line not in ("opening", "closed")]
    assert all(entry["service"] == "probe" and entry["time"].endswith("Z") for entry in entries)
    served = [entry["code"] for entry in entries if entry["event"] == "call"]
    assert sorted(served) == ["INTERNAL"] * len(probe.ALL) + ["OK"] * len(probe.ALL)
