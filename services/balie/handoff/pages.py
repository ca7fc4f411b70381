"""Pages of what may be long: they end before a message would be too large."""

from collections.abc import Callable, Sequence
from typing import TypeVar

PAGE_CHARACTERS = 500_000
"""Characters of a page's texts, of at most four bytes each: well below the 4 MiB of a message."""

T = TypeVar("T")


def fitting(found: Sequence[T], size: int, characters: Callable[[T], int]) -> Sequence[T]:
    """Returns the first `size` of what was found, or fewer when they would hold more than `PAGE_CHARACTERS`; one at least."""
    held = 0
    for count, one in enumerate(found[:size]):
        held += characters(one)
        if count and held > PAGE_CHARACTERS:
            return found[:count]
    return found[:size]
