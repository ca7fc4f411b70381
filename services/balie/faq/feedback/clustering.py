"""Which group a question joins: leader clustering, in the order in which questions came.

Each group has a leader, the question that founded it. A question is compared with the leaders alone, so a group never
drifts, and where a question belongs depends on what came before it and on nothing that comes after: groups are stable.

Source: Hartigan 1975, "Clustering Algorithms", chapter 3 (the leader algorithm); here the nearest leader is taken, not
the first one that is near enough.
"""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = NDArray[np.float32]

_DIGITS = 5  # similarities that differ by less are ties, so that no processor's rounding decides


def place(leaders: "Rows", vectors: "Rows", likeness: float) -> list[int]:
    """Returns the group of each vector: the place of its leader, where new groups follow on the ones there are.

    Takes time and memory in proportion to vectors times groups, and groups.

    Args:
        leaders: shape (groups, dimensions), float32, of length 1, in the order in which the groups were founded.
        vectors: shape (vectors, dimensions), float32, of length 1, in the order in which the questions came.
        likeness: least cosine similarity to a leader with which a vector joins its group; of several leaders the most
            like is taken, and of ties the earliest.

    Returns:
        As many numbers as there are vectors. A number that is not below `len(leaders)` and was not given before founds
        a group; these come one after another.
    """
    count = len(leaders)
    known = np.empty((count + len(vectors), vectors.shape[1]), np.float32)
    known[:count] = leaders
    places = []
    for vector in vectors:
        like = np.round((known[:count] @ vector).astype(np.float64), _DIGITS)
        best = int(like.argmax()) if count else -1
        if best < 0 or like[best] < likeness:
            best = count
            known[count] = vector
            count += 1
        places.append(best)
    return places
