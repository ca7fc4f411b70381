"""Says what a ranking is worth: one intent, a choice between some, or "I do not know"."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from balie.nlu.domain import ScoredIntent, Verdict
from balie.nlu.score_map import ScoreMap

NEVER = 1.0
"""A threshold that only what the operator wrote down reaches: an example word for word, or a keyword."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From where on a ranking counts; learned from the examples, see `balie.nlu.calibrating`.

    Attributes:
        match: least score of a match, [0, 1].
        margin: least lead of a match over the next intent, [0, 1].
        floor: least score of each of two intents to choose from, [0, 1].
        version: names the calibration.
        scores: turns an engine's scores into those that all of these are about.
    """

    match: float
    margin: float
    floor: float
    version: str
    scores: ScoreMap = field(default_factory=ScoreMap)


def verdict_of(ranked: Sequence[ScoredIntent], thresholds: Thresholds) -> Verdict:
    """Returns the verdict on intents that are ranked best first."""
    if not ranked:
        return Verdict.NO_MATCH
    first = ranked[0].score
    second = ranked[1].score if len(ranked) > 1 else 0.0
    is_ahead = first - second >= thresholds.margin
    if first >= thresholds.match and is_ahead:
        return Verdict.MATCH
    if second >= thresholds.floor and not is_ahead:
        return Verdict.AMBIGUOUS
    return Verdict.NO_MATCH
