"""The probe as a process of its own: `python -m tests.fakes.probe_service`, told what to do by its environment."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic_settings import SettingsConfigDict
from tests.fakes.probe import Probe, add_probe

from balie.kit.errors import DependencyUnavailable
from balie.kit.server import Serving, run
from balie.kit.settings import ServiceSettings


class ProbeSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="BALIE_PROBE_")

    start_seconds: float = 0
    start_fails: bool = False


def say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


async def work(text: str) -> str:
    """Sleeps as many seconds as the text says after `sleep `, and fails with the text on `bug`."""
    if text.startswith("sleep "):
        say("begun")
        await asyncio.sleep(float(text.removeprefix("sleep ")))
    if text.startswith("bug"):
        raise KeyError(text)
    return text


@asynccontextmanager
async def lifespan(settings: ProbeSettings) -> AsyncIterator[Serving]:
    say("opening")
    await asyncio.sleep(settings.start_seconds)
    if settings.start_fails:
        raise DependencyUnavailable("nlu")
    try:
        yield Serving([(add_probe, Probe(work))])
    finally:
        say("closed")


if __name__ == "__main__":
    run(lifespan, ProbeSettings.load())
