"""Rows that were worked out are kept, until something they are made of changes."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pytest

from balie.faq.evaluation.benchmark.results import Results
from balie.faq.evaluation.benchmark.rows import Bench
from balie.faq.evaluation.benchmark.sets import SetRow

ROW = SetRow("set", "entries.jsonl", ("queries.jsonl",), tune=("tune.jsonl",))
DESK = replace(ROW, name="desk", is_desk=True)


@dataclass
class Versioned:
    """Has a version or a fingerprint, and nothing else."""

    version: str = "v1"
    fingerprint: str = "encoder.v1"


class Work:
    """Works nothing out, and counts how often it was asked to."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def __call__(self, row: SetRow, retriever: str, _bench: Bench, _progress: object) -> dict[str, Any]:
        self.asked.append((row.name, retriever))
        return {"p_at_1": len(self.asked)}


@dataclass
class Vectors:
    """Has an encoder."""

    encoder: Versioned


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    for folder in (tmp_path / "data" / "faq" / "set", tmp_path / "desk"):
        folder.mkdir(parents=True)
        for name in ("entries.jsonl", "queries.jsonl", "tune.jsonl"):
            (folder / name).write_text(name, encoding="utf-8")
    retrievers = {"hybrid": Versioned("hybrid.v1"), "dense": Versioned("dense.v1")}
    return Bench(
        tmp_path / "data",
        tmp_path / "desk",
        0.05,
        0.1,
        cast("Any", Vectors(Versioned())),
        retrievers.__getitem__,
    )  # type: ignore[arg-type]


def silent(_step: str, _share: float) -> None:
    pass


def test_what_is_kept_is_not_worked_out_again(bench: Bench, tmp_path: Path):
    work = Work()
    first = Results(bench, tmp_path / "results", work).get(ROW, "hybrid", silent)
    again = Results(bench, tmp_path / "results", work).get(ROW, "hybrid", silent)

    assert first == again == {"p_at_1": 1}
    assert Results(bench, tmp_path / "results", work).get(ROW, "hybrid", silent, anew=True) == {"p_at_1": 2}
    assert Results(bench, tmp_path / "results", work).all_kept([ROW, DESK]) == {
        "set": {"hybrid": {"p_at_1": 2}},
        "desk": {},
    }


def _file(bench: Bench) -> Bench:
    (bench.data / "faq" / "set" / "tune.jsonl").write_text("other", encoding="utf-8")
    return bench


def _retriever(bench: Bench) -> Bench:
    return replace(bench, open_retriever=lambda _name: cast("Any", Versioned("hybrid.v2")))


CHANGES: dict[str, Callable[[Bench], Bench]] = {
    "a file": _file,
    "the retriever": _retriever,
    "the promise": lambda bench: replace(bench, max_wrong=0.1),
    "the encoder": lambda bench: replace(
        bench, vectors=cast("Any", Vectors(Versioned(fingerprint="encoder.v2")))
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_it_is_worked_out_anew_when_something_changes(
    bench: Bench, tmp_path: Path, change: Callable[[Bench], Bench]
):
    work = Work()
    Results(bench, tmp_path / "results", work).get(ROW, "hybrid", silent)

    Results(change(bench), tmp_path / "results", work).get(ROW, "hybrid", silent)

    assert work.asked == [("set", "hybrid")] * 2


def test_another_retriever_keeps_what_it_has(bench: Bench, tmp_path: Path):
    work = Work()
    results = Results(bench, tmp_path / "results", work)
    results.get(ROW, "hybrid", silent)
    results.get(DESK, "dense", silent)
    results.get(ROW, "hybrid", silent)

    assert work.asked == [("set", "hybrid"), ("desk", "dense")]


def test_a_damaged_file_is_as_good_as_none(bench: Bench, tmp_path: Path):
    work = Work()
    results = Results(bench, tmp_path / "results", work)
    results.get(ROW, "hybrid", silent)
    (tmp_path / "results" / "set.hybrid.json").write_text("{", encoding="utf-8")

    assert results.kept(ROW, "hybrid") is None
    results.get(ROW, "hybrid", silent)
    assert len(work.asked) == 2
