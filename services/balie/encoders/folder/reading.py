"""Reads an encoder's folder back into memory: the inverse of `graph.write_graph`, to adapt or export what was built."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from balie.encoders.errors import EncoderDamaged, EncoderNotReadable
from balie.encoders.folder.graph import GRAPH_FILE, BertShape
from balie.encoders.folder.manifest import TOKENIZER_FILE, Manifest
from balie.encoders.folder.model import WORD_ROWS, Model

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Tensors = dict[str, NDArray[np.float32]]

_SEGMENTS = 2


def read_model(folder: Path) -> Model:
    """Returns the encoder that a folder holds, checked against its checksums.

    Raises:
        EncoderFolderMissing: no encoder has been built there.
        EncoderDamaged: a file is missing or is not as it was written; the message names it.
        EncoderNotReadable: the weights are not whole (another precision), or the graph is not one of ours.
    """
    manifest = Manifest.read(folder)
    manifest.verify(folder)
    if manifest.precision != "fp32":
        raise EncoderNotReadable(folder, f"its weights are {manifest.precision}, not fp32")
    import onnx

    path = folder / GRAPH_FILE
    try:
        graph = onnx.load(str(path), load_external_data=False).graph
    except Exception as error:  # protobuf's own exceptions differ between its implementations
        raise EncoderDamaged(path, "is not a graph") from error
    try:
        stored = dict(_tensors(graph, folder))
        shape = _shape(graph, stored)
        weights = _by_source_names(stored, shape)
    except (KeyError, ValueError, StopIteration) as error:
        raise EncoderNotReadable(folder, "its graph is not one that balie wrote") from error
    for name, values in weights.items():
        if not np.isfinite(values).all():
            raise EncoderNotReadable(folder, f"{name} holds what is no number")
    return Model(
        name=manifest.name,
        source=manifest.source,
        licence=manifest.licence,
        shape=shape,
        weights=weights,
        tokenizer=_tokenizer(folder / TOKENIZER_FILE),
        max_tokens=manifest.max_tokens,
        adaptations=manifest.adaptations,
    )


def _tokenizer(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        content = None
    if not isinstance(content, dict):
        raise EncoderDamaged(path, "is not a tokenizer")
    return content


def _tensors(graph: Any, folder: Path) -> "Iterator[tuple[str, NDArray[np.float32]]]":
    for tensor in graph.initializer:
        place = {entry.key: entry.value for entry in tensor.external_data}
        if not place:
            continue
        count = math.prod(tensor.dims)
        values = np.fromfile(folder / place["location"], "<f4", count, offset=int(place["offset"]))
        yield tensor.name, values.reshape(tuple(tensor.dims))


def _shape(graph: Any, stored: "Tensors") -> BertShape:
    # Of each pair, the first is what graphs of version 1 hold.
    attentions = [node for node in graph.node if node.op_type in ("Attention", "MultiHeadAttention")]
    norms = (node for node in graph.node if node.op_type in ("EmbedLayerNormalization", "LayerNormalization"))
    return BertShape(
        layers=len(attentions),
        heads=next(entry.i for node in attentions for entry in node.attribute if entry.name == "num_heads"),
        dimensions=int(stored["words"].shape[1]),
        # Stored in single precision; the model's own number is the short decimal that it came from.
        norm_epsilon=float(str(np.float32(next(e.f for e in next(norms).attribute if e.name == "epsilon")))),
    )


def _by_source_names(stored: "Tensors", shape: BertShape) -> "Tensors":
    positions = stored["positions"]
    weights = {
        WORD_ROWS: stored["words"],
        "embeddings.position_embeddings.weight": positions,
        # The one segment that a text has is part of each position already.
        "embeddings.token_type_embeddings.weight": np.zeros((_SEGMENTS, shape.dimensions), np.float32),
        "embeddings.LayerNorm.weight": stored["norm.gain"],
        "embeddings.LayerNorm.bias": stored["norm.bias"],
    }
    for layer in range(shape.layers):
        own, source = f"layer.{layer}.", f"encoder.layer.{layer}."
        joined = np.split(stored[f"{own}qkv"], 3, axis=1)
        biases = np.split(stored[f"{own}qkv.bias"], 3)
        for part, matrix, bias in zip(("query", "key", "value"), joined, biases, strict=True):
            weights[f"{source}attention.self.{part}.weight"] = np.ascontiguousarray(matrix.T)
            weights[f"{source}attention.self.{part}.bias"] = bias
        for name, place in (("attended", "attention.output"), ("output", "output")):
            weights[f"{source}{place}.dense.weight"] = np.ascontiguousarray(stored[f"{own}{name}.weight"].T)
            weights[f"{source}{place}.dense.bias"] = stored[f"{own}{name}.bias"]
            weights[f"{source}{place}.LayerNorm.weight"] = stored[f"{own}{name}.gain"]
            weights[f"{source}{place}.LayerNorm.bias"] = stored[f"{own}{name}.shift"]
        widened = f"{source}intermediate.dense"
        weights[f"{widened}.weight"] = np.ascontiguousarray(stored[f"{own}widened.weight"].T)
        weights[f"{widened}.bias"] = stored[f"{own}widened.bias"]
    return weights
