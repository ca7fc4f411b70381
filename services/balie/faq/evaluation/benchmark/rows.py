"""Works out what one retriever does on one set."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from balie.encoders.progress import Progress, within
from balie.faq.evaluation.benchmark.sets import SetRow
from balie.faq.evaluation.running import Evaluation, Plan, run
from balie.faq.knowledge.files import Source

if TYPE_CHECKING:
    from balie.encoders.kept_vectors import KeptVectors
    from balie.faq.retrieval.port import Retriever

Result = dict[str, Any]


@dataclass(frozen=True)
class Bench:
    """What rows are worked out with.

    Attributes:
        data: folder of the evaluation data, with `faq` in it.
        desk: folder of the sample desk.
        max_wrong: greatest share of wrong among the answers given.
        delta: chance that this promise is broken.
        vectors: gives vectors.
        open_retriever: returns the retriever of a name.
    """

    data: Path
    desk: Path
    max_wrong: float
    delta: float
    vectors: "KeptVectors"
    open_retriever: "Callable[[str], Retriever]"

    def plan(self, row: SetRow) -> Plan:
        """Returns what is evaluated for a row, with its questions as they are."""
        entries, queries, tune = (
            [Source(file) for file in files] for files in row.files(self.data, self.desk)
        )
        return Plan(entries, queries, tune, max_wrong=self.max_wrong, delta=self.delta)


def work_out(row: SetRow, retriever: str, bench: Bench, progress: Progress) -> Result:
    """Returns the figures of a retriever on a set, in values that JSON has.

    Those of the ranking are of the questions as they are. Those of answers are of the same, where some have no answer, and
    otherwise of questions of which a share is asked with their entries taken out.

    Raises:
        EntryFileWrong: a file of the set cannot be read.
        OSError: the folder of vectors cannot be written.
    """
    plan, opened = bench.plan(row), bench.open_retriever(retriever)
    ranked = run(plan, opened, bench.vectors, within(progress, 0.0, 0.5 if row.made else 1.0))
    answered = ranked
    if row.made:
        made = replace(plan, made=row.made)
        answered = run(made, opened, bench.vectors, within(progress, 0.5, 1.0))
    return {
        **asdict(ranked.figures),
        "intervals": {name: [one.low, one.high] for name, one in ranked.intervals.items()},
        "by_language": {language: asdict(one) for language, one in ranked.by_language.items()},
        "answers": _answers(answered),
        "entries": len(ranked.contents),
    }


def _answers(found: Evaluation) -> Result:
    figures, names = found.figures, ("coverage", "right_rate", "wrong_rate", "answerable_auroc")
    return {
        **{name: getattr(figures, name) for name in (*names, "threshold", "answered", "queries")},
        "made_unanswerable": found.made_unanswerable,
        "expected_unanswerable": found.policy.expected_unanswerable,
        "calibration_error": found.calibration_error,
        "calibration_version": found.calibration.version,
    }
