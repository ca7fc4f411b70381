"""`balie eval nlu`, with an engine that needs no encoder."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tests.unit.nlu.evaluation.desk import rows, write
from typer.testing import CliRunner, Result

from balie.cli.app import app

NASTY = "<script>alert('x')</script> & \"quotes\""


@pytest.fixture
def train(tmp_path: Path) -> str:
    return str(write(tmp_path / "train.jsonl", rows(out_of_scope=12)))


@pytest.fixture
def test(tmp_path: Path) -> str:
    wanted = [
        ("are you open", "opening_hours"),
        ("cancel it", "cancel_order"),
        (f"refund {NASTY}", "opening_hours"),
    ]
    return str(write(tmp_path / "test.jsonl", [*wanted, ("money back", "refund"), ("sing", "oos")]))


def balie(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["eval", "nlu", "--engine", "keyword", *arguments], catch_exceptions=False)


def test_shows_figures_with_their_intervals(train: str, test: str):
    result = balie("--train", train, "--test", test, "--max-wrong", "0.2")

    assert result.exit_code == 0
    assert re.search(r"in-scope accuracy +0\.750 +0\.\d{3} to 0\.\d{3}", result.stdout)
    assert re.search(r"wrong rate +0\.\d{3}", result.stdout)
    assert "at most 0.2 wrong promised with confidence 0.9" in result.stdout


def test_json_is_all_of_standard_output(train: str, test: str):
    told = json.loads(balie("--train", train, "--test", test, "--json").stdout)

    assert told["engine"] == "keyword"
    assert told["in_scope_accuracy"] == 0.75
    assert set(told["intervals"]) >= {"accuracy", "wrong_rate", "oos_auroc"}


def test_a_share_that_is_expected_is_promised_for(train: str, test: str):
    found = [
        json.loads(balie("--train", train, "--test", test, "--max-wrong", "0.3", *more, "--json").stdout)
        for more in ([], ["--out-of-scope", "0"], ["--out-of-scope", "0.1"])
    ]

    versions = [one["calibration_version"] for one in found]
    assert len(set(versions)) == 3
    assert all(version.startswith("ltt.") for version in versions)


def test_says_why_nothing_could_be_promised(train: str, test: str):
    result = balie("--train", train, "--test", test, "--max-wrong", "0.001")

    assert result.exit_code == 0
    assert "No threshold keeps the promise" in " ".join(result.stdout.split())
    assert "examples are too few to promise at most 0.001 wrong" in " ".join(result.stderr.split())


def test_options_reach_the_engine(train: str):
    told = json.loads(balie("--train", train, "--folds", "2", "--option", "longest=1", "--json").stdout)
    assert told["engine_options"] == {"longest": "1"}

    wrong = balie("--train", train, "--folds", "2", "--option", "longest=9")
    assert wrong.exit_code == 1
    assert "longest" in wrong.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name either --test or --folds"),
        (["--folds", "1"], "--folds takes 2 at least"),
        (["--folds", "2", "--option", "longest"], "longest says no value: write it as name=value."),
        (["--folds", "2", "--option", "longest=1", "--option", "longest=2"], "longest is named twice"),
        (["--folds", "2", "--max-wrong", "1"], "must be above 0 and below 1"),
        (["--folds", "2", "--out-of-scope", "1"], "must be 0 or more and below 1"),
    ],
)
def test_says_what_is_wrong_with_the_call(train: str, arguments: list[str], message: str):
    result = balie("--train", train, *arguments)

    assert result.exit_code == 2
    assert message in " ".join(result.stderr.replace("│", " ").split())


def test_says_what_is_wrong_with_a_file_and_an_engine(tmp_path: Path, train: str):
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"text": "a", "label": "x", "lang": "en"}\n{"text":\n', encoding="utf-8")
    result = balie("--train", train, "--test", str(broken))
    assert result.exit_code == 1
    assert f"{broken}:2" in result.stderr.replace("\n", "")

    unknown = CliRunner().invoke(app, ["eval", "nlu", "--train", train, "--folds", "2", "--engine", "nope"])
    assert unknown.exit_code == 1
    assert "keyword" in unknown.stderr


class Page(HTMLParser):
    """What a page holds: the tags, the ids, the links, and the words of its tables."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.outside: list[str] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in ("meta", "input"):
            self._open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in ("src", "href") and not (value or "").startswith("#"):
                self.outside.append(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data.strip())


def test_the_page_needs_no_other_file_and_shows_what_the_data_say_as_words(
    tmp_path: Path, train: str, test: str
):
    folder = tmp_path / "a" / "report"

    result = balie("--train", train, "--test", test, "--max-wrong", "0.2", "--report", str(folder))

    assert result.exit_code == 0
    assert [path.name for path in folder.iterdir()] == ["index.html"]
    text = (folder / "index.html").read_text(encoding="utf-8")
    page = Page(text)
    assert page.outside == []
    assert "@import" not in text
    assert "url(" not in text
    assert page.tags.count("script") == 1  # none came from the data
    assert f"refund {NASTY}" in page.words
    assert page.ids == ["figures", "plots", "confusions", "intents", "errors"]
    assert page.tags.count("figure") == 4
    assert {"opening_hours", "cancel_order", "refund"} <= set(page.words)


def test_the_page_of_one_language_without_out_of_scope_leaves_out_what_there_is_not(tmp_path: Path):
    train = str(write(tmp_path / "train.jsonl", rows()))

    balie("--train", train, "--folds", "2", "--max-wrong", "0.2", "--report", str(tmp_path))

    page = Page((tmp_path / "index.html").read_text(encoding="utf-8"))
    assert page.ids == ["figures", "plots", "intents", "errors"]  # it makes no mistake
    assert page.tags.count("figure") == 3


def test_the_page_tells_languages_apart(tmp_path: Path):
    english = write(tmp_path / "en.jsonl", rows())
    dutch = write(tmp_path / "nl.jsonl", [(f"{text} graag", label) for text, label in rows()], "nl")

    balie("--train", str(english), "--train", str(dutch), "--folds", "2", "--report", str(tmp_path))

    page = Page((tmp_path / "index.html").read_text(encoding="utf-8"))
    assert "languages" in page.ids
    assert {"en", "nl"} <= set(page.words)


def test_says_when_the_page_cannot_be_written(tmp_path: Path, train: str):
    (tmp_path / "taken").write_text("a file", encoding="utf-8")

    result = balie("--train", train, "--folds", "2", "--report", str(tmp_path / "taken"))

    assert result.exit_code == 1
    assert "The page cannot be written to" in result.stderr.replace("\n", " ")
