"""`balie eval handoff`, on messages of the test's own."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from balie.cli.app import app

ROWS = [
    ("ik wil een medewerker spreken", "human", "nl"),
    ("spreek ik met een mens?", "other", "nl"),
    ("can I talk to a person", "human", "en"),
    ("my cousin's budgie wishes to confer", "human", "en"),
    ("call me back please", "other", "en"),
    ("what does it cost", "price", "en"),
]


@pytest.fixture
def test(tmp_path: Path) -> str:
    file = tmp_path / "test.jsonl"
    rows = [{"text": text, "label": label, "lang": language} for text, label, language in ROWS]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return str(file)


def balie(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["eval", "handoff", *arguments], catch_exceptions=False)


def test_json_holds_the_figures_and_what_was_heard_wrong(test: str) -> None:
    told = json.loads(balie("--test", test, "--json").stdout)
    assert (told["requests"], told["others"]) == (3, 3)
    assert told["precision"] == told["recall"] == told["f1"] == pytest.approx(2 / 3)
    assert told["false_alarm_rate"] == pytest.approx(1 / 3)
    assert told["recall_interval"]["low"] < 2 / 3 < told["recall_interval"]["high"]
    assert told["missed"] == ["my cousin's budgie wishes to confer"]
    assert told["false_alarms"] == ["call me back please"]
    assert (told["by_language"]["nl"]["f1"], told["by_language"]["en"]["recall"]) == (1.0, 0.5)


def test_shows_a_table_and_what_was_heard_wrong(test: str) -> None:
    shown = balie("--test", test).stdout
    assert "0.667" in shown
    assert "33.33%" in shown
    assert "my cousin's budgie wishes to confer" in shown


def test_another_label_may_mean_a_request(test: str) -> None:
    told = json.loads(balie("--test", test, "--label", "price", "--json").stdout)
    assert (told["requests"], told["recall"]) == (1, 0.0)


def test_messages_none_of_which_is_a_request_tell_the_false_alarms(test: str) -> None:
    told = balie("--test", test, "--label", "person", "--json")
    assert told.exit_code == 0
    assert "only false alarms can be told" in told.stderr
    assert json.loads(told.stdout)["false_alarm_rate"] == pytest.approx(0.5)


def test_a_file_that_cannot_be_read_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "test.jsonl"
    file.write_text('{"text": "hello"}\n', "utf-8")
    refused = balie("--test", str(file))
    assert refused.exit_code == 1
    assert "test.jsonl:1" in refused.output.replace("\n", "")


def test_several_files_are_told_apart(test: str, tmp_path: Path) -> None:
    calm = tmp_path / "calm.csv"
    calm.write_text(
        "text,label,lang\nwhat does it cost,price,en\nput me through to a person,price,en\n", "utf-8"
    )
    folder = tmp_path.name

    told = json.loads(balie("--test", test, "--test", str(calm), "--json").stdout)
    shown = balie("--test", test, "--test", str(calm)).stdout

    assert told["by_file"][f"{folder}/test.jsonl"]["f1"] == pytest.approx(2 / 3)
    assert told["by_file"][f"{folder}/calm.csv"]["false_alarm_rate"] == 0.5
    assert "by file" in shown
    assert "by file" not in balie("--test", test).stdout


def test_figures_are_told_apart_by_a_field_of_the_rows(tmp_path: Path) -> None:
    file = tmp_path / "test.jsonl"
    rows = [
        {"text": "can I talk to a person", "label": "human", "lang": "en", "source": "shop"},
        {"text": "my cousin's budgie wishes to confer", "label": "human", "lang": "en", "source": "zoo"},
        {"text": "what does it cost", "label": "other", "lang": "en", "source": 7},
        {"text": "where are you", "label": "other", "lang": "en"},
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")

    told = json.loads(balie("--test", str(file), "--by", "source", "--json").stdout)
    shown = balie("--test", str(file), "--by", "source").stdout

    assert {source: one["recall"] for source, one in told["by_source"].items()} == {
        "shop": 1.0,
        "zoo": 0.0,
        "7": 0.0,
        "": 0.0,
    }
    assert "by source" in shown
    assert "unknown" in shown


def test_a_field_that_no_row_has_is_told(test: str) -> None:
    told = balie("--test", test, "--by", "weather", "--json")
    assert told.exit_code == 0
    assert "No row has a field weather" in told.stderr
    assert list(json.loads(told.stdout)["by_weather"]) == [""]
