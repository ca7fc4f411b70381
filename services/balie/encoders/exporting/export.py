"""Exports an encoder from one kind to the other: a sentence-transformers model to an ONNX folder, and back."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from balie.encoders.errors import (
    EncoderDamaged,
    EncoderFolderMissing,
    EncoderModelUnsupported,
)
from balie.encoders.exporting.comparing import compare
from balie.encoders.exporting.errors import (
    EncoderExportNeedsTorch,
    EncoderExportRefused,
    EncoderModelFileWrong,
)
from balie.encoders.exporting.model_folder import read_folder
from balie.encoders.exporting.model_folder_writing import (
    EXPORT_FILE,
    ExportedFolder,
    require_tokenizer,
    write_folder,
)
from balie.encoders.exporting.source import Source, find_source
from balie.encoders.folder.manifest import Manifest, sha256_of
from balie.encoders.folder.model import Model
from balie.encoders.folder.precisions import require_precision
from balie.encoders.folder.writing import (
    in_place,
    refuse_foreign,
    require_libraries,
    write_encoder,
)
from balie.encoders.progress import Progress
from balie.encoders.settings import default_folder

Kind = Literal["onnx", "sentence-transformers"]
Way = Literal["weights", "torch"]

_LEAST_COSINE = {"fp32": 0.9999}
_LEAST_COSINE_ROUNDED = 0.97
"""Of any other precision than fp32, whose weights are not the source's."""


@dataclass(frozen=True)
class Exported:
    """What an export gave.

    Attributes:
        name: of the encoder.
        kind: of the folder that was written.
        folder: where it is.
        fingerprint: of the ONNX encoder, which was written or which the folder was written from.
        precision: of the weights.
        dimensions: of a vector.
        way: how it was written: from the weights, or by torch's exporter; empty when it was there already.
        least_cosine: least agreement with the source over `SAMPLES`; None when torch is not there to compare.
        already: whether the folder held this very export, and was left as it is.
    """

    name: str
    kind: Kind
    folder: Path
    fingerprint: str
    precision: str
    dimensions: int
    way: Way | Literal[""] = ""
    least_cosine: float | None = None
    already: bool = False


def export_to_onnx(
    model: str,
    folder: Path | None = None,
    *,
    precision: str = "fp32",
    replace: bool = False,
    progress: Progress = lambda _step, _share: None,
) -> Exported:
    """Writes a sentence-transformers model as a folder that the `onnx` encoder reads.

    BERT with mean pooling is written from its weights; anything else by torch's exporter. Where
    sentence-transformers is installed, vectors are compared with the source's before the folder appears.

    Args:
        model: a folder, or a name on a hub.
        folder: where to write; beside the default encoder, named after the model, when absent.
        precision: one of `precisions.PRECISIONS`.
        replace: write in place of another encoder that is there.
        progress: is told what is being done.

    Raises:
        EncoderPrecisionUnknown: there is no such precision.
        EncoderSourceMissing: there is no such model.
        EncoderModelFileWrong: a file of the model is missing or damaged.
        EncoderModelUnsupported: the model cannot be written in any way.
        EncoderExportNeedsTorch: it can with torch, which is not installed.
        EncoderExportRefused: the folder holds another encoder, or torch cannot export the model.
        EncoderExportDiffers: what was written does not give the source's vectors.
        EncoderBuildFailed: the folder holds other things or cannot be written.
        MissingExtra: a library of the `encoder` extra is not installed.
    """
    require_libraries()
    require_precision(precision)
    progress("looking for the model", 0.0)
    source = find_source(model, precision)
    target = (folder or default_folder().parent / source.name).resolve()
    if there := _same_encoder(target, source.recipe, replace=replace):
        return _described(there, target, already=True)
    with in_place(
        target, there_first=lambda: _same_encoder(target, source.recipe, replace=True) is not None
    ) as built:
        progress("writing the encoder", 0.2)
        manifest, way = _write(source, built, precision)
        progress("comparing with the source", 0.6)
        least = compare(built, source.folder, _LEAST_COSINE.get(precision, _LEAST_COSINE_ROUNDED))
        progress("putting the folder in place", 0.95)
    progress("done", 1.0)
    return _described(manifest, target, way=way, least=least)


