"""`balie encoder export`: from a sentence-transformers model to an encoder's folder, and back."""

import json
from dataclasses import asdict
from pathlib import Path

from balie.cli.console import console, fail
from balie.cli.encoder_options import shown
from balie.cli.settings import CliSettings
from balie.encoders.exporting.export import Exported, export_to_onnx, export_to_sentence_transformers

_KINDS = ("onnx", "sentence-transformers")
_WAYS = {"weights": "from its weights, without torch", "torch": "by torch's exporter"}


def run_export(
    model: str, *, to: str, folder: Path | None, precision: str, replace: bool, as_json: bool
) -> None:
    """Exports, and says where it is and how to use it; ends the command with 1 and a sentence when it fails."""
    if to not in _KINDS:
        fail(f"--to {to} is unknown.", f"Known are {' and '.join(_KINDS)}.", code=2)
    if to == "onnx" and not model:
        fail("Which model?", "Name its folder or its name on a hub: `balie encoder export FOLDER`.", code=2)
    if to != "onnx" and precision != "fp32":
        fail("A sentence-transformers model is written as fp32.", "Leave `--precision` out.", code=2)
    with shown("export") as progress:
        if to == "onnx":
            exported = export_to_onnx(model, folder, precision=precision, replace=replace, progress=progress)
        else:
            encoder = _encoder(model)
            exported = export_to_sentence_transformers(encoder, folder, replace=replace, progress=progress)
    if as_json:
        console.print_json(json.dumps(asdict(exported) | {"folder": str(exported.folder)}))
    else:
        _print(exported)


def _encoder(wanted: str) -> Path:
    from balie.encoders.catalogue import find
    from balie.encoders.settings import EncoderSettings

    if not wanted:
        return CliSettings.load().encoder_folder
    return find(wanted, EncoderSettings.load())


def _print(exported: Exported) -> None:
    if exported.already:
        console.print(f"{exported.name} is in {exported.folder} already, and whole", soft_wrap=True)
    else:
        console.print(f"{exported.name} is in {exported.folder}, {_WAYS[exported.way]}", soft_wrap=True)
        if exported.least_cosine is None:
            compared = "not compared with the source: sentence-transformers is not installed"
        else:
            compared = f"least cosine to the source's vectors {exported.least_cosine:.6f}"
        console.print(compared, style="dim", soft_wrap=True)
    numbers = f"{exported.dimensions} dimensions, {exported.precision}, fingerprint {exported.fingerprint}"
    console.print(numbers, style="dim", soft_wrap=True)
    if exported.kind == "onnx":
        console.print(f"Services use it with BALIE_ENCODER_FOLDER={exported.folder}", soft_wrap=True)
    else:
        console.print(f'In Python: SentenceTransformer("{exported.folder}")', soft_wrap=True)
