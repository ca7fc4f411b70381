"""How sure it is that the best entry answers a question: a logistic model of what the ranking shows.

A ranking alone always has a best entry. Whether it answers shows in how well its parts fit, how far it is ahead, and in
what of the question it does not hold: a rare word that the entry lacks is often just what was asked.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from balie.faq.retrieval.terms import Terms

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SIGNALS = (
    "fit",
    "chance",
    "ahead",
    "ahead_of_third",
    "question",
    "phrasings",
    "answer",
    "letters",
    "stems",
    "question_lead",
    "phrasings_lead",
    "answer_lead",
    "letters_lead",
    "stems_lead",
    "letters_asked",
    "stems_asked",
    "letters_unknown",
    "stems_unknown",
    "rarest_missing",
    "two_rarest_missing",
    "missing",
    "share_missing",
    "stems_counted",
)
"""What confidence is worked out from, in the order of its weights."""

_FAR = 30.0  # a lead beyond this says no more


@dataclass(frozen=True, slots=True)
class Confidence:
    """A logistic model over signals.

    Attributes:
        weights: one for each of `SIGNALS`.
        bias: what is added.
    """

    weights: tuple[float, ...]
    bias: float

    def of(self, signals: "Floats") -> float:
        """Returns how sure the best entry is, in [0, 1]."""
        sum_ = float(signals @ np.asarray(self.weights)) + self.bias
        return 1.0 / (1.0 + math.exp(-max(-_FAR, min(_FAR, sum_))))


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of the question's words.

    Attributes:
        letters: its runs of letters.
        stems: its stems, of the best entry's language.
        held: the stems that the best entry holds.
    """

    letters: Terms
    stems: Terms
    held: frozenset[str]


def signals(fits: "Floats", parts: "Floats", asked: Asked | None) -> "Floats":
    """Returns the signals of a ranking, shape (signals,).

    Args:
        fits: shape (entries,), falling: how well each fits.
        parts: shape (entries, parts), in the same order.
        asked: the question's words; None when it was not looked up by them.
    """
    first = fits[0]
    chance = -math.log(float(np.exp(fits - first).sum()))
    ahead = [float(first - fits[place]) if place < len(fits) else _FAR for place in (1, 2)]
    leads = parts[0] - parts[1:].max(axis=0) if len(fits) > 1 else parts[0]
    found = [float(first), chance, *ahead, *parts[0].tolist(), *leads.tolist(), *_words(asked)]
    return np.asarray(found)


def _words(asked: Asked | None) -> Sequence[float]:
    if asked is None:
        return [0.0] * 9
    missing = sorted(term.weight for term in asked.stems.terms if term.text not in asked.held)
    return [
        math.log1p(asked.letters.total),
        math.log1p(asked.stems.total),
        asked.letters.unknown,
        asked.stems.unknown,
        missing[-1] if missing else 0.0,
        sum(missing[-2:]),
        sum(missing),
        sum(missing) / asked.stems.total if asked.stems.total else 0.0,
        float(len(asked.stems.terms)),
    ]
