"""Trained models on disk: a folder each, with a manifest, a checksum for every file, and no pickle.

A folder is named after what it was made of, so a service looks for the one it needs and never loads another. It
appears at once and whole; two services that train the same model end up with one.
"""

import hashlib
import json
import os
import re
import tempfile
import zipfile
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from balie.nlu.errors import ModelDamaged, TrainingFailed
from balie.nlu.intents import IntentModel, Weights
from balie.nlu.lexical import BUCKETS
from balie.nlu.verdicts import Thresholds

MANIFEST_FILE = "manifest.json"
WEIGHTS_FILE = "weights.npz"

_VERSION_CHARACTERS = 12
_VERSION = re.compile(rf"[0-9a-f]{{{_VERSION_CHARACTERS}}}")


class Origin(BaseModel):
    """What a model is made of: another origin is another model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data_fingerprint: str
    encoder_fingerprint: str
    languages: tuple[str, ...]
    max_wrong: float
    max_wrong_choice: float
    delta: float
    recipe: str

    def version(self) -> str:
        """Returns the short name of the model made of this."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:_VERSION_CHARACTERS]


class StoredThresholds(BaseModel):
    """Thresholds as the manifest holds them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    match: float
    margin: float
    floor: float
    version: str


class StoredFile(BaseModel):
    """A file of the model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size_bytes: int
    sha256: str


class Manifest(BaseModel):
    """What a model says of itself; `figures` were measured on held-out examples."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    version: str
    created: datetime
    origin: Origin
    intents: list[str]
    examples: int
    dimensions: int
    thresholds: StoredThresholds
    figures: dict[str, float]
    accuracy_by_language: dict[str, float]
    files: dict[str, StoredFile] = {}


class Artifact:
    """A model that was loaded and checked."""

    def __init__(self, manifest: Manifest, weights: Weights) -> None:
        self.manifest = manifest
        self.model = IntentModel(manifest.intents, weights)
        self.thresholds = Thresholds(**manifest.thresholds.model_dump())

    @property
    def version(self) -> str:
        """Returns the model's name."""
        return self.manifest.version


def load(folder: Path, origin: Origin) -> Artifact | None:
    """Returns the model of an origin, or None when there is none yet.

    Args:
        folder: where models are kept.
        origin: what it has to be made of.

    Raises:
        ModelDamaged: there is one, and it is not as it was written; names the file.
    """
    home = folder / origin.version()
    if not home.exists():
        return None
    manifest = _manifest(home / MANIFEST_FILE)
    if manifest.origin != origin or manifest.version != origin.version():
        raise ModelDamaged(home / MANIFEST_FILE, "belongs to another model")
    path = home / WEIGHTS_FILE
    _verify(path, manifest.files.get(WEIGHTS_FILE))
    return Artifact(manifest, _weights(path, manifest))


def save(folder: Path, manifest: Manifest, weights: Weights) -> Manifest:
    """Stores a model, in the place of a damaged one of the same version, and returns its manifest with checksums.

    Raises:
        TrainingFailed: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".writing-", dir=folder) as work:
            built = Path(work) / "new"
            built.mkdir(mode=0o755)
            with (built / WEIGHTS_FILE).open("wb") as file:
                np.savez(file, **asdict(weights))
                file.flush()
                os.fsync(file.fileno())
            whole = manifest.model_copy(update={"files": {WEIGHTS_FILE: _described(built / WEIGHTS_FILE)}})
            text = json.dumps(whole.model_dump(mode="json"), indent=2, sort_keys=True) + "\n"
            (built / MANIFEST_FILE).write_text(text, encoding="utf-8")
            _put_in_place(built, folder, whole.origin, Path(work) / "old")
    except OSError as error:
        raise TrainingFailed(f"the model cannot be written to {folder}: {error.strerror or error}") from error
    return whole


def tidy(folder: Path, used: str, *, keep: int) -> list[str]:
    """Removes the models that were used longest ago, and returns their versions; none is used after it was loaded.

    Args:
        folder: where models are kept; whatever else is in it stays.
        used: version of the model that is used now.
        keep: how many models stay, this one included.

    Raises:
        OSError: the folder cannot be written.
    """
    os.utime(folder / used)
    homes = [home for home in folder.iterdir() if _VERSION.fullmatch(home.name) and home.name != used]
    found = sorted((home for home in homes if home.is_dir()), key=lambda home: home.stat().st_mtime)
    old = found[: max(0, len(found) + 1 - keep)]
    for home in old:
        with tempfile.TemporaryDirectory(prefix=".removing-", dir=folder) as work:
            home.rename(Path(work) / "old")  # gone at once: nobody finds half of it
    return [home.name for home in old]


def _put_in_place(built: Path, folder: Path, origin: Origin, aside: Path) -> None:
    home = folder / origin.version()
    try:
        built.rename(home)
    except OSError:
        if _is_whole(folder, origin):  # another process finished the same model first
            return
        home.rename(aside)
        built.rename(home)


def _is_whole(folder: Path, origin: Origin) -> bool:
    try:
        return load(folder, origin) is not None
    except ModelDamaged:
        return False


def _manifest(path: Path) -> Manifest:
    try:
        return Manifest.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelDamaged(path, "is missing") from None
    except (OSError, UnicodeDecodeError):
        raise ModelDamaged(path, "cannot be read") from None
    except ValidationError:
        raise ModelDamaged(path, "is no manifest of this version") from None


def _verify(path: Path, expected: StoredFile | None) -> None:
    if expected is None:
        raise ModelDamaged(path, "is not in the manifest")
    try:
        found = _described(path)
    except FileNotFoundError:
        raise ModelDamaged(path, "is missing") from None
    except OSError:
        raise ModelDamaged(path, "cannot be read") from None
    if found.size_bytes != expected.size_bytes:
        raise ModelDamaged(path, f"has {found.size_bytes} bytes instead of {expected.size_bytes}")
    if found.sha256 != expected.sha256:
        raise ModelDamaged(path, "does not match its checksum")


def _described(path: Path) -> StoredFile:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return StoredFile(size_bytes=path.stat().st_size, sha256=digest)


def _weights(path: Path, manifest: Manifest) -> Weights:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            weights = Weights(**{name: arrays[name] for name in Weights.__annotations__})
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        raise ModelDamaged(path, "cannot be read") from None
    classes = weights.bias.size
    fits = (
        weights.dense.shape == (manifest.dimensions, classes)
        and weights.lexical.shape == (BUCKETS, classes)
        and weights.idf.shape == (BUCKETS,)
        and weights.phrases.shape == weights.phrase_classes.shape
        and classes - len(manifest.intents) in (0, 1)
    )
    if not fits:
        raise ModelDamaged(path, "does not fit its manifest")
    return weights
