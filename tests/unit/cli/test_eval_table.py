"""`balie eval nlu-table`, on little files in the places of the public sets."""

from pathlib import Path

import pytest
from tests.encoder_fixture import encoder_folder
from tests.unit.nlu.evaluation.desk import rows, write
from typer.testing import CliRunner, Result

from balie.cli.app import app
from balie.nlu.evaluation.benchmark.markdown import MARKS


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name in ("askubuntu", "hint3_curekart"):
        folder = tmp_path / "data" / "intents" / name
        folder.mkdir(parents=True)
        write(folder / "train.jsonl", rows())
        write(folder / "test.jsonl", [(f"well {text}", label) for text, label in rows(out_of_scope=30)])
    return tmp_path / "data"


def balie(data: Path, *arguments: str) -> Result:
    call = [
        "eval",
        "nlu-table",
        "--data",
        str(data),
        "--work",
        str(data.parent / "work"),
        "--engine",
        "keyword",
    ]
    encoder = ["--encoder", str(encoder_folder())]
    return CliRunner().invoke(app, [*call, *encoder, *arguments], catch_exceptions=False)


def test_writes_the_table_into_the_document_and_goes_on_where_it_was(data: Path):
    document = data.parent / "table.md"
    document.write_text(f"# Figures\n\n{MARKS.begin}\n{MARKS.end}\n\nThe end.\n", encoding="utf-8")

    first = balie(data, "--only", "askubuntu", "--document", str(document))

    assert first.exit_code == 0
    assert "0.94" in first.stderr  # the goal, and that it was met
    once = document.read_text(encoding="utf-8")
    assert once.startswith("# Figures\n")
    assert once.endswith("The end.\n")
    assert "| askubuntu | **Balie, keyword** |" in once
    assert "hint3" not in once

    second = balie(data, "--only", "hint3_curekart", "--document", str(document))

    assert second.exit_code in (0, 1)  # as the little set has it
    twice = document.read_text(encoding="utf-8")
    assert "| askubuntu | **Balie, keyword** |" in twice
    assert "| hint3_curekart | **Balie, keyword** |" in twice


def test_a_goal_that_is_missed_is_said_and_ends_with_1(data: Path):
    wrong = [(text, "refund") for text, _ in rows()]
    write(data / "intents" / "askubuntu" / "test.jsonl", wrong)

    result = balie(data, "--only", "askubuntu")

    assert result.exit_code == 1
    assert "Missed: askubuntu in_scope_accuracy 0.3333" in result.stderr
    assert "accuracy 0.94 wanted, missed" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--only", "nope"], 2, "There is no row nope."),
        (["--only", "askubuntu", "--document", "nowhere.md"], 1, "nowhere.md cannot be written"),
    ],
)
def test_says_what_is_wrong(data: Path, arguments: list[str], code: int, message: str):
    result = balie(data, *arguments)

    assert result.exit_code == code
    assert message in " ".join(result.stderr.split())


def test_says_where_the_data_are_not(tmp_path: Path):
    result = balie(tmp_path / "nothing")

    assert result.exit_code == 1
    assert "There is no folder intents in" in result.stderr
