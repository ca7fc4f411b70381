"""The bench from its command to its figures, with the real encoder and as few rounds as there can be."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from balie.encoders.bench.figures import ALL_WORKERS, CONCURRENT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

WAYS = ("batch 1", "batch 8", "batch 32", ALL_WORKERS, CONCURRENT)
BRIEF = ("--rounds", "1", "--seconds", "0.1")


def bench(folder: Path, *more: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "balie.encoders.bench", "--folder", str(folder), *BRIEF, *more]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def command(*arguments: str) -> "subprocess.CompletedProcess[str]":
    pytest.importorskip("typer", reason="the command is not installed: pip install 'balie[cli]'")
    call = [sys.executable, "-m", "balie.cli", "encoder", "bench", *arguments]
    environment = {**os.environ, "COLUMNS": "100"}
    return subprocess.run(call, capture_output=True, text=True, check=False, env=environment)


def rows(report: dict[str, Any], who: str, sentences: str) -> dict[str, dict[str, Any]]:
    return {
        speed["way"]: speed
        for speed in report["speeds"]
        if (speed["who"], speed["sentences"]) == (who, sentences)
    }


def test_measures_every_way_and_the_peak(encoder_folder: Path):
    answer = bench(encoder_folder, "--no-torch")

    assert answer.returncode == 0, answer.stderr
    report = json.loads(answer.stdout)
    for sentences in ("short", "mixed"):
        own = rows(report, "encoder", sentences)
        assert tuple(own) == WAYS
        assert all(speed["sentences_per_second"] > 0 for speed in own.values())
        assert all(own[way]["share_of_peak"] > 0 for way in WAYS[:3])
        assert own[CONCURRENT]["share_of_batched"] > 0
        assert not rows(report, "torch", sentences)
    assert report["torch"] == "left out"
    assert report["peak"]["gflops"] == max(report["peak"]["each"].values())
    assert report["encoder"]["fingerprint"].startswith(report["encoder"]["name"])
    assert {"processor", "cores", "onnxruntime", "numpy", "tokenizers"} <= set(report["machine"])
    assert 0 < report["start"]["cpu_seconds"] < 60
    assert report["start"]["resident_mb"] > 20
    assert answer.stderr.splitlines()[-1] == "100%  done"


def test_measures_own_sentences_and_checks_the_targets(encoder_folder: Path, tmp_path: Path):
    own = tmp_path / "mine.jsonl"
    own.write_text('{"text": "Wanneer vaart de boot?"}\n{"text": "Now?"}\n', encoding="utf-8")

    answer = bench(encoder_folder, "--no-torch", "--check", "--sentences", str(own))

    report = json.loads(answer.stdout)
    assert [entry["name"] for entry in report["sets"]] == ["mine"]
    assert tuple(rows(report, "encoder", "mine")) == WAYS
    assert answer.returncode == any(target["met"] is False for target in report["targets"])


@pytest.mark.parametrize(
    ("more", "problem"),
    [(("--sentences", "absent.jsonl"), "absent.jsonl"), (("--folder", "absent"), "balie encoder build")],
)
def test_says_what_cannot_be_read(encoder_folder: Path, more: tuple[str, ...], problem: str):
    answer = bench(encoder_folder, "--no-torch", *more)

    assert (answer.returncode, answer.stdout) == (2, "")
    assert problem in answer.stderr
    assert "Traceback" not in answer.stderr


def test_the_command_shows_figures_and_targets(encoder_folder: Path):
    answer = command("--encoder", str(encoder_folder), "--no-torch", *BRIEF)

    assert answer.returncode == 0, answer.stderr
    for words in (*WAYS, "GFLOP/s", "torch: left out", "16 callers, of the batched rate", "not measured"):
        assert words in answer.stdout


def test_the_command_prints_json_alone(encoder_folder: Path):
    answer = command("--encoder", str(encoder_folder), "--no-torch", "--json", *BRIEF)

    assert tuple(rows(json.loads(answer.stdout), "encoder", "short")) == WAYS


def test_the_command_tells_what_failed(tmp_path: Path):
    absent = command("--encoder", str(tmp_path), *BRIEF)
    no_python = command("--encoder", str(tmp_path), "--python", str(tmp_path / "python"))

    assert (absent.returncode, no_python.returncode) == (1, 1)
    assert "balie encoder build" in " ".join(absent.stderr.split())
    assert "cannot be run" in " ".join(no_python.stderr.split())


def test_says_how_to_get_torch(encoder_folder: Path):
    if importlib.util.find_spec("sentence_transformers"):
        pytest.skip("torch is installed")

    report = json.loads(bench(encoder_folder).stdout)

    assert report["torch"] == "not installed: pip install 'balie[sentence-transformers]'"
    assert report["targets"][0]["met"] is None


@pytest.mark.oracle
def test_measures_torch_in_the_same_rounds(encoder_folder: Path, model_folder: Path):
    pytest.importorskip("sentence_transformers", reason="pip install 'balie[sentence-transformers]'")

    answer = bench(encoder_folder, "--model", str(model_folder))

    report = json.loads(answer.stdout)
    torch = rows(report, "torch", "short")
    assert tuple(torch) == (*WAYS[:3], CONCURRENT)
    assert all(
        speed["times_torch"] > 0 for way, speed in rows(report, "encoder", "short").items() if way in torch
    )
    assert report["targets"][0]["met"] is not None
    assert any(name.startswith("torch") for name in report["peak"]["each"])
    assert "torch" in report["machine"]
