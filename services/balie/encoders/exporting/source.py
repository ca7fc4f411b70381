"""Finds the model that is to be exported: a folder, or a name on a hub."""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from balie.encoders.exporting.errors import EncoderExportRefused, EncoderSourceMissing
from balie.encoders.exporting.hub import fetch_model, is_name
from balie.encoders.folder.manifest import MANIFEST_FILE, sha256_of
from balie.encoders.folder.writing import recipe_of

_SUFFIXES = (".json", ".safetensors", ".bin", ".txt", ".model")


@dataclass(frozen=True)
class Source:
    """A model's folder, what to call the model, one line on where it comes from, and what an export is made from."""

    name: str
    folder: Path
    origin: str
    recipe: str


def find_source(model: str, precision: str) -> Source:
    """Returns the model that is meant, fetched when it is a name on a hub.

    Raises:
        EncoderSourceMissing: there is no such folder, or the hub has no such model or cannot be reached.
        EncoderExportRefused: the folder is an ONNX encoder's.
        MissingExtra: a library that a hub needs is not installed.
    """
    path = Path(model).expanduser()
    if path.is_dir():
        if (path / MANIFEST_FILE).exists():
            raise EncoderExportRefused(
                f"{path} is an ONNX encoder already; it goes `--to sentence-transformers`"
            )
        folder, name = path.resolve(), path.resolve().name
        digest = _digest(folder)
        origin = f"{name}, a sentence-transformers model in a folder (sha256 {digest})"
    elif is_name(model):
        folder, name = fetch_model(model), model.rsplit("/", 1)[-1]
        digest = _digest(folder)
        origin = f"{model} from the Hugging Face hub, revision {folder.name}"
    else:
        raise EncoderSourceMissing(model, "there is no such folder")
    slug = re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-.") or "model"
    return Source(slug, folder, origin, recipe_of("export", slug, digest, precision))


def _digest(folder: Path) -> str:
    """Returns what changes when any file of a model does."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.suffix in _SUFFIXES and path.is_file()):
        digest.update(json.dumps([path.relative_to(folder).as_posix(), sha256_of(path)]).encode())
    return digest.hexdigest()
