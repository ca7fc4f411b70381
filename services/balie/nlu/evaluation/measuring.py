"""What messages show of a model: figures with the intervals in which they lie, by intent and by language, and curves."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from balie import calibration
from balie.calibration import Interval
from balie.nlu.evaluation.figures import FIGURES, Columns, curves_of, shares_of
from balie.nlu.evaluation.outcome import Outcome
from balie.nlu.examples import OUT_OF_SCOPE

_CURVE_POINTS = 100
_CONFUSIONS = 50


@dataclass(frozen=True, slots=True)
class IntentFigures:
    """Figures of one intent.

    Attributes:
        precision: of the messages in scope whose best intent it is, the share that has it. [0, 1].
        recall: of the messages that have it, the share whose best intent it is. [0, 1].
        f1: their harmonic mean.
        support: how many messages have it.
        coverage: of the messages that have it, the share that is accepted, with whichever intent; None without any.
        wrong_rate: of the messages that are accepted with it, the share that is another's or out of scope; None without any.
    """

    intent: str
    precision: float
    recall: float
    f1: float
    support: int
    coverage: float | None
    wrong_rate: float | None


@dataclass(frozen=True, slots=True)
class NamedConfusion:
    """Messages of one intent whose best intent is another.

    Attributes:
        truth: the right intent, or `oos`; of that only what was accepted counts.
        predicted: the intent that they are taken for.
        count: how many.
        accepted: how many of them are accepted: answers that are wrong.
    """

    truth: str
    predicted: str
    count: int
    accepted: int


@dataclass(frozen=True, slots=True)
class LanguageFigures:
    """Figures of one language; None where there is nothing to measure them by."""

    language: str
    messages: int
    in_scope_accuracy: float | None
    coverage: float
    wrong_rate: float
    interval: Interval
    """Of `in_scope_accuracy`."""


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """What is accepted from a threshold on, as shares in [0, 1]."""

    threshold: float
    coverage: float
    wrong_rate: float


@dataclass(frozen=True)
class Measured:
    """What messages show of a model.

    Attributes:
        figures: by name, see `FIGURES`; None where there is nothing to measure it by.
        intervals: by name, at 95 %; only of figures that are there.
        per_intent: by name of the intent.
        confusions: commonest first.
        by_language: by tag.
        risk_coverage: from the strictest threshold to the laxest.
    """

    figures: Mapping[str, float | None]
    intervals: Mapping[str, Interval]
    per_intent: Sequence[IntentFigures]
    confusions: Sequence[NamedConfusion]
    by_language: Sequence[LanguageFigures]
    risk_coverage: Sequence[CurvePoint]


def measure(outcome: Outcome, *, resamples: int = calibration.RESAMPLES) -> Measured:
    """Returns what an outcome shows.

    Args:
        outcome: of one message at least.
        resamples: draws of the bootstrap for those intervals that need it.

    Raises:
        ValueError: there are no messages.
    """
    shares = shares_of(outcome)
    columns = Columns.of(outcome)
    figures: dict[str, float | None] = dict.fromkeys(FIGURES)
    figures |= {name: hits / trials for name, (hits, trials) in shares.items() if trials}
    figures["wrong_rate"] = figures["wrong_rate"] or 0.0  # nothing accepted is nothing wrong
    figures |= curves_of(columns)
    intervals = {name: calibration.wilson(*share) for name, share in shares.items() if share[1]}
    drawn = calibration.bootstrap(
        lambda places: curves_of(columns.rows(places)), columns.inside.astype(np.int64), resamples=resamples
    )
    intervals |= {name: Interval(max(0.0, one.low), min(1.0, one.high)) for name, one in drawn.items()}
    return Measured(
        figures=figures,
        intervals={name: intervals[name] for name in FIGURES if name in intervals},
        per_intent=_per_intent(outcome),
        confusions=_confusions(outcome),
        by_language=_by_language(outcome),
        risk_coverage=_curve(outcome),
    )


def _per_intent(outcome: Outcome) -> list[IntentFigures]:
    inside, accepted = outcome.in_scope, outcome.judgement.accepted
    count = len(outcome.intents)
    found = calibration.by_class(outcome.truth[inside], outcome.best[inside], count)
    kept = np.bincount(outcome.truth[inside & accepted], minlength=count)
    given = np.bincount(outcome.best[accepted], minlength=count)
    wrong = np.bincount(outcome.best[accepted & ~outcome.right], minlength=count)
    rows = [
        IntentFigures(
            intent=intent,
            precision=float(found.precision[at]),
            recall=float(found.recall[at]),
            f1=float(found.f1[at]),
            support=int(found.support[at]),
            coverage=float(kept[at] / found.support[at]) if found.support[at] else None,
            wrong_rate=float(wrong[at] / given[at]) if given[at] else None,
        )
        for at, intent in enumerate(outcome.intents)
    ]
    return sorted(rows, key=lambda row: row.intent)


def _confusions(outcome: Outcome) -> list[NamedConfusion]:
    count = len(outcome.intents)
    names = [*outcome.intents, OUT_OF_SCOPE]
    truth = np.where(outcome.in_scope, outcome.truth, count)
    matter = outcome.in_scope | outcome.judgement.accepted
    found = calibration.confusions(truth[matter], outcome.best[matter], count + 1, most=_CONFUSIONS)
    return [
        NamedConfusion(
            names[one.truth],
            names[one.predicted],
            one.count,
            int(((truth == one.truth) & (outcome.best == one.predicted) & outcome.judgement.accepted).sum()),
        )
        for one in found
    ]


def _by_language(outcome: Outcome) -> list[LanguageFigures]:
    places: dict[str, list[int]] = defaultdict(list)
    for place, message in enumerate(outcome.messages):
        places[message.language].append(place)
    found = []
    for language, rows in sorted(places.items()):
        part = outcome.rows(np.array(rows, np.int64))
        shares = shares_of(part)
        hits, in_scope = shares["in_scope_accuracy"]
        found.append(
            LanguageFigures(
                language=language,
                messages=len(rows),
                in_scope_accuracy=hits / in_scope if in_scope else None,
                coverage=calibration.coverage(part.judgement.accepted),
                wrong_rate=calibration.wrong_rate(part.judgement.accepted, part.right),
                interval=calibration.wilson(hits, in_scope),
            )
        )
    return found


def _curve(outcome: Outcome) -> list[CurvePoint]:
    found = calibration.risk_coverage(outcome.confidence, outcome.right)
    places = np.unique(np.linspace(0, found.coverage.size - 1, _CURVE_POINTS).round().astype(np.int64))
    return [
        CurvePoint(float(found.thresholds[at]), float(found.coverage[at]), float(found.risk[at]))
        for at in places
    ]
