"""`balie bench nlu` from end to end: NLU as it is served, beside a yardstick that is no match for it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

FAKE = Path(__file__).parents[1] / "fakes" / "slow_yardstick.py"
WORDS = {
    "ferry": "boat sail deck harbour",
    "ticket": "price fare pay refund",
    "bicycle": "bike wheel saddle lock",
}


def test_the_bench_measures_three_ways_in_one_run(tmp_path: Path, encoder: Path) -> None:
    train = tmp_path / "train.jsonl"
    texts = [
        (f"{lead} {word} {tail}", label)
        for label, words in WORDS.items()
        for word in words.split()
        for lead in ("where is the", "tell me about the", "I need the", "what of the")
        for tail in ("today", "please", "now")
    ]
    rows = [json.dumps({"text": text, "label": label, "lang": "en"}) for text, label in texts]
    train.write_text("\n".join(rows), encoding="utf-8")
    arguments = ["--train", str(train), "--rounds", "1", "--seconds", "1", "--json"]
    arguments += ["--yardstick", sys.executable, "--script", str(FAKE), "--encoder", str(encoder)]
    run = subprocess.run(
        [sys.executable, "-m", "balie.cli", "bench", "nlu", *arguments],
        capture_output=True,
        text=True,
        timeout=200,
        env=os.environ,
    )
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout)
    ways = ["yardstick", "every message encoded", "early exit"]
    assert [(one["way"], one["in_flight"]) for one in told["speeds"]] == [
        (way, in_flight) for in_flight in (1, 16) for way in ways
    ]
    for one in told["speeds"]:
        assert one["failed"] == 0
        assert one["calls"] > 0
        assert 0 < one["p50_ms"] <= one["p99_ms"]
        assert one["cpu_ms_per_message"] >= 0
        assert (one["times_yardstick"] is None) == (one["way"] == "yardstick")
    slow = next(one for one in told["speeds"] if one["way"] == "yardstick")
    assert slow["p50_ms"] >= 50
    guessing, whole, early = told["answers"]
    assert guessing["of"] == whole["of"] == early["of"] > 10
    assert whole["accuracy"] > guessing["accuracy"]
    assert whole["encoded"] == 1
    assert told["targets"][0]["found"] is not None
