"""Every kind of index keeps the promises of the suite; and which kind is chosen when."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pytest

from balie.faq.index import kinds
from balie.faq.index.kinds import IndexDamaged, Kinds
from balie.faq.index.port import SLOTS, Kind
from balie.kit.testing.vector_indexes import VectorIndexSuite

Rows = Mapping[int, Sequence[Any]]


class _OfKind(VectorIndexSuite):
    slots = SLOTS
    kind: Kind

    def index(self, entries: Rows) -> Any:
        made = kinds.make(self.kind, self.dimensions, entries)
        made.replace((), entries)
        return made

    def read(self, index: Any, path: Path) -> Any:
        return kinds.read(self.kind, self.dimensions, path)


class TestFlat(_OfKind):
    kind = Kind.FLAT


class TestFp16(_OfKind):
    kind = Kind.FP16
    tolerance = 1e-3
    least_recall = 0.97


class TestHnsw(_OfKind):
    kind = Kind.HNSW
    tolerance = 0.02
    least_recall = 0.9


class TestIvf(_OfKind):
    kind = Kind.IVF
    tolerance = 0.02
    least_recall = 0.85


def test_auto_takes_larger_kinds_for_more_vectors() -> None:
    chosen = Kinds(fp16_from=10, ivf_from=20, train_from=1000)
    assert [chosen.of(size) for size in (0, 9, 10, 19, 20)] == ["flat", "flat", "fp16", "fp16", "ivf"]


@pytest.mark.parametrize("choice", ["hnsw", "ivf"])
def test_a_kind_that_has_to_learn_begins_as_flat(choice: Any) -> None:
    chosen = Kinds(choice=choice, train_from=4)
    assert [chosen.of(size) for size in (0, 3, 4)] == ["flat", "flat", choice]


def rows(count: int, first: int = 1, scale: float = 1.0) -> dict[int, list[np.ndarray]]:
    dice = np.random.default_rng(first)
    found = {}
    for number in range(first, first + count):
        vector = dice.normal(size=32) * ([scale] + [1.0] * 31)
        found[number] = [(vector / np.linalg.norm(vector)).astype(np.float32)]
    return found


def test_an_index_is_unfit_beyond_its_size_and_not_yet_a_little_below() -> None:
    chosen = Kinds(fp16_from=10, ivf_from=1000)
    index = chosen.build(32, rows(9))
    assert (index.kind, chosen.unfit(index)) == ("flat", "")
    index.replace((), rows(2, 20))
    assert "fp16" in chosen.unfit(index)
    index = chosen.build(32, rows(12))
    index.replace(range(1, 6), {})
    assert (index.kind, chosen.unfit(index)) == ("fp16", "")
    index.replace(range(6, 10), {})
    assert "flat" in chosen.unfit(index)


def test_a_graph_is_worn_by_deletions_and_built_anew_without_them() -> None:
    chosen = Kinds(choice="hnsw", train_from=4)
    index = chosen.build(32, rows(40))
    index.replace(range(1, 16), {})
    assert (index.wear, "wear" in chosen.unfit(index)) == (15 / 40, True)
    snapshot = index.snapshot()
    left = {int(number): [vector] for number, vector in zip(snapshot.numbers, snapshot.vectors, strict=True)}
    assert (chosen.build(32, left).wear, len(left)) == (0.0, 25)


@pytest.mark.parametrize("choice", ["hnsw", "ivf"])
def test_vectors_beyond_the_range_of_the_codes_wear_an_index(choice: Any) -> None:
    chosen = Kinds(choice=choice, train_from=4)
    index = chosen.build(32, rows(40))
    index.replace((), rows(40, 100, scale=40.0))
    assert chosen.unfit(index)


def test_lists_are_worn_when_there_are_far_more_vectors_than_they_were_laid_out_for() -> None:
    chosen = Kinds(choice="ivf", train_from=4, most_wear=0.5)
    index = chosen.build(32, rows(16))
    index.replace((), rows(40, 100))
    assert chosen.unfit(index) == ""
    index.replace((), rows(40, 200))
    assert chosen.unfit(index)


def test_a_file_of_something_else_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "index"
    kinds.make(Kind.FLAT, 32, {}).write(path)
    with pytest.raises(IndexDamaged, match="IndexFlat"):
        kinds.read(Kind.FP16, 32, path)
    with pytest.raises(IndexDamaged, match="dimensions"):
        kinds.read(Kind.FLAT, 31, path)
    path.write_bytes(b"nothing of an index")
    with pytest.raises(IndexDamaged):
        kinds.read(Kind.FLAT, 32, path)
    faiss.write_index(faiss.IndexFlatIP(32), str(path))
    with pytest.raises(IndexDamaged):
        kinds.read(Kind.FLAT, 32, path)


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="FAISS"):
        kinds.make(Kind.FLAT, 32, {}).write(tmp_path / "no" / "folder")
