"""Figures of each class, and which classes are taken for which.

Source: Sokolova and Lapalme 2009, Information Processing and Management 45(4) (precision, recall and F1 of several
classes; the macro average gives every class the same weight).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class ByClass:
    """Figures of each class.

    Attributes:
        precision: shape (classes,), the share of what was called so that is so, [0, 1]; 0 where nothing was.
        recall: shape (classes,), the share of what is so that was called so, [0, 1]; 0 where nothing is.
        f1: shape (classes,), their harmonic mean, [0, 1].
        support: shape (classes,), how many are so.
        predicted: shape (classes,), how many were called so.
    """

    precision: "Floats"
    recall: "Floats"
    f1: "Floats"
    support: "Places"
    predicted: "Places"


@dataclass(frozen=True, slots=True)
class Confusion:
    """Examples of one class that were taken for another.

    Attributes:
        truth: place of the right class.
        predicted: place of the class that they were taken for.
        count: how many.
    """

    truth: int
    predicted: int
    count: int


def by_class(truth: "ArrayLike", predicted: "ArrayLike", classes: int) -> ByClass:
    """Returns the figures of each class.

    Args:
        truth: shape (examples,), the place of each right class, 0 to below `classes`.
        predicted: shape (examples,), the place of each class that was said.
        classes: how many there are.

    Raises:
        ValueError: shapes differ, or a place is none.
    """
    are, said = _checked(truth, predicted, classes)
    hits = np.bincount(are[are == said], minlength=classes)
    support, called = np.bincount(are, minlength=classes), np.bincount(said, minlength=classes)
    return ByClass(
        precision=hits / np.maximum(called, 1),
        recall=hits / np.maximum(support, 1),
        f1=2 * hits / np.maximum(support + called, 1),
        support=support,
        predicted=called,
    )


def macro_f1(truth: "ArrayLike", predicted: "ArrayLike", classes: int) -> float:
    """Returns the mean F1 of the classes that occur, as right ones or as said ones, in [0, 1].

    That is scikit-learn's choice of classes as well. The micro average over all classes is the accuracy. Args and errors
    are those of `by_class`.
    """
    found = by_class(truth, predicted, classes)
    occurs = found.support + found.predicted > 0
    return float(found.f1[occurs].mean()) if occurs.any() else 0.0


def confusions(
    truth: "ArrayLike", predicted: "ArrayLike", classes: int, *, most: int = 20
) -> Sequence[Confusion]:
    """Returns the commonest mistakes, most frequent first, ties in the order of the classes.

    Args:
        truth: as in `by_class`.
        predicted: as in `by_class`.
        classes: as in `by_class`.
        most: how many at most.

    Raises:
        ValueError: as in `by_class`.
    """
    are, said = _checked(truth, predicted, classes)
    pairs, counts = np.unique((are * classes + said)[are != said], return_counts=True)
    chosen = np.argsort(-counts, kind="stable")[:most]
    return [Confusion(int(pairs[at] // classes), int(pairs[at] % classes), int(counts[at])) for at in chosen]


def _checked(truth: "ArrayLike", predicted: "ArrayLike", classes: int) -> "tuple[Places, Places]":
    are, said = np.asarray(truth, np.int64), np.asarray(predicted, np.int64)
    if are.ndim != 1 or are.shape != said.shape:
        raise ValueError(
            f"classes of shape {are.shape} and {said.shape} do not belong together: a row each is needed"
        )
    for places in (are, said):
        if places.size and not 0 <= places.min() <= places.max() < classes:
            raise ValueError(f"a class is not one of 0 to {classes - 1}")
    return are, said
