"""Vectors of recent texts, so that a text that comes again costs nothing."""

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MAX_CHARACTERS = 1024
"""Longer texts hardly ever come again, and would make the memory of a full cache depend on its callers."""


class RecentVectors:
    """The vectors of the texts that were asked for last; for one event loop or thread.

    Args:
        limit: most texts kept; 0 keeps none.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._vectors: OrderedDict[str, NDArray[np.float32]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._vectors)

    def get(self, text: str) -> "NDArray[np.float32] | None":
        """Returns the text's vector, shape (dimensions,), and counts it as used; None when it is not kept."""
        vector = self._vectors.get(text)
        if vector is not None:
            self._vectors.move_to_end(text)
        return vector

    def put(self, text: str, vector: "NDArray[np.float32]") -> None:
        """Keeps a copy of the vector, and forgets the text that was used longest ago when there are too many."""
        if not self._limit or len(text) > _MAX_CHARACTERS:
            return
        self._vectors[text] = vector.copy()  # a row would keep its whole batch alive
        self._vectors.move_to_end(text)
        if len(self._vectors) > self._limit:
            self._vectors.popitem(last=False)
