"""Training data that no book describes: a clear error, or a model that is sound."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.unit.nlu.trained import job_of, trained

from balie.nlu.artifacts import Artifact
from balie.nlu.errors import DataFileWrong, TrainingFailed
from balie.nlu.jobs import Job
from balie.nlu.training_data import read_examples

Row = tuple[str, str]


def learn(job: Job, folder: Path, rows: Sequence[Row]) -> Artifact:
    path = folder / "examples.jsonl"
    lines = [json.dumps({"text": text, "label": label, "lang": "nl"}) + "\n" for text, label in rows]
    path.write_text("".join(lines), encoding="utf-8")
    examples = read_examples(path, job.task.languages)
    return trained(job_of(examples, folder, job.encoder.folder, job.task))


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([], "is empty"),
        (
            [("hoi", "greet"), ("hallo", "greet")],
            "one intent cannot be told from others: add another, or oos",
        ),
        ([("maan", "oos"), ("taart", "oos")], "there is only oos, and no intent to learn"),
        ([("x" * 1_000_000, "long"), ("hoi", "greet")], "jsonl:1: the text has 1000000 characters"),
        ([("hoi", "greet"), ("\u200b", "nothing")], "one intent cannot be told from others"),
    ],
)
def test_says_what_cannot_be_learned_from(
    job: Job, tmp_path: Path, rows: Sequence[Row], problem: str
) -> None:
    with pytest.raises(DataFileWrong, match=problem):
        learn(job, tmp_path, rows)


@pytest.mark.parametrize(
    ("rows", "intents"),
    [
        ([*((f"hoi {n}", "greet") for n in range(8)), ("doei", "bye")], ["bye", "greet"]),
        ([("hoi", "greet"), ("doei", "bye")], ["bye", "greet"]),
        ([("hoi", "greet"), ("maan", "oos")], ["greet"]),
        (
            [
                *(("x " * 2000 + f"{n}", "x") for n in range(3)),
                *(("y " * 2000 + f"{n}", "y") for n in range(3)),
            ],
            ["x", "y"],
        ),
    ],
    ids=["one example", "two examples", "one and oos", "long"],
)
def test_what_can_hardly_be_learned_from_promises_nothing(
    job: Job, tmp_path: Path, rows: Sequence[Row], intents: list[str]
) -> None:
    found = learn(job, tmp_path, rows)
    assert found.manifest.intents == intents
    assert found.thresholds.match == 1.0


@pytest.mark.parametrize(
    "rows",
    [
        [("hoi", "greet"), ("hoi", "bye"), ("Hoi!", "oos")],
        [*(("!" * n, "shout") for n in range(1, 6)), *(("?" * n, "ask") for n in range(1, 6))],
        [*(("👍" * n, "yes") for n in range(1, 6)), *(("👎" * n, "no") for n in range(1, 6))],
    ],
    ids=["one text", "punctuation", "emoji"],
)
def test_what_holds_no_two_words_is_refused(job: Job, tmp_path: Path, rows: Sequence[Row]) -> None:
    with pytest.raises(TrainingFailed, match="all examples are the same words"):
        learn(job, tmp_path, rows)


def test_scripts_of_all_kinds_are_told_apart(job: Job, tmp_path: Path) -> None:
    rows = [
        *((f"退款 возврат {word}", "refund") for word in ("a", "b", "c", "d", "e")),
        *((f"مرحبا שלום {word}", "greet") for word in ("a", "b", "c", "d", "e")),
    ]
    assert learn(job, tmp_path, rows).manifest.figures["in_scope_accuracy"] == 1.0
