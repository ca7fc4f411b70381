"""`balie encoder export`, `list` and `show` on encoders of a few kilobytes."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.encoders.test_exporting import teach
from tests.unit.encoders.test_quality import write_data
from tests.unit.encoders.tiny_model import write_model
from typer.testing import CliRunner, Result

from balie.cli.app import app
from balie.encoders.folder.manifest import Manifest
from balie.encoders.folder.precisions import PRECISIONS

BARE_PYTHON = shlex.quote(str(Path(sys.executable).resolve()))
SWITCH = "BALIE_ENCODER_FOLDER"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv(SWITCH, raising=False)
    return tmp_path / "data" / "balie" / "encoders"


@pytest.fixture
def evaluation_data(tmp_path: Path) -> Path:
    data = tmp_path / "evaluation"
    data.mkdir()
    write_data(data)
    return data


@pytest.fixture
def tiny(home: Path, tmp_path: Path) -> Path:
    folder = write_model(tmp_path / "tiny")
    assert balie("export", str(folder)).exit_code == 0
    return home / "tiny"


def balie(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["encoder", *arguments], catch_exceptions=False)


def test_exports_there_and_back(tiny: Path, home: Path):
    again = balie("export", str(home.parents[2] / "tiny"))
    assert f"tiny is in {tiny} already, and whole" in again.stdout

    back = balie("export", "tiny", "--to", "sentence-transformers", "--json")

    assert back.exit_code == 0
    told = json.loads(back.stdout)
    assert told["folder"] == str(home / "tiny-sentence-transformers")
    assert told["fingerprint"] == Manifest.read(tiny).fingerprint
    assert (home / "tiny-sentence-transformers" / "model.safetensors").is_file()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["export"], "Which model?"),
        (["export", "/no/such/model"], "there is no model '/no/such/model'"),
        (["export", "tiny", "--to", "tensorflow"], "--to tensorflow is unknown"),
        (["export", "--to", "sentence-transformers"], "run `balie encoder build`"),
        (["export", "--to", "sentence-transformers", "--precision", "w8"], "written as fp32"),
        (["show"], "run `balie encoder build`"),
        (["show", "nothing"], "there are none: run `balie encoder build`"),
    ],
)
def test_says_in_a_sentence_what_is_wrong(home: Path, arguments: list[str], told: str):
    result = balie(*arguments)

    assert result.exit_code in (1, 2)
    assert told in " ".join(result.stderr.split())
    assert "Traceback" not in result.output


@pytest.mark.parametrize("command", [["build"], ["export", "tiny"]])
def test_offers_the_precisions_that_there_are(
    home: Path, command: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("COLUMNS", "200")

    wrong = balie(*command, "--precision", "int3")

    assert wrong.exit_code == 2
    told = "".join(re.sub(r"[│\s]", "", wrong.stderr))
    assert f"thereisnoprecision'int3'ofanencoder:chooseoneof{','.join(PRECISIONS)}" in told
    assert "|".join(PRECISIONS) in balie(command[0], "--help").stdout


@pytest.mark.parametrize("command", ["build", "export", "bench"])
def test_nothing_is_cut_from_the_help_of_a_narrow_terminal(command: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "60")

    assert "…" not in balie(command, "--help").stdout


def test_the_command_is_there_before_any_library_of_numbers():
    check = "import sys, balie.cli.app; sys.exit(bool({'numpy', 'onnx', 'onnxruntime'} & set(sys.modules)))"

    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


@pytest.mark.parametrize("script", ["exit 0", "exit 1", "echo well; exit 0", f"exec {BARE_PYTHON} -I -S $@"])
def test_says_when_the_interpreter_cannot_measure(home: Path, tmp_path: Path, script: str):
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)

    result = balie("bench", "--python", str(python))

    assert result.exit_code == 1
    told = "".join(result.stderr.split())
    assert "isnoPythoninterpreterwiththisversionofbalieinstalled:nameonewith`--python`" in told


def test_lists_nothing_and_says_what_to_run(home: Path):
    result = balie("list")

    assert result.exit_code == 0
    assert "run `balie encoder build`" in result.stdout
    assert "onnx" in result.stdout


def test_lists_encoders_and_how_to_choose_another(tiny: Path, home: Path, monkeypatch: pytest.MonkeyPatch):
    teach(tiny, home / "taught", ["veerboot"])
    monkeypatch.setenv(SWITCH, str(tiny))

    result = balie("list")

    assert f"→ is what a service that starts now reads: {tiny}" in result.stdout
    assert f"Another: BALIE_ENCODER_FOLDER={home / 'taught'}" in result.stdout
    assert "taught 1 words of nl, de" in result.stdout
    listed = json.loads(balie("list", "--json").stdout)
    assert [(one["name"], one["used"], one["words"]) for one in listed["encoders"]] == [
        ("tiny", False, 1),
        ("tiny", True, 0),
    ]
    assert {kind["name"] for kind in listed["kinds"]} >= {"onnx", "sentence-transformers"}


def test_lists_and_shows_what_is_damaged(tiny: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(SWITCH, str(tiny))
    content = bytearray((tiny / "weights.bin").read_bytes())
    content[99] ^= 1
    (tiny / "weights.bin").write_bytes(content)

    assert "damaged" not in balie("list").stdout
    listed = balie("list", "--verify")
    assert listed.exit_code == 0
    assert "weights.bin does not match its checksum" in listed.stdout
    shown = balie("show")
    assert shown.exit_code == 1
    assert "weights.bin does not match its checksum" in " ".join(shown.stderr.split())


def test_shows_all_of_an_encoder(tiny: Path, home: Path):
    teach(tiny, home / "taught", ["veerboot"])

    text = " ".join(balie("show", "taught").stdout.split())
    told = json.loads(balie("show", "taught", "--text", "De veerboot", "--json").stdout)

    assert Manifest.read(home / "taught").fingerprint in text
    for wanted in ("Apache-2.0", "1 words of nl, de", "a test, CC0", "tokens per word nl ", "weights.bin"):
        assert wanted in text
    assert set(told["files"]) == {"model.onnx", "tokenizer.json", "weights.bin"}
    assert set(told["tokens_per_word"]) == {"nl", "de", "en"}
    (split,) = told["texts"]
    assert [token["text"] for token in split["tokens"] if token["new_word"]] == ["veerboot"]
    assert split["count"] == len(split["tokens"])


def test_shows_how_a_text_is_split(tiny: Path, home: Path):
    teach(tiny, home / "taught", ["veerboot"])

    result = balie("show", "taught", "--text", "de veerboot", "--text", "boat")

    assert "de «veerboot» [SEP]" in result.stdout
    assert "4 tokens with the special ones, 2 for 2 words; 1 «whole words» that were taught" in result.stdout
    assert result.stdout.count("[CLS]") == 2


def test_refuses_a_setting_that_is_wrong(tiny: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BALIE_ENCODER_BATCH_TEXTS", "none")
    for command in ("list", "show"):
        result = balie(command)
        assert result.exit_code == 1
        assert "BALIE_ENCODER_BATCH_TEXTS" in result.stderr


def test_says_when_the_kind_that_is_set_is_unknown(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BALIE_ENCODER_NAME", "tensorflow")
    told = balie("list").stdout
    assert "BALIE_ENCODER_NAME=tensorflow is no kind that is known: onnx, sentence-transformers" in told


def test_shows_what_each_precision_costs(tiny: Path, evaluation_data: Path):
    told = balie("bench", "--quality", str(evaluation_data), "--encoder", str(tiny), "--json")

    assert told.exit_code == 0
    found = {row["precision"]: row for row in json.loads(told.stdout)}
    assert list(found) == ["fp32", "w16", "w8"]
    assert found["fp32"]["equal"]
    assert found["fp32"]["least_cosine"] == pytest.approx(1.0, abs=1e-6)
    assert found["w8"]["least_cosine"] < found["w16"]["least_cosine"] < 1.0
    assert found["w8"]["disk_mb"] < found["fp32"]["disk_mb"]
    assert found["w16"]["reference"] == Manifest.read(tiny).fingerprint

    table = balie("bench", "--quality", str(evaluation_data), "--encoder", str(tiny)).stdout
    assert "w16" in table
    assert "stackfaq" in table


def test_names_the_evaluation_data_that_is_missing(tiny: Path, tmp_path: Path):
    told = balie("bench", "--quality", str(tmp_path), "--encoder", str(tiny))

    assert told.exit_code == 1
    assert "is missing" in " ".join(told.stderr.split())
    assert "Traceback" not in told.stderr
