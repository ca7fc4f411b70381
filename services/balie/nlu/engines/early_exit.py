"""When the letters of a message say enough: it need not be encoded then, which is most of what a message costs.

From which score on is learned from held-out examples: so high that leaving off there changes next to no answer.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from balie.nlu.engines.mixing import Mixture
from balie.nlu.engines.softmax import softmax

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_MOST_LOST = 0.001
"""Accuracy that may be lost: right answers of the whole that the letters alone get wrong, less the other way round."""
_MOST_DOUBTED = 0.02
"""Share of what is out of scope that may leave early, and so be taken for an intent, though the whole would be in doubt."""
_DOUBT = 0.5
"""Score of the whole's first intent below which it is in doubt."""
_FEWEST_ROWS = 500
"""With fewer held-out examples, so small a share cannot be told."""
NEVER = 2.0
"""A score that nothing reaches."""


@dataclass(frozen=True, slots=True)
class EarlyExit:
    """From where on the letters are enough.

    Attributes:
        sharpness: what margins are multiplied with before they become probabilities.
        least: score of the first intent, [0, 1], from which on the letters are enough; `NEVER` when they never are.
        share: of the held-out examples in scope, how many leave early.
    """

    sharpness: float
    least: float
    share: float

    @staticmethod
    def fit(
        margins: "Floats",
        whole: "Floats",
        classes: "NDArray[np.int64]",
        strangers: "tuple[Floats, Floats] | None",
    ) -> "EarlyExit":
        """Returns when held-out examples may leave early.

        Args:
            margins: shape (examples, classes), what their letters say.
            whole: shape (examples, intents), scores of the whole ranking; what lacks to 1 is out of scope.
            classes: shape (examples,), the right ones; the intents come first.
            strangers: margins and scores, as the first two, of messages out of scope where the examples hold too few.
        """
        intent_count = whole.shape[1]
        inside = classes < intent_count
        sharpness = float(Mixture.fit([margins], classes, ["und"] * len(classes)).overall[0])
        if inside.sum() < _FEWEST_ROWS:
            return EarlyExit(sharpness, NEVER, 0.0)
        shares = shares_of(margins, sharpness)
        best, first = shares[:, :intent_count].max(axis=1), shares[:, :intent_count].argmax(axis=1)
        right = whole.argmax(axis=1) == classes
        lost = (right & (first != classes))[inside].astype(np.int64)
        won = (~right & (first == classes))[inside].astype(np.int64)
        least = _least(best[inside], lost - won, _MOST_LOST * inside.sum())
        outside, trusted = best[~inside], whole[~inside].max(axis=1, initial=0.0)
        if strangers is not None:
            outside = np.append(outside, shares_of(strangers[0], sharpness)[:, :intent_count].max(axis=1))
            trusted = np.append(trusted, strangers[1].max(axis=1))
        doubted, allowed = outside[trusted < _DOUBT], int(_MOST_DOUBTED * outside.size)
        if doubted.size > allowed:  # just above the first of those that must stay
            stays = -np.sort(-doubted)[allowed]
            least = max(least, float(np.nextafter(stays, np.float32(2.0))))
        return EarlyExit(sharpness, least, float((best[inside] >= least).mean()))


def shares_of(margins: "Floats", sharpness: float) -> "Floats":
    """Returns margins as probabilities, shape (texts, classes)."""
    return softmax(margins * np.float32(sharpness))


def _least(scores: "Floats", harms: "NDArray[np.int64]", most: float) -> float:
    """Returns the least score at which, and at every higher one, the harms from there on sum up to no more than `most`.

    Equal scores leave together or not at all. `NEVER` when even the highest harm too much.
    """
    order = np.argsort(-scores, kind="stable")
    falling, summed = scores[order], np.cumsum(harms[order])
    ends = np.flatnonzero(np.append(falling[:-1] > falling[1:], True))
    too_much = np.flatnonzero(summed[ends] > most)
    allowed = int(too_much[0]) if too_much.size else ends.size
    return float(falling[ends[allowed - 1]]) if allowed else NEVER
