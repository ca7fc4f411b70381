"""What every index of vectors has to do, as tests for pytest; a subclass makes the index.

    class TestMyIndex(VectorIndexSuite):
        def index(self, entries: Rows) -> MyIndex:
            return MyIndex(entries)

The port is `balie.faq.index.port.VectorIndex`. Vectors are unit vectors of `dimensions` numbers, by the number of their entry.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]
    Rows = Mapping[int, Sequence[Vector]]

_ENTRIES = 120
_SPREAD = 0.35  # of an entry's vectors round their middle
_TOPS = (1, 3, 10)


class VectorIndexSuite:
    """The promises of an index.

    Attributes:
        slots: ids of one entry; an id is the entry's number times `slots` plus the vector's slot.
        dimensions: length of the suite's vectors.
        tolerance: how far a score may lie from the cosine similarity.
        least_recall: share of the truly best ten that have to be among the ten found; 1 for an exact index.
    """

    slots: int = 2048
    dimensions: int = 16
    tolerance: float = 2e-6
    least_recall: float = 1.0

    def index(self, entries: "Rows") -> Any:
        """Returns an index that holds entries; it is laid out for them, and may be none of a small kind."""
        raise NotImplementedError("return the index to be checked, holding these entries")

    def read(self, index: Any, path: Path) -> Any:
        """Returns the index that was written into a file; None when the index keeps itself elsewhere."""
        return None

    # What it finds

    def test_ranks_by_cosine_similarity(self) -> None:
        """Checks order, scores, and that what is nearest is found."""
        entries = self.entries()
        index, dice, met = self.index(entries), np.random.default_rng(1), 0
        for _ in range(20):
            query = self._unit(dice.normal(size=self.dimensions))
            truth = _truth(entries, query)
            hits = index.search(query, 10)
            scores = [hit.score for hit in hits]
            assert scores == sorted(scores, reverse=True), f"hits must come best first, came as {scores}"
            for hit in hits:
                assert abs(hit.score - truth[hit.number]) <= self.tolerance, (
                    f"entry {hit.number} scores {hit.score}, its nearest vector is at {truth[hit.number]}"
                )
            best = sorted(truth, key=lambda number: -truth[number])[:10]
            met += len({hit.number for hit in hits} & set(best))
        assert met >= 200 * self.least_recall, f"{met} of the 200 best entries were found"

    def test_gives_each_entry_once_and_as_many_as_asked(self) -> None:
        """Checks that an entry with many near vectors takes one place."""
        crowd = [self._near(0, step) for step in range(200)]
        index = self.index({**self.entries(), 500: crowd})
        for top in (*_TOPS, _ENTRIES, _ENTRIES + 1):
            numbers = [hit.number for hit in index.search(crowd[0], top)]
            assert len(numbers) >= min(top, _ENTRIES + 1), f"{len(numbers)} entries for a top of {top}"
            assert len(set(numbers)) == len(numbers), "an entry was returned twice"
            assert numbers[0] == 500

    def test_gives_all_that_tie_with_the_last(self) -> None:
        """Checks that no tie is cut, as its order is the caller's."""
        same = self._unit(np.ones(self.dimensions))
        index = self.index({**self.entries(), **{number: [same] for number in range(600, 640)}})
        assert {hit.number for hit in index.search(same, 2)} >= set(range(600, 640))

    def test_says_which_vector_was_nearest(self) -> None:
        """Checks the slot."""
        rows = [self._axis(place) for place in range(4)]
        hits = self.index({**self.entries(), 700: rows}).search(rows[2], 1)
        assert (hits[0].number, hits[0].slot) == (700, 2)

    # What may be returned

    def test_returns_only_what_is_allowed_and_as_many_as_there_are(self) -> None:
        """Checks the predicate from nearly all to a single one, which may be the farthest."""
        entries = self.entries()
        index, query = self.index(entries), self._axis(0)
        truth = _truth(entries, query)
        farthest = min(truth, key=lambda number: truth[number])
        for allowed in ({*entries} - {1, 2}, {*range(1, _ENTRIES, 10)}, {farthest}, set[int]()):
            for top in _TOPS:
                hits = index.search(query, top, allowed=allowed.__contains__)
                numbers = [hit.number for hit in hits]
                assert set(numbers) <= allowed, f"{set(numbers) - allowed} were not allowed"
                assert len(numbers) >= min(top, len(allowed)), (
                    f"{len(numbers)} of {len(allowed)} allowed entries, for a top of {top}"
                )

    # What changes

    def test_what_is_removed_is_gone(self) -> None:
        """Checks that no search, list or copy has it, and that the others keep their ids."""
        entries = dict(self.entries())
        index = self.index(entries)
        for number in list(entries)[::3]:
            query = entries[number][0]
            index.replace([number], {})
            del entries[number]
            found = index.search(query, 5)
            assert number not in {hit.number for hit in found}, f"entry {number} was removed, and is found"
        self._holds(index, entries)
        index.replace(list(entries), {})
        assert (len(index), index.ids(), index.search(self._axis(0), 5)) == (0, [], [])

    def test_a_replaced_entry_has_its_new_vectors_alone(self) -> None:
        """Checks a replacement by fewer vectors, and by more."""
        entries = dict(self.entries())
        index = self.index(entries)
        for number, rows in ((1, [self._axis(1)]), (2, [self._axis(place) for place in range(9)])):
            index.replace((), {number: rows})
            entries[number] = rows
        self._holds(index, entries)
        assert index.search(self._axis(8), 1)[0].slot == 8

    def test_passes_over_the_removal_of_what_is_not_there(self) -> None:
        """Checks that a change may come twice."""
        entries = self.entries()
        index = self.index(entries)
        index.replace([900, 901], {})
        self._holds(index, entries)

    def test_is_filled_from_nothing_and_again(self) -> None:
        """Checks that an emptied index takes entries, and an entry that was there comes back."""
        entries = self.entries()
        index = self.index(entries)
        for _ in range(3):
            index.replace(list(entries), {})
            index.replace((), entries)
        self._holds(index, entries)

    def test_holds_the_largest_numbers(self) -> None:
        """Checks that ids do not run over."""
        number = 2**52 - 1
        index = self.index({**self.entries(), number: [self._axis(0), self._axis(1)]})
        hit = index.search(self._axis(1), 1)[0]
        assert (hit.number, hit.slot) == (number, 1)

    # What it tells of itself

    def test_copies_its_vectors_in_the_order_of_their_ids(self) -> None:
        """Checks the copy that calibration learns from."""
        entries = self.entries()
        snapshot = self.index(entries).snapshot()
        numbers = [number for number in sorted(entries) for _ in entries[number]]
        assert snapshot.numbers.tolist() == numbers
        truth = np.stack([row for number in sorted(entries) for row in entries[number]])
        assert snapshot.vectors.dtype == np.float32
        assert float(np.abs(snapshot.vectors - truth).max()) <= max(self.tolerance, 1e-6) * 2
        assert np.allclose(np.linalg.norm(snapshot.vectors, axis=1), 1.0, atol=1e-5)

    def test_tells_its_size_and_its_wear(self) -> None:
        """Checks the figures by which it is kept."""
        entries = self.entries()
        index = self.index(entries)
        assert index.dimensions == self.dimensions
        assert index.size_bytes > 0
        assert index.wear == 0.0, f"a new index is not worn, says {index.wear}"

    def test_is_the_same_after_it_was_written_and_read(self, tmp_path: Path) -> None:
        """Checks what a restart begins with, deletions included."""
        entries = dict(self.entries())
        index = self.index(entries)
        index.replace([1, 2], {3: [self._axis(3)]})
        entries = {number: rows for number, rows in entries.items() if number > 2} | {3: [self._axis(3)]}
        index.write(tmp_path / "index")
        again = self.read(index, tmp_path / "index")
        if again is None:
            return
        self._holds(again, entries)
        assert again.kind == index.kind
        query = entries[7][0]
        assert again.search(query, 10) == index.search(query, 10)
        again.replace([7], {1: [self._axis(5)]})
        self._holds(again, {number: rows for number, rows in entries.items() if number != 7} | {1: [query]})

    def _holds(self, index: Any, entries: "Rows") -> None:
        expected = sorted(
            number * self.slots + slot for number, rows in entries.items() for slot in range(len(rows))
        )
        assert index.ids() == expected, "the ids are not those of the entries that it was given"
        assert (len(index), index.numbers()) == (len(expected), set(entries))
        assert index.snapshot().numbers.tolist() == [found // self.slots for found in expected]

    def entries(self) -> "dict[int, list[Vector]]":
        """Returns entries of one to four vectors each, numbered from 1."""
        dice = np.random.default_rng(0)
        middles = dice.normal(size=(_ENTRIES, self.dimensions))
        return {
            number: [
                self._unit(middle + _SPREAD * dice.normal(size=self.dimensions))
                for _ in range(1 + number % 4)
            ]
            for number, middle in enumerate(middles, start=1)
        }

    def _axis(self, place: int) -> "Vector":
        return self._unit(np.eye(self.dimensions)[place % self.dimensions])

    def _near(self, place: int, step: int) -> "Vector":
        aside = np.roll(np.eye(self.dimensions)[place], 1)
        return self._unit(np.eye(self.dimensions)[place] + 1e-3 * step * aside)

    @staticmethod
    def _unit(values: Any) -> "Vector":
        found: Vector = (values / np.linalg.norm(values)).astype(np.float32)
        return found


def _truth(entries: "Rows", query: "Vector") -> dict[int, float]:
    """Returns each entry's similarity."""
    return {number: max(float(row @ query) for row in rows) for number, rows in entries.items()}
