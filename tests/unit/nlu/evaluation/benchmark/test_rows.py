"""The rows of the table, on little sets in the places of the public ones."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.unit.nlu.evaluation.desk import examples, rows, write

from balie.nlu.calibrating import Promise
from balie.nlu.engines.port import Progress
from balie.nlu.evaluation.benchmark.logistic import LogisticTeacher
from balie.nlu.evaluation.benchmark.markdown import table_of
from balie.nlu.evaluation.benchmark.published import ARORA, Published
from balie.nlu.evaluation.benchmark.rows import Bench, Result, work_out
from balie.nlu.evaluation.benchmark.sets import FewShotRow, PromiseRow, Row, SetRow
from balie.nlu.evaluation.running import judged
from balie.nlu.evaluation.vectors import Vectors

SILENT: Progress = lambda _step, _share: None  # noqa: E731

SET = SetRow(
    "desk",
    "desk",
    test="test.jsonl",
    others=(Published("Other", ARORA, 0.7, 0.4), Published("Perfect", ARORA, 1.0, 0.1)),
    goals={"in_scope_accuracy": 0.9, "oos_auroc": 0.999},
    note="a desk | of tests",
)
FOLDED = SetRow("folded", "desk", test="", folds=3)
FEW = FewShotRow("few", "desk", shots=4, draws=2, others=(Published("Other", ARORA, 0.7),))
PROMISE = PromiseRow("kept", "desk", splits=3, shares=(0.1, 0.4))


class WordCounts:
    """Encodes a text as which of some words are in it."""

    name, fingerprint, max_tokens = "words", "words.v1", 128
    words = (
        "open",
        "closed",
        "hours",
        "until",
        "cancel",
        "undo",
        "stop",
        "annul",
        "refund",
        "back",
        "reimburse",
        "repay",
        "weather",
    )
    dimensions = len(words) + 1

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        found = np.array([[word in text for word in self.words] + [True] for text in texts], np.float32)
        return found / np.linalg.norm(found, axis=1, keepdims=True)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    known: dict[str, Row] = {row.name: row for row in (SET, FOLDED, FEW, PROMISE)}
    monkeypatch.setattr("balie.nlu.evaluation.benchmark.rows.row_of", known.__getitem__)
    folder = tmp_path / "intents" / "desk"
    folder.mkdir(parents=True)
    write(folder / "train.jsonl", rows(out_of_scope=30))
    unseen = [(f"well {text} then", intent) for text, intent in rows(out_of_scope=40)]
    write(folder / "test.jsonl", [*unseen, ("undo that refund", "cancel_order")])
    return Bench(
        data=tmp_path,
        work=tmp_path / "work",
        engine="keyword",
        options={},
        promise=Promise(max_wrong=0.2),
        open_encoder=WordCounts,
        workers=1,
    )


def worked(bench: Bench, row: Row) -> dict[str, Any]:
    found: Result = work_out(row, bench, SILENT)
    kept: dict[str, Any] = json.loads(json.dumps(found, allow_nan=False))
    return kept


def test_a_set_gives_figures_pairs_and_what_the_promise_is_tried_on(bench: Bench):
    found = worked(bench, SET)

    assert found["figures"]["in_scope_accuracy"] == pytest.approx(1, abs=1 / 121)
    assert found["intervals"]["in_scope_accuracy"][0] < found["figures"]["in_scope_accuracy"]
    assert (found["messages"], found["out_of_scope"], found["intents"]) == (161, 40, 3)
    other, perfect = found["pairs"]
    assert (other["who"], other["theirs"]) == ("Other", 0.4)
    assert other["ours"] > 0.9
    assert other["interval"][0] <= other["ours"] <= other["interval"][1]
    assert perfect["ours"] is None or perfect["ours"] <= other["ours"]
    assert bench.scored_file("desk").is_file()


def test_a_set_may_be_parted_into_folds(bench: Bench):
    found = worked(bench, FOLDED)

    assert found["messages"] == 150
    assert found["calibration_version"].count(",") == 2


def test_few_examples_are_drawn_several_times_beside_logistic_regression(bench: Bench):
    found = worked(bench, FEW)

    assert [len(values) for values in found["draws"].values()] == [2, 2]
    assert found["accuracy"]["mean"] == pytest.approx(np.mean(found["draws"]["ours"]))
    gains = np.subtract(found["draws"]["ours"], found["draws"]["logistic"])
    assert found["gain"]["mean"] == pytest.approx(gains.mean())
    reach = 12.706 * gains.std(ddof=1) / 2**0.5
    assert found["gain"]["interval"] == pytest.approx([gains.mean() - reach, gains.mean() + reach])
    assert found["judged"] == [108, 108]


def test_the_promise_is_tried_for_each_stated_share_in_each_traffic(bench: Bench):
    worked(bench, SET)
    found = worked(bench, PROMISE)

    assert found["as_it_is"]["splits"] == 3
    assert [(one["stated"], one["real"]) for one in found["stated"]] == [
        (0.1, 0.1),
        (0.1, 0.4),
        (0.4, 0.1),
        (0.4, 0.4),
    ]


def test_the_table_holds_every_row_that_was_worked_out(bench: Bench):
    every = (SET, FOLDED, FEW, PROMISE)
    results = {row.name: work_out(row, bench, SILENT) for row in every}

    table = table_of(every, results, "Balie, keyword")

    lines = table.splitlines()
    assert [line for line in lines if line.startswith("#")] == [
        "### All examples",
        "### Out of scope at the same accuracy",
        "### Ten examples of each intent",
        "### The promise",
        "#### A stated share, on desk",
        "### What it takes",
        "### Sources",
    ]
    assert any(
        line.startswith("| desk | **Balie, keyword** | **") and "AUROC 0.999 wanted" in line for line in lines
    )
    assert "|  | Other | 0.700 |  | 0.400 | Arora 2020 |" in lines
    assert "- desk: a desk | of tests." in lines
    assert "- Arora 2020: Arora et al. 2020, arXiv:2009.13833." in lines
    for line in lines:
        if line.startswith("| ") and "---" not in line:
            assert line.endswith(" |")


def test_the_table_of_some_rows_is_of_these():
    result: Result = {
        "accuracy": {"mean": 0.81, "interval": [0.8, 0.82]},
        "logistic": {"mean": 0.79, "interval": None},
        "gain": {"mean": 0.02, "interval": [0.01, 0.03]},
    }

    table = table_of([SET, FEW], {"few": result}, "Balie")

    assert "All examples" not in table
    assert (
        "| few | **0.810 (0.800 to 0.820)** | 0.790 | +0.020 (+0.010 to +0.030) | Other 0.700 (Arora 2020) |"
        in table
    )


def test_logistic_regression_learns_what_is_in_scope_and_accepts_everything():
    teacher = LogisticTeacher(Vectors(WordCounts, 1))

    found = judged(
        teacher,
        examples(rows(out_of_scope=9)),
        (),
        examples([("repay me", "refund"), ("weather", "oos")]),
        SILENT,
    )

    assert found.outcome.right.tolist() == [True, False]
    assert found.outcome.judgement.accepted.all()
    assert found.outcome.judgement.scores.sum(axis=1) == pytest.approx(1.0)
    outside = found.outcome.judgement.out_of_scope
    assert outside[1] > outside[0]
