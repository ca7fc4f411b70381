"""`balie bench faq` and `faq-index` from end to end: FAQ as it is served, beside a txtai that is no match for it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

FAKE = Path(__file__).parents[1] / "fakes" / "slow_txtai.py"
THINGS = [
    "ferry",
    "ticket",
    "bicycle",
    "harbour",
    "captain",
    "island",
    "deck",
    "cabin",
    "dog",
    "luggage",
    "bridge",
    "lighthouse",
]
QUESTIONS = [
    f"{lead} the {thing} {tail}?"
    for thing in THINGS
    for lead in ("where is", "what does it take to see", "may I bring", "who looks after", "how old is")
    for tail in ("today", "in winter", "on a Sunday", "with children", "at night")
]
ANSWERS = [
    f"The {thing} is {word} all year. Ask for the {thing} at the office that is {word}."
    for thing in THINGS
    for word in ("open", "quiet", "free")
]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    (folder / "intents" / "ferry").mkdir(parents=True)
    (folder / "faq" / "ferry").mkdir(parents=True)
    rows = [json.dumps({"text": text, "label": "l", "lang": "en"}) for text in QUESTIONS]
    (folder / "intents" / "ferry" / "train.jsonl").write_text("\n".join(rows), encoding="utf-8")
    entries = [json.dumps({"id": str(n), "answer": answer}) for n, answer in enumerate(ANSWERS)]
    (folder / "faq" / "ferry" / "entries.jsonl").write_text("\n".join(entries), encoding="utf-8")
    return folder


@pytest.fixture
def interpreter(tmp_path: Path) -> Path:
    script = tmp_path / "python"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{FAKE}" "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    return script


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "balie.cli", "bench", *arguments],
        capture_output=True,
        text=True,
        timeout=280,
        env=os.environ,
    )


def test_the_bench_measures_both_ways_beside_txtai(
    data: Path, interpreter: Path, encoder: Path, tmp_path: Path
) -> None:
    document = tmp_path / "benchmarks.md"
    document.write_text("a\n<!-- balie bench faq: begin -->\n<!-- balie bench faq: end -->\nb\n")
    arguments = ["--data", str(data), "--entries", "60", "--txtai", str(interpreter), "--docs", str(document)]
    run = bench("faq", *arguments, "--encoder", str(encoder), "--rounds", "1", "--seconds", "1", "--json")
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout)
    ways = ["txtai", "embedding passed in", "text alone"]
    assert [(one["way"], one["in_flight"]) for one in told["speeds"]] == [
        (way, in_flight) for in_flight in (1, 16) for way in ways
    ]
    for one in told["speeds"]:
        assert one["failed"] == 0
        assert one["calls"] > 0
        assert 0 < one["p50_ms"] <= one["p99_ms"]
        assert (one["times_yardstick"] is None) == (one["way"] == "txtai")
    assert told["speeds"][0]["p50_ms"] >= 50
    theirs, ours = told["held"]
    assert (theirs["side"], theirs["entries"], theirs["vectors"]) == ("txtai", 60, 60)
    assert (ours["side"], ours["entries"], ours["vectors"]) == ("balie", 60, 180)
    assert ours["memory_mb"] > 50
    assert [target["found"] is None for target in told["targets"]] == [False, False]
    written = document.read_text()
    assert "16 searches in flight" in written
    assert written.startswith("a\n<!--")
    assert written.endswith("-->\nb\n")


def test_the_index_is_built_and_opened_at_every_size(data: Path, encoder: Path, tmp_path: Path) -> None:
    plot = tmp_path / "plot.svg"
    arguments = ["--data", str(data), "--sizes", "50,1200", "--whole-up-to", "50", "--texts", "100"]
    run = bench("faq-index", *arguments, "--encoder", str(encoder), "--plot", str(plot), "--json")
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout)
    assert [(row["what"], row["entries"], row["built"]["vectors"]) for row in told["rows"]] == [
        ("vectors", 50, 50),
        ("vectors", 1200, 1200),
        ("whole", 50, 100),
    ]
    for row in told["rows"]:
        built, reopened = row["built"], row["reopened"]
        assert built["kind"] == "flat"
        assert built["saved_mb"] > 0
        assert 0 < reopened["bare_mb"] < reopened["memory_mb"]
        assert 0 < reopened["p50_ms"] <= reopened["p99_ms"]
        assert reopened["recall"] == (1.0 if row["what"] == "vectors" else None)
    root = ElementTree.fromstring(plot.read_text(encoding="utf-8"))  # noqa: S314  our own
    assert root.tag.endswith("svg")


@pytest.mark.parametrize("sizes", ["", "none", "0", "10,-1"])
def test_sizes_that_are_none_are_refused(data: Path, sizes: str) -> None:
    run = bench("faq-index", "--data", str(data), "--sizes", sizes)
    assert run.returncode == 2
