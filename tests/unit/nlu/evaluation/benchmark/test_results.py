"""Rows that were worked out are kept, and worked out anew when what they are of changes."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from balie.nlu.calibrating import Promise
from balie.nlu.engines.port import Progress
from balie.nlu.evaluation.benchmark.promise import Scored
from balie.nlu.evaluation.benchmark.results import Results
from balie.nlu.evaluation.benchmark.rows import Bench, Result
from balie.nlu.evaluation.benchmark.sets import Row, row_of
from balie.nlu.evaluation.port import Judgement

SILENT: Progress = lambda _step, _share: None  # noqa: E731
HINT3 = row_of("hint3_curekart")


class Worker:
    """Works rows out by counting how often it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, row: Row, bench: Bench, _progress: Progress) -> Result:
        self.asked.append(row.name)
        path = bench.scored_file(row.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        flags = np.zeros(2, np.bool_)
        Scored(Judgement(np.eye(2), np.zeros(2), flags, flags), np.zeros(2, np.int64)).save(path)
        return {"number": len(self.asked)}


@pytest.fixture
def worker() -> Worker:
    return Worker()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    folder = tmp_path / "data" / "intents" / "hint3_curekart"
    folder.mkdir(parents=True)
    for name in ("train.jsonl", "test.jsonl"):
        (folder / name).write_text('{"text": "a", "label": "b", "lang": "en"}\n', encoding="utf-8")
    return Bench(
        data=tmp_path / "data",
        work=tmp_path / "work",
        engine="keyword",
        options={},
        promise=Promise(),
        open_encoder=lambda: pytest.fail("no encoder is needed"),
        workers=1,
    )


def results(bench: Bench, worker: Worker, fingerprint: str = "f") -> Results:
    return Results(bench, bench.work / "results", fingerprint, worker)


def test_a_row_is_worked_out_once(bench: Bench, worker: Worker):
    first = results(bench, worker).get(HINT3, SILENT)

    assert results(bench, worker).get(HINT3, SILENT) == first == {"number": 1}
    assert results(bench, worker).all_kept([HINT3, row_of("askubuntu")]) == {"hint3_curekart": {"number": 1}}


def test_it_is_worked_out_again_when_that_is_wanted(bench: Bench, worker: Worker):
    results(bench, worker).get(HINT3, SILENT)

    assert results(bench, worker).get(HINT3, SILENT, anew=True) == {"number": 2}


@pytest.mark.parametrize(
    "change", [{"engine": "embedding"}, {"options": {"longest": "1"}}, {"promise": Promise(max_wrong=0.1)}]
)
def test_what_is_of_something_else_does_not_count(bench: Bench, worker: Worker, change: Mapping[str, Any]):
    results(bench, worker).get(HINT3, SILENT)

    assert results(replace(bench, **change), worker).kept(HINT3) is None


def test_nor_does_what_is_of_other_files_or_another_encoder(bench: Bench, worker: Worker):
    results(bench, worker).get(HINT3, SILENT)
    assert results(bench, worker, "g").kept(HINT3) is None

    with bench.file("hint3_curekart", "test.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"text": "c", "label": "b", "lang": "en"}\n')
    assert results(bench, worker).kept(HINT3) is None


def test_what_cannot_be_read_is_worked_out_again(bench: Bench, worker: Worker):
    kept = results(bench, worker)
    kept.get(HINT3, SILENT)
    (bench.work / "results" / "hint3_curekart.json").write_text("{", encoding="utf-8")

    assert kept.get(HINT3, SILENT) == {"number": 2}


def test_a_promise_is_tried_on_what_its_row_judged_which_is_worked_out_first(bench: Bench, worker: Worker):
    promise = row_of("hint3_curekart_promise")

    results(bench, worker).get(promise, SILENT)
    assert worker.asked == ["hint3_curekart", "hint3_curekart_promise"]

    results(bench, worker).get(promise, SILENT, anew=True)
    assert worker.asked[2:] == ["hint3_curekart_promise"]

    bench.scored_file("hint3_curekart").unlink()
    results(bench, worker).get(promise, SILENT, anew=True)
    assert worker.asked[3:] == ["hint3_curekart", "hint3_curekart_promise"]
