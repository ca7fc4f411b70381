"""A trained model on disk: a folder with a manifest, a checksum for every file, and whatever its engine wrote.

    manifest.json    what the model is, and the size and SHA-256 of every other file
    engine/          what the engine wrote; only the engine reads it
    phrases.npz      the examples' words, as hashes, and their intents
    probes.json      some of the examples, and how they were ranked when the model was trained
    words.json       words by language, which help to tell languages apart

Nothing in it is run: no pickle, no code. Every file is verified before anything is read.
"""

import hashlib
import json
import re
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from balie.nlu.engines.registry import open_engine
from balie.nlu.errors import ModelDamaged
from balie.nlu.phrases import PHRASES_FILE, Phrases
from balie.nlu.score_map import ScoreMap
from balie.nlu.verdicts import Thresholds

if TYPE_CHECKING:
    from balie.nlu.engines.port import Ranker

MANIFEST_FILE = "manifest.json"
PROBES_FILE = "probes.json"
WORDS_FILE = "words.json"
ENGINE_FOLDER = "engine"

VERSION_CHARACTERS = 12
_VERSION = re.compile(rf"[0-9a-f]{{{VERSION_CHARACTERS}}}")
_PATH = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
"""Leads out of no folder: no part of it begins with a dot."""

StoredPath = Annotated[str, StringConstraints(pattern=f"^{_PATH.pattern}$", max_length=256)]

T = TypeVar("T")

StrictModel = partial(ConfigDict, frozen=True, extra="forbid", allow_inf_nan=False)


class Origin(BaseModel):
    """What a model is made of: another origin is another model.

    Attributes:
        data_fingerprint: SHA-256 of the examples.
        encoder_fingerprint: of the vectors that it was learned from and is given; empty when it needs none.
        languages: that the service was set up for.
        recipe: changes when the same examples would give another model.
    """

    model_config = StrictModel()

    data_fingerprint: str
    encoder_fingerprint: str
    languages: tuple[str, ...]
    engine: str
    options: dict[str, str]
    max_wrong: float
    max_wrong_choice: float
    delta: float
    expected_out_of_scope: float | None = None
    recipe: str

    def version(self) -> str:
        """Returns the short name of the model made of this."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:VERSION_CHARACTERS]


class StoredThresholds(BaseModel):
    """Thresholds as the manifest holds them."""

    model_config = StrictModel()

    match: float
    margin: float
    floor: float
    version: str
    scores: ScoreMap


class StoredFile(BaseModel):
    """A file of the model."""

    model_config = StrictModel()

    size_bytes: int
    sha256: str


class Manifest(BaseModel):
    """What a model says of itself.

    Attributes:
        intents: in the order of the scores.
        examples: how many it was learned from.
        dimensions: of the vectors it is given; 0 when it needs none.
        loaded_bytes: memory that the model took when it was loaded; 0 when nobody measured.
        figures: measured on held-out examples.
        files: every file of the folder but this one, by its path.
    """

    model_config = StrictModel()

    format: Literal[3] = 3
    version: str = Field(pattern=f"^{_VERSION.pattern}$")
    created: datetime
    origin: Origin
    intents: list[str] = Field(min_length=1)
    examples: int
    dimensions: int
    loaded_bytes: int = 0
    calibration: StoredThresholds
    figures: dict[str, float]
    accuracy_by_language: dict[str, float]
    files: dict[StoredPath, StoredFile] = {}

    @property
    def size_bytes(self) -> int:
        """Returns the size of all files but the manifest."""
        return sum(file.size_bytes for file in self.files.values())


class Probe(BaseModel):
    """An example, and how it was ranked when the model was trained.

    Attributes:
        scores: of every intent, in their order, [0, 1].
    """

    model_config = StrictModel()

    text: str
    language: str
    scores: list[float]


_PROBES = TypeAdapter(list[Probe])
_WORDS = TypeAdapter(dict[str, list[str]])


class Artifact:
    """A model that was verified and loaded.

    Attributes:
        manifest: what it says of itself.
        ranker: ranks intents.
        phrases: examples that are known word for word.
        thresholds: from where on a ranking counts.
        probes: what it is tested with before it serves.
        words: words by language.
    """

    def __init__(
        self,
        manifest: Manifest,
        ranker: "Ranker",
        phrases: Phrases,
        probes: list[Probe],
        words: dict[str, list[str]],
    ) -> None:
        self.manifest = manifest
        self.ranker = ranker
        self.phrases = phrases
        stored = manifest.calibration
        self.thresholds = Thresholds(stored.match, stored.margin, stored.floor, stored.version, stored.scores)
        self.probes = probes
        self.words = words

    @property
    def version(self) -> str:
        """Returns the model's name."""
        return self.manifest.version

    @property
    def needs_vectors(self) -> bool:
        """Returns whether messages must be encoded to be ranked."""
        return bool(self.manifest.origin.encoder_fingerprint)

    def close(self) -> None:
        """Frees what the engine holds; nothing is ranked afterwards."""
        self.ranker.close()


