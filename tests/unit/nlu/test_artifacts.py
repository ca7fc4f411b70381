import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from balie.nlu.artifacts import MANIFEST_FILE, WEIGHTS_FILE, Artifact, Manifest, Origin, load, save, tidy
from balie.nlu.errors import ModelDamaged, TrainingFailed
from balie.nlu.intents import Weights
from balie.nlu.training import Job


@pytest.fixture
def home(artifact: Artifact, job: Job, tmp_path: Path) -> Path:
    """A copy of the sample model, to damage."""
    shutil.copytree(job.model_folder / artifact.version, tmp_path / artifact.version)
    return tmp_path / artifact.version


def test_a_stored_model_comes_back_as_it_was(artifact: Artifact, home: Path) -> None:
    again = load(home.parent, artifact.manifest.origin)
    assert again is not None
    assert again.manifest == artifact.manifest
    assert again.thresholds == artifact.thresholds
    vector = np.ones((1, artifact.manifest.dimensions), np.float32)
    words = [artifact.model.wording("mijn fiets")]
    assert np.array_equal(again.model.scores(vector, words), artifact.model.scores(vector, words))


def test_the_manifest_says_what_the_model_is_made_of(artifact: Artifact, home: Path) -> None:
    told = json.loads((home / MANIFEST_FILE).read_text())
    assert told["version"] == artifact.version == home.name
    assert told["origin"]["encoder_fingerprint"].startswith("minilm")
    assert len(told["origin"]["data_fingerprint"]) == 64
    assert told["intents"] == ["bicycle_information", "opening_hours", "refund_request"]
    assert {"in_scope_accuracy", "coverage", "wrong_rate"} <= set(told["figures"])
    assert set(told["accuracy_by_language"]) == {"nl", "de", "en"}


def test_the_files_hold_no_pickle(home: Path) -> None:
    with np.load(home / WEIGHTS_FILE, allow_pickle=False) as arrays:
        assert set(arrays.files) == set(Weights.__annotations__)
        for name in arrays.files:
            assert arrays[name].dtype != object


def test_another_origin_is_another_model(artifact: Artifact, home: Path) -> None:
    for change in (
        {"data_fingerprint": "x"},
        {"encoder_fingerprint": "x"},
        {"languages": ("nl",)},
        {"max_wrong": 0.1},
    ):
        other = artifact.manifest.origin.model_copy(update=change)
        assert other.version() != artifact.version
        assert load(home.parent, other) is None


@pytest.mark.parametrize(
    ("damage", "file", "problem"),
    [
        (lambda home: (home / WEIGHTS_FILE).unlink(), WEIGHTS_FILE, "is missing"),
        (lambda home: (home / MANIFEST_FILE).unlink(), MANIFEST_FILE, "is missing"),
        (lambda home: (home / MANIFEST_FILE).write_text("{"), MANIFEST_FILE, "is no manifest"),
        (lambda home: (home / MANIFEST_FILE).write_bytes(b"\xff"), MANIFEST_FILE, "cannot be read"),
        (lambda home: os.truncate(home / WEIGHTS_FILE, 1000), WEIGHTS_FILE, "has 1000 bytes instead of"),
        (lambda home: flip(home / WEIGHTS_FILE), WEIGHTS_FILE, "does not match its checksum"),
        (lambda home: change(home, "version", "other"), MANIFEST_FILE, "belongs to another model"),
        (lambda home: of_another_encoder(home), MANIFEST_FILE, "belongs to another model"),
        (lambda home: change(home, "files", {}), WEIGHTS_FILE, "is not in the manifest"),
        (lambda home: change(home, "dimensions", 3), WEIGHTS_FILE, "does not fit its manifest"),
        (lambda home: change(home, "intents", ["a"]), WEIGHTS_FILE, "does not fit its manifest"),
    ],
)
def test_a_damaged_model_is_refused_by_name(
    artifact: Artifact, home: Path, damage: object, file: str, problem: str
) -> None:
    damage(home)  # type: ignore[operator]
    with pytest.raises(ModelDamaged, match=problem) as raised:
        load(home.parent, artifact.manifest.origin)
    assert raised.value.file == home / file


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def change(home: Path, key: str, value: object) -> None:
    told = json.loads((home / MANIFEST_FILE).read_text())
    (home / MANIFEST_FILE).write_text(json.dumps(told | {key: value}))


def of_another_encoder(home: Path) -> None:
    origin = json.loads((home / MANIFEST_FILE).read_text())["origin"]
    change(home, "origin", origin | {"encoder_fingerprint": "minilm-l6-v2.fp32.other"})


def stored(artifact: Artifact, home: Path) -> tuple[Manifest, Weights, Origin]:
    with np.load(home / WEIGHTS_FILE) as arrays:
        return (
            artifact.manifest,
            Weights(**{name: arrays[name] for name in arrays.files}),
            artifact.manifest.origin,
        )


def test_saving_replaces_a_damaged_model(artifact: Artifact, home: Path) -> None:
    manifest, weights, origin = stored(artifact, home)
    flip(home / WEIGHTS_FILE)
    save(home.parent, manifest, weights)
    assert load(home.parent, origin) is not None
    assert list(home.parent.iterdir()) == [home]


def test_saving_leaves_a_whole_model_alone(artifact: Artifact, home: Path) -> None:
    manifest, weights, _ = stored(artifact, home)
    before = (home / MANIFEST_FILE).stat().st_ino
    save(home.parent, manifest, weights)
    assert (home / MANIFEST_FILE).stat().st_ino == before
    assert list(home.parent.iterdir()) == [home]


def test_says_where_it_cannot_write(artifact: Artifact, home: Path, tmp_path: Path) -> None:
    manifest, weights, _ = stored(artifact, home)
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(TrainingFailed, match=str(blocked)):
        save(blocked, manifest, weights)


def test_keeps_the_models_that_were_used_last(artifact: Artifact, home: Path) -> None:
    folder = home.parent
    others = [f"{number:012x}" for number in range(4)]
    for hours, version in enumerate(others, 1):
        shutil.copytree(home, folder / version)
        os.utime(folder / version, (hours * 3600, hours * 3600))
    os.utime(home, (0, 0))  # made before all others, and in use again
    (folder / "notes").mkdir()
    (folder / "0123456789ab").write_text("no model")
    assert tidy(folder, home.name, keep=3) == others[:2]
    assert {path.name for path in folder.iterdir()} == {home.name, *others[2:], "notes", "0123456789ab"}
    assert load(folder, artifact.manifest.origin) is not None
    assert tidy(folder, others[2], keep=3) == []
    assert tidy(folder, others[2], keep=2) == [others[3]]
