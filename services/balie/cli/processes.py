"""The four services as processes of this machine: started, watched, restarted when they fall, stopped in order."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Any, TypeVar, cast

from balie.cli.console import fail
from balie.cli.settings import inherited_environment

T = TypeVar("T")

_TAIL = 30
_RESTART_SECONDS = 0.5
_STOP_SECONDS = 20.0
_LINE_BYTES = 1 << 20

OnLine = Callable[[str, str], None]
"""Is told a service and a line of its log."""


async def until_stopped(work: Coroutine[Any, Any, T]) -> T:
    """Returns what the work returns; SIGTERM cancels it as Ctrl-C does, so that no process of it is left behind."""
    task, told = asyncio.create_task(work), asyncio.Event()

    def stop() -> None:
        told.set()
        task.cancel()

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop)
    try:
        return await task
    except asyncio.CancelledError:
        if told.is_set():
            fail("Stopped.", code=128 + signal.SIGTERM)
        raise


class ServiceFell(Exception):
    """A service ended before it was ever ready; the message holds the end of its log."""


class ServiceProcess:
    """One service as a process that is kept running.

    Args:
        service: its name; the process runs `python -m balie.<service>`.
        settings: its environment variables.
        on_line: is told every line of its log.
        on_restart: is told when it fell and is started again.
    """

    def __init__(
        self,
        service: str,
        settings: Mapping[str, str],
        on_line: OnLine,
        on_restart: Callable[[str, int], None],
    ) -> None:
        self.service = service
        self.fallen = asyncio.Event()
        self._settings = settings
        self._on_line = on_line
        self._on_restart = on_restart
        self._tail: deque[str] = deque(maxlen=_TAIL)
        self._process: Process | None = None
        self._watch: asyncio.Task[None] | None = None
        self._was_ready = False
        self._stopping = False

    @property
    def pid(self) -> int:
        """Returns the process's id; 0 before it was started."""
        return self._process.pid if self._process else 0

    @property
    def log_end(self) -> str:
        """Returns the last lines of its log."""
        return "\n".join(self._tail)

    async def start(self) -> None:
        """Starts the process and watches it from then on."""
        await self._spawn()
        self._watch = asyncio.create_task(self._keep(), name=f"watch {self.service}")

    def mark_ready(self) -> None:
        """Notes that it has been ready: from now on it is restarted when it falls."""
        self._was_ready = True

    async def stop(self) -> None:
        """Asks it to stop, waits until it has, and kills it when it does not."""
        self._stopping = True
        process = self._process
        if process is not None and process.returncode is None:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        if self._watch is not None:
            _, late = await asyncio.wait([self._watch], timeout=_STOP_SECONDS)
            if late and process is not None:
                with suppress(ProcessLookupError):
                    process.kill()
                await self._watch

    async def _spawn(self) -> None:
        # A session of its own: Ctrl-C reaches this command alone, which then stops the services in order.
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            f"balie.{self.service}",
            env=inherited_environment(self.service) | dict(self._settings),
            stdout=PIPE,
            stderr=STDOUT,
            start_new_session=True,
            limit=_LINE_BYTES,
        )

    async def _keep(self) -> None:
        while True:
            code = await self._until_it_ends()
            if self._is_stopping():
                return
            if not self._was_ready:
                self.fallen.set()
                return
            self._on_restart(self.service, code)
            await asyncio.sleep(_RESTART_SECONDS)
            if self._is_stopping():
                return
            await self._spawn()

    async def _until_it_ends(self) -> int:
        process = cast("Process", self._process)
        async for raw in cast("asyncio.StreamReader", process.stdout):
            line = raw.decode(errors="replace").rstrip()
            self._tail.append(line)
            self._on_line(self.service, line)
        return await process.wait()

    def _is_stopping(self) -> bool:
        return self._stopping
