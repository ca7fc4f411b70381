"""Works out the rows of the table, one at a time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from balie import calibration
from balie.nlu.evaluation.benchmark.draws import draw
from balie.nlu.evaluation.benchmark.logistic import LogisticTeacher
from balie.nlu.evaluation.benchmark.promise import Scored, try_promise
from balie.nlu.evaluation.benchmark.sets import FewShotRow, PromiseRow, Row, SetRow, row_of
from balie.nlu.evaluation.engines import EngineTeacher
from balie.nlu.evaluation.figures import FIGURES
from balie.nlu.evaluation.judging import accept
from balie.nlu.evaluation.running import Plan, judged, run
from balie.nlu.evaluation.vectors import Vectors
from balie.nlu.training_data import read_messages

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from balie.encoders import Encoder
    from balie.nlu.calibrating import Promise
    from balie.nlu.engines.port import Progress
    from balie.nlu.evaluation.port import Teacher

Result = dict[str, object]

_CONFIDENCE = 0.95
_T_QUANTILES = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 7: 2.447, 8: 2.365, 9: 2.306, 10: 2.262}
"""Of Student's distribution at 0.975, by the number of draws (Student 1908); beyond, the normal one is near enough."""


@dataclass(frozen=True)
class Bench:
    """What rows are worked out with.

    Attributes:
        data: folder of the evaluation data, with `intents` in it.
        work: folder that vectors and judged messages are kept in.
        engine: its name.
        options: the engine's.
        promise: what thresholds have to keep.
        open_encoder: opens the encoder.
        workers: threads that encode.
    """

    data: Path
    work: Path
    engine: str
    options: Mapping[str, str]
    promise: "Promise"
    open_encoder: "Callable[[], Encoder]"
    workers: int

    def vectors(self) -> Vectors:
        """Returns vectors that are kept on disk; those of one row are forgotten with it."""
        return Vectors(self.open_encoder, self.workers, self.work / "vectors")

    def teacher(self, vectors: Vectors, out_of_scope: float | None = None) -> EngineTeacher:
        """Returns what makes models of the engine, for traffic with a stated share out of scope if one is given."""
        promise = replace(self.promise, expected_out_of_scope=out_of_scope)
        return EngineTeacher(self.engine, self.options, promise, vectors)

    def file(self, folder: str, name: str) -> Path:
        """Returns a file of a set."""
        return self.data / "intents" / folder / name

    def files(self, row: Row) -> list[Path]:
        """Returns the files that a row is worked out from."""
        if isinstance(row, PromiseRow):
            return self.files(row_of(row.of))
        names = ["train.jsonl"] if isinstance(row, FewShotRow) or row.folds else ["train.jsonl", row.test]
        return [self.file(row.folder, name) for name in names]

    def scored_file(self, name: str) -> Path:
        """Returns where the judged messages of a row are kept."""
        return self.work / "judged" / f"{name}.npz"


def work_out(row: Row, bench: Bench, progress: "Progress") -> Result:
    """Returns the figures of a row, in values that JSON has.

    Raises:
        DataFileWrong: a file of the set cannot be read.
        OSError: the folder of work cannot be written, or what the row stands on was not worked out.
        Whatever training raises.
    """
    if isinstance(row, SetRow):
        return _of_set(row, bench, progress)
    if isinstance(row, FewShotRow):
        return _of_few(row, bench, progress)
    return _of_promise(row, bench, progress)


def _of_set(row: SetRow, bench: Bench, progress: "Progress") -> Result:
    train, *test = bench.files(row)
    plan = Plan([train], test, folds=row.folds, languages=[row.language])
    found = run(plan, bench.teacher(bench.vectors(), row.out_of_scope), progress)
    scored = Scored.of(found.outcome)
    bench.scored_file(row.name).parent.mkdir(parents=True, exist_ok=True)
    scored.save(bench.scored_file(row.name))
    return {
        "figures": {name: found.measured.figures[name] for name in FIGURES},
        "intervals": {name: [one.low, one.high] for name, one in found.measured.intervals.items()},
        "messages": len(found.outcome.messages),
        "out_of_scope": int((~found.outcome.in_scope).sum()),
        "intents": len(found.outcome.intents),
        "train_seconds": found.train_seconds,
        "milliseconds_per_message": found.milliseconds_per_message,
        "peak_memory_mb": found.peak_memory_mb,
        "calibration_version": found.calibration_version,
        "pairs": _pairs(row, scored),
    }


