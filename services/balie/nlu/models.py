"""Finds the model that fits the data and the encoder, and has it trained when there is none.

Training runs in a process of its own, so that it shares neither the interpreter nor the encoder with what is served.
"""

import asyncio
import sys
from typing import TYPE_CHECKING

import structlog

from balie.nlu.artifacts import Artifact, load, tidy
from balie.nlu.errors import ModelDamaged, TrainingFailed
from balie.nlu.training import Job, origin_of

if TYPE_CHECKING:
    from balie.nlu.artifacts import Origin
    from balie.nlu.examples import Examples

_KEPT_MODELS = 3  # the one in use, and those to go back to with files or settings from before

_log = structlog.get_logger()


async def open_model(
    job: Job, examples: "Examples", encoder_fingerprint: str, *, log_format: str
) -> Artifact:
    """Returns the model of the examples, trained now if it has to be.

    A damaged model is refused with a line in the log, and trained anew: the data are there. Models that were used
    longest ago are removed.

    Args:
        job: what to train when there is no model.
        examples: what the job's file holds.
        encoder_fingerprint: of the encoder whose vectors the model will be given.
        log_format: form of the training's log lines.

    Raises:
        TrainingFailed: it could not be trained or stored; what went wrong is on standard error.
    """
    origin = origin_of(examples, encoder_fingerprint, job)
    found = await asyncio.to_thread(_found, job, origin)
    if found is None:
        _log.info("training a model", model=origin.version(), examples=len(examples.items))
        await _train(job, log_format)
        found = await asyncio.to_thread(_found, job, origin)
    if found is None:
        raise TrainingFailed("the examples or the encoder changed while a model was trained: start again")
    _log.info("model loaded", model=found.version, **found.manifest.figures)
    await asyncio.to_thread(_tidy, job, found.version)
    return found


def _found(job: Job, origin: "Origin") -> Artifact | None:
    try:
        return load(job.model_folder, origin)
    except ModelDamaged as damaged:
        _log.error("model refused", file=str(damaged.file), problem=damaged.problem)
        return None


def _tidy(job: Job, used: str) -> None:
    try:
        removed = tidy(job.model_folder, used, keep=_KEPT_MODELS)
    except (
        OSError
    ) as error:  # a folder that may only be read, or another service that tidies: no reason not to serve
        _log.info("old models not removed", problem=error.strerror)
        return
    if removed:
        _log.info("old models removed", models=removed)


async def _train(job: Job, log_format: str) -> None:
    promise = job.promise
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "balie.nlu.training"),
        *("--intents", job.intents_file, "--model-folder", job.model_folder),
        *("--encoder", job.encoder.model_dump_json()),
        *("--max-wrong", str(promise.max_wrong), "--max-wrong-choice", str(promise.max_wrong_choice)),
        *("--max-wrong-delta", str(promise.delta), "--log-format", log_format),
        *("--languages", *job.languages),
    )
    try:
        code = await process.wait()
    finally:
        if process.returncode is None:  # the start was given up
            process.kill()
            await process.wait()
    if code:
        raise TrainingFailed(f"training a model ended with code {code}")
