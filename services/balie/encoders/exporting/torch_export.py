"""Writes any sentence-transformers model as an encoder's folder, by way of torch's own exporter."""

import json
import logging
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from balie.encoders.errors import EncoderModelUnsupported
from balie.encoders.exporting.errors import EncoderExportRefused
from balie.encoders.exporting.model_folder import licence_of
from balie.encoders.folder.graph import GRAPH_FILE, WEIGHTS_FILE
from balie.encoders.folder.manifest import TOKENIZER_FILE, Manifest, describe_files, fingerprint_of
from balie.encoders.folder.writing import FILES, NORMALISATION
from balie.encoders.sentence_transformers import load, max_tokens_of

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_OPSET = 17
_EXTERNAL_BYTES = 1024
"""Tensors from this size on go to the file beside the graph, which alone may not exceed 2 GB."""
_SAMPLES = ("Can I take a dog on board?", "ok")


def write_with_torch(
    source: Path, folder: Path, parts: Path, *, name: str, origin: str, recipe: str
) -> Manifest:
    """Writes graph, weights, tokenizer and manifest: pooling and normalisation are part of the graph.

    Args:
        source: a sentence-transformers model's folder.
        folder: an existing empty folder.
        parts: an existing folder for files that nobody needs afterwards.
        name: what to call the model.
        origin: one line that says where it comes from.
        recipe: what the folder is made from.

    Raises:
        EncoderModelMissing: sentence-transformers cannot load the model.
        EncoderModelUnsupported: the model is more than a transformer and layers on what it gives.
        EncoderExportRefused: torch cannot export it.
    """
    model = load(str(source), attn_implementation="eager")
    _check(model)
    dimensions = _export(model, parts / GRAPH_FILE)
    _split(parts / GRAPH_FILE, folder, dimensions)
    tokenizer = json.loads(model.tokenizer.backend_tokenizer.to_str())
    text = json.dumps(tokenizer | {"padding": None, "truncation": None}, ensure_ascii=False)
    (folder / TOKENIZER_FILE).write_text(text, encoding="utf-8")
    files = describe_files(folder, FILES)
    pooling, most = _pooling(model), max_tokens_of(model)
    # The graph is part of it: what another version of torch writes is not known to give the same vectors.
    parts_of_it = [*(files[file].sha256 for file in FILES), pooling, NORMALISATION, str(most)]
    manifest = Manifest(
        name=name,
        source=origin,
        licence=licence_of(source),
        precision="fp32",
        pooling=pooling,
        normalisation=NORMALISATION,
        dimensions=dimensions,
        max_tokens=most,
        fingerprint=fingerprint_of(name, "fp32", parts_of_it),
        recipe=recipe,
        files=files,
    )
    manifest.write(folder)
    return manifest


class _Whole(torch.nn.Module):  # type: ignore[misc]
    """Ids and mask to unit vectors: the transformer, and whatever follows it, in one graph."""

    def __init__(self, model: "SentenceTransformer", padding_id: int) -> None:
        super().__init__()
        self._parts = torch.nn.ModuleList(model.children())
        self._padding_id = padding_id
        self._dimensions = model.truncate_dim

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Returns one unit vector a text, shape (texts, dimensions)."""
        # Some models count positions by which ids are padding, so the model's own id goes where the mask is 0.
        ids = torch.where(attention_mask > 0, input_ids, self._padding_id)
        features: dict[str, Any] = {"input_ids": ids, "attention_mask": attention_mask}
        for part in self._parts:
            features = part(features)
        vectors = features["sentence_embedding"][:, : self._dimensions]
        return torch.nn.functional.normalize(vectors, dim=1)


def _check(model: "SentenceTransformer") -> None:
    kinds = [type(part).__name__ for part in model.children()]
    if kinds[0] != "Transformer":
        raise EncoderModelUnsupported("first module", found=kinds[0], wanted="Transformer")
    if getattr(model.tokenizer, "backend_tokenizer", None) is None:
        raise EncoderModelUnsupported(
            "tokenizer", found=type(model.tokenizer).__name__, wanted=TOKENIZER_FILE
        )
    side = getattr(model.tokenizer, "truncation_side", "right")
    if side != "right":
        raise EncoderModelUnsupported("truncation side", found=side, wanted="right")
    if prompt := (model.prompts or {}).get(model.default_prompt_name or ""):
        raise EncoderModelUnsupported("default prompt", found=prompt, wanted="")


def _export(model: "SentenceTransformer", path: Path) -> int:
    """Writes the graph as torch gives it and returns the length of a vector."""
    whole = _Whole(model, int(model.tokenizer.pad_token_id or 0)).eval()
    # Without truncation: two short texts of different length, so that no size is taken for a constant.
    rows = model.tokenizer(list(_SAMPLES), padding=True, return_tensors="pt")
    given = (rows["input_ids"], rows["attention_mask"])
    both = {0: "texts", 1: "tokens"}
    with torch.inference_mode():
        dimensions = int(whole(*given).shape[1])
        _quietly(
            lambda: torch.onnx.export(
                whole,
                given,
                str(path),
                input_names=["input_ids", "attention_mask"],
                output_names=["sentence_embedding"],
                dynamic_axes={"input_ids": both, "attention_mask": both, "sentence_embedding": {0: "texts"}},
                opset_version=_OPSET,
                # The newer exporter needs a library more, and gives the same vectors.
                dynamo=False,
            )
        )
    return dimensions


def _quietly(export: Callable[[], object]) -> None:
    """Runs the exporter without the notes that it writes for its own developers."""
    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            export()
    except Exception as error:  # torch raises exceptions of many kinds
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise EncoderExportRefused(f"torch cannot export this model ({first[:200]})") from error
    finally:
        log.setLevel(level)


def _split(path: Path, folder: Path, dimensions: int) -> None:
    """Writes the graph with its tensors in a file of their own, and says how long a vector is."""
    import onnx

    graph = onnx.load(str(path))
    graph.producer_version = ""
    graph.graph.output[0].type.tensor_type.shape.dim[1].dim_value = dimensions
    onnx.save_model(
        graph,
        str(folder / GRAPH_FILE),
        save_as_external_data=True,
        all_tensors_to_one_file=True,
        location=WEIGHTS_FILE,
        size_threshold=_EXTERNAL_BYTES,
    )
    (folder / WEIGHTS_FILE).touch()  # a model so small that each tensor stays in the graph
    (folder / WEIGHTS_FILE).chmod(0o644)  # onnx lets the writer alone read it


def _pooling(model: "SentenceTransformer") -> str:
    for part in model.children():
        mode = getattr(part, "pooling_mode", None)
        if mode is not None:
            return mode if isinstance(mode, str) else "+".join(map(str, mode))
        if callable(named := getattr(part, "get_pooling_mode_str", None)):
            return str(named())
    return "none"
