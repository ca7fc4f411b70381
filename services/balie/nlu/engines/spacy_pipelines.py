"""Makes, trains and opens spaCy pipelines whose last word is a text classifier; the only module of engines that needs spaCy.

Learning rates, epochs and sizes were chosen by accuracy on held-out fifths of BANKING77's and on MASSIVE's Dutch training
sets: with a bag of words, 0.01 reaches in 5 epochs what spaCy's own 0.001 does not in 20, 2^15 buckets lose nothing to the
default 2^18, which would weigh 158 MB for 150 intents, and pairs of words lose a point.
"""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import spacy
from spacy.language import Language
from spacy.training import Example
from spacy.util import minibatch
from thinc.api import fix_random_seed

from balie.nlu.engines.port import Progress, TrainingFailed

_FACTORIES = {"textcat": True, "textcat_multilabel": False}
"""The components that classify texts, and whether their labels exclude each other."""
_BUCKETS = 1 << 15
_LONG_RUN = re.compile(r"(\S{32})(?=\S)")
_LEAST_BATCH, _LEAST_STEPS = 4, 20


@dataclass(frozen=True, slots=True)
class _Settings:
    epochs: int
    learn_rate: float
    dropout: float
    largest_batch: int


_SETTINGS = {
    "bow": _Settings(5, 0.01, 0.1, 128),
    "cnn": _Settings(20, 0.003, 0.2, 32),
    "ensemble": _Settings(20, 0.003, 0.2, 32),
}


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a pipeline is made.

    Attributes:
        langs: codes of languages, of which the first is taken that spaCy has here; `xx` is none in particular.
        architecture: `bow`, `cnn` or `ensemble`.
        epochs: how often the examples are gone through; None for what suits the architecture.
        labels: two at least, sorted.
    """

    langs: Sequence[str]
    architecture: str
    epochs: int | None
    labels: Sequence[str]


class Classifier:
    """A pipeline and its text classifier; not for several threads at once."""

    def __init__(self, nlp: Language, name: str) -> None:
        self._nlp = nlp
        pipe: Any = nlp.get_pipe(name)
        self.labels: Sequence[str] = tuple(pipe.labels)
        self.exclusive = _FACTORIES[nlp.get_pipe_meta(name).factory]

    def cats(self, texts: Sequence[str]) -> list[Mapping[str, float]]:
        """Returns the score of each label for each text, and forgets the texts' words."""
        with self._nlp.memory_zone():
            docs = self._nlp.pipe(map(with_gaps, texts))
            return [{label: doc.cats.get(label, 0.0) for label in self.labels} for doc in docs]


def with_gaps(text: str) -> str:
    """Returns the text with a space after every 32 characters that have none.

    spaCy peels punctuation and emoji off a word one by one, and looks at the rest each time: 4096 question marks without a
    space take 7 seconds, with gaps a few milliseconds. Nothing that people write as a word is as long.
    """
    return _LONG_RUN.sub(r"\1 ", text)


def open_pipeline(folder: Path) -> Classifier:
    """Returns the classifier of a pipeline.

    Raises:
        TrainingFailed: there is no pipeline in the folder, it cannot be loaded here, or it classifies no texts.
    """
    if not (folder / "config.cfg").is_file():
        raise TrainingFailed(f"{folder} is no spaCy pipeline: it has no config.cfg")
    try:
        nlp = spacy.load(folder)
    except Exception as error:  # whatever a pipeline's own code raises
        first = str(error).strip().partition("\n")[0] or type(error).__name__
        raise TrainingFailed(f"the spaCy pipeline {folder} cannot be loaded: {first}") from error
    names = [name for name in nlp.pipe_names if nlp.get_pipe_meta(name).factory in _FACTORIES]
    if len(names) != 1:
        found = ", ".join(names) or f"none, only {', '.join(nlp.pipe_names) or 'nothing'}"
        raise TrainingFailed(f"the spaCy pipeline {folder} must have one text classifier; it has {found}")
    return Classifier(nlp, names[0])


def train_pipeline(recipe: Recipe, rows: Sequence[tuple[str, str]], folder: Path, progress: Progress) -> None:
    """Trains a pipeline and writes it. The same recipe and rows write the same one.

    Args:
        recipe: how.
        rows: text and label of each example, sorted.
        folder: where to; made.
        progress: is told of each epoch.

    Raises:
        TrainingFailed: spaCy has none of the languages here.
    """
    settings = _SETTINGS[recipe.architecture]
    nlp = _blank(recipe.langs)
    with _seeded():
        textcat: Any = nlp.add_pipe("textcat", config={"model": _model(recipe.architecture)})
        for label in recipe.labels:
            textcat.add_label(label)
        examples = [
            Example.from_dict(
                nlp.make_doc(with_gaps(text)),
                {"cats": {label: float(label == its) for label in recipe.labels}},
            )
            for text, its in rows
        ]
        optimizer = nlp.initialize(lambda: examples)
        optimizer.learn_rate = settings.learn_rate
        order = random.Random(0)  # noqa: S311 — for training, not for secrets
        size = min(settings.largest_batch, max(_LEAST_BATCH, len(examples) // _LEAST_STEPS))
        epochs = recipe.epochs or settings.epochs
        for epoch in range(epochs):
            progress("training with spaCy", epoch / epochs)
            order.shuffle(examples)
            for batch in minibatch(examples, size):  # type: ignore[no-untyped-call]
                nlp.update(batch, sgd=optimizer, drop=settings.dropout)
    nlp.to_disk(folder)
    progress("pipeline written", 1.0)


def _blank(langs: Sequence[str]) -> Language:
    for lang in langs:
        try:
            return spacy.blank(lang)
        except ImportError as error:  # an unknown language, or one whose words are split by a library
            problem = str(error).strip().partition("\n")[0]
    raise TrainingFailed(
        f"engine spacy_textcat: lang={langs[-1]} cannot be had: {problem}; lang=xx always can"
    )


@contextmanager
def _seeded() -> Iterator[None]:
    """Gives the block the same chance each time, and the process its own back."""
    python, numbers = random.getstate(), np.random.get_state()
    fix_random_seed(0)
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numbers)


def _model(architecture: str) -> dict[str, Any]:
    """Returns the configuration of a classifier's model, in spaCy's words."""
    bag = {
        "@architectures": "spacy.TextCatBOW.v3",
        "exclusive_classes": True,
        "ngram_size": 1,
        "no_output_layer": False,
        "length": _BUCKETS,
    }
    if architecture == "bow":
        return bag
    reader = {
        "@architectures": "spacy.HashEmbedCNN.v2",
        "pretrained_vectors": None,
        "width": 96,
        "depth": 2,
        "embed_size": 2000,
        "window_size": 1,
        "maxout_pieces": 3,
        "subword_features": True,
    }
    if architecture == "ensemble":
        return {"@architectures": "spacy.TextCatEnsemble.v2", "linear_model": bag, "tok2vec": reader}
    return {
        "@architectures": "spacy.TextCatReduce.v1",
        "exclusive_classes": True,
        "use_reduce_first": False,
        "use_reduce_last": False,
        "use_reduce_max": False,
        "use_reduce_mean": True,
        "tok2vec": reader,
    }
