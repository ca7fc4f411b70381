"""Runs an evaluation from files: reads, teaches, judges and measures."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from balie.calibration import RESAMPLES
from balie.nlu.errors import DataFileWrong
from balie.nlu.evaluation.measuring import Measured, measure
from balie.nlu.evaluation.memory import PeakMemory
from balie.nlu.evaluation.outcome import Outcome
from balie.nlu.evaluation.port import Judgement
from balie.nlu.examples import OUT_OF_SCOPE, Example, Examples
from balie.nlu.folds import folds_of
from balie.nlu.training_data import distinct, read_messages

if TYPE_CHECKING:
    from balie.nlu.engines.port import Progress
    from balie.nlu.evaluation.port import Judge, Teacher

_BATCH = 512
"""Messages judged between two steps of the progress."""


@dataclass(frozen=True)
class Plan:
    """What is to be evaluated.

    Attributes:
        train: files of examples to learn from.
        test: files of messages to judge; empty with `folds`.
        valid: files of messages to learn thresholds from; empty for held-out rankings of `train`.
        folds: 0, or into how many parts `train` is parted, of which each is judged by a model of the others.
        languages: those of the files that count.
        language: that of messages whose file does not say it; otherwise it is told from their words.
        oos_labels: what is called out of scope in the files, beside `oos`; None for what the format usually calls it.
        resamples: draws of the bootstrap.
    """

    train: Sequence[Path]
    test: Sequence[Path] = ()
    valid: Sequence[Path] = ()
    folds: int = 0
    languages: Sequence[str] = ("nl", "de", "en")
    language: str = ""
    oos_labels: Sequence[str] | None = None
    resamples: int = RESAMPLES

    def read(self, files: Sequence[Path]) -> Examples:
        """Returns the messages of files, in their order.

        Raises:
            DataFileWrong: one cannot be read, or something in it makes no sense.
        """
        return read_messages(files, self.languages, language=self.language, oos_labels=self.oos_labels)


@dataclass(frozen=True)
class Data:
    """What was read of a kind of files."""

    messages: int
    out_of_scope: int
    fingerprint: str


@dataclass(frozen=True)
class Evaluation:
    """What an engine is worth.

    Attributes:
        measured: the figures.
        outcome: what they were made of.
        thresholds: what scores had to reach, by name; means over the folds.
        calibration_version: of the thresholds; of every fold, joined by commas.
        train_seconds: learning and calibrating, encoding left aside; the sum over folds.
        milliseconds_per_message: encoding and judging a message, in batches, on all workers.
        peak_memory_mb: the most that this process held meanwhile, in MB of 2^20 bytes.
        encoder_fingerprint: of the encoder; empty when none was used.
        data: what was read, by `train`, `valid` and `test`.
        notes: what was left out of the files, or could not be promised.
    """

    measured: Measured
    outcome: Outcome
    thresholds: Mapping[str, float]
    calibration_version: str
    train_seconds: float
    milliseconds_per_message: float
    peak_memory_mb: float
    encoder_fingerprint: str
    data: Mapping[str, Data]
    notes: Sequence[str] = field(default=())

    def as_dict(self) -> dict[str, object]:
        """Returns all but the messages, in values that JSON has."""
        return {
            **self.measured.figures,
            "intervals": {name: [one.low, one.high] for name, one in self.measured.intervals.items()},
            "thresholds": dict(self.thresholds),
            "calibration_version": self.calibration_version,
            "per_intent": [asdict(one) for one in self.measured.per_intent],
            "confusions": [asdict(one) for one in self.measured.confusions],
            "by_language": [asdict(one) for one in self.measured.by_language],
            "risk_coverage": [asdict(one) for one in self.measured.risk_coverage],
            "train_seconds": round(self.train_seconds, 3),
            "milliseconds_per_message": round(self.milliseconds_per_message, 3),
            "peak_memory_mb": round(self.peak_memory_mb, 1),
            "encoder_fingerprint": self.encoder_fingerprint,
            "data_fingerprint": self.data["train"].fingerprint,
            "data": {name: asdict(one) for name, one in self.data.items()},
            "notes": list(self.notes),
        }


def run(plan: Plan, teacher: "Teacher", progress: "Progress") -> Evaluation:
    """Returns what the teacher's models are worth.

    Args:
        plan: what is evaluated.
        teacher: makes the models.
        progress: is told the step and the share that is done, in [0, 1].

    Raises:
        DataFileWrong: a file cannot be read, something in it makes no sense, or there is too little to learn from.
        TrainingFailed: the engine cannot learn from the examples.
        EncoderUnavailable: the encoder cannot be loaded.
    """
    memory = PeakMemory()
    progress("reading the files", 0.0)
    read = {"train": plan.read(plan.train)}
    if plan.valid:
        read["valid"] = plan.read(plan.valid)
    if not plan.folds:
        read["test"] = plan.read(plan.test)
    train, valid = read["train"].items, read["valid"].items if plan.valid else ()
    _check(train, plan.train[0], plan.folds)
    for turn, one in enumerate(
        read.values()
    ):  # each kind by itself: what is kept of it serves other runs too
        part = _part(progress, 0.02, 0.4)
        teacher.prepare(one.items, _part(part, turn / len(read), (turn + 1) / len(read)))
    if plan.folds:
        found = _folded(teacher, train, valid, plan.folds, _part(progress, 0.4, 0.9))
    else:
        found = judged(teacher, train, valid, read["test"].items, _part(progress, 0.4, 0.9))
    progress("measuring", 0.9)
    messages = found.outcome.messages
    each = teacher.preparing_seconds(messages) + found.judging_seconds / len(messages)
    return Evaluation(
        measured=measure(found.outcome, resamples=plan.resamples),
        outcome=found.outcome,
        thresholds=found.thresholds,
        calibration_version=found.calibration_version,
        train_seconds=found.train_seconds,
        milliseconds_per_message=1000.0 * each,
        peak_memory_mb=memory.megabytes,
        encoder_fingerprint=teacher.encoder_fingerprint,
        data={name: _data(one) for name, one in read.items()},
        notes=[*(str(note) for one in read.values() for note in one.notes), *_unknown(found.outcome)],
    )


def _check(train: Sequence[Example], file: Path, folds: int) -> None:
    intents = {one.intent for one in train}
    if len(intents) < 2 or intents == {OUT_OF_SCOPE}:
        raise DataFileWrong(file, 0, f"two intents at least are needed, or one beside {OUT_OF_SCOPE}")
    if folds and np.unique(folds_of(train, folds)).size < 2:
        raise DataFileWrong(file, 0, "all examples are the same words: there are no folds to part them into")


@dataclass(frozen=True)
class Judged:
    """What models said of messages, and what it took."""

    outcome: Outcome
    thresholds: Mapping[str, float]
    calibration_version: str
    train_seconds: float
    judging_seconds: float


def judged(
    teacher: "Teacher",
    train: Sequence[Example],
    valid: Sequence[Example],
    test: Sequence[Example],
    progress: "Progress",
    *,
    intents: Sequence[str] = (),
) -> Judged:
    """Returns what a model of some examples says of messages.

    Args:
        teacher: makes the model.
        train: what it learns from; the same words for the same intent count once.
        valid: what thresholds are learned from; empty for held-out rankings of `train`.
        test: what it judges.
        progress: is told the step and the share that is done.
        intents: the names that judgements are about; by default those of `train`.
    """
    examples = distinct(train)
    names = intents or Examples(examples).intents
    started = time.perf_counter()
    judge = teacher.teach(examples, names, valid, _part(progress, 0.0, 0.8))
    train_seconds = time.perf_counter() - started
    try:
        started = time.perf_counter()
        judgement = _judgement(judge, test, _part(progress, 0.8, 1.0))
        return Judged(
            Outcome(test, names, judgement),
            judge.thresholds,
            judge.calibration_version,
            train_seconds,
            time.perf_counter() - started,
        )
    finally:
        judge.close()


def _folded(
    teacher: "Teacher",
    train: Sequence[Example],
    valid: Sequence[Example],
    count: int,
    progress: "Progress",
) -> Judged:
    """Returns what models of all but one part say of that part's messages; the same words stay in one part."""
    folds = folds_of(train, count)
    intents = Examples(train).intents
    parts: list[Judged] = []
    places = []
    numbers = [fold for fold in range(count) if (folds == fold).any()]
    for turn, fold in enumerate(numbers):
        held, kept = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        places.append(held)
        part = _part(progress, turn / len(numbers), (turn + 1) / len(numbers))

        def told(step: str, share: float, turn: int = turn, part: "Progress" = part) -> None:
            part(f"fold {turn + 1} of {len(numbers)}: {step}", share)

        parts.append(
            judged(
                teacher,
                [train[at] for at in kept.tolist()],
                valid,
                [train[at] for at in held.tolist()],
                told,
                intents=intents,
            )
        )
    back = np.argsort(np.concatenate(places))
    names = parts[0].thresholds.keys()
    return Judged(
        Outcome(train, intents, Judgement.joined([one.outcome.judgement for one in parts]).rows(back)),
        {name: float(np.mean([one.thresholds[name] for one in parts])) for name in names},
        ",".join(dict.fromkeys(one.calibration_version for one in parts)),
        sum(one.train_seconds for one in parts),
        sum(one.judging_seconds for one in parts),
    )


def _judgement(judge: "Judge", messages: Sequence[Example], progress: "Progress") -> Judgement:
    parts = []
    for start in range(0, len(messages), _BATCH):
        progress("judging", start / len(messages))
        parts.append(judge.judge(messages[start : start + _BATCH]))
    return Judgement.joined(parts)


def _data(examples: Examples) -> Data:
    outside = sum(one.intent == OUT_OF_SCOPE for one in examples.items)
    return Data(len(examples.items), outside, Examples(sorted(examples.items)).fingerprint())


def _unknown(outcome: Outcome) -> list[str]:
    unknown = outcome.unknown_intents
    if not unknown:
        return []
    shown = ", ".join(list(unknown)[:5]) + (" and others" if len(unknown) > 5 else "")
    return [
        f"{sum(unknown.values())} messages count as out of scope, as their intents were not learned: {shown}"
    ]


def _part(progress: "Progress", start: float, end: float) -> "Progress":
    return lambda step, share: progress(step, start + (end - start) * min(max(share, 0.0), 1.0))
