"""Learns from a collection itself from which score an answer may be given, by leaving one phrasing out.

Every question and phrasing is asked once, as if a customer had put it, with its own vector out of the index. So that
there are questions without an answer too, a share of them is asked with the whole entry taken out: whatever is found
then is wrong. How an encoder's scores spread differs by collection and language, and this needs nobody's labels.

It is severer than customers are: their words are often nearer to a phrasing than the phrasings, which were written to
differ, are to each other.
"""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from balie.calibration import ThresholdUnknown, least_threshold
from balie.faq.domain import Calibration

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from balie.faq.index.port import Snapshot

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

_MARGINS = (0.005, 0.01, 0.02, 0.05, 0.1)
"""Leads over the next entry that are tried; the least one only parts ties."""

_SAME = 1.0 - 1e-5
"""Similarity from which two vectors are of the same text, which a left-out phrasing must not find again."""

_STRICTEST = 0.98
"""No threshold is higher: what is this near is the same question in all but a letter."""

_STRICT_SHARE = 0.01
"""Share of the wrong best entries that is answered with where no share of wrong among the answers can be promised."""

_LEAST_QUESTIONS = 40
"""With fewer in the mix that customers ask, all are asked without their entry."""

_CHUNK = 64  # questions compared with all vectors at a time: 64 with a million are 256 MB
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Policy:
    """What the operator accepts.

    Attributes:
        max_wrong: greatest share of wrong among the answers given.
        delta: chance that this promise is broken.
        expected_unanswerable: share of the questions that no entry answers.
        default_threshold: least score of an answer when the collection proves none.
        default_margin: least lead over the next entry when the collection proves none.
        max_questions: most questions asked of one collection.
    """

    max_wrong: float
    delta: float
    expected_unanswerable: float
    default_threshold: float
    default_margin: float = 0.02
    max_questions: int = 2000

    def basis(self) -> str:
        """Returns what tells calibrations of this policy from others'."""
        return hashlib.sha256(repr((_MARGINS, _STRICTEST, self)).encode()).hexdigest()[:16]

    def default(self) -> Calibration:
        """Returns what is used while nothing is learned."""
        return Calibration(self.default_threshold, self.default_margin, "default.v1")


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of the questions that were asked.

    Attributes:
        scores: shape (questions,), of the best entry.
        leads: shape (questions,), over the next entry.
        right: shape (questions,), whether the best entry is the one the question was taken from.
        answerable: shape (questions,), whether that entry was there.
    """

    scores: "Floats"
    leads: "Floats"
    right: "Flags"
    answerable: "Flags"


def learn(snapshot: "Snapshot", policy: Policy) -> Calibration:
    """Returns the calibration of a collection.

    Of the margins, each with the least threshold that keeps the promise, the pair is taken that lets through the most
    right answers. When none keeps it, a weaker promise is kept: of the questions whose best entry is wrong, one in a
    hundred gets an answer. `version` says which.
    """
    asked = leave_one_out(snapshot, policy)
    best: tuple[int, Calibration] | None = None
    for margin in _MARGINS:
        ahead = asked.leads >= margin
        try:
            # One promise for five attempts, of which one is taken: Bonferroni's share of the chance for each.
            found = least_threshold(
                np.where(ahead, asked.scores, -np.inf),
                asked.right,
                policy.max_wrong,
                delta=policy.delta / len(_MARGINS),
                in_scope=asked.answerable,
                expected_out_of_scope=policy.expected_unanswerable,
            )
        except ThresholdUnknown:
            continue
        given = int((asked.right & ahead & (asked.scores >= found.value)).sum())
        if best is None or given > best[0]:
            best = given, Calibration(found.value, margin, f"leave-one-out.{found.version}")
    return best[1] if best else _strict(asked, policy)


def leave_one_out(snapshot: "Snapshot", policy: Policy) -> Asked:
    """Returns what becomes of the collection's own questions; the same for the same vectors, on every replica."""
    questions, answerable = _questions(snapshot, policy)
    if not questions.size:
        nothing = np.empty(0, np.float64)
        return Asked(nothing, nothing, np.empty(0, np.bool_), np.empty(0, np.bool_))
    numbers, starts = np.unique(snapshot.numbers, return_index=True)
    own = np.searchsorted(numbers, snapshot.numbers[questions])
    scores, leads, right = [], [], []
    for rows in _chunks(questions.size):
        similar = snapshot.vectors[questions[rows]] @ snapshot.vectors.T
        for line, question in enumerate(questions[rows]):
            of_entry = snapshot.numbers == snapshot.numbers[question]
            kept = answerable[rows][line] and similar[line] < _SAME
            similar[line, of_entry & ~np.asarray(kept)] = -2.0
            similar[line, question] = -2.0
        by_entry = np.maximum.reduceat(similar, starts, axis=1)
        best = by_entry.argmax(axis=1)
        top = np.sort(by_entry, axis=1)[:, -2:].astype(np.float64)  # as a search gives them
        scores.append(np.round(top[:, 1], _DIGITS))
        leads.append(top[:, 1] - top[:, 0])
        right.append((best == own[rows]) & answerable[rows])
    return Asked(np.concatenate(scores), np.concatenate(leads), np.concatenate(right), answerable)


def _questions(snapshot: "Snapshot", policy: Policy) -> "tuple[NDArray[np.int64], Flags]":
    """Returns the places of the questions to ask, and which are asked with their entry in the index.

    Only an entry with several vectors can be found without one of them. From one entry nothing is learned.
    """
    nobody = np.empty(0, np.int64)
    numbers, inverse, counts = np.unique(snapshot.numbers, return_inverse=True, return_counts=True)
    if numbers.size < 2:
        return nobody, np.empty(0, np.bool_)
    dice = np.random.default_rng(0)
    places = dice.permutation(snapshot.numbers.size)
    several = places[counts[inverse[places]] > 1]
    share = policy.expected_unanswerable
    wanted = min(policy.max_questions, places.size, math.floor(several.size / (1.0 - share)))
    if (
        wanted < _LEAST_QUESTIONS
    ):  # no promise can be proven; what is wrong still shows how near wrong entries come
        return places[: policy.max_questions], np.zeros(min(places.size, policy.max_questions), np.bool_)
    answered = several[: round(wanted * (1.0 - share))]
    others = np.setdiff1d(places, answered, assume_unique=True)
    unanswered = dice.permutation(others)[: wanted - answered.size]
    asked = np.concatenate([answered, unanswered])
    return asked, np.arange(asked.size) < answered.size


def _strict(asked: Asked, policy: Policy) -> Calibration:
    """Returns what lets through one wrong best entry in a hundred, and nothing below the default.

    Source: Vovk, Gammerman and Shafer 2005, "Algorithmic Learning in a Random World", section 2.2 (the quantile that a
    further example exceeds with a given chance).
    """
    if not asked.scores.size:
        return policy.default()
    wrong = np.sort(asked.scores[~asked.right & (asked.leads >= policy.default_margin)])
    place = min(wrong.size, math.ceil((wrong.size + 1) * (1.0 - _STRICT_SHARE)))
    least = float(wrong[place - 1]) + 10**-_DIGITS if wrong.size else -1.0
    threshold = min(_STRICTEST, max(policy.default_threshold, round(least, _DIGITS)))
    digest = hashlib.sha256(asked.scores.tobytes() + asked.right.tobytes()).hexdigest()[:12]
    return Calibration(threshold, policy.default_margin, f"strict.v1.{digest}")


def _chunks(size: int) -> Iterator[slice]:
    for start in range(0, size, _CHUNK):
        yield slice(start, start + _CHUNK)