def export_to_sentence_transformers(
    encoder: Path,
    folder: Path | None = None,
    *,
    replace: bool = False,
    progress: Progress = lambda _step, _share: None,
) -> Exported:
    """Writes an fp32 encoder's folder as one that sentence-transformers loads and that gives the same vectors.

    Args:
        encoder: the encoder's folder.
        folder: where to write; beside the default encoder, named after the encoder, when absent.
        replace: write in place of another export that is there.
        progress: is told what is being done.

    Raises:
        EncoderFolderMissing: no encoder has been built there.
        EncoderDamaged: a file of the encoder is not as it was written.
        EncoderNotReadable: the encoder is of another precision, was not written from weights, or its tokenizer
            cannot be read.
        EncoderExportRefused: the folder holds something else.
        EncoderExportDiffers: what was written does not give the encoder's vectors.
        EncoderBuildFailed: the folder cannot be written.
        MissingExtra: a library of the `encoder` extra is not installed.
    """
    require_libraries()
    from balie.encoders.folder.reading import read_model

    progress("reading the encoder", 0.0)
    manifest = Manifest.read(encoder)
    model = read_model(encoder)
    require_tokenizer(model, encoder)
    target = (folder or default_folder().parent / f"{model.name}-sentence-transformers").resolve()
    there = _exported(target)
    if there and there.fingerprint == manifest.fingerprint and _is_whole(there, target):
        return _described(manifest, target, kind="sentence-transformers", already=True)
    if not there and target.is_dir() and any(target.iterdir()):
        raise EncoderExportRefused(f"{target} holds other things: name a new or an empty folder")
    if there and there.fingerprint != manifest.fingerprint and not replace:
        raise EncoderExportRefused(_another(target, there.fingerprint))
    with _replacing(target) as built:
        progress("writing the model", 0.3)
        write_folder(model, manifest, built)
        progress("reading it back", 0.5)
        _read_back(model, built)
        progress("comparing with the encoder", 0.6)
        least = compare(encoder, built, _LEAST_COSINE["fp32"])
        progress("putting the folder in place", 0.95)
    progress("done", 1.0)
    return _described(manifest, target, kind="sentence-transformers", way="weights", least=least)


def _write(source: Source, built: Path, precision: str) -> tuple[Manifest, Way]:
    try:
        model = read_folder(source.folder, name=source.name, source=source.origin)
    except EncoderModelUnsupported as reason:
        if find_spec("torch") is None or find_spec("sentence_transformers") is None:
            raise EncoderExportNeedsTorch(str(reason)) from None
        if precision != "fp32":
            raise EncoderExportRefused(f"{reason}; others are exported with torch, as fp32 alone") from None
    else:
        if exported := _exported(source.folder):
            # What was taught to it stays with it, and so does who the words come from.
            origin = exported.source if _is_whole(exported, source.folder) else source.origin
            model = replace(model, source=origin, adaptations=exported.adaptations)
        return write_encoder(model, built, precision=precision, recipe=source.recipe), "weights"
    from balie.encoders.exporting.torch_export import write_with_torch

    parts = built.parent / "parts"
    parts.mkdir()
    manifest = write_with_torch(
        source.folder, built, parts, name=source.name, origin=source.origin, recipe=source.recipe
    )
    return manifest, "torch"


def _same_encoder(folder: Path, recipe: str, *, replace: bool) -> Manifest | None:
    """Returns the manifest of a folder that holds this very export; raises when it may not be written to."""
    refuse_foreign(folder)
    try:
        manifest = Manifest.read(folder)
    except EncoderFolderMissing:
        return None
    except EncoderDamaged:
        if replace:
            return None
        raise
    try:
        manifest.verify(folder)
    except EncoderDamaged:
        if replace or manifest.recipe == recipe:
            return None
        raise
    if manifest.recipe == recipe:
        return manifest
    if not replace:
        raise EncoderExportRefused(_another(folder, manifest.fingerprint))
    return None


def _another(folder: Path, fingerprint: str) -> str:
    return f"{folder} holds another encoder ({fingerprint}): name another folder with `--folder`, or give `--replace`"


def _exported(folder: Path) -> ExportedFolder | None:
    """Returns what an exported folder says of itself, None for anything else."""
    try:
        return ExportedFolder.read(folder)
    except EncoderModelFileWrong:
        return None


def _is_whole(exported: ExportedFolder, folder: Path) -> bool:
    try:
        return all(sha256_of(folder / name) == file.sha256 for name, file in exported.files.items())
    except OSError:
        return False


def _read_back(model: Model, folder: Path) -> None:
    """Raises when what was written is not what was meant: the one check that needs no torch."""
    import numpy as np

    again = read_folder(folder, name=model.name, source=model.source)
    same = again.tokenizer == {**model.tokenizer, "padding": None, "truncation": None}
    same = same and (again.shape, again.max_tokens) == (model.shape, model.max_tokens)
    if not same or any(
        not np.array_equal(again.weights[name], model.weights[name]) for name in model.weights
    ):
        raise EncoderExportRefused("what was written does not read back as the encoder")


@contextmanager
def _replacing(folder: Path) -> "Iterator[Path]":
    """As `in_place`, for a folder that holds an export: it goes when the new one is complete, and not before."""
    if not (folder / EXPORT_FILE).exists():
        with in_place(folder) as built:
            yield built
        return
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.replacing-", dir=folder.parent) as work:
        fresh, old = Path(work) / "fresh", Path(work) / "old"
        with in_place(fresh) as built:
            yield built
        folder.rename(old)
        try:
            fresh.rename(folder)
        except OSError as error:
            old.rename(folder)
            raise EncoderExportRefused(f"{folder} cannot be replaced ({error.strerror})") from error


def _described(
    manifest: Manifest,
    folder: Path,
    *,
    kind: Kind = "onnx",
    way: Way | Literal[""] = "",
    least: float | None = None,
    already: bool = False,
) -> Exported:
    return Exported(
        name=manifest.name,
        kind=kind,
        folder=folder,
        fingerprint=manifest.fingerprint,
        precision=manifest.precision,
        dimensions=manifest.dimensions,
        way=way,
        least_cosine=least,
        already=already,
    )