def _pairs(row: SetRow, scored: Scored) -> list[dict[str, object]]:
    """Returns, for each published pair, what the engine finds of out of scope when it is as accurate in scope."""
    inside = scored.in_scope
    if inside.all():
        return []
    outside = int((~inside).sum())
    pairs = []
    for one in row.others:
        if one.oos_recall is None:
            continue
        best = scored.judgement.scores.max(axis=1)
        recall = calibration.out_of_scope_recall_at_accuracy(best, scored.right, inside, one.accuracy)
        reach = None if recall is None else calibration.wilson(round(recall * outside), outside)
        pairs.append(
            {
                "who": one.who,
                "accuracy": one.accuracy,
                "theirs": one.oos_recall,
                "ours": recall,
                "interval": None if reach is None else [reach.low, reach.high],
            }
        )
    return pairs


def _of_few(row: FewShotRow, bench: Bench, progress: "Progress") -> Result:
    messages = read_messages(bench.file(row.folder, "train.jsonl"), [row.language]).items
    vectors = bench.vectors()
    teachers: dict[str, Teacher] = {"ours": bench.teacher(vectors), "logistic": LogisticTeacher(vectors)}
    teachers["logistic"].prepare(messages, lambda step, share: progress(step, 0.3 * share))
    found: dict[str, list[float]] = {name: [] for name in teachers}
    hits: dict[str, list[NDArray[np.bool_]]] = {name: [] for name in teachers}
    for seed in range(row.draws):
        learned, rest = draw(messages, row.shots, seed)
        for place, (name, teacher) in enumerate(teachers.items()):
            start = 0.3 + 0.7 * (seed + place / len(teachers)) / row.draws
            step = f"draw {seed + 1} of {row.draws}, {name}"
            progress(step, start)
            outcome = judged(teacher, learned, (), rest, lambda _step, _share: None).outcome
            found[name].append(float(outcome.right.mean()))
            hits[name].append(outcome.right)
    gains = [ours - theirs for ours, theirs in zip(found["ours"], found["logistic"], strict=True)]
    return {
        "draws": found,
        "accuracy": _mean(found["ours"]),
        "logistic": _mean(found["logistic"]),
        "gain": _mean(gains),
        "judged": [int(one.size) for one in hits["ours"]],
    }


def _of_promise(row: PromiseRow, bench: Bench, progress: "Progress") -> Result:
    scored = Scored.load(bench.scored_file(row.of))

    def tried(
        stated: tuple[float | None, ...], real: tuple[float | None, ...], told: "Progress"
    ) -> list[Result]:
        found = try_promise(
            scored, bench.promise, accept, splits=row.splits, stated=stated, real=real, progress=told
        )
        return [one.as_dict() for one in found]

    as_it_is = tried((None,), (None,), lambda step, share: progress(step, 0.25 * share))
    stated = tried(row.shares, row.shares, lambda step, share: progress(step, 0.25 + 0.75 * share))
    return {
        "out_of_scope": float((~scored.in_scope).mean()),
        "messages": int(scored.truth.size),
        "as_it_is": as_it_is[0],
        "stated": stated,
        "max_wrong": bench.promise.max_wrong,
        "delta": bench.promise.delta,
    }


def _mean(values: list[float]) -> dict[str, object]:
    """Returns the mean of draws with its interval, by Student's distribution."""
    middle, count = float(np.mean(values)), len(values)
    if count < 2:
        return {"mean": middle, "interval": None}
    quantile = _T_QUANTILES.get(count, NormalDist().inv_cdf((1 + _CONFIDENCE) / 2))
    reach = quantile * float(np.std(values, ddof=1)) / count**0.5
    return {"mean": middle, "interval": [middle - reach, middle + reach]}
