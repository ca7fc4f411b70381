"""Trains at a server, and writes down what it called the model."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import structlog
from pydantic import BaseModel, ConfigDict

from balie.kit.breaker import Breaker
from balie.nlu import folds
from balie.nlu.engines.port import (
    EngineUnavailable,
    Lesson,
    Message,
    OptionWrong,
    Progress,
    Ranking,
    TrainingFailed,
)
from balie.nlu.engines.remote.clients import EngineClient
from balie.nlu.engines.remote.convert import Description, RemoteModel
from balie.nlu.engines.remote.errors import CallFailed
from balie.nlu.engines.remote.options import NAME, SERVER_PREFIX, RemoteOptions, read_remote_options
from balie.nlu.engines.remote.ranker import RemoteRanker

MODEL_FILE = "remote.json"

_log = structlog.get_logger()


class _Stored(BaseModel):
    """What the folder says.

    Attributes:
        address: where the model was trained; whoever loads it asks where the options say.
        model_id: what the server calls it.
        intents: in the order of the server's scores.
        description: the server's, for people.
        engine: the server's name and version.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = 1
    address: str
    model_id: str
    intents: tuple[str, ...]
    description: str
    engine: str


class RemoteEngine:
    """An engine that somebody serves elsewhere; see `RemoteOptions`."""

    needs_vectors: ClassVar[bool] = False

    def __init__(self, options: RemoteOptions, server_options: Mapping[str, str]) -> None:
        self._options = options
        self._server_options = server_options

    @classmethod
    def from_options(cls, options: Mapping[str, str]) -> "RemoteEngine":
        """Returns the engine that the options describe."""
        own, theirs = read_remote_options(options)
        return (RemoteVectorEngine if own.vectors else RemoteEngine)(own, theirs)

    def train(self, lesson: Lesson, folder: Path, progress: Progress) -> Ranking | None:
        """Has models of parts of the lesson trained, asked about the rest, and deleted; then one of the whole lesson.

        Raises:
            TrainingFailed: the server refuses, or makes nonsense of it.
            OptionWrong: an option is none of the server's.
            EngineUnavailable: the server does not answer.
        """
        client = EngineClient(self._options)
        try:
            description = client.describe()
            self._check(description)
            teacher = _Teacher(client, self._server_options, self._options, progress)
            held_out = folds.held_out(lesson, teacher.asked, self._options.folds)
            model = teacher.taught(lesson)
        except CallFailed as failed:
            raise self._told(failed) from None
        finally:
            client.close()
        stored = _Stored(
            address=self._options.address,
            model_id=model.model_id,
            intents=model.intents,
            description=model.description,
            engine=f"{description.name} {description.version}".strip(),
        )
        text = json.dumps(stored.model_dump(), ensure_ascii=False, indent=1, sort_keys=True)
        (folder / MODEL_FILE).write_text(f"{text}\n", encoding="utf-8")
        return held_out

    def load(self, folder: Path, intents: Sequence[str]) -> RemoteRanker:
        """Returns the ranker of a folder; asks the server nothing yet."""
        stored = _Stored.model_validate_json((folder / MODEL_FILE).read_bytes())
        model = RemoteModel(stored.model_id, stored.intents, stored.description)
        breaker = Breaker(self._options.failures, self._options.pause_ms / 1000)
        return RemoteRanker(EngineClient(self._options), model, intents, breaker)

    def _check(self, description: Description) -> None:
        if description.needs_vectors and not self.needs_vectors:
            raise OptionWrong(NAME, "vectors", f"must be true: {description.name} needs sentence vectors")
        known = sorted(f"{SERVER_PREFIX}{name}" for name in description.options)
        for name in sorted(self._server_options):
            if name not in description.options:
                listed = f"it knows: {', '.join(known)}" if known else "it has no options"
                raise OptionWrong(
                    NAME,
                    f"{SERVER_PREFIX}{name}",
                    f"is none of {description.name or 'the server'}'s; {listed}",
                )

    def _told(self, failed: CallFailed) -> Exception:
        where = f"at {self._options.address}"
        said = f": {failed.said}" if failed.said else ""
        if failed.is_refusal or failed.problem.startswith("answers nonsense"):
            return TrainingFailed(f"engine {NAME} {where} {failed.problem}{said}")
        return EngineUnavailable(
            NAME, f"{where} {failed.problem}{said}; is it running, and is the address right?"
        )


class RemoteVectorEngine(RemoteEngine):
    """The same, for a server that needs the base encoder's vectors."""

    needs_vectors: ClassVar[bool] = True


class _Teacher:
    """Has models trained one after another, and tells the progress of all of them together."""

    def __init__(
        self,
        client: EngineClient,
        server_options: Mapping[str, str],
        options: RemoteOptions,
        progress: Progress,
    ) -> None:
        self._client = client
        self._server_options = server_options
        self._options = options
        self._progress = progress
        self._done = 0
        self._told = 0.0

    def asked(self, part: Lesson, messages: list[Message]) -> Ranking:
        """Returns how a model of a part ranks messages; the model is deleted."""
        model = self.taught(part)
        breaker = Breaker(1, self._options.pause_ms / 1000)
        try:
            return RemoteRanker(self._client, model, part.intents, breaker).rank(messages)
        finally:
            self._forget(model)

    def taught(self, lesson: Lesson) -> RemoteModel:
        """Returns the model of a lesson."""
        model = self._client.train(lesson, self._server_options, self._tell)
        self._done += 1
        return model

    def _tell(self, step: str, share: float) -> None:
        whole = (self._done + share) / (self._options.folds + 1)
        self._told = min(max(self._told, whole), 1.0)
        self._progress(step, self._told)

    def _forget(self, model: RemoteModel) -> None:
        try:
            self._client.delete(model)
        except CallFailed as failed:
            _log.warning("remote model not deleted", model_id=model.model_id, problem=failed.problem)