def seal(folder: Path, manifest: Manifest, probes: list[Probe], words: dict[str, list[str]]) -> Manifest:
    """Writes what stands beside the engine's files, the manifest last, and returns that with the checksums.

    Raises:
        OSError: the folder cannot be written.
        ModelDamaged: the engine wrote what is no file, or a file with a name that not every system takes.
    """
    (folder / PROBES_FILE).write_bytes(_PROBES.dump_json(probes))
    (folder / WORDS_FILE).write_bytes(_WORDS.dump_json(words))
    files: dict[StoredPath, StoredFile] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise ModelDamaged(path, "is neither a file nor a folder")
        if not _PATH.fullmatch(name):
            raise ModelDamaged(path, "has a name of other characters than letters, digits and any of ._-")
        if path.is_file() and name != MANIFEST_FILE:
            files[name] = _described(path)
    whole = manifest.model_copy(update={"files": files})
    write_manifest(folder, whole)
    return whole


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Writes a manifest as it is; the last file of a folder, which is nothing without it.

    Raises:
        OSError: the folder cannot be written.
    """
    text = json.dumps(manifest.model_dump(mode="json"), indent=2, sort_keys=True) + "\n"
    (folder / MANIFEST_FILE).write_text(text, encoding="utf-8")


def verified(folder: Path) -> Manifest:
    """Returns the manifest of a folder whose files are all there and as they were written.

    Raises:
        ModelDamaged: they are not; names the file.
    """
    manifest = _manifest(folder / MANIFEST_FILE)
    for name, expected in manifest.files.items():
        _verify(folder / name, expected)
    for needed in (PHRASES_FILE, PROBES_FILE, WORDS_FILE):
        if needed not in manifest.files:
            raise ModelDamaged(folder / needed, "is not in the manifest")
    return manifest


def open_artifact(folder: Path) -> Artifact:
    """Returns the model of a folder, verified and loaded.

    Raises:
        ModelDamaged: a file is not as it was written; names it.
        UnknownPlugin: there is no engine of that name.
        MissingExtra: the engine's library is not installed.
        OptionWrong: the engine no longer takes these options.
    """
    manifest = verified(folder)
    probes = _read(folder / PROBES_FILE, _PROBES)
    words = _read(folder / WORDS_FILE, _WORDS)
    if any(len(probe.scores) != len(manifest.intents) for probe in probes):
        raise ModelDamaged(folder / PROBES_FILE, "does not fit its manifest")
    engine = open_engine(manifest.origin.engine, manifest.origin.options)
    ranker = engine.load(folder / ENGINE_FOLDER, manifest.intents)
    return Artifact(manifest, ranker, Phrases.read(folder, len(manifest.intents)), probes, words)


def _manifest(path: Path) -> Manifest:
    try:
        return Manifest.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelDamaged(path, "is missing") from None
    except (OSError, UnicodeDecodeError):
        raise ModelDamaged(path, "cannot be read") from None
    except ValidationError:
        raise ModelDamaged(path, "is no manifest of this version") from None


def _read(path: Path, kind: TypeAdapter[T]) -> T:
    try:
        return kind.validate_json(path.read_bytes())
    except (OSError, ValidationError):
        raise ModelDamaged(path, "cannot be read") from None


def _verify(path: Path, expected: StoredFile) -> None:
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
