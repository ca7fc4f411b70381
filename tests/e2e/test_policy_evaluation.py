"""A desk of a hundred and fifty intents, ten examples each, decides on messages of CLINC150 that it has not seen."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from balie.cli.app import app

DATA = Path(__file__).parents[3] / "shared" / "data" / "intents" / "clinc150"
MAX_WRONG = 0.05


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.shared_data
@pytest.mark.skipif(not DATA.is_dir(), reason="needs the evaluation data beside the checkout")
def test_a_desk_keeps_its_promise_and_hears_next_to_nobody_ask_for_a_person(
    encoder: Path, tmp_path: Path
) -> None:
    rows = (DATA / "valid.jsonl").read_text("utf-8").splitlines(keepends=True)
    outside = [row for row in rows if json.loads(row)["label"] == "oos"]
    inside = [row for row in rows if row not in outside][::6]
    asked = tmp_path / "asked.jsonl"
    asked.write_text("".join(inside + outside), "utf-8")
    files = ["--train", str(DATA / "train_10shot.jsonl"), "--test", str(asked)]
    wanted = ["--out-of-scope", "0.18", "--max-wrong", str(MAX_WRONG), "--encoder", str(encoder)]

    done = CliRunner().invoke(app, ["eval", "policy", *files, *wanted, "--json"], catch_exceptions=False)

    told = json.loads(done.stdout)
    assert (told["in_scope"]["messages"], told["out_of_scope"]["messages"]) == (500, 100)
    assert told["in_traffic"]["wrong_rate"] <= MAX_WRONG  # measured: 0.020
    assert told["in_scope"]["answered"] >= 0.5  # measured: 0.606
    assert told["out_of_scope"]["escalated"] >= 0.9  # measured: 1.000
    assert told["all"]["person_requests"] <= 0.01
