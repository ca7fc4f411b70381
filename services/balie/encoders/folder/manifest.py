"""What an encoder's folder holds, with a checksum for each file, so that damage is found before it is served."""

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from balie.encoders.errors import EncoderDamaged, EncoderFolderMissing

MANIFEST_FILE = "manifest.json"
TOKENIZER_FILE = "tokenizer.json"

_READ_BYTES = 1 << 20
_CHECKSUM = "checksum"
_MOST_NAME_CHARACTERS = 100

_FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
"""Nothing outside the folder, and nothing that is no name."""


class ManifestFile(BaseModel):
    """One file of the folder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size_bytes: int = Field(ge=0)
    sha256: str


class Adaptation(BaseModel):
    """What was taught to an encoder after its makers published it.

    Attributes:
        languages: BCP-47 tags.
        words: how many entries the vocabulary got.
        trained: whether the new rows were trained after they were composed.
        data: one line for each source the words were learnt from, with its licence.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    languages: tuple[str, ...]
    words: int
    trained: bool = False
    data: tuple[str, ...] = ()


class Manifest(BaseModel):
    """The description that is written beside a built encoder; the file has a checksum of its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    name: str
    source: str
    licence: str
    precision: str
    pooling: str
    normalisation: str
    dimensions: int = Field(ge=1, le=4096)
    max_tokens: int = Field(ge=3, le=1_000_000)
    fingerprint: str = Field(min_length=1, max_length=128)
    adaptations: tuple[Adaptation, ...] = ()
    recipe: str = ""
    files: dict[_FileName, ManifestFile] = Field(min_length=1)

    @staticmethod
    def read(folder: Path) -> "Manifest":
        """Returns the manifest of a folder; the other files are not looked at.

        Raises:
            EncoderFolderMissing: no folder, or nothing of an encoder in it.
            EncoderDamaged: the manifest is missing among an encoder's files, cannot be read, or was changed.
        """
        path = folder / MANIFEST_FILE
        try:
            if path.exists() and not path.is_file():
                raise EncoderDamaged(path, "is no file")
            text = path.read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            if (folder / TOKENIZER_FILE).exists():
                raise EncoderDamaged(path, "is missing") from None
            raise EncoderFolderMissing(folder) from None
        except (OSError, UnicodeDecodeError):
            raise EncoderDamaged(path, "cannot be read") from None
        try:
            content = json.loads(text)
            written = content.pop(_CHECKSUM)
            manifest = Manifest.model_validate(content)
        except (ValueError, AttributeError, TypeError, KeyError, ValidationError):
            raise EncoderDamaged(path, "is not a manifest of this version") from None
        if written != _checksum(content):
            raise EncoderDamaged(path, "does not match its checksum")
        return manifest

    def verify(self, folder: Path, how: Literal["full", "size"] = "full") -> None:
        """Checks each file's size and, unless told otherwise, its SHA-256.

        Raises:
            EncoderDamaged: names the first file that is not as it was written.
        """
        for name, expected in self.files.items():
            path = folder / name
            try:
                size = path.stat().st_size
                if size != expected.size_bytes:
                    raise EncoderDamaged(path, f"has {size} bytes instead of {expected.size_bytes}")
                if how == "full" and sha256_of(path) != expected.sha256:
                    raise EncoderDamaged(path, "does not match its checksum")
            except FileNotFoundError:
                raise EncoderDamaged(path, "is missing") from None
            except OSError:
                raise EncoderDamaged(path, "cannot be read") from None

    def write(self, folder: Path) -> None:
        """Writes the manifest into the folder."""
        content = self.model_dump(mode="json")
        text = json.dumps(content | {_CHECKSUM: _checksum(content)}, indent=2, sort_keys=True) + "\n"
        (folder / MANIFEST_FILE).write_text(text, encoding="utf-8")


def _checksum(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def describe_files(folder: Path, names: Sequence[str]) -> dict[str, ManifestFile]:
    """Returns size and checksum of each named file."""
    return {
        name: ManifestFile(size_bytes=(folder / name).stat().st_size, sha256=sha256_of(folder / name))
        for name in names
    }


def fingerprint_of(name: str, precision: str, parts: Sequence[str]) -> str:
    """Returns a short text that is the same for the same parts, and readable in a log."""
    digest = hashlib.sha256(json.dumps([name, precision, *parts]).encode()).hexdigest()
    return f"{name[:_MOST_NAME_CHARACTERS]}.{precision}.{digest[:16]}"


def sha256_of(path: Path, progress: Callable[[int], None] = lambda _: None) -> str:
    """Returns the SHA-256 of a file in hexadecimal; `progress` is told the bytes read so far."""
    digest = hashlib.sha256()
    done = 0
    with path.open("rb") as file:
        while chunk := file.read(_READ_BYTES):
            digest.update(chunk)
            done += len(chunk)
            progress(done)
    return digest.hexdigest()
