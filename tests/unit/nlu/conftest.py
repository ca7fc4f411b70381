"""The built encoder, and a small model trained with it, made once for all tests of this folder."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import structlog
from tests.encoder_fixture import encoder_folder as built_folder
from tests.unit.nlu.sample import LANGUAGES, intents_file

if TYPE_CHECKING:
    from balie.encoders.onnx import OnnxEncoder
    from balie.nlu.artifacts import Artifact
    from balie.nlu.jobs import Job


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    """Takes back what a command's `main` did to the log of this process."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(scope="session")
def encoder_folder() -> Path:
    return built_folder()


@pytest.fixture(scope="session")
def encoder(encoder_folder: Path) -> "OnnxEncoder":
    from balie.encoders.onnx import OnnxEncoder

    return OnnxEncoder(encoder_folder)


@pytest.fixture(scope="session")
def job(encoder_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> "Job":
    from tests.unit.nlu.trained import job_of, task_of

    from balie.nlu.training_data import read_examples

    folder = tmp_path_factory.mktemp("nlu")
    examples = read_examples(intents_file(folder), LANGUAGES)
    return job_of(examples, folder, encoder_folder, task_of(LANGUAGES))


@pytest.fixture(scope="session")
def artifact(job: "Job") -> "Artifact":
    """A trained model, in the folder of its job."""
    from tests.unit.nlu.trained import trained

    return trained(job)
