"""Writes a BERT sentence encoder as an ONNX graph straight from its weights, without torch.

The graph uses ONNX Runtime's fused operators (`com.microsoft`): one node for embedding, one for attention, one for
each residual with its layer norm. What an exporter leaves to the optimiser at every start is done here once.
Pooling and normalisation are part of the graph, so that ids and mask go in and unit vectors come out.

Source: Devlin et al. 2019, arXiv:1810.04805 (the layers); Reimers and Gurevych 2019, arXiv:1908.10084, section 3
(mean pooling).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from balie.encoders.errors import EncoderModelUnsupported

if TYPE_CHECKING:
    from numpy.typing import NDArray

GRAPH_FILE = "model.onnx"
WEIGHTS_FILE = "weights.bin"

_OPSET = 17  # read by every ONNX Runtime since 1.12
_IR_VERSION = 8
_FUSED = "com.microsoft"
_REAL, _INTEGER = 1, 6  # FLOAT and INT32, the types that the fused operators take
_PAGE_BYTES = 4096  # a tensor that starts on a page is mapped from the file, not copied
_SMALL_BYTES = 65_536  # on pages of their own, small tensors would be mostly padding
_SMALL_ALIGN_BYTES = 64


@dataclass(frozen=True)
class BertShape:
    """The numbers that a BERT model's `config.json` states."""

    layers: int
    heads: int
    dimensions: int
    norm_epsilon: float

    @staticmethod
    def from_config(config: Mapping[str, Any]) -> "BertShape":
        """Returns the shape of the model that a `config.json` describes.

        Raises:
            EncoderModelUnsupported: another architecture, activation or kind of position.
        """
        wanted = {"model_type": "bert", "hidden_act": "gelu", "position_embedding_type": "absolute"}
        for setting, value in wanted.items():
            found = config.get(setting, "absolute" if setting == "position_embedding_type" else None)
            if found != value:
                raise EncoderModelUnsupported(setting, found=found, wanted=value)
        return BertShape(
            layers=int(config["num_hidden_layers"]),
            heads=int(config["num_attention_heads"]),
            dimensions=int(config["hidden_size"]),
            norm_epsilon=float(config["layer_norm_eps"]),
        )


def write_graph(weights: "Mapping[str, NDArray[np.float32]]", shape: BertShape, folder: Path) -> None:
    """Writes `model.onnx` and `weights.bin` into the folder; the same weights give the same `weights.bin`, which holds them all."""
    import onnx

    with (folder / WEIGHTS_FILE).open("wb") as file:
        graph = _Graph(shape, file)
        hidden = graph.embed(weights)
        for layer in range(shape.layers):
            hidden = graph.layer(weights, f"encoder.layer.{layer}.", hidden)
        graph.pool(hidden)
    helper = onnx.helper
    integer, real = onnx.TensorProto.INT64, onnx.TensorProto.FLOAT
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "sentence_encoder",
            [
                helper.make_tensor_value_info("input_ids", integer, ["texts", "tokens"]),
                helper.make_tensor_value_info("attention_mask", integer, ["texts", "tokens"]),
            ],
            [helper.make_tensor_value_info("sentence_embedding", real, ["texts", shape.dimensions])],
            initializer=graph.tensors,
        ),
        producer_name="balie",
        opset_imports=[helper.make_opsetid("", _OPSET), helper.make_opsetid(_FUSED, 1)],
        ir_version=_IR_VERSION,
    )
    (folder / GRAPH_FILE).write_bytes(model.SerializeToString(deterministic=True))


