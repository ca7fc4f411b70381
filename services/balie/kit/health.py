"""Health as `grpc.health.v1` tells it: readiness under the empty name, liveness under `liveness`.

Liveness says that the loop turns and nothing about dependencies; readiness follows the service's own check both ways,
for as long as the server runs. During a shutdown readiness goes and liveness stays, so that nobody kills what drains.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

import structlog
from grpc_health.v1 import health_pb2
from grpc_health.v1.health import aio

from balie.kit import log
from balie.kit.errors import Failure

READINESS = ""
LIVENESS = "liveness"
CHECK_SECONDS = 0.5
INTERVAL_SECONDS = 1.0
FIRST_INTERVAL_SECONDS = 0.2

_SERVING = health_pb2.HealthCheckResponse.SERVING
_NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


class Health:
    """What the server says of itself; begins as NOT_SERVING.

    Args:
        ready: raises a failure while the service cannot serve; None is always ready.
        services: full names of the services, which are as ready as the server.
        interval_seconds: time between two checks, seconds; checks come faster until the first is passed.
        check_seconds: a check that takes longer has failed, seconds.

    Attributes:
        servicer: the servicer of `grpc.health.v1.Health`.
    """

    def __init__(
        self,
        ready: Callable[[], Awaitable[None]] | None,
        services: Iterable[str] = (),
        *,
        interval_seconds: float = INTERVAL_SECONDS,
        check_seconds: float = CHECK_SECONDS,
    ) -> None:
        self._ready = ready
        self._names = (READINESS, *services)
        self._interval_seconds = interval_seconds
        self._check_seconds = check_seconds
        self._reason: str | None = "STARTING"  # why it is not ready; None when it is
        self._was_ready = False
        self._checks: asyncio.Task[None] | None = None
        self.servicer = aio.HealthServicer()

    async def begin(self) -> None:
        """Says NOT_SERVING under every name; before the server listens, because the servicer begins otherwise."""
        for name in (*self._names, LIVENESS):
            await self.servicer.set(name, _NOT_SERVING)

    async def live(self) -> None:
        """Says that the loop turns; once the server listens."""
        await self.servicer.set(LIVENESS, _SERVING)

    def follow(self) -> None:
        """Begins to check, again and again, and to say what it found."""
        self._checks = asyncio.create_task(self._follow(), name="readiness")

    async def stop(self) -> None:
        """Ends the checks and says NOT_SERVING for good; liveness stays as it is."""
        if self._checks is not None:
            self._checks.cancel()
            await asyncio.wait({self._checks})
            self._checks = None
        await self._say("STOPPING")

    async def _follow(self) -> None:
        while True:
            await self._say(await self._check())
            await asyncio.sleep(
                self._interval_seconds
                if self._was_ready
                else min(FIRST_INTERVAL_SECONDS, self._interval_seconds)
            )

    async def _check(self) -> str | None:
        """Returns why the service is not ready, or None when it is."""
        if self._ready is None:
            return None
        try:
            async with asyncio.timeout(self._check_seconds):
                await self._ready()
        except Failure as failure:
            return failure.reason
        except TimeoutError:
            return "CHECK_TIMED_OUT"
        except Exception as error:  # noqa: BLE001 — a broken check is no reason to stop checking
            if self._reason != "CHECK_FAILED":
                structlog.get_logger().error("readiness check failed", **log.described(error))
            return "CHECK_FAILED"
        return None

    async def _say(self, reason: str | None) -> None:
        if reason == self._reason:
            return
        self._reason = reason
        self._was_ready = self._was_ready or reason is None
        for name in self._names:
            await self.servicer.set(name, _SERVING if reason is None else _NOT_SERVING)
        fields = {} if reason is None else {"reason": reason}
        structlog.get_logger().info("readiness changed", ready=reason is None, **fields)
