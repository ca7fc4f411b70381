import asyncio
import errno
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from balie.encoders import EncoderSettings
from balie.nlu.artifacts import WEIGHTS_FILE, Artifact
from balie.nlu.errors import TrainingFailed
from balie.nlu.models import open_model
from balie.nlu.training import Job, main, table_of, train
from balie.nlu.training_data import read_examples


def arguments(job: Job, folder: Path) -> list[str]:
    return [
        *("--intents", str(job.intents_file), "--model-folder", str(folder)),
        *("--encoder-folder", str(job.encoder.folder)),
    ]


def test_learns_the_sample_desk_in_three_languages(artifact: Artifact) -> None:
    assert artifact.manifest.figures["in_scope_accuracy"] >= 0.95
    assert min(artifact.manifest.accuracy_by_language.values()) >= 0.9


def test_the_same_examples_give_the_same_model(job: Job, artifact: Artifact, tmp_path: Path) -> None:
    again = train(replace(job, model_folder=tmp_path), lambda _step, _share: None)
    assert again.version == artifact.version
    assert again.files == artifact.manifest.files


def test_prints_a_table_of_results(job: Job, tmp_path: Path) -> None:
    """Runs the command as people do."""
    ran = subprocess.run(
        [sys.executable, "-m", "balie.nlu.training", *arguments(job, tmp_path), "--max-wrong", "0.2"],
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert ran.returncode == 0, ran.stderr
    for line in (
        "accuracy nl",
        "accuracy de",
        "accuracy en",
        "threshold",
        "coverage",
        "wrong rate",
        "at most 0.2",
    ):
        assert line in ran.stdout
    assert "cross-validating" in ran.stderr
    (model,) = tmp_path.iterdir()
    assert model.name in ran.stdout


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("absent.yaml", None, "cannot be read"),
        ("bad.yaml", "intents: {a: {nl: ['']}}", "bad.yaml:1: the text is empty"),
    ],
)
def test_says_in_one_line_what_is_wrong(
    job: Job,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    content: str | None,
    problem: str,
) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    given = arguments(replace(job, intents_file=tmp_path / name), tmp_path / "models")
    assert main([*given, "--log-format", "json"]) == 1
    told = capsys.readouterr().err
    assert told.startswith("nlu: ")
    assert problem in told
    assert not (tmp_path / "models").exists()


def test_says_which_encoder_is_missing(job: Job, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = arguments(replace(job, encoder=EncoderSettings(folder=tmp_path / "none")), tmp_path / "models")
    assert main([*given, "--log-format", "json"]) == 1
    assert str(tmp_path / "none") in capsys.readouterr().err


@pytest.mark.parametrize("share", ["0", "1", "x", "nan"])
def test_refuses_shares_that_are_none(job: Job, tmp_path: Path, share: str) -> None:
    with pytest.raises(SystemExit):
        main([*arguments(job, tmp_path), "--max-wrong", share])


def test_the_table_says_what_is_promised(artifact: Artifact) -> None:
    table = table_of(artifact.manifest)
    assert artifact.version in table
    assert "at most 0.05 promised" in table


async def test_a_model_that_is_there_is_loaded_and_not_trained(job: Job, artifact: Artifact) -> None:
    examples = read_examples(job.intents_file, job.languages)
    origin = artifact.manifest.origin
    with capture_logs() as lines:
        found = await open_model(job, examples, origin.encoder_fingerprint, log_format="json")
    assert found.version == artifact.version
    assert [line["event"] for line in lines] == ["model loaded"]


async def test_models_that_are_old_go_once_one_is_loaded(
    job: Job, artifact: Artifact, tmp_path: Path
) -> None:
    mine = replace(job, model_folder=tmp_path)
    old = [f"{number:012x}" for number in range(5)]
    for hours, version in enumerate(old):
        (tmp_path / version).mkdir()
        os.utime(tmp_path / version, (hours * 3600, hours * 3600))
    shutil.copytree(job.model_folder / artifact.version, tmp_path / artifact.version)
    examples = read_examples(job.intents_file, job.languages)
    fingerprint = artifact.manifest.origin.encoder_fingerprint
    with capture_logs() as lines:
        await open_model(mine, examples, fingerprint, log_format="json")
    assert {path.name for path in tmp_path.iterdir()} == {artifact.version, *old[3:]}
    assert [line.get("models") for line in lines] == [None, old[:3]]


async def test_a_folder_that_cannot_be_tidied_does_not_hold_up_the_start(
    job: Job, artifact: Artifact, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = replace(job, model_folder=tmp_path)
    shutil.copytree(job.model_folder / artifact.version, tmp_path / artifact.version)
    for version in ("a" * 12, "b" * 12, "c" * 12):
        (tmp_path / version).mkdir()

    def refuse(*_: object) -> None:  # to the superuser, who may run this, no folder is closed
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "rename", refuse)
    examples = read_examples(job.intents_file, job.languages)
    fingerprint = artifact.manifest.origin.encoder_fingerprint
    with capture_logs() as lines:
        found = await open_model(mine, examples, fingerprint, log_format="json")
    assert found.version == artifact.version
    assert [line["event"] for line in lines] == ["model loaded", "old models not removed"]


async def test_a_damaged_model_is_refused_and_trained_anew(
    job: Job, artifact: Artifact, tmp_path: Path
) -> None:
    home = tmp_path / artifact.version
    home.mkdir()
    for path in (job.model_folder / artifact.version).iterdir():
        (home / path.name).write_bytes(path.read_bytes())
    (home / WEIGHTS_FILE).write_bytes(b"damaged")
    examples = read_examples(job.intents_file, job.languages)
    mine = replace(job, model_folder=tmp_path)
    with capture_logs() as lines:
        found = await open_model(
            mine, examples, artifact.manifest.origin.encoder_fingerprint, log_format="json"
        )
    assert found.manifest.files == artifact.manifest.files
    assert [line["event"] for line in lines] == ["model refused", "training a model", "model loaded"]
    assert lines[0]["file"] == str(home / WEIGHTS_FILE)
    assert lines[0]["log_level"] == "error"


async def test_training_that_fails_refuses_the_start(job: Job, artifact: Artifact, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    examples = read_examples(job.intents_file, job.languages)
    blocked = replace(job, model_folder=tmp_path / "file")
    with pytest.raises(TrainingFailed, match="code 1"):
        await open_model(blocked, examples, artifact.manifest.origin.encoder_fingerprint, log_format="json")


async def test_giving_up_the_start_ends_the_training(job: Job, artifact: Artifact, tmp_path: Path) -> None:
    examples = read_examples(job.intents_file, job.languages)
    mine = replace(job, model_folder=tmp_path / "models")
    with capture_logs() as lines:
        start = asyncio.create_task(open_model(mine, examples, "another", log_format="json"))
        while not lines:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        start.cancel()
        with pytest.raises(asyncio.CancelledError):
            await start
    assert not (tmp_path / "models").exists() or not list((tmp_path / "models").iterdir())


def test_the_childs_log_is_json(job: Job, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main([*arguments(job, tmp_path), "--log-format", "json"]) == 0
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert {line["event"] for line in lines} == {"training", "trained"}
    assert lines[-1]["model"] == next(tmp_path.iterdir()).name
    assert [line["percent"] for line in lines[:-1]] == sorted(line["percent"] for line in lines[:-1])
