import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from balie.encoders.layers import LayeredEncoder
from balie.nlu.artifacts import (
    ENGINE_FOLDER,
    MANIFEST_FILE,
    PROBES_FILE,
    WORDS_FILE,
    Artifact,
    open_artifact,
    seal,
    verified,
)
from balie.nlu.engines.port import Message
from balie.nlu.errors import ModelDamaged
from balie.nlu.jobs import Job
from balie.nlu.measuring import scores_of
from balie.nlu.phrases import PHRASES_FILE

WEIGHTS = f"{ENGINE_FOLDER}/lexical.npz"


@pytest.fixture
def home(artifact: Artifact, job: Job, tmp_path: Path) -> Path:
    """A copy of the sample model, to damage."""
    return Path(shutil.copytree(job.folder, tmp_path / artifact.version))


def test_a_stored_model_comes_back_as_it_was(artifact: Artifact, home: Path) -> None:
    again = open_artifact(home)
    assert again.manifest == artifact.manifest
    assert again.thresholds == artifact.thresholds
    assert again.probes == artifact.probes
    vector = np.full(artifact.manifest.dimensions, artifact.manifest.dimensions**-0.5, np.float32)
    message = Message("mijn fiets", vector=vector, states=np.stack([vector] * 4))
    assert np.array_equal(again.ranker.rank([message]).scores, artifact.ranker.rank([message]).scores)


def test_the_manifest_says_what_the_model_is_made_of(artifact: Artifact, home: Path) -> None:
    told = json.loads((home / MANIFEST_FILE).read_text())
    assert told["version"] == artifact.version
    assert told["origin"]["encoder_fingerprint"].startswith("minilm")
    assert told["origin"]["engine"] == "ensemble"
    assert len(told["origin"]["data_fingerprint"]) == 64
    assert told["intents"] == ["bicycle_information", "opening_hours", "refund_request"]
    assert {"in_scope_accuracy", "coverage", "wrong_rate"} <= set(told["figures"])
    assert set(told["accuracy_by_language"]) == {"nl", "de", "en"}
    assert {WEIGHTS, PHRASES_FILE, PROBES_FILE, WORDS_FILE} <= set(told["files"])


def test_the_files_hold_no_pickle(home: Path) -> None:
    for path in home.rglob("*.npz"):
        with np.load(path, allow_pickle=False) as arrays:
            assert arrays.files
            assert all(arrays[name].dtype != object for name in arrays.files)


def test_the_probes_are_examples_of_every_intent_and_how_they_were_ranked(
    artifact: Artifact, job: Job
) -> None:
    from balie.encoders import open_encoder

    assert 4 <= len(artifact.probes) <= 8
    encoder = LayeredEncoder(open_encoder(job.encoder))
    states = encoder.states_of(encoder.encode([probe.text for probe in artifact.probes]))
    messages = [
        Message(probe.text, probe.language, rows[0], rows)
        for probe, rows in zip(artifact.probes, states, strict=True)
    ]
    expected = np.array([probe.scores for probe in artifact.probes])
    assert np.abs(scores_of(artifact.ranker.rank(messages)) - expected).max() < 1e-3
    assert {int(row.argmax()) for row in expected if row.sum() > 0.5} == {0, 1, 2}


def test_the_words_of_each_language_are_those_of_its_examples(artifact: Artifact) -> None:
    assert {"fietskaartje", "loket"} <= set(artifact.words["nl"])
    assert "fietskaartje" not in artifact.words["de"]


def test_another_origin_is_another_model(artifact: Artifact) -> None:
    origin = artifact.manifest.origin
    for change in (
        {"data_fingerprint": "x"},
        {"encoder_fingerprint": "x"},
        {"languages": ("nl",)},
        {"engine": "linear"},
        {"options": {"a": "b"}},
        {"max_wrong": 0.1},
        {"recipe": "x"},
    ):
        assert origin.model_copy(update=change).version() != origin.version()
    assert origin.model_copy().version() == origin.version()


@pytest.mark.parametrize(
    ("damage", "file", "problem"),
    [
        (lambda home: (home / WEIGHTS).unlink(), WEIGHTS, "is missing"),
        (lambda home: (home / MANIFEST_FILE).unlink(), MANIFEST_FILE, "is missing"),
        (lambda home: (home / MANIFEST_FILE).write_text("{"), MANIFEST_FILE, "is no manifest"),
        (lambda home: (home / MANIFEST_FILE).write_bytes(b"\xff"), MANIFEST_FILE, "cannot be read"),
        (lambda home: os.truncate(home / WEIGHTS, 1000), WEIGHTS, "has 1000 bytes instead of"),
        (lambda home: flip(home / WEIGHTS), WEIGHTS, "does not match its checksum"),
        (lambda home: flip(home / PROBES_FILE), PROBES_FILE, "does not match its checksum"),
        (lambda home: change(home, "files", {}), PHRASES_FILE, "is not in the manifest"),
        (lambda home: change(home, "format", 99), MANIFEST_FILE, "is no manifest of this version"),
        (lambda home: change(home, "intents", ["a"]), PROBES_FILE, "does not fit its manifest"),
        (lambda home: outside(home), MANIFEST_FILE, "is no manifest"),
    ],
)
def test_a_damaged_model_is_refused_by_name(
    home: Path, damage: Callable[[Path], object], file: str, problem: str
) -> None:
    damage(home)
    with pytest.raises(ModelDamaged, match=problem) as raised:
        open_artifact(home)
    assert raised.value.file == home / file


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def change(home: Path, key: str, value: object) -> None:
    told = json.loads((home / MANIFEST_FILE).read_text())
    (home / MANIFEST_FILE).write_text(json.dumps(told | {key: value}))


def outside(home: Path) -> None:
    files = json.loads((home / MANIFEST_FILE).read_text())["files"]
    change(home, "files", files | {"../secret": files[WEIGHTS]})


def test_an_engine_may_write_any_files_but_links_and_odd_names(
    artifact: Artifact, home: Path, tmp_path: Path
) -> None:
    (home / ENGINE_FOLDER / "deep" / "er").mkdir(parents=True)
    (home / ENGINE_FOLDER / "deep" / "er" / "a_b-c.1.bin").write_bytes(b"1")
    manifest = seal(home, artifact.manifest, artifact.probes, artifact.words)
    assert manifest.files["engine/deep/er/a_b-c.1.bin"].size_bytes == 1
    assert verified(home) == manifest
    (home / ENGINE_FOLDER / "link").symlink_to(tmp_path)
    with pytest.raises(ModelDamaged, match="neither a file nor a folder"):
        seal(home, artifact.manifest, artifact.probes, artifact.words)
    (home / ENGINE_FOLDER / "link").unlink()
    (home / ENGINE_FOLDER / "a b").write_text("")
    with pytest.raises(ModelDamaged, match="has a name"):
        seal(home, artifact.manifest, artifact.probes, artifact.words)
