"""What a model is worth, measured on rankings of examples by models that have not seen them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np

from balie.calibration import figures
from balie.nlu.calibrating import HeldOut
from balie.nlu.engines.port import HeldOutRanking
from balie.nlu.examples import OUT_OF_SCOPE, Example
from balie.nlu.verdicts import Thresholds

if TYPE_CHECKING:
    from balie.nlu.engines.port import Ranking


def held_out(ranking: "Ranking", examples: Sequence[Example], intents: Sequence[str]) -> HeldOut:
    """Returns an engine's scores, beside what was right.

    Args:
        ranking: of the examples, in their order.
        examples: those of `oos`, and of intents that the model does not know, have no right answer.
        intents: in the order of the ranking's scores.
    """
    places = {name: place for place, name in enumerate(intents)}
    truth = np.array([places.get(example.intent, -1) for example in examples], np.int64)
    strangers = None
    if isinstance(ranking, HeldOutRanking) and ranking.strangers is not None:
        strangers = scores_of(ranking.strangers).astype(np.float64)[truth >= 0]
    return HeldOut(scores_of(ranking).astype(np.float64), truth, strangers)


def scores_of(ranking: "Ranking") -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]]":
    """Returns an engine's score of each intent, shape (messages, intents); what lacks to 1 in a row is out of scope.

    `balie.nlu.score_map` makes probabilities of them.
    """
    if ranking.out_of_scope is None:
        return ranking.scores
    found: np.ndarray[tuple[int, ...], np.dtype[np.float32]] = (
        ranking.scores * (1.0 - ranking.out_of_scope)[:, None]
    )
    return found


def figures_of(held: HeldOut, thresholds: Thresholds) -> dict[str, float]:
    """Returns the figures of rankings by name, for the manifest and for people."""
    held = held.mapped(thresholds.scores)
    places, scores = held.best()
    right = places[:, 0] == held.truth
    in_scope = held.truth >= 0
    second = scores[:, 1] if scores.shape[1] > 1 else np.zeros(len(scores))
    lead = scores[:, 0] - second
    accepted = (np.round(scores[:, 0], 6) >= thresholds.match) & (lead >= thresholds.margin)
    found = asdict(figures(accepted, right, in_scope))
    if not in_scope.all():
        found["oos_recall"] = float((~accepted)[~in_scope].mean())
    if in_scope.any():
        found["in_scope_coverage"] = float(accepted[in_scope].mean())
    choices = ~accepted & (lead < thresholds.margin) & (second >= thresholds.floor)
    found["ambiguous"] = float(choices.mean())
    return {name: round(float(value), 4) for name, value in found.items() if value is not None}


def accuracy_by_language(held: HeldOut, examples: Sequence[Example]) -> dict[str, float]:
    """Returns the in-scope accuracy of each language that examples are in."""
    right = held.best()[0][:, 0] == held.truth
    found: dict[str, list[bool]] = defaultdict(list)
    for example, hit in zip(examples, right, strict=True):
        if example.intent != OUT_OF_SCOPE:
            found[example.language].append(bool(hit))
    return {language: round(sum(hits) / len(hits), 4) for language, hits in sorted(found.items())}
