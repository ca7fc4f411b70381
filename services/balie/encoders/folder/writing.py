"""Writes an encoder's folder: complete and at once, or not at all."""

import glob
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from balie.encoders.errors import EncoderBuildFailed
from balie.encoders.folder.graph import GRAPH_FILE, WEIGHTS_FILE, write_graph
from balie.encoders.folder.manifest import (
    MANIFEST_FILE,
    TOKENIZER_FILE,
    Manifest,
    ManifestFile,
    describe_files,
    fingerprint_of,
)
from balie.encoders.folder.model import Model
from balie.encoders.progress import Progress
from balie.kit.registry import MissingExtra

FILES = (GRAPH_FILE, WEIGHTS_FILE, TOKENIZER_FILE)
POOLING = "mean"
NORMALISATION = "l2"
GRAPH_VERSION = "2"
"""Part of the fingerprint: raised when the graph is written so that vectors change."""
_GRAPH_OUTPUTS = "layers.v1"
"""Part of the recipe: raised when the graph gives more than it did, and the same vectors."""

_ABANDONED_SECONDS = 3600


def write_encoder(
    model: Model,
    folder: Path,
    *,
    precision: str = "fp32",
    recipe: str = "",
    progress: Progress = lambda _step, _share: None,
) -> Manifest:
    """Writes graph, weights, tokenizer and manifest.

    Args:
        model: what to write.
        folder: an existing empty folder, as `in_place` gives it.
        precision: one of `graph.PRECISIONS`.
        recipe: what the folder was made from, for whoever has to tell if it is still the right one.
        progress: is told what is being done.

    Returns:
        What the folder says of itself.
    """
    progress("writing the graph", 0.0)
    (folder / TOKENIZER_FILE).write_text(model.tokenizer_text(), encoding="utf-8")
    write_graph(model.weights, model.shape, folder, precision)
    progress("taking checksums", 0.7)
    files = describe_files(folder, FILES)
    manifest = Manifest(
        name=model.name,
        source=model.source,
        licence=model.licence,
        precision=precision,
        pooling=POOLING,
        normalisation=NORMALISATION,
        dimensions=model.shape.dimensions,
        max_tokens=model.max_tokens,
        fingerprint=_fingerprint(model, precision, files),
        adaptations=model.adaptations,
        recipe=recipe,
        files=files,
    )
    manifest.write(folder)
    progress("written", 1.0)
    return manifest


def _fingerprint(model: Model, precision: str, files: Mapping[str, ManifestFile]) -> str:
    # Not the graph's own bytes: another version of the onnx library may write the same graph differently.
    contents = [files[name].sha256 for name in (WEIGHTS_FILE, TOKENIZER_FILE)]
    return fingerprint_of(
        model.name, precision, [*contents, POOLING, NORMALISATION, str(model.max_tokens), GRAPH_VERSION]
    )


@contextmanager
def in_place(folder: Path, *, there_first: Callable[[], bool] = lambda: False) -> Iterator[Path]:
    """Gives an empty folder to write into, which becomes `folder` when the block ends well, and vanishes when it fails.

    What `folder` held before stays until then. The given folder's parent is for files that nobody needs afterwards.

    Args:
        folder: absolute; must be new, empty, or an encoder's.
        there_first: is asked when another writer was faster, whether what it wrote will do.

    Raises:
        EncoderBuildFailed: the folder holds other things, or cannot be written.
    """
    refuse_foreign(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        prefix = f".{folder.name}.building-"
        _sweep(folder.parent, prefix)
        with tempfile.TemporaryDirectory(prefix=prefix, dir=folder.parent) as work:
            built = Path(work) / "built"
            built.mkdir(mode=0o755)
            yield built
            _put_in_place(built, folder, Path(work) / "old", there_first)
    except OSError as error:
        raise EncoderBuildFailed(folder, error.strerror or str(error)) from error


def refuse_foreign(folder: Path) -> None:
    """Raises when the folder holds anything but an encoder: it would be lost.

    Raises:
        EncoderBuildFailed: names what else it holds.
    """
    try:
        foreign = sorted({path.name for path in folder.iterdir()} - {*FILES, MANIFEST_FILE})
    except FileNotFoundError:
        return
    except OSError as error:
        raise EncoderBuildFailed(folder, error.strerror or str(error)) from None
    if foreign:
        raise EncoderBuildFailed(
            folder, f"it holds other things ({foreign[0]}): name a new or an empty folder"
        )


def require_libraries(names: Sequence[str] = ("numpy", "onnx", "onnxruntime", "tokenizers")) -> None:
    """Raises before any work when a library of the `encoder` extra is missing.

    Raises:
        MissingExtra: has the line that installs it.
    """
    for library in names:
        if find_spec(library) is None:
            advice = (
                f"writing an encoder needs {library}, which is not installed: pip install 'balie[encoder]'"
            )
            raise MissingExtra(advice, name=library)


def recipe_of(*parts: str) -> str:
    """Returns a short text that changes when what an encoder is made from does."""
    return fingerprint_of("recipe", GRAPH_VERSION, [_GRAPH_OUTPUTS, json.dumps(parts)]).rsplit(".", 1)[-1]


def _sweep(parent: Path, prefix: str) -> None:
    """Removes what writers that were killed have left; one that is at work is younger."""
    for left in parent.glob(f"{glob.escape(prefix)}*"):
        if time.time() - left.stat().st_mtime > _ABANDONED_SECONDS:
            shutil.rmtree(left, ignore_errors=True)


def _put_in_place(built: Path, folder: Path, aside: Path, there_first: Callable[[], bool]) -> None:
    """Renames the built folder to its name; what was there is moved aside, and back when the renaming fails."""
    if folder.exists():
        folder.rename(aside)
    try:
        built.rename(folder)
    except OSError:
        if there_first():
            return
        if aside.exists() and not folder.exists():
            aside.rename(folder)
        raise
