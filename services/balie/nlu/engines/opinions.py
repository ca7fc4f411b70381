"""What several models think of some texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Opinions:
    """What the models think of some texts.

    Attributes:
        logits: one array for each model that tells classes apart, shape (texts, classes).
        nearness: shape (texts, measures): how near each text is to what was learned; there may be no measure of it.
    """

    logits: "Sequence[Floats]"
    nearness: "Floats"

    @staticmethod
    def joined(parts: "Sequence[Opinions]", order: "NDArray[np.intp]") -> "Opinions":
        """Returns the opinions of several groups of texts, row `i` being row `order[i]` of all in a row."""
        logits = [
            np.concatenate(columns)[order] for columns in zip(*(part.logits for part in parts), strict=True)
        ]
        return Opinions(logits, np.concatenate([part.nearness for part in parts])[order])
