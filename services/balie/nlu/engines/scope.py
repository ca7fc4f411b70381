"""How sure an engine is that a message is none of its intents, out of everything that its models say.

No single sign is enough: a message about something else may be near one example, or contain one telling word. What each
sign counts is learned by logistic regression from held-out examples out of scope; where a lesson has none, from its own
examples as models see them that know nothing of their intent.

Sources: Liu et al. 2020, arXiv:2010.03759 (energy); Ren et al. 2021, arXiv:2106.09022 (relative Mahalanobis distance);
Zhan et al. 2021, arXiv:2106.08616 (examples of other intents as stand-ins).
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from balie.nlu.engines.opinions import Opinions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]


class Scope:
    """Tells what is out of scope; safe to call from several threads.

    Args:
        middle: shape (signs,), and `spread`: what signs are made comparable with.
        weights: shape (signs,), and `offset`: of the regression; above 0 is out of scope.
    """

    def __init__(self, middle: "Floats", spread: "Floats", weights: "Floats", offset: float) -> None:
        self._middle, self._spread, self._weights, self._offset = middle, spread, weights, offset

    @staticmethod
    def fit(inside: "Floats", outside: "Floats") -> "Scope":
        """Returns what tells signs of messages in scope from those out of scope, shapes (texts, signs)."""
        from sklearn.linear_model import LogisticRegression

        rows = np.concatenate([inside, outside])
        middle, spread = inside.mean(axis=0), np.maximum(inside.std(axis=0), 1e-6)
        truth = np.concatenate([np.zeros(len(inside)), np.ones(len(outside))])
        regression = LogisticRegression(C=1.0, class_weight="balanced", max_iter=1000)
        regression.fit((rows - middle) / spread, truth)
        return Scope(middle, spread, regression.coef_[0].astype(np.float32), float(regression.intercept_[0]))

    def out_of_scope(self, signs: "Floats") -> "Floats":
        """Returns how sure it is that each text is out of scope, shape (texts,), in [0, 1]."""
        odds = ((signs - self._middle) / self._spread) @ self._weights + np.float32(self._offset)
        found: Floats = (1.0 / (1.0 + np.exp(-np.clip(odds, -30.0, 30.0)))).astype(np.float32)
        return found

    def arrays(self) -> "Mapping[str, Floats]":
        """Returns what is to be stored, by name."""
        return {
            "scope_middle": self._middle,
            "scope_spread": self._spread,
            "scope_weights": self._weights,
            "scope_offset": np.array([self._offset], np.float32),
        }

    @staticmethod
    def of_arrays(arrays: "Mapping[str, Floats]") -> "Scope":
        """Returns what was stored."""
        middle, spread, weights = (arrays[f"scope_{name}"] for name in ("middle", "spread", "weights"))
        return Scope(middle, spread, weights, float(arrays["scope_offset"][0]))


def signs_of(opinions: Opinions, mixed: "Floats", intent_count: int) -> "Floats":
    """Returns the signs of texts, shape (texts, signs).

    Energy and lead of the mixed opinion, its best share, nearness to what was learned, and, where a lesson has examples out of
    scope, how far these lead.

    Args:
        opinions: of the models.
        mixed: shape (texts, classes), the intents first.
        intent_count: how many of the classes are intents.
    """
    best, lead, energy = _heights(mixed[:, :intent_count])
    top = mixed.max(axis=1, keepdims=True)
    share = best - (np.log(np.exp(mixed - top).sum(axis=1)) + top[:, 0])
    columns = [energy, lead, share, *opinions.nearness.T]
    if mixed.shape[1] > intent_count:
        columns.append(mixed[:, intent_count] - best)
    return np.stack(columns, axis=1).astype(np.float32)


def _heights(logits: "Floats") -> "tuple[Floats, Floats, Floats]":
    """Returns the best of each row, its lead over the next, and the logarithm of the sum of exponentials."""
    if logits.shape[1] == 1:
        return logits[:, 0], np.zeros(len(logits), np.float32), logits[:, 0]
    best = logits.max(axis=1)
    second = np.partition(logits, -2, axis=1)[:, -2]
    energy = np.log(np.exp(logits - best[:, None]).sum(axis=1)) + best
    return best, best - second, energy
