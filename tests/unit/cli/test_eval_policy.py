"""`balie eval policy`, on messages of the test's own and with an engine that learns them at once."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.encoder_fixture import encoder_folder
from tests.unit.nlu.evaluation.desk import rows, write
from typer.testing import CliRunner, Result

from balie.cli.app import app
from balie.cli.policy_evaluation.rows import MARKS

ASKED = [
    ("are you open", "opening_hours"),
    ("cancel it", "cancel_order"),
    ("money back for a hat", "refund"),
    ("refund whatever", "opening_hours"),
    ("cancel this, it is unacceptable, you useless bot", "cancel_order"),
    ("may I speak to a person", "refund"),
    ("sing", "oos"),
    ("undo my order of birds", "ornithology"),
]

NOBODY_ANSWERS = """version: strict
rules:
  - step: person_requested
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("messages")
    train = write(folder / "train.jsonl", rows(out_of_scope=12))
    test = write(folder / "test.jsonl", ASKED)
    return ["--train", str(train), "--test", str(test)]


@pytest.fixture(scope="module")
def told(files: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(balie(*files, "--json").stdout)
    return found


def balie(*arguments: str) -> Result:
    engine = ["--engine", "keyword", "--max-wrong", "0.2", "--encoder", str(encoder_folder())]
    return CliRunner().invoke(app, ["eval", "policy", *engine, *arguments], catch_exceptions=False)


def test_json_says_what_becomes_of_messages_in_scope_and_out_of_it(told: dict[str, Any]) -> None:
    inside, outside = told["in_scope"], told["out_of_scope"]
    assert (inside["messages"], outside["messages"], told["all"]["messages"]) == (6, 2, 8)
    assert inside["answered"] == pytest.approx(4 / 6)
    assert (inside["right"], inside["wrong"]) == (pytest.approx(3 / 6), pytest.approx(1 / 6))
    assert (inside["clarified"], inside["right_offered"]) == (0.0, None)
    assert inside["escalated"] == pytest.approx(2 / 6)
    assert inside["wrong_rate"] == pytest.approx(1 / 4)
    assert inside["person_requests"] == pytest.approx(1 / 6)
    assert outside["answered"] == outside["wrong"] == outside["escalated"] == 0.5
    assert told["all"]["intervals"]["wrong"][0] < told["all"]["wrong"] < told["all"]["intervals"]["wrong"][1]
    assert told["in_traffic"] is None


def test_json_says_why_and_which_messages_went_wrong(told: dict[str, Any]) -> None:
    reasons = {
        (one["kind"], one["reason"]): (one["in_scope"], one["out_of_scope"]) for one in told["reasons"]
    }
    assert reasons == {
        ("ANSWER", "intent"): (4, 1),
        ("ESCALATE", "rule strong frustration"): (1, 0),
        ("ESCALATE", "person requested"): (1, 0),
        ("ESCALATE", "no match"): (0, 1),
    }
    assert told["wrong"] == [
        {"text": "refund whatever", "label": "opening_hours", "answered": "refund"},
        {"text": "undo my order of birds", "label": "ornithology", "answered": "cancel_order"},
    ]
    assert told["person_requests"] == [{"text": "may I speak to a person", "label": "refund"}]


def test_shows_tables_and_what_was_answered_wrongly(
    files: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "140")
    shown = balie(*files).stdout
    assert "answered wrongly" in shown
    assert "0.167 0.030-0.564" in shown
    assert "refund whatever  (opening_hours as refund)" in shown
    assert "rule strong frustration" in shown


def test_a_stated_share_is_told_of_traffic_that_has_it(files: list[str]) -> None:
    told = json.loads(balie(*files, "--out-of-scope", "0.1", "--json").stdout)
    for name in ("answered", "wrong", "escalated"):
        mixed = 0.9 * told["in_scope"][name] + 0.1 * told["out_of_scope"][name]
        assert told["in_traffic"][name] == pytest.approx(mixed)
    traffic = told["in_traffic"]
    assert traffic["wrong_rate"] == pytest.approx(traffic["wrong"] / traffic["answered"])


def test_another_policy_decides_otherwise_with_the_model_that_is_kept(
    files: list[str], tmp_path: Path
) -> None:
    kept = ["--cache", str(tmp_path / "models")]
    ours = json.loads(balie(*files, *kept, "--json").stdout)
    manifest = tmp_path / "models" / ours["model_version"] / "manifest.json"
    written = manifest.stat().st_mtime_ns
    policy = tmp_path / "strict.yaml"
    policy.write_text(NOBODY_ANSWERS, encoding="utf-8")

    theirs = json.loads(balie(*files, *kept, "--policy", str(policy), "--json").stdout)

    assert ours["policy_version"] != theirs["policy_version"]
    assert theirs["policy_version"].startswith("strict-")
    assert theirs["all"]["escalated"] == 1.0
    assert [path.name for path in (tmp_path / "models").iterdir()] == [theirs["model_version"]]
    assert manifest.stat().st_mtime_ns == written


def test_a_kept_model_that_is_damaged_is_trained_anew(files: list[str], tmp_path: Path) -> None:
    kept = ["--cache", str(tmp_path / "models")]
    first = json.loads(balie(*files, *kept, "--json").stdout)
    (tmp_path / "models" / first["model_version"] / "words.json").write_text("{}", encoding="utf-8")

    second = json.loads(balie(*files, *kept, "--json").stdout)

    assert second == first


def test_writes_the_tables_into_the_document(files: list[str], tmp_path: Path) -> None:
    document = tmp_path / "figures.md"
    document.write_text(f"# Figures\n\n{MARKS.begin}\n{MARKS.end}\n\nThe end.\n", encoding="utf-8")

    assert balie(*files, "--document", str(document)).exit_code == 0

    text = document.read_text(encoding="utf-8")
    assert text.startswith("# Figures\n")
    assert text.endswith("The end.\n")
    assert "| answered wrongly | 0.167 (0.030 to 0.564) | 0.500 (0.095 to 0.905) |" in text
    assert "| escalate | person requested | 1 | 0 |" in text


@pytest.mark.parametrize(
    ("option", "content", "message"),
    [
        ("--policy", "version: 1\nrules:\n  - step: nope\n", "knows no step 'nope'"),
        ("--document", "no marks\n", "the document needs the lines"),
        ("--cache", "a file", "models cannot be kept"),
    ],
)
def test_says_what_is_wrong(
    files: list[str], tmp_path: Path, option: str, content: str, message: str
) -> None:
    named = tmp_path / "named"
    named.write_text(content, encoding="utf-8")
    result = balie(*files, option, str(named))
    assert result.exit_code == 1
    assert message in " ".join(result.stderr.split())
