"""The engine `spacy_textcat`: a text classifier of spaCy, trained here or taken from a folder.

Trained here, it is spaCy's bag of words by default: a linear layer over hashed tokens, split the way the language is. Taken
from a folder (`pipeline`), it is whatever pipeline somebody trained elsewhere, whose labels are the intents; nothing is
downloaded, and a pipeline's code runs with the service's rights.
"""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, ClassVar, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from balie.nlu.engines.options import EngineOptions, read_options
from balie.nlu.engines.port import OUT_OF_SCOPE, Lesson, Message, Progress, Ranking, TrainingFailed
from balie.nlu.engines.spacy_pipelines import Classifier, Recipe, open_pipeline, train_pipeline

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NAME = "spacy_textcat"
_PIPELINE = "pipeline"
_ENGINE_FILE = "engine.json"
_OF_TRAINING = ("lang", "architecture", "epochs")


class SpacyTextcatOptions(EngineOptions):
    """What the engine can be told."""

    pipeline: Path | None = Field(
        default=None,
        description="Folder of a spaCy pipeline with one text classifier, which is taken as it is and not trained. The lesson's examples then count as held out, so it must not have been trained on them.",
    )
    labels: tuple[str, ...] = Field(
        default=(),
        description="With `pipeline`: what its labels are called here, LABEL=intent, several with commas; the others keep their names.",
    )
    lang: str = Field(
        default="auto",
        min_length=2,
        max_length=8,
        description="spaCy's code of the language whose words are split, such as nl, de or en; xx for several; auto takes the examples' when there is one.",
    )
    architecture: Literal["bow", "cnn", "ensemble"] = Field(
        default="bow",
        description="bow is a bag of words; cnn reads words in their places; ensemble is both. The last two train ten times as long.",
    )
    epochs: int | None = Field(
        default=None,
        ge=1,
        le=200,
        description="How often training goes through the examples, 1 to 200; without it 5 for bow and 20 for the others.",
    )

    @model_validator(mode="after")
    def _go_together(self) -> Self:
        if self.pipeline is None and self.labels:
            raise ValueError("labels are those of a pipeline, and none is given")
        if self.pipeline is not None and (idle := sorted(self.model_fields_set & set(_OF_TRAINING))):
            raise ValueError(f"{idle[0]} is of training, and a pipeline is taken as it is")
        if wrong := [label for label in self.labels if not all(label.partition("="))]:
            raise ValueError(f"labels has {wrong[0]!r}, which is not LABEL=intent")
        return self


