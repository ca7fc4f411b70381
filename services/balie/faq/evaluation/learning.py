"""Learns how parts are weighed and how sure a ranking is, from questions with known answers.

The weights are those of a conditional logit: they make the entries that answer likely among the candidates. The
confidence is a logistic regression over what the ranking shows. Both are small, so that a few hundred questions teach
them, and both are pulled towards simple ones where questions say little.

Sources: McFadden 1974, "Conditional logit analysis of qualitative choice behavior"; Platt 1999 (a logistic model of
scores).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from balie.faq.retrieval.blend import BlendRetriever
from balie.faq.retrieval.confidence import Confidence, spread
from balie.faq.retrieval.fitting import candidates
from balie.faq.retrieval.port import PARTS, Query, View

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

_PULL = 1e-3  # of the weights towards zero, on the mean log-likelihood
_TOP = 20
_INVERSE_PULL = 0.5  # of the confidence's weights, as scikit-learn counts it
_START = 3.0


@dataclass(frozen=True, slots=True)
class Choice:
    """One question's candidates.

    Attributes:
        parts: shape (texts, parts).
        right: shape (texts,), whether each text's entry answers.
    """

    parts: "Floats"
    right: "Flags"


def choice(retriever: BlendRetriever, query: Query, view: View, entry_ids: frozenset[str]) -> Choice | None:
    """Returns a question's candidates; None when none of them answers, which teaches no weights."""
    found = candidates(query, view, _TOP, vectors=retriever.uses_vectors, words=retriever.uses_words)
    right = np.asarray([entry.id in entry_ids for entry in found.entries], np.bool_)
    return Choice(found.parts, right) if right.any() else None


def learn_weights(
    sets: Iterable[Sequence[Choice]],
    *,
    used: Sequence[bool],
    towards: Sequence[float] | None = None,
    pull: float = _PULL,
) -> tuple[float, ...]:
    """Returns the weights under which the answers of several sets are likeliest, each set counting the same.

    Args:
        sets: of questions, each with at least one.
        used: which parts may have a weight; no weight is below 0, as every part speaks for an entry.
        towards: weights that they are pulled to; zeros without them.
        pull: how hard.
    """
    packed = [list(one) for one in sets]
    centre = np.zeros(len(used)) if towards is None else np.asarray(towards)

    def loss(weights: "Floats") -> "tuple[float, Floats]":
        away = weights - centre
        total, slope = pull * float(away @ away), 2 * pull * away
        for choices in packed:
            for one in choices:
                fits = one.parts @ weights
                likely = np.exp(fits - fits.max())
                likely /= likely.sum()
                right = likely * one.right
                chance = right.sum() + 1e-12
                total -= float(np.log(chance)) / len(choices)
                slope = slope - (right / chance - likely) @ one.parts / len(choices)
        return total, slope

    bounds = [(0.0, None) if may else (0.0, 0.0) for may in used]
    start = np.asarray([_START if may else 0.0 for may in used]) if towards is None else centre
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return tuple(round(float(weight), 3) for weight in found.x)


@dataclass(frozen=True, slots=True)
class Shown:
    """What one question's ranking shows.

    Attributes:
        signals: shape (signals,).
        best: id of the best entry.
        right: whether it answers.
        answerable: whether any does.
    """

    signals: "Floats"
    best: str
    right: bool
    answerable: bool


def shown(retriever: BlendRetriever, query: Query, view: View, entry_ids: frozenset[str]) -> Shown | None:
    """Returns what a question's ranking shows; None when there is none."""
    fitted = retriever.fitted(query, view, _TOP)
    if not fitted.order:
        return None
    best = fitted.candidates.entries[fitted.order[0]]
    return Shown(fitted.signals(view), best.id, best.id in entry_ids, bool(entry_ids))


def learn_confidence(examples: Sequence[Shown], *, weights: Sequence[float] | None = None) -> Confidence:
    """Returns the logistic model of whether the best entry answers.

    Args:
        examples: of both outcomes.
        weights: how much each counts; all the same without them.
    """
    rows = spread(np.stack([one.signals for one in examples]))
    right = [one.right for one in examples]
    model = make_pipeline(StandardScaler(), LogisticRegression(C=_INVERSE_PULL, max_iter=1000))
    model.fit(rows, right, logisticregression__sample_weight=weights)
    scaler, logistic = model[0], model[1]
    scale = np.where(scaler.scale_ > 0, scaler.scale_, 1.0)
    slopes = logistic.coef_[0] / scale
    bias = float(logistic.intercept_[0] - slopes @ scaler.mean_)
    return Confidence(tuple(round(float(slope), 5) for slope in slopes), round(bias, 5))


def recalibrated(confidence: Confidence, examples: Sequence[Shown]) -> Confidence:
    """Returns a confidence whose scale and bias fit examples of both outcomes; what it goes by stays the same."""
    slopes = np.asarray(confidence.weights)
    sums = np.asarray([[float(spread(one.signals) @ slopes) + confidence.bias] for one in examples])
    model = LogisticRegression(C=1.0).fit(sums, [one.right for one in examples])
    scale, bias = max(0.0, float(model.coef_[0][0])), float(model.intercept_[0])
    return Confidence(
        tuple(round(float(slope * scale), 5) for slope in slopes), round(confidence.bias * scale + bias, 5)
    )


def used_parts(retriever: type[BlendRetriever]) -> Sequence[bool]:
    """Returns which parts a retriever has."""
    vectors = PARTS.index("letters")
    return [
        retriever.uses_vectors if place < vectors else retriever.uses_words for place in range(len(PARTS))
    ]
