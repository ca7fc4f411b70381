"""Models for tests: what is needed to train one, and one that was."""

from pathlib import Path

from balie.encoders import EncoderSettings
from balie.nlu.artifacts import Artifact, open_artifact
from balie.nlu.calibrating import Promise
from balie.nlu.engines.registry import DEFAULT_ENGINE
from balie.nlu.example_lines import chunks
from balie.nlu.examples import Examples
from balie.nlu.jobs import Job, Task
from balie.nlu.trainer import train


def task_of(languages: tuple[str, ...], promise: Promise | None = None) -> Task:
    return Task(engine=DEFAULT_ENGINE, options={}, languages=languages, promise=promise or Promise())


def job_of(examples: Examples, folder: Path, encoder: Path, task: Task) -> Job:
    """Writes examples into a folder and returns the job that trains a model of them there."""
    encoder_settings = EncoderSettings(folder=encoder, verify="size")
    paths = []
    for place, chunk in enumerate(chunks(examples.items)):
        paths.append(folder / f"examples-{place}")
        paths[-1].write_bytes(chunk)
    model = folder / "model"
    model.mkdir()
    return Job(
        version="0123456789ab", task=task, examples=tuple(paths), folder=model, encoder=encoder_settings
    )


def trained(job: Job) -> Artifact:
    train(job, lambda _step, _share: None)
    return open_artifact(job.folder)