class _Stored(BaseModel):
    """What the folder says of its pipeline.

    Attributes:
        intents: for each label the intent, or `oos`.
        lower: whether texts are made lower case first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = 1
    intents: Mapping[str, str]
    lower: bool


class SpacyTextcatEngine:
    """Trains, or takes, a spaCy text classifier; see `SpacyTextcatOptions`."""

    needs_vectors: ClassVar[bool] = False

    def __init__(self, options: SpacyTextcatOptions) -> None:
        self._options = options

    @classmethod
    def from_options(cls, options: Mapping[str, str]) -> Self:
        """Returns the engine that the options describe."""
        return cls(read_options(_NAME, SpacyTextcatOptions, options))

    def train(self, lesson: Lesson, folder: Path, progress: Progress) -> Ranking | None:
        """Trains a pipeline, or copies the one that is given, and says what that one thinks of the examples."""
        if self._options.pipeline is not None:
            return self._take(self._options.pipeline, lesson, folder, progress)
        labels = sorted({*lesson.intents, *(example.intent for example in lesson.examples)})
        if len(labels) < 2:
            raise TrainingFailed(
                f"engine {_NAME}: one intent cannot be told from others: add another, or {OUT_OF_SCOPE}"
            )
        options = self._options
        languages = {example.language.partition("-")[0].lower() for example in lesson.examples}
        if options.lang != "auto":
            langs = [options.lang]
        else:
            langs = [*languages, "xx"] if len(languages) == 1 else ["xx"]
        recipe = Recipe(langs, options.architecture, options.epochs, labels)
        rows = sorted((example.text.lower(), example.intent) for example in lesson.examples)
        train_pipeline(recipe, rows, folder / _PIPELINE, progress)
        _write(folder, _Stored(intents={label: label for label in labels}, lower=True))
        return None

    def load(self, folder: Path, intents: Sequence[str]) -> "SpacyTextcatRanker":
        """Returns the ranker of a folder."""
        stored = _Stored.model_validate_json((folder / _ENGINE_FILE).read_bytes())
        return SpacyTextcatRanker(open_pipeline(folder / _PIPELINE), stored, intents)

    def _take(self, pipeline: Path, lesson: Lesson, folder: Path, progress: Progress) -> Ranking:
        progress("reading the pipeline", 0.0)
        classifier = open_pipeline(pipeline)
        stored = _Stored(intents=self._fitting(classifier, lesson.intents), lower=False)
        progress("copying the pipeline", 0.2)
        shutil.copytree(pipeline, folder / _PIPELINE)
        _write(folder, stored)
        progress("ranking the examples", 0.4)
        ranker = SpacyTextcatRanker(classifier, stored, lesson.intents)
        found = ranker.rank([Message(example.text, example.language) for example in lesson.examples])
        progress("done", 1.0)
        return found

    def _fitting(self, classifier: Classifier, intents: Sequence[str]) -> dict[str, str]:
        """Returns the intent of each label.

        Raises:
            TrainingFailed: labels and intents do not fit; the message has the option that would make them.
        """
        renamed = dict(label.split("=", 1) for label in self._options.labels)
        if unknown := sorted(set(renamed) - set(classifier.labels)):
            raise TrainingFailed(
                f"engine {_NAME}: the pipeline has no label {unknown[0]!r}; it has {_listed(classifier.labels)}"
            )
        found = {label: renamed.get(label, label) for label in classifier.labels}
        strangers = sorted(label for label, intent in found.items() if intent not in (*intents, OUT_OF_SCOPE))
        missing = sorted(set(intents) - set(found.values()))
        twice = sorted({intent for intent in found.values() if [*found.values()].count(intent) > 1})
        problems = [
            *([f"labels that are no intents: {_listed(strangers)}"] if strangers else []),
            *([f"intents without a label: {_listed(missing)}"] if missing else []),
            *([f"intents with several labels: {_listed(twice)}"] if twice else []),
        ]
        if problems:
            example = f"{strangers[0] if strangers else classifier.labels[0]}={missing[0] if missing else intents[0]}"
            raise TrainingFailed(
                f"engine {_NAME}: the pipeline does not fit the examples; {'; '.join(problems)}; the option labels={example} "
                "names a label anew"
            )
        return found


class SpacyTextcatRanker:
    """Ranks with a pipeline, one thread at a time: a pipeline remembers words, and forgets them after each call.

    Without forgetting, memory would grow with every new word that customers write (spaCy 3.8, "Memory management"); as
    what is forgotten is shared, two threads must not be in it at once. Nothing is lost by that: spaCy holds the
    interpreter's lock, and two threads with a pipeline each were no faster than two that share one.
    """

    def __init__(self, classifier: Classifier, stored: _Stored, intents: Sequence[str]) -> None:
        self.intents = tuple(intents)
        self._classifier: Classifier | None = classifier
        self._lower = stored.lower
        labels = {intent: label for label, intent in stored.intents.items()}
        self._labels = [labels[intent] for intent in intents]
        self._out_of_scope = labels.get(OUT_OF_SCOPE)
        self._lock = Lock()

    def rank(self, messages: Sequence[Message]) -> Ranking:
        """Returns what is thought of each message."""
        texts = [message.text.lower() if self._lower else message.text for message in messages]
        with self._held() as classifier:
            cats = classifier.cats(texts)
        shares = np.array([[one[label] for label in self._labels] for one in cats], np.float64)
        return Ranking(_as_probabilities(shares), self._missed(cats, shares))

    def close(self) -> None:
        """Lets go of the pipeline."""
        with self._lock:
            self._classifier = None

    @contextmanager
    def _held(self) -> Iterator[Classifier]:
        with self._lock:
            if self._classifier is None:
                raise RuntimeError("the ranker is closed")
            yield self._classifier

    def _missed(
        self, cats: Sequence[Mapping[str, float]], shares: "NDArray[np.float64]"
    ) -> "NDArray[np.float32] | None":
        """Returns how sure the pipeline is that no intent is meant, None when it was taught nothing of that."""
        if self._out_of_scope is not None:
            return np.array([one[self._out_of_scope] for one in cats], np.float32)
        if self._classifier is not None and not self._classifier.exclusive:
            missed: NDArray[np.float32] = np.clip(1.0 - shares.max(axis=1), 0.0, 1.0).astype(np.float32)
            return missed
        return None


def _as_probabilities(shares: "NDArray[np.float64]") -> "NDArray[np.float32]":
    """Returns shares that sum to 1 in each row; equal ones where there are none."""
    sums = shares.sum(axis=1, keepdims=True)
    even = np.full_like(shares, 1.0 / shares.shape[1])
    return np.where(sums > 0, shares / np.where(sums > 0, sums, 1.0), even).astype(np.float32)


def _write(folder: Path, stored: _Stored) -> None:
    text = json.dumps(stored.model_dump(), ensure_ascii=False, indent=1, sort_keys=True)
    (folder / _ENGINE_FILE).write_text(f"{text}\n", encoding="utf-8")


def _listed(names: Sequence[str], most: int = 10) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
