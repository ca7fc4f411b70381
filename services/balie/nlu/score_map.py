"""Turns an engine's scores into probabilities that mean what they say, in the traffic that the operator expects.

Two corrections, both learned from held-out rankings: one number sharpens or softens the probabilities of the intents among
each other; and a logistic regression of one sign turns the engine's view of what is out of scope into a probability, for the
stated share of such messages.

Sources: Guo et al. 2017, arXiv:1706.04599, section 4.2 (temperature scaling); Platt 1999 (probabilities from one score);
Saerens, Latinne and Decaestecker 2002, Neural Computation 14(1) (another share of a class in traffic than in the data).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_LEAST = 1e-6
_STEPS = np.geomspace(0.25, 4.0, 41)
_NO_VIEW = 1e-5
"""An engine that is never surer than this that a message is out of scope has no view of it."""
_HELD_BACK = 1e-3
_AS_SCIKIT_LEARN = {"maxiter": 1000, "maxls": 50, "gtol": 1e-4, "ftol": 64 * np.finfo(float).eps}
_SURE = 30.0
_MOST = 0.99999
"""A guess is never certain: 1 is the score of what is known."""


@dataclass(frozen=True, slots=True)
class ScoreMap:
    """The corrections; as it is, it changes nothing.

    Attributes:
        sharpness: what logarithms of probabilities are multiplied with.
        by_best: whether what is out of scope is told by the best intent's probability, as the engine has no view of it.
        slope: of the regression.
        offset: of the regression, in favour of out of scope.
    """

    sharpness: float = 1.0
    by_best: bool = False
    slope: float = 1.0
    offset: float = 0.0

    def apply(self, scores: "NDArray[np.floating]") -> "Floats":
        """Returns the probability of each intent, shape (messages, intents); what lacks to 1 in a row is out of scope.

        Args:
            scores: of the engine, of the same shape and meaning.
        """
        within, evidence = _parts(scores, by_best=self.by_best)
        odds = np.clip(self.slope * evidence + self.offset, -_SURE, _SURE)
        found: Floats = _sharpened(within, self.sharpness) / (1.0 + np.exp(odds))[:, None]
        return np.minimum(found, _MOST)


def fit_score_map(
    scores: "NDArray[np.floating]", truth: "NDArray[np.int64]", expected_out_of_scope: float | None
) -> ScoreMap:
    """Returns the corrections that held-out scores teach.

    Args:
        scores: shape (messages, intents), of the engine; what lacks to 1 in a row is out of scope.
        truth: shape (messages,), the place of the right intent; -1 for what is out of scope.
        expected_out_of_scope: share of such messages in traffic, [0, 1); None for that among these.
    """
    inside = truth >= 0
    by_best = bool((1.0 - scores.sum(axis=1)).max(initial=0.0) < _NO_VIEW)
    within, evidence = _parts(scores, by_best=by_best)
    sharpness = _sharpness(within[inside], truth[inside]) if inside.any() else 1.0
    share = float((~inside).mean()) if expected_out_of_scope is None else expected_out_of_scope
    if share <= 0.0:
        return ScoreMap(sharpness, by_best, 0.0, -_SURE)
    if inside.all() or not inside.any():  # nothing to learn from: the engine's own view, or none
        return ScoreMap(sharpness, by_best, *((0.0, -_SURE) if by_best else (1.0, 0.0)))
    weights = np.where(inside, (1.0 - share) / inside.sum(), share / (~inside).sum())
    slope, offset = _regression(evidence, ~inside, weights)
    return ScoreMap(sharpness, by_best, max(slope, 0.0), offset)


def _regression(evidence: "Floats", outside: "NDArray[np.bool_]", weights: "Floats") -> tuple[float, float]:
    """Returns the slope and the offset of the logistic regression, its slope held back a little.

    It gives the numbers of scikit-learn's LogisticRegression(C=1000), whose import takes longer than a small training.

    Args:
        evidence: shape (messages,).
        outside: of the same shape.
        weights: of the same shape; their sum is 1.
    """
    from scipy.optimize import minimize
    from scipy.special import expit

    held_back = _HELD_BACK / len(evidence)

    def loss(found: "Floats") -> "tuple[float, Floats]":
        odds = found[0] * evidence + found[1]
        wrong = weights * (expit(odds) - outside)
        value = weights @ (np.logaddexp(0.0, odds) - outside * odds) + 0.5 * held_back * found[0] ** 2
        return float(value), np.array([wrong @ evidence + held_back * found[0], wrong.sum()])

    found = minimize(loss, np.zeros(2), method="L-BFGS-B", jac=True, options=_AS_SCIKIT_LEARN).x
    return float(found[0]), float(found[1])


def _parts(scores: "NDArray[np.floating]", *, by_best: bool) -> "tuple[Floats, Floats]":
    """Returns the probabilities if one of the intents is meant, and the log odds that none is."""
    rows = scores.astype(np.float64)
    sums = rows.sum(axis=1)
    within = np.where(sums[:, None] > _LEAST, rows / np.maximum(sums, _LEAST)[:, None], 1.0 / rows.shape[1])
    inside = np.clip(within.max(axis=1) if by_best else sums, _LEAST, 1.0 - _LEAST)
    return within, np.log1p(-inside) - np.log(inside)


def _sharpened(within: "Floats", sharpness: float) -> "Floats":
    logs = sharpness * np.log(np.maximum(within, 1e-12))
    powers = np.exp(logs - logs.max(axis=1, keepdims=True))
    found: Floats = powers / powers.sum(axis=1, keepdims=True)
    return found


def _sharpness(within: "Floats", truth: "NDArray[np.int64]") -> float:
    def loss(step: float) -> float:
        right = _sharpened(within, step)[np.arange(len(truth)), truth]
        return float(-np.log(np.maximum(right, 1e-12)).mean())

    return float(min(_STEPS, key=loss))