class _Graph:
    """Nodes and tensors in the order they are added; the tensors' data goes to the file beside the graph."""

    def __init__(self, shape: BertShape, file: Any) -> None:
        self.nodes: list[Any] = []
        self.tensors: list[Any] = []
        self._shape = shape
        self._file = file

    def embed(self, weights: "Mapping[str, NDArray[np.float32]]") -> str:
        """Adds word and position; a text has one segment, so its row is part of each position."""
        self._node("Cast", ["input_ids"], "ids", to=_INTEGER)
        self._node("Cast", ["attention_mask"], "mask", to=_INTEGER)
        positions = (
            weights["embeddings.position_embeddings.weight"]
            + weights["embeddings.token_type_embeddings.weight"][0]
        )
        inputs = [
            "ids",
            "",
            self._tensor("words", weights["embeddings.word_embeddings.weight"]),
            self._tensor("positions", positions),
            "",
            self._tensor("norm.gain", weights["embeddings.LayerNorm.weight"]),
            self._tensor("norm.bias", weights["embeddings.LayerNorm.bias"]),
        ]
        self._node(
            "EmbedLayerNormalization",
            inputs,
            "embedded",
            "unused",
            fused=True,
            epsilon=self._shape.norm_epsilon,
        )
        return "embedded"

    def layer(self, weights: "Mapping[str, NDArray[np.float32]]", prefix: str, hidden: str) -> str:
        """Adds one transformer layer and returns the name of what it gives."""
        own = prefix.removeprefix("encoder.")
        attention = f"{prefix}attention.self."
        parts = ("query", "key", "value")
        joined = np.concatenate([weights[f"{attention}{part}.weight"].T for part in parts], axis=1)
        bias = np.concatenate([weights[f"{attention}{part}.bias"] for part in parts])
        inputs = [hidden, self._tensor(f"{own}qkv", joined), self._tensor(f"{own}qkv.bias", bias), "mask"]
        self._node("Attention", inputs, f"{own}context", fused=True, num_heads=self._shape.heads)
        attended = self._dense(
            weights, f"{prefix}attention.output", f"{own}attended", f"{own}context", hidden
        )

        widened = self._matrix(weights, f"{prefix}intermediate.dense", f"{own}widened", attended)
        widened_bias = self._tensor(f"{own}widened.bias", weights[f"{prefix}intermediate.dense.bias"])
        self._node("BiasGelu", [widened, widened_bias], f"{own}active", fused=True)
        return self._dense(weights, f"{prefix}output", f"{own}output", f"{own}active", attended)

    def pool(self, hidden: str) -> None:
        """Adds the mean over a text's own tokens and the division by the vector's length."""
        row = self._axis("row", 1)
        self._node("Cast", ["attention_mask"], "weight", to=_REAL)
        self._node("ReduceSum", ["weight", row], "count", keepdims=1)
        self._node("Div", ["weight", "count"], "share")
        self._node("Unsqueeze", ["share", row], "shares")
        self._node("MatMul", ["shares", hidden], "means")
        self._node("Squeeze", ["means", row], "mean")
        self._node("ReduceL2", ["mean"], "length", axes=[1], keepdims=1)
        self._node("Div", ["mean", "length"], "sentence_embedding")

    def _dense(
        self, weights: "Mapping[str, NDArray[np.float32]]", source: str, name: str, given: str, residual: str
    ) -> str:
        """Adds matrix, bias, residual and layer norm."""
        inputs = [
            self._matrix(weights, f"{source}.dense", name, given),
            residual,
            self._tensor(f"{name}.gain", weights[f"{source}.LayerNorm.weight"]),
            self._tensor(f"{name}.shift", weights[f"{source}.LayerNorm.bias"]),
            self._tensor(f"{name}.bias", weights[f"{source}.dense.bias"]),
        ]
        epsilon = self._shape.norm_epsilon
        self._node("SkipLayerNormalization", inputs, f"{name}.normed", fused=True, epsilon=epsilon)
        return f"{name}.normed"

    def _matrix(
        self, weights: "Mapping[str, NDArray[np.float32]]", source: str, name: str, given: str
    ) -> str:
        self._node("MatMul", [given, self._tensor(f"{name}.weight", weights[f"{source}.weight"].T)], name)
        return name

    def _node(
        self, kind: str, inputs: list[str], *outputs: str, fused: bool = False, **attributes: Any
    ) -> None:
        import onnx

        domain = _FUSED if fused else ""
        self.nodes.append(
            onnx.helper.make_node(kind, inputs, list(outputs), name=outputs[0], domain=domain, **attributes)
        )

    def _axis(self, name: str, axis: int) -> str:
        import onnx

        self.tensors.append(onnx.numpy_helper.from_array(np.array([axis], np.int64), name))
        return name

    def _tensor(self, name: str, values: "NDArray[np.float32]") -> str:
        import onnx

        data = np.ascontiguousarray(values, dtype="<f4").tobytes()
        tensor = onnx.TensorProto(name=name, dims=values.shape, data_type=onnx.TensorProto.FLOAT)
        align = _PAGE_BYTES if len(data) >= _SMALL_BYTES else _SMALL_ALIGN_BYTES
        self._file.write(b"\0" * (-self._file.tell() % align))
        place = {"location": WEIGHTS_FILE, "offset": self._file.tell(), "length": len(data)}
        self._file.write(data)
        tensor.data_location = onnx.TensorProto.EXTERNAL
        for key, value in place.items():
            tensor.external_data.add(key=key, value=str(value))
        self.tensors.append(tensor)
        return name
