"""One service as `balie up` starts it, alone, for the length of a bench."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from balie.cli.console import errors, fail
from balie.cli.processes import ServiceFell, ServiceProcess
from balie.cli.suite import until_serving


@asynccontextmanager
async def serving(service: str, settings: Mapping[str, str], address: str) -> AsyncIterator[ServiceProcess]:
    """Runs a service for the length of a block; ends the command when it cannot start.

    Args:
        service: its name.
        settings: its environment variables.
        address: where it listens.
    """
    process = ServiceProcess(service, settings, lambda _service, _line: None, _fell)
    await process.start()
    try:
        try:
            await until_serving(process, address)
        except ServiceFell as fell:
            fail(str(fell))
        yield process
    finally:
        await process.stop()


def _fell(service: str, code: int) -> None:
    errors.print(f"{service} ended with {code}; it is started again", style="bold yellow")
