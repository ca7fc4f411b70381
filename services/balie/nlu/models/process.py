"""Starts the process that trains a model, hears what it says, and ends it when nobody wants it any more."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from balie.nlu.jobs import Job
from balie.nlu.models.domain import FailureReason, TrainingFailure
from balie.nlu.training import Line

_LINE_BYTES = 16 << 20
"""A manifest names every file of a model and all its intents in one line."""


@asynccontextmanager
async def training(job: Job, job_file: Path) -> AsyncIterator[AsyncGenerator[Line, None]]:
    """Yields the lines of a training as they come; its last one is the outcome. Ends the process with the block.

    Args:
        job: what to train.
        job_file: where to write that, for the process to read.
    """
    await asyncio.to_thread(job_file.write_text, job.model_dump_json(), encoding="utf-8")
    ours, theirs = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "balie.nlu.training", job_file, str(theirs)),
            stdin=asyncio.subprocess.PIPE,
            pass_fds=(theirs,),
        )
    except BaseException:
        os.close(ours)
        raise
    finally:
        os.close(theirs)
    reader = asyncio.StreamReader(limit=_LINE_BYTES)
    pipe = os.fdopen(ours, "rb", buffering=0)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), pipe
    )
    try:
        yield _lines(process, reader)
    finally:
        transport.close()
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _lines(
    process: asyncio.subprocess.Process, reader: asyncio.StreamReader
) -> AsyncGenerator[Line, None]:
    while line := await reader.readline():
        said = Line.model_validate_json(line)
        yield said
        if said.manifest is not None or said.failure is not None:
            return
    code = await process.wait()
    yield Line(failure=TrainingFailure(FailureReason.CRASHED, _fell(code)))


def _fell(code: int) -> str:
    if code < 0:
        advice = "give the service more memory, or train a smaller model" if code == -9 else "see its log"
        return f"the process that trained was ended by signal {-code}: {advice}"
    return f"the process that trained ended with code {code}; the service's log says more"
