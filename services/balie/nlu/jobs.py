"""What a training is told: where the examples are, what to make of them, and where to put it."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from balie.encoders.settings import EncoderSettings
from balie.nlu.artifacts import Origin
from balie.nlu.calibrating import Promise
from balie.nlu.engines.registry import ENGINES
from balie.nlu.examples import Examples

RECIPE = "3"
"""Changes whenever the same examples, engine and options would give another model."""


class Task(BaseModel):
    """What is to be learned, whoever learns it.

    Attributes:
        engine: its name.
        options: the engine's, as text.
        languages: that the service was set up for.
        promise: what the operator accepts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    engine: str
    options: dict[str, str]
    languages: tuple[str, ...]
    promise: Promise

    def origin(self, examples: Examples, encoder_fingerprint: str) -> Origin:
        """Returns what the model of these examples is made of.

        Args:
            examples: what is learned from.
            encoder_fingerprint: of the encoder there is; left out when the engine needs none.

        Raises:
            UnknownPlugin: there is no such engine.
            MissingExtra: the engine's library is not installed.
        """
        kind = ENGINES.load(self.engine)
        return Origin(
            data_fingerprint=examples.fingerprint(),
            encoder_fingerprint=encoder_fingerprint if getattr(kind, "needs_vectors", True) else "",
            languages=tuple(sorted(self.languages)),
            engine=self.engine,
            options=self.options,
            max_wrong=self.promise.max_wrong,
            max_wrong_choice=self.promise.max_wrong_choice,
            delta=self.promise.delta,
            expected_out_of_scope=self.promise.expected_out_of_scope,
            recipe=f"{RECIPE}+{getattr(kind, 'recipe', '')}",
        )


class Job(BaseModel):
    """A task with its places on disk, for the process that trains.

    Attributes:
        version: name of the model.
        examples: file of chunks, see `balie.nlu.example_lines`.
        folder: where the model is written; exists and is empty.
        encoder: how to open the encoder.
        log_format: form of the log lines.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    task: Task
    examples: tuple[Path, ...]
    folder: Path
    encoder: EncoderSettings
    log_format: Literal["json", "console"] = "json"
