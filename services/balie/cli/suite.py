"""The all-in-one: the four services on loopback, each with its own SQLite file under one data folder."""

import asyncio
import json
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from balie.cli.desk import Desk
from balie.cli.processes import OnLine, ServiceFell, ServiceProcess
from balie.client import Balie

SERVICES = ("nlu", "faq", "handoff", "gateway")
_FIRST_PORTS = {"gateway": 50051, "nlu": 50052, "faq": 50053, "handoff": 50054}
_HEALTH_SECONDS = 1.0
_POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Addresses:
    """Where the four services listen, `host:port` each."""

    gateway: str
    nlu: str
    faq: str
    handoff: str

    @classmethod
    def usual(cls) -> "Addresses":
        """Returns the usual ports on loopback."""
        return cls(**{service: f"127.0.0.1:{port}" for service, port in _FIRST_PORTS.items()})

    @classmethod
    def free(cls) -> "Addresses":
        """Returns ports that are free now, on loopback."""
        with socket.socket() as a, socket.socket() as b, socket.socket() as c, socket.socket() as d:
            ports = []
            for one in (a, b, c, d):
                one.bind(("127.0.0.1", 0))
                ports.append(one.getsockname()[1])
        return cls(*(f"127.0.0.1:{port}" for port in ports))

    def client(self, *, act_as: str | None = None) -> Balie:
        """Returns a client of all four."""
        return Balie(gateway=self.gateway, nlu=self.nlu, faq=self.faq, handoff=self.handoff, act_as=act_as)


class Suite:
    """Runs the four services.

    Args:
        desk: what they serve.
        data: folder for databases and the trained model.
        encoder: folder that `balie encoder build` wrote.
        addresses: where they listen.
        on_line: is told every line of their logs.
        on_restart: is told when one fell and is started again.
    """

    def __init__(
        self,
        desk: Desk,
        data: Path,
        encoder: Path,
        addresses: Addresses,
        *,
        on_line: OnLine,
        on_restart: Callable[[str, int], None],
    ) -> None:
        self.addresses = addresses
        self.data = data
        self._processes = {
            service: ServiceProcess(service, settings, on_line, on_restart)
            for service, settings in service_settings(desk, data, encoder, addresses).items()
        }

    def pid(self, service: str) -> int:
        """Returns the process id of a service."""
        return self._processes[service].pid

    async def start(self) -> None:
        """Starts the four processes, and notes their addresses in `addresses.json` of the data folder."""
        self.data.mkdir(parents=True, exist_ok=True)
        (self.data / "addresses.json").write_text(json.dumps(asdict(self.addresses), indent=2) + "\n")
        for process in self._processes.values():
            await process.start()

    async def ready(self, on_ready: Callable[[str], None]) -> None:
        """Returns when all four say SERVING.

        Args:
            on_ready: is told each service as it becomes ready.

        Raises:
            ServiceFell: one ended instead.
        """
        async with asyncio.TaskGroup() as group:
            for service in SERVICES:
                group.create_task(self._one_ready(service, on_ready))

    async def stop(self) -> None:
        """Stops the door first, so that nothing new comes in, then the others."""
        await self._processes["gateway"].stop()
        await asyncio.gather(*(self._processes[s].stop() for s in SERVICES if s != "gateway"))

    async def _one_ready(self, service: str, on_ready: Callable[[str], None]) -> None:
        await until_serving(self._processes[service], getattr(self.addresses, service))
        on_ready(service)


async def until_serving(process: ServiceProcess, address: str) -> None:
    """Returns when a service says SERVING; from then on it is restarted when it falls.

    Raises:
        ServiceFell: it ended instead.
    """
    async with grpc.aio.insecure_channel(address) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        while not process.fallen.is_set():
            with suppress(grpc.aio.AioRpcError):
                reply = await health.Check(health_pb2.HealthCheckRequest(), timeout=_HEALTH_SECONDS)
                if reply.status == health_pb2.HealthCheckResponse.SERVING:
                    process.mark_ready()
                    return
            await asyncio.sleep(_POLL_SECONDS)
    raise ServiceFell(f"{process.service} ended before it was ready. The end of its log:\n{process.log_end}")


def service_settings(
    desk: Desk, data: Path, encoder: Path, addresses: Addresses
) -> dict[str, dict[str, str]]:
    """Returns each service's environment variables for a suite on this machine."""

    def database(service: str) -> str:
        return f"sqlite+aiosqlite:///{(data / service).resolve()}.sqlite3"

    # On one machine no load balancer has to notice that a service goes, so none waits before it does.
    drains = {service: {f"BALIE_{service.upper()}_DRAIN_SECONDS": "0"} for service in SERVICES}
    encoding = {"BALIE_ENCODER_FOLDER": str(encoder.resolve())}
    collection, languages = desk.collection
    own = {
        "nlu": {
            "BALIE_NLU_LISTEN": addresses.nlu,
            "BALIE_NLU_DATABASE_URL": database("nlu"),
            "BALIE_NLU_INTENTS_FILE": str(desk.intents),
            "BALIE_NLU_KEYWORDS_FILE": str(desk.keywords),
            "BALIE_NLU_LANGUAGES": json.dumps(list(languages)),
            "BALIE_NLU_MODEL_FOLDER": str((data / "nlu-models").resolve()),
            **encoding,
        },
        "faq": {
            "BALIE_FAQ_LISTEN": addresses.faq,
            "BALIE_FAQ_DATABASE_URL": database("faq"),
            "BALIE_FAQ_INDEX_FOLDER": str((data / "faq-index").resolve()),
            **encoding,
        },
        "handoff": {
            "BALIE_HANDOFF_LISTEN": addresses.handoff,
            "BALIE_HANDOFF_DATABASE_URL": database("handoff"),
        },
        "gateway": {
            "BALIE_GATEWAY_LISTEN": addresses.gateway,
            "BALIE_GATEWAY_DATABASE_URL": database("gateway"),
            "BALIE_GATEWAY_NLU_ADDRESS": addresses.nlu,
            "BALIE_GATEWAY_FAQ_ADDRESS": addresses.faq,
            "BALIE_GATEWAY_HANDOFF_ADDRESS": addresses.handoff,
            "BALIE_GATEWAY_FAQ_COLLECTION": collection,
            "BALIE_GATEWAY_FOLLOW_UPS_FILE": str(desk.follow_ups),
        },
    }
    return {service: own[service] | drains[service] for service in SERVICES}
