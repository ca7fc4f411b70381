"""Trains a model: reads examples, lets an engine learn, calibrates on held-out rankings, and writes the artifact."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from balie.encoders import open_encoder
from balie.encoders.layers import LayeredEncoder
from balie.encoders.many import encode_many
from balie.nlu import folds
from balie.nlu.artifacts import ENGINE_FOLDER, Manifest, Probe, StoredThresholds, seal
from balie.nlu.calibrating import HeldOut, calibrate
from balie.nlu.engines.port import Lesson, Message, Progress, Ranking
from balie.nlu.engines.registry import open_engine
from balie.nlu.errors import TrainingFailed
from balie.nlu.example_lines import examples_of
from balie.nlu.examples import Example, Examples
from balie.nlu.folds import FOLDS
from balie.nlu.jobs import Job
from balie.nlu.language_words import words_of
from balie.nlu.measuring import accuracy_by_language, figures_of, held_out, scores_of
from balie.nlu.phrases import Phrases
from balie.nlu.training_data.languages import with_languages

if TYPE_CHECKING:
    from balie.nlu.engines.port import Engine

_PROBES = 8

Weigh = Callable[[Path], int]
"""Returns how much memory the engine of an artifact takes, in bytes; 0 when nobody can tell."""


def train(job: Job, progress: Progress, weigh: Weigh = lambda _folder: 0) -> Manifest:
    """Writes the model that a job asks for into its folder, and returns its manifest.

    Raises:
        UnknownPlugin: there is no engine of that name.
        MissingExtra: the engine's library is not installed.
        OptionWrong: the engine does not take these options.
        TrainingFailed: nothing can be learned from the examples.
        EncoderUnavailable: the encoder cannot be loaded.
        OSError: the folder cannot be written.
    """
    progress("reading the examples", 0.0)
    examples = _read(job)
    engine = open_engine(job.task.engine, job.task.options)
    encoder, states = None, None
    if engine.needs_vectors:
        progress("loading the encoder", 0.02)
        encoder = LayeredEncoder(open_encoder(job.encoder))
        texts = [example.text for example in examples.items]
        told = _part(progress, 0.05, 0.3)
        rows = encode_many(encoder, texts, job.encoder.workers, told, step="encoding the examples")
        states = encoder.states_of(rows)
    lesson = Lesson(examples.items, examples.intents, None if states is None else states[:, 0], states)
    home = job.folder / ENGINE_FOLDER
    home.mkdir()
    held = learn(engine, lesson, home, _part(progress, 0.3, 0.9))
    progress("calibrating", 0.9)
    thresholds = calibrate(held, job.task.promise)
    manifest = Manifest(
        version=job.version,
        created=datetime.now(UTC),
        origin=job.task.origin(examples, encoder.fingerprint if encoder else ""),
        intents=list(lesson.intents),
        examples=len(examples.items),
        dimensions=encoder.vector_dimensions if encoder else 0,
        calibration=StoredThresholds(**asdict(thresholds)),
        figures=figures_of(held, thresholds),
        accuracy_by_language=accuracy_by_language(held, examples.items),
    )
    progress("testing what was learned", 0.94)
    return _sealed(job.folder, manifest, engine, lesson, examples, weigh)


def learn(engine: "Engine", lesson: Lesson, home: Path, progress: Progress) -> HeldOut:
    """Lets an engine learn into a folder, and returns its examples' scores by models that have not seen them.

    Args:
        engine: learns.
        lesson: what from.
        home: exists and is empty; folders beside it are made for a while.
        progress: is told what is being done.

    Raises:
        TrainingFailed: nothing can be learned from the lesson.
        OSError: the folder cannot be written.
    """
    ranking = engine.train(lesson, home, _part(progress, 0.0, 0.8))
    if ranking is None:
        ranking = _cross_validated(engine, lesson, home.parent, _part(progress, 0.8, 1.0))
    return held_out(ranking, lesson.examples, lesson.intents)


def _read(job: Job) -> Examples:
    """Returns the examples of a job, each once, in an order that does not depend on theirs."""
    stored = sorted(set(examples_of(path.read_bytes() for path in job.examples)))
    found, _ = with_languages(stored, job.task.languages)
    return Examples(sorted(set(found)))


def _sealed(
    folder: Path, manifest: Manifest, engine: "Engine", lesson: Lesson, examples: Examples, weigh: Weigh
) -> Manifest:
    """Returns the manifest with checksums, once the model that was written ranks some examples as it is to."""
    ranker = engine.load(folder / ENGINE_FOLDER, lesson.intents)
    places = _probes(lesson.examples)
    chosen = [lesson.examples[place] for place in places]
    found = ranker.rank(folds.messages_of(lesson, np.array(places)))
    probes = [
        Probe(text=example.text, language=example.language, scores=[round(float(one), 6) for one in row])
        for example, row in zip(chosen, scores_of(found), strict=True)
    ]
    ranker.close()
    words = {
        language: sorted({word for text in texts for word in words_of(text)})
        for language, texts in examples.texts_by_language.items()
    }
    Phrases.of(lesson.examples, lesson.intents).write(folder)
    seal(folder, manifest, probes, words)
    weighed = manifest.model_copy(update={"loaded_bytes": weigh(folder)})
    return seal(folder, weighed, probes, words)


def _probes(examples: Sequence[Example]) -> list[int]:
    """Returns the places of some examples, of as many intents as may be, whatever their order."""
    digests = [hashlib.sha256(repr((one.text, one.intent)).encode()).digest() for one in examples]
    order = sorted(range(len(examples)), key=digests.__getitem__)
    firsts = list({examples[place].intent: place for place in reversed(order)}.values())[::-1]
    rest = [place for place in order if place not in firsts]
    return (firsts + rest)[:_PROBES]


def _cross_validated(engine: "Engine", lesson: Lesson, work: Path, progress: Progress) -> Ranking:
    """Returns rankings of the examples by models that were trained without them."""
    done = 0

    def ranked(part: Lesson, messages: list[Message]) -> Ranking:
        nonlocal done
        progress("cross-validating", done / FOLDS)
        done += 1
        with TemporaryDirectory(prefix="fold-", dir=work) as folder:
            engine.train(part, Path(folder), lambda _step, _share: None)
            ranker = engine.load(Path(folder), lesson.intents)
            try:
                return ranker.rank(messages)
            finally:
                ranker.close()

    found = folds.held_out(lesson, ranked)
    if found is None:
        raise TrainingFailed("all examples are the same words: there is nothing to measure a model with")
    return found


def _part(progress: Progress, start: float, end: float) -> Progress:
    return lambda step, share: progress(step, start + (end - start) * min(max(share, 0.0), 1.0))
