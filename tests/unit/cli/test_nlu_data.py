"""`balie nlu validate` and `balie nlu convert`, as people run them."""

import json
import re
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from balie.cli.app import app
from balie.nlu.training_data import gather
from balie.nlu.validating import CHECKS

ROOT = Path(__file__).parents[3]
EXAMPLES = Path("examples/training-data")
DOCS = ROOT / "docs" / "training-data.md"


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", "140")


def balie(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["nlu", *arguments], catch_exceptions=False)


def documented(command: str) -> str:
    """Returns what the docs say a command prints."""
    found = re.search(
        rf"```console\n\$ {re.escape(command)}\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL
    )
    assert found, f"the docs do not show {command}"
    return found[1]


def test_the_docs_show_what_validate_prints() -> None:
    result = balie("validate", str(EXAMPLES / "flawed.csv"))
    assert result.exit_code == 1
    printed = "\n".join(line.rstrip() for line in result.stdout.splitlines())
    assert printed == documented("balie nlu validate examples/training-data/flawed.csv").strip()


def test_the_docs_show_what_convert_prints() -> None:
    command = "convert examples/training-data/shop-rasa.yml --to jsonl"
    assert balie(*command.split()).stdout == documented(f"balie nlu {command}")


def test_the_docs_name_every_check() -> None:
    text = DOCS.read_text(encoding="utf-8")
    assert [name for name in CHECKS if f"| `{name}` |" not in text] == []


@pytest.mark.parametrize("name", ["shop.yaml", "shop-rasa.yml", "shop.jsonl", "shop.csv"])
def test_the_formats_that_ship_as_examples_hold_the_same(name: str) -> None:
    found = gather([EXAMPLES / name])
    assert not found.problems
    assert set(found.examples) == {
        one for one in found.examples if (one.intent, one.language, one.text) in _shop()
    }
    assert len(found.examples) == len(_shop())


def _shop() -> set[tuple[str, str, str]]:
    rows = (EXAMPLES / "shop.jsonl").read_text(encoding="utf-8").splitlines()
    return {(row["label"], row["lang"], row["text"]) for row in map(json.loads, rows)}


def test_tells_machines_what_was_found() -> None:
    result = balie("validate", str(EXAMPLES / "flawed.csv"), "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert list(found) == [
        "files",
        "examples",
        "intents",
        "languages",
        "errors",
        "warnings",
        "hints",
        "counts",
        "findings",
    ]
    assert found["files"] == [str(EXAMPLES / "flawed.csv")]
    assert found["examples"] == 20
    assert found["languages"] == {"en": 17, "nl": 2, "de": 1}
    assert found["errors"] + found["warnings"] + found["hints"] == len(found["findings"])
    (conflict,) = [finding for finding in found["findings"] if finding["check"] == "conflict"]
    assert conflict["severity"] == "error"
    assert conflict["places"][2] == {
        "file": str(EXAMPLES / "flawed.csv"),
        "line": 14,
        "intent": "return_item",
        "language": "en",
        "text": "where is my order",
    }
    (near,) = [finding for finding in found["findings"] if finding["check"] == "near-duplicate"]
    assert near["similarity"] == 1.0


GOOD = "text,label,lang\n" + "".join(
    f"{text} {number},{label},en\n"
    for text, label in (
        ("where is my parcel", "parcel"),
        ("i want my money back", "refund"),
        ("tell a joke", "oos"),
    )
    for number in range(12)
)


@pytest.mark.parametrize(
    ("rows", "strict", "code"),
    [
        ("", True, 0),
        ("?,parcel,en\n", True, 0),
        ("one,few,en\n", False, 0),
        ("one,few,en\n", True, 1),
        ("hello,parcel,en\nhello,refund,en\n", False, 1),
        ("nonsense\n", False, 1),
    ],
)
def test_the_exit_code_says_how_bad_it_is(tmp_path: Path, rows: str, strict: bool, code: int) -> None:
    (tmp_path / "a.csv").write_text(GOOD + rows)
    result = balie("validate", str(tmp_path / "a.csv"), *(["--strict"] if strict else []))
    assert result.exit_code == code
    if not rows:
        assert "Nothing to say against it" in result.stdout


def test_shows_the_first_few_and_all_of_them_when_asked(tmp_path: Path) -> None:
    twins = "".join(f"text {number},parcel,en\n" * 2 for number in range(30))
    (tmp_path / "a.csv").write_text(GOOD + twins)
    short, whole = (balie("validate", str(tmp_path / "a.csv"), *more).stdout for more in ([], ["--all"]))
    assert "and 27 more; --all shows them" in short
    assert "more" not in whole.split("Duplicates")[1].split("→")[0]
    assert len(whole) > len(short)


def test_a_text_cannot_steer_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(GOOD + "\x1b[31mred,parcel,en\n[bold]x[/bold] \u202eabc,parcel,en\n")
    shown = balie("validate", str(tmp_path / "a.csv")).stdout
    assert "\x1b[31m" not in shown
    assert "\u202e" not in shown
    assert "[bold]x[/bold]" in shown


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["validate", "absent.csv"], "absent.csv cannot be read: No such file or directory"),
        (
            ["validate", "examples/training-data/shop.csv", "--languages", "nl,dutch"],
            "'dutch' is no language tag",
        ),
        (
            ["validate", "examples/training-data/shop.csv", "--skip", "nonsense"],
            "There is no check 'nonsense'",
        ),
        (["convert", "examples/training-data/shop.csv", "--to", "xml"], "Formats are csv, jsonl, rasa, yaml"),
        (["convert", "absent.csv", "--to", "csv"], "1 mistakes, and nothing written"),
        (
            ["convert", "examples/training-data/shop.csv", "--to", "csv", "--out", "pyproject.toml"],
            "is there already",
        ),
        (
            ["convert", "examples/training-data/shop.csv", "--to", "csv", "--out", "absent/a.csv"],
            "cannot be written",
        ),
    ],
)
def test_says_in_a_sentence_what_is_wrong(arguments: list[str], told: str) -> None:
    result = balie(*arguments)
    assert result.exit_code in (1, 2)
    assert told in " ".join(result.output.replace("│", "").split())


def test_says_which_language_has_to_be_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,label\nhoi,greet\ndoei,bye\n")
    result = balie("validate", str(tmp_path / "a.csv"), "--languages", "nl,xx")
    assert result.exit_code == 1
    assert "Name the language of the examples with --lang" in result.stderr


def test_convert_writes_nothing_where_a_format_cannot_hold_an_example(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,label,lang\nsee [this](https://example.org),web,en\n")
    (tmp_path / "b.yml").write_text("as it was")
    result = balie(
        "convert", str(tmp_path / "a.csv"), "--to", "rasa", "--out", str(tmp_path / "b.yml"), "--replace"
    )
    assert result.exit_code == 1
    assert "for an entity" in result.stderr
    assert (tmp_path / "b.yml").read_text() == "as it was"


@pytest.mark.parametrize("to", ["csv", "jsonl", "rasa", "yaml"])
def test_converts_there_and_back(tmp_path: Path, to: str) -> None:
    out = tmp_path / ("a.yml" if to in ("rasa", "yaml") else f"a.{to}")
    assert balie("convert", str(EXAMPLES / "shop.yaml"), "--to", to, "--out", str(out)).exit_code == 0
    assert {(one.intent, one.language, one.text) for one in gather([out]).examples} == _shop()
