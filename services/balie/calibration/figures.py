"""The figures of an evaluation, each defined once, for intents and for answers alike.

Every example has a best answer with a score. `right` says that the best answer is the right one; what is out of scope
has no right answer, so it is never right. `accepted` says that the score reached the threshold, so that the answer
would have been given.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Figures:
    """The figures of one evaluation."""

    examples: int
    accepted: int
    coverage: float
    wrong_rate: float
    in_scope_accuracy: float | None


def figures(accepted: "ArrayLike", right: "ArrayLike", in_scope: "ArrayLike") -> Figures:
    """Returns all figures of examples.

    Args:
        accepted: shape (examples,), whether the answer would have been given.
        right: shape (examples,), whether the best answer is the right one.
        in_scope: shape (examples,), whether there is a right answer at all.

    Raises:
        ValueError: no examples, other shapes, or an example that is right and out of scope.
    """
    return Figures(
        examples=len(_flags(accepted)),
        accepted=int(_flags(accepted).sum()),
        coverage=coverage(accepted),
        wrong_rate=wrong_rate(accepted, right),
        in_scope_accuracy=in_scope_accuracy(right, in_scope),
    )


def coverage(accepted: "ArrayLike") -> float:
    """Returns the accepted examples as a share of all, out-of-scope ones included, in [0, 1]."""
    return float(_flags(accepted).mean())


def wrong_rate(accepted: "ArrayLike", right: "ArrayLike") -> float:
    """Returns the share of the accepted examples that are wrong or out of scope, in [0, 1].

    0 when nothing is accepted: nothing wrong was said.
    """
    given, correct = _flags(accepted), _flags(right)
    _same_length(given, correct)
    return float(1.0 - correct[given].mean()) if given.any() else 0.0


def in_scope_accuracy(right: "ArrayLike", in_scope: "ArrayLike") -> float | None:
    """Returns the share of the in-scope examples whose best answer is right, whether accepted or not, in [0, 1].

    None when no example is in scope. The accuracy of a desk that also refuses is that of `right and accepted`.
    """
    correct, answerable = _flags(right), _flags(in_scope)
    _same_length(correct, answerable)
    if (correct & ~answerable).any():
        raise ValueError("an example is right although it is out of scope")
    return float(correct[answerable].mean()) if answerable.any() else None


def _flags(values: "ArrayLike") -> "NDArray[np.bool_]":
    flags = np.asarray(values, dtype=np.bool_)
    if flags.ndim != 1 or not flags.size:
        raise ValueError(f"figures need a row of at least one example, not shape {flags.shape}")
    return flags


def _same_length(first: "NDArray[np.bool_]", second: "NDArray[np.bool_]") -> None:
    if first.shape != second.shape:
        raise ValueError(f"{first.size} and {second.size} examples do not belong together")
