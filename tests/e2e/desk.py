"""The suite as four real processes under a test's control: started, filled, killed and started again one by one."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from balie.cli.desk import SAMPLE, Desk
from balie.cli.importing import fill
from balie.cli.suite import SERVICES, Addresses, service_settings
from balie.client import Balie

START_SECONDS = 120.0
STOP_SECONDS = 30.0


class RunningDesk:
    """Four service processes on free ports of this machine, with their data under one folder."""

    def __init__(self, data: Path, encoder: Path, **overrides: dict[str, str]) -> None:
        self.data = data
        self.addresses = Addresses.free()
        self._settings = service_settings(Desk(SAMPLE), data, encoder, self.addresses)
        for service, settings in overrides.items():
            self._settings[service] |= settings
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        data.mkdir(parents=True, exist_ok=True)

    def start(self, *services: str) -> None:
        """Starts services, all four without a name, and returns when they serve."""
        for service in services or SERVICES:
            log = (self.data / f"{service}.log").open("ab")
            environment = {name: value for name, value in os.environ.items() if not name.startswith("BALIE_")}
            self._processes[service] = subprocess.Popen(
                [sys.executable, "-m", f"balie.{service}"],
                env=environment | self._settings[service],
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            log.close()
        for service in services or SERVICES:
            self._until_serving(service)

    def pid(self, service: str) -> int:
        return self._processes[service].pid

    def kill(self, service: str) -> None:
        """Ends a service as a power cut would."""
        process = self._processes[service]
        process.send_signal(signal.SIGKILL)
        process.wait()

    def stop(self) -> dict[str, int]:
        """Stops what runs with SIGTERM and returns each exit code."""
        for process in self._processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        codes = {}
        for service, process in self._processes.items():
            try:
                codes[service] = process.wait(timeout=STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                codes[service] = process.wait()
        return codes

    def log(self, service: str) -> str:
        """Returns all that a service logged."""
        return (self.data / f"{service}.log").read_text(encoding="utf-8", errors="replace")

    def logs(self) -> str:
        return "\n".join(self.log(service) for service in SERVICES if (self.data / f"{service}.log").exists())

    def client(self, act_as: str | None = None) -> Balie:
        return self.addresses.client(act_as=act_as)

    def fill(self) -> None:
        """Gives it the sample desk's knowledge, queues and people."""

        async def filling() -> None:
            async with self.client() as client:
                await fill(client, Desk(SAMPLE), lambda _progress: None)

        asyncio.run(filling())

    def _until_serving(self, service: str) -> None:
        end = time.monotonic() + START_SECONDS
        with grpc.insecure_channel(getattr(self.addresses, service)) as channel:
            health = health_pb2_grpc.HealthStub(channel)
            while time.monotonic() < end:
                if self._processes[service].poll() is not None:
                    raise AssertionError(f"{service} ended:\n{self.log(service)[-3000:]}")
                try:
                    reply = health.Check(health_pb2.HealthCheckRequest(), timeout=1)
                except grpc.RpcError:
                    pass
                else:
                    if reply.status == health_pb2.HealthCheckResponse.SERVING:
                        return
                time.sleep(0.05)
        raise AssertionError(f"{service} did not serve in time:\n{self.log(service)[-3000:]}")


def filled_copy(template: Path, target: Path) -> Path:
    """Copies the data of a filled desk, so that a test has one of its own without training and encoding again."""
    shutil.copytree(template, target, ignore=shutil.ignore_patterns("*.log"))
    return target
