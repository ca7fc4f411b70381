"""Keys in their order: found by halving, where a scan would look at all of them."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Hashable, Iterator
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=tuple[Any, ...])
N = TypeVar("N", bound=Hashable)


class Ordered(Generic[K]):
    """A set of keys in ascending order.

    Looking up takes the logarithm of their number; to add or remove one also moves the pointers behind it, which for a
    hundred thousand keys takes a few hundredths of a millisecond.
    """

    def __init__(self) -> None:
        self._keys: list[K] = []

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[K]:
        return iter(self._keys)

    def add(self, key: K) -> None:
        """Adds a key that is not there."""
        insort(self._keys, key)

    def remove(self, key: K) -> None:
        """Removes a key that is there."""
        del self._keys[bisect_left(self._keys, key)]

    def before(self, key: K) -> int:
        """Returns how many keys come before one."""
        return bisect_left(self._keys, key)

    def after(self, key: K | None) -> Iterator[K]:
        """Yields the keys after one, or all."""
        start = 0 if key is None else bisect_right(self._keys, key)
        for index in range(start, len(self._keys)):
            yield self._keys[index]

    def backwards(self) -> Iterator[K]:
        """Yields the keys, the last one first."""
        yield from reversed(self._keys)

    def last(self) -> K | None:
        """Returns the last key, None when there is none."""
        return self._keys[-1] if self._keys else None


class Lines(Generic[N, K]):
    """Ordered keys by name; a name without a key takes no room."""

    def __init__(self) -> None:
        self._lines: dict[N, Ordered[K]] = {}
        self._none: Ordered[K] = Ordered()

    def __iter__(self) -> Iterator[N]:
        return iter(self._lines)

    def __getitem__(self, name: N) -> Ordered[K]:
        """Returns the keys of a name, to be read."""
        return self._lines.get(name, self._none)

    def add(self, name: N, key: K) -> None:
        """Adds a key that the name does not have."""
        line = self._lines.get(name)
        if line is None:
            line = self._lines[name] = Ordered()
        line.add(key)

    def remove(self, name: N, key: K) -> None:
        """Removes a key that the name has."""
        line = self._lines[name]
        line.remove(key)
        if not line:
            del self._lines[name]
