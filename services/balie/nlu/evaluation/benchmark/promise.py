"""Whether the promise is kept: messages are halved at random, thresholds learned from one half and tried on the other.

A half is a draw of the messages, so what the other half shows scatters around what the thresholds do by as much as they
scatter themselves. So each threshold is tried on all messages as well: these are the traffic that both halves were drawn
from.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from balie.calibration.binomial import Binomial
from balie.nlu.evaluation.port import Judgement

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from balie.nlu.calibrating import Promise
    from balie.nlu.engines.port import Progress
    from balie.nlu.evaluation.outcome import Outcome

    Flags = NDArray[np.bool_]
    Accept = Callable[[Judgement, NDArray[np.int64], Judgement, Promise], Flags]

_RARELY = 0.05
"""Promises that are kept break more often than the limit by chance, in one experiment of twenty."""


@dataclass(frozen=True, eq=False)
class Scored:
    """What was said of messages, and what is right.

    Attributes:
        judgement: what was said.
        truth: shape (messages,), the place of the right intent; -1 when it is out of scope.
    """

    judgement: Judgement
    truth: "NDArray[np.int64]"

    @classmethod
    def of(cls, outcome: "Outcome") -> "Scored":
        """Returns what is needed of an outcome."""
        return cls(outcome.judgement, outcome.truth)

    @classmethod
    def load(cls, path: Path) -> "Scored":
        """Returns what was saved.

        Raises:
            OSError: there is no such file.
        """
        with np.load(path, allow_pickle=False) as arrays:
            judgement = Judgement(
                arrays["scores"].astype(np.float64),
                arrays["out_of_scope"],
                arrays["accepted"],
                arrays["choice"],
            )
            return cls(judgement, arrays["truth"])

    def save(self, path: Path) -> None:
        """Writes all of it into a file."""
        said = self.judgement
        np.savez(
            path,
            scores=said.scores.astype(np.float32),
            out_of_scope=said.out_of_scope,
            accepted=said.accepted,
            choice=said.choice,
            truth=self.truth,
        )

    @property
    def in_scope(self) -> "Flags":
        """Returns whether there is a right intent, shape (messages,)."""
        return self.truth >= 0

    @property
    def right(self) -> "Flags":
        """Returns whether the best intent is the right one, shape (messages,)."""
        hits: Flags = self.judgement.scores.argmax(axis=1) == self.truth
        return hits

    def rows(self, places: "NDArray[np.int64]") -> "Scored":
        """Returns some of the messages."""
        return Scored(self.judgement.rows(places), self.truth[places])


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a promise over all splits.

    Attributes:
        stated: share out of scope that the promise is for; None for that of the messages.
        real: share out of scope of the traffic that thresholds were tried in; None for that of the messages.
        splits: how many there were.
        unproven: in how many no threshold could be promised, so that nothing was accepted.
        broken: in how many more than `max_wrong` of the accepted were wrong, in all messages.
        broken_in_half: the same, in the half that thresholds were not learned from.
        limit: as many breaks are still what `delta` says.
        coverage: mean share of the messages in scope that was accepted, in the other half.
        wrong_rate: mean share of wrong among the accepted, in the other half.
    """

    stated: float | None
    real: float | None
    splits: int
    unproven: int
    broken: int
    broken_in_half: int
    limit: int
    coverage: float
    wrong_rate: float

    def as_dict(self) -> dict[str, object]:
        """Returns all of it in values that JSON has."""
        return asdict(self)


def limit_of(splits: int, delta: float) -> int:
    """Returns the most breaks that chance alone brings in all but one experiment of twenty, if each has chance `delta`."""
    binomial = Binomial(splits)
    return next(most for most in range(splits + 1) if binomial.tail(most, splits, delta) >= 1.0 - _RARELY)


def try_promise(
    scored: Scored,
    promise: "Promise",
    accept: "Accept",
    *,
    splits: int,
    stated: Sequence[float | None] = (None,),
    real: Sequence[float | None] = (None,),
    progress: "Progress",
) -> list[Kept]:
    """Returns what becomes of a promise, for each stated share and each real one.

    Args:
        scored: the messages.
        promise: what is promised; of it, the stated share is replaced.
        accept: learns thresholds from messages and their truth, and says which others are accepted.
        splits: how often the messages are halved.
        stated: shares out of scope that are stated.
        real: shares out of scope that the traffic has; reached by weighing, so that no message is left out.
        progress: is told the share that is done.
    """
    found = []
    for turn, share in enumerate(stated):
        told = replace(promise, expected_out_of_scope=share)
        rates: dict[float | None, list[tuple[float, float, float]]] = {one: [] for one in real}
        dice = np.random.default_rng(0)
        for split in range(splits):
            progress("trying the promise", (turn + split / splits) / len(stated))
            order = dice.permutation(scored.truth.size)
            seen, fresh = scored.rows(order[: order.size // 2]), scored.rows(order[order.size // 2 :])
            accepted = accept(seen.judgement, seen.truth, scored.judgement, told)
            half = accepted[order[order.size // 2 :]]
            for one in real:
                rates[one].append(
                    (
                        _wrong_rate(scored, accepted, one),
                        _wrong_rate(fresh, half, one),
                        float(half[fresh.in_scope].mean()) if fresh.in_scope.any() else 0.0,
                    )
                )
        found += [_kept(share, one, np.array(rates[one]), promise) for one in real]
    return found


def _kept(stated: float | None, real: float | None, rates: "NDArray[np.float64]", promise: "Promise") -> Kept:
    everywhere, in_half, coverage = rates.T
    return Kept(
        stated=stated,
        real=real,
        splits=len(rates),
        unproven=int((coverage == 0.0).sum()),
        broken=int((everywhere > promise.max_wrong).sum()),
        broken_in_half=int((in_half > promise.max_wrong).sum()),
        limit=limit_of(len(rates), promise.delta),
        coverage=float(coverage.mean()),
        wrong_rate=float(in_half.mean()),
    )


def _wrong_rate(scored: Scored, accepted: "Flags", real: float | None) -> float:
    """Returns the share of wrong among the accepted in traffic of which a share is out of scope; 0 when none is accepted."""
    inside, right = scored.in_scope, scored.right
    if real is None:
        weights = np.ones(accepted.size)
    else:
        weights = np.where(inside, (1.0 - real) / max(1, inside.sum()), real / max(1, (~inside).sum()))
    given = weights[accepted].sum()
    return float(weights[accepted & ~right].sum() / given) if given else 0.0
