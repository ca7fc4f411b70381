"""How sure it is that the best entry answers a question: a logistic model of what the ranking shows.

A ranking alone always has a best entry. Whether it answers shows in how well its parts fit, how far it is ahead, and in
what of the question it does not hold: a word that the entry lacks is often just what was asked. It shows as well in
whether the question is as near to the ways to ask the entry as these are to each other.

What a signal is worth depends on in how many ways an entry is asked: of ten ways one is near, and nearly all words are
held, where of one way neither is so. Each signal has two weights, therefore, for entries that are asked in one way and
in ten, and between them the logarithm of the number says how much each counts.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from balie.faq.retrieval.analysis import runs
from balie.faq.retrieval.port import PARTS
from balie.faq.retrieval.terms import Terms

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SIGNALS = (
    "fit",
    "chance",
    "ahead",
    "question",
    "phrasings",
    "answer",
    "letters",
    "stems",
    "question_lead",
    "answer_lead",
    "letters_lead",
    "stems_lead",
    "letters_asked",
    "stems_asked",
    "rarest_missing",
    "two_rarest_missing",
    "missing",
    "stems_counted",
    "words_held",
    "words_asked",
    "nearer",
    "farthest",
    "ways",
)
"""What a ranking shows. The last, in [0, 1], says in how many ways the best entry is asked."""

WEIGHED = 2 * (len(SIGNALS) - 1) + 1
"""Weights of a confidence: of all signals but the last where entries are asked in one way, of the same where they are in
many, and of the last."""

_LEADS = [PARTS.index(name.removesuffix("_lead")) for name in SIGNALS if name.endswith("_lead")]
_FAR = 30.0  # a lead beyond this says no more
_MANY = 10  # ways to ask an entry, beyond which more say no more
_DIGITS = 6  # BLAS may give the same vectors two sums


@dataclass(frozen=True, slots=True)
class Confidence:
    """A logistic model over signals.

    Attributes:
        weights: as many as `WEIGHED`, in the order of `spread`.
        bias: what is added.
    """

    weights: tuple[float, ...]
    bias: float

    def of(self, signals: "Floats") -> float:
        """Returns how sure the best entry is, in [0, 1]."""
        sum_ = float(spread(signals) @ np.asarray(self.weights)) + self.bias
        return 1.0 / (1.0 + math.exp(-max(-_FAR, min(_FAR, sum_))))


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of the question's words.

    Attributes:
        letters: its runs of letters.
        stems: its stems, of the best entry's language.
        held: the stems that the best entry holds.
        words: its words that mean something by themselves, each once, as `analysis.telling` gives them.
        text: the best entry's words, as `analysis.written` gives them.
    """

    letters: Terms
    stems: Terms
    held: frozenset[str]
    words: Sequence[str] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways to ask the best entry.

    Attributes:
        count: how many there are.
        vectors: shape (ways, dimensions), of length 1; none when vectors are not compared.
        similar: shape (ways,), their cosine similarity to the question.
    """

    count: int
    vectors: "NDArray[np.float32] | None" = None
    similar: "Floats | None" = None


def signals(fits: "Floats", parts: "Floats", asked: Asked | None, ways: Ways) -> "Floats":
    """Returns the signals of a ranking, shape (signals,).

    Args:
        fits: shape (entries,), falling: how well each fits.
        parts: shape (entries, parts), in the same order.
        asked: the question's words; None when it was not looked up by them.
        ways: to ask the best entry.
    """
    first = float(fits[0])
    chance = -math.log(float(np.exp(fits - first).sum()))
    ahead = first - float(fits[1]) if len(fits) > 1 else _FAR
    leads = parts[0] - parts[1:].max(axis=0) if len(fits) > 1 else parts[0]
    found = [first, chance, ahead, *parts[0].tolist(), *leads[_LEADS].tolist(), *_words(asked)]
    many = min(1.0, math.log(max(1, ways.count)) / math.log(_MANY))
    return np.asarray([*found, *_held(asked), *_near(ways), many])


def spread(signals: "Floats") -> "Floats":
    """Returns what weights are given to, shape (..., WEIGHED), for signals of shape (..., signals)."""
    many, rest = signals[..., -1:], signals[..., :-1]
    return np.concatenate([(1.0 - many) * rest, many * rest, many], axis=-1)


def _words(asked: Asked | None) -> Sequence[float]:
    if asked is None:
        return [0.0] * 6
    missing = sorted(term.weight for term in asked.stems.terms if term.text not in asked.held)
    return [
        math.log1p(asked.letters.total),
        math.log1p(asked.stems.total),
        missing[-1] if missing else 0.0,
        sum(missing[-2:]),
        sum(missing),
        float(len(asked.stems.terms)),
    ]


def _held(asked: Asked | None) -> Sequence[float]:
    """Returns the share of the telling words that the entry holds, letter by letter, and how many words they are."""
    if asked is None:
        return [0.0, 0.0]
    held = [(len(word), _share(runs(word), asked.text)) for word in asked.words]
    letters = sum(length for length, _ in held)
    share = sum(length * share for length, share in held) / letters if letters else 1.0
    return [share, math.log1p(len(held))]


def _share(wanted: Sequence[str], text: str) -> float:
    return sum(run in text for run in wanted) / len(wanted) if wanted else 0.0


def _near(ways: Ways) -> Sequence[float]:
    """Returns how much nearer the nearest way to ask is than they are to each other, and how near the farthest is."""
    vectors, similar = ways.vectors, ways.similar
    if vectors is None or similar is None or not len(similar):
        return [0.0, 0.0]
    farthest = float(similar.min())
    if len(similar) == 1:
        return [0.0, farthest]
    among = vectors @ vectors.T
    among.flat[:: len(similar) + 1] = -1.0
    usual = round(float(among.max(axis=1).mean(dtype=np.float64)), _DIGITS)
    return [float(similar.max()) - usual, farthest]
