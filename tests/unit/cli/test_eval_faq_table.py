"""`balie eval faq-table`, on a little set in the place of a public one."""

from pathlib import Path

import pytest
from tests.encoder_fixture import encoder_folder
from tests.unit.cli.test_eval_faq import ENTRIES, lines, questions
from typer.testing import CliRunner, Result

from balie.cli.app import app
from balie.faq.evaluation.benchmark.markdown import MARKS


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data" / "faq" / "covid_deepset_en"
    folder.mkdir(parents=True)
    rows = [
        {"id": key, "question": text, "answer": f"See {key}.", "lang": "en"} for key, text in ENTRIES.items()
    ]
    lines(folder / "entries.jsonl", rows)
    questions(folder / "queries.jsonl", [(f"well, {text}", [key], "en") for key, text in ENTRIES.items()])
    return tmp_path / "data"


def balie(data: Path, *arguments: str) -> Result:
    call = ["eval", "faq-table", "--data", str(data), "--work", str(data.parent / "work")]
    encoder = ["--encoder", str(encoder_folder())]
    return CliRunner().invoke(app, [*call, *encoder, *arguments], catch_exceptions=False)


def test_writes_the_tables_into_the_document_and_goes_on_where_it_was(data: Path):
    document = data.parent / "table.md"
    document.write_text(f"# Figures\n\n{MARKS.begin}\n{MARKS.end}\n\nThe end.\n", encoding="utf-8")
    call = ["--only", "covid_deepset_en", "--document", str(document)]

    first = balie(data, *call)

    assert first.exit_code == 0, first.stderr
    assert "wanted at least 0.77" in first.stderr
    once = document.read_text(encoding="utf-8")
    assert once.startswith("# Figures\n")
    assert once.endswith("The end.\n")
    assert "| covid_deepset_en | **Balie, hybrid** |" in once
    assert "|  | Balie, lexical |" in once
    assert "bare MiniLM, question" in once
    assert "stackfaq" not in once

    kept = sorted((data.parent / "work" / "results").iterdir())
    assert [path.name for path in kept] == [
        "covid_deepset_en.dense.json",
        "covid_deepset_en.hybrid.json",
        "covid_deepset_en.lexical.json",
    ]
    moments = [path.stat().st_mtime_ns for path in kept]
    balie(data, *call)
    assert [path.stat().st_mtime_ns for path in kept] == moments
    assert document.read_text(encoding="utf-8") == once

    balie(data, *call, "--max-wrong", "0.2")
    assert [path.stat().st_mtime_ns for path in kept] != moments


def test_what_is_missed_is_said_and_ends_with_1(data: Path):
    wrong = [(f"well, {text}", ["wifi"], "en") for text in ENTRIES.values()]
    questions(data / "faq" / "covid_deepset_en" / "queries.jsonl", wrong)

    result = balie(data, "--only", "covid_deepset_en")

    assert result.exit_code == 1
    assert "Missed: covid_deepset_en MRR" in result.stderr
    assert "**missed**" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--only", "nope"], 2, "There are stackfaq, covid_deepset_en, waddenveer."),
        (["--only", "stackfaq"], 1, "cannot be read"),
        (["--only", "covid_deepset_en", "--document", "nowhere.md"], 1, "nowhere.md cannot be written"),
    ],
)
def test_says_what_is_wrong(data: Path, arguments: list[str], code: int, message: str):
    result = balie(data, *arguments)

    assert result.exit_code == code
    assert message in " ".join(result.stderr.split())


def test_says_where_the_data_are_not(tmp_path: Path):
    result = balie(tmp_path / "nothing")

    assert result.exit_code == 1
    assert "There is no folder faq in" in result.stderr
