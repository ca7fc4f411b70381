"""Writes a BERT sentence encoder as an ONNX graph straight from its weights, without torch.

What an exporter leaves to the optimiser at every start is done here once, with ONNX Runtime's own operators
(`com.microsoft`) where they are faster. Pooling and normalisation are part of the graph: ids and mask go in, unit
vectors come out.

A batch is padded only where texts must lie side by side, in attention. All else works on one row for each token of
the texts themselves, so that a batch of mixed lengths costs what its tokens cost.

Beside the sentence vector come the means of earlier hidden states, which classifiers learn from: they hold more of the
words themselves. They cost a mean each, and change nothing of the vector.

Source: Devlin et al. 2019, arXiv:1810.04805 (the layers); Reimers and Gurevych 2019, arXiv:1908.10084, section 3
(mean pooling).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from balie.encoders.errors import EncoderModelUnsupported
from balie.encoders.folder.precisions import PRECISIONS, require_precision
from balie.encoders.folder.quantising import blocks_of_bytes, halves
from balie.encoders.folder.tensor_file import TensorFile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    _Weights = Mapping[str, NDArray[np.float32]]

__all__ = [
    "GRAPH_FILE",
    "GRAPH_PRODUCER",
    "LAYERS_OUTPUT",
    "PRECISIONS",
    "VECTOR_OUTPUT",
    "WEIGHTS_FILE",
    "BertShape",
    "earlier_states",
    "write_graph",
]

GRAPH_FILE = "model.onnx"
GRAPH_PRODUCER = "balie"
WEIGHTS_FILE = "weights.bin"
VECTOR_OUTPUT = "sentence_embedding"
LAYERS_OUTPUT = "layer_means"

_OPSET = 17  # read by every ONNX Runtime since 1.12
_IR_VERSION = 8
_FUSED = "com.microsoft"
_REAL, _INTEGER = 1, 6  # FLOAT and INT32, the type that attention takes for its mask

_BLOCK, _BLOCK_QKV = 64, 16
"""Inputs of a `w8` matrix that share a step. Measured: rounding before attention moves vectors most, and blocks of
128 make them depend on batch-mates."""
_AS_BYTES = (
    4  # `accuracy_level` of MatMulNBits: what is multiplied by the weights is rounded to 8 bits as well
)


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


def earlier_states(layers: int) -> list[int]:
    """Returns which hidden states are given beside the last: the words' own (0), and those after a third and two thirds."""
    return sorted({0, round(layers / 3), round(2 * layers / 3)} - {layers})


def write_graph(weights: "_Weights", shape: BertShape, folder: Path, precision: str = "fp32") -> None:
    """Writes `model.onnx` and `weights.bin` into the folder; the same weights give the same `weights.bin`, which holds them all.

    Args:
        weights: by the names of Hugging Face's `BertModel`.
        shape: the model's.
        folder: an existing folder.
        precision: one of `PRECISIONS`; `fp32` keeps every weight as it is.

    Raises:
        EncoderPrecisionUnknown: no such precision.
        EncoderModelUnsupported: a weight is too large for the precision.
    """
    require_precision(precision)
    import onnx

    with (folder / WEIGHTS_FILE).open("wb") as file:
        graph = _Graph(shape, precision, TensorFile(file, WEIGHTS_FILE))
        graph.place()
        states = [graph.embed(weights)]
        for layer in range(shape.layers):
            states.append(graph.layer(weights, f"encoder.layer.{layer}.", states[-1]))
        graph.pool(states[-1])
        earlier = earlier_states(shape.layers)
        graph.pool_earlier([states[place] for place in earlier])
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
            [
                helper.make_tensor_value_info(VECTOR_OUTPUT, real, ["texts", shape.dimensions]),
                helper.make_tensor_value_info(
                    LAYERS_OUTPUT, real, ["texts", len(earlier) * shape.dimensions]
                ),
            ],
            initializer=graph.tensors.tensors,
        ),
        producer_name=GRAPH_PRODUCER,
        opset_imports=[helper.make_opsetid("", _OPSET), helper.make_opsetid(_FUSED, 1)],
        ir_version=_IR_VERSION,
    )
    (folder / GRAPH_FILE).write_bytes(model.SerializeToString(deterministic=True))


class _Graph:
    """Nodes and tensors in the order they are added."""

    def __init__(self, shape: BertShape, precision: str, tensors: TensorFile) -> None:
        self.nodes: list[Any] = []
        self.tensors = tensors
        self._shape = shape
        self._precision = precision

    def place(self) -> None:
        """Adds where each token of a text lies in the padded batch, and where each place of the batch finds its row.

        Padding finds the row of the token before it: attention leaves it out as a key, and nothing reads it else.
        """
        flat = self.tensors.add_integers("flat", -1)
        first = self.tensors.add_integers("first", 0)
        one = self.tensors.add_integers("one", 1)
        self.tensors.add_integers("rows", -1, self._shape.dimensions)
        self._node("Reshape", ["attention_mask", flat], "mask.flat")
        self._node("NonZero", ["mask.flat"], "mask.places")
        self._node("Squeeze", ["mask.places", first], "token.places")
        self._node("CumSum", ["mask.flat", first], "token.counts")
        self._node("Sub", ["token.counts", one], "token.rows")
        self._node("Shape", ["attention_mask"], "batch")
        self._node("Reshape", ["token.rows", "batch"], "padded.places")
        self._node("Cast", ["attention_mask"], "mask", to=_INTEGER)

    def embed(self, weights: "_Weights") -> str:
        """Adds word and position; a text has one segment, so its row is part of each position."""
        positions = (
            weights["embeddings.position_embeddings.weight"]
            + weights["embeddings.token_type_embeddings.weight"][0]
        )
        words = weights["embeddings.word_embeddings.weight"]
        table = self._real("words", words) if self._precision == "fp32" else self._half("words", words)
        self._node("Reshape", ["input_ids", "flat"], "ids.flat")
        self._node("Gather", ["ids.flat", "token.places"], "ids")
        self._node("Gather", [table, "ids"], "word")
        word = "word"
        if self._precision != "fp32":
            self._node("Cast", ["word"], "word.real", to=_REAL)
            word = "word.real"
        self._node("Shape", ["attention_mask"], "longest", start=1)
        self._node("Mod", ["token.places", "longest"], "token.position")
        self._node("Gather", [self._real("positions", positions), "token.position"], "position")
        # `Sum` and not `Add`, here as below: the runtime would fuse the latter into an operator that is slower.
        self._node("Sum", [word, "position"], "placed")
        norm = self._norm_weights(weights, "embeddings.LayerNorm", "norm.gain", "norm.bias")
        return self._norm("placed", norm, "embedded")

    def layer(self, weights: "_Weights", prefix: str, hidden: str) -> str:
        """Adds one transformer layer and returns the name of what it gives."""
        own = prefix.removeprefix("encoder.")
        context = self._attention(weights, f"{prefix}attention.self.", own, hidden)
        attended = self._dense(weights, f"{prefix}attention.output", f"{own}attended", context, hidden)

        matrix = weights[f"{prefix}intermediate.dense.weight"]
        widened = self._product(f"{own}widened", f"{own}widened.weight", matrix, attended)
        bias = self._real(f"{own}widened.bias", weights[f"{prefix}intermediate.dense.bias"])
        self._node("BiasGelu", [widened, bias], f"{own}active", fused=True)
        return self._dense(weights, f"{prefix}output", f"{own}output", f"{own}active", attended)

    def pool(self, hidden: str) -> None:
        """Adds the mean over a text's own tokens and the division by the vector's length."""
        self._node("Gather", [hidden, "padded.places"], "padded")
        row = self.tensors.add_integers("row", 1)
        self._node("Cast", ["attention_mask"], "weight", to=_REAL)
        self._node("ReduceSum", ["weight", row], "count", keepdims=1)
        self._node("Div", ["weight", "count"], "share")
        self._node("Unsqueeze", ["share", row], "shares")
        self._node("MatMul", ["shares", "padded"], "means")
        self._node("Squeeze", ["means", row], "mean")
        self._node("ReduceL2", ["mean"], "length", axes=[1], keepdims=1)
        self._node("Div", ["mean", "length"], VECTOR_OUTPUT)

    def pool_earlier(self, states: list[str]) -> None:
        """Adds the means of earlier hidden states side by side, not divided by their lengths; after `pool`."""
        self._node("Concat", states, "earlier", axis=-1)
        self._node("Gather", ["earlier", "padded.places"], "earlier.padded")
        self._node("MatMul", ["shares", "earlier.padded"], "earlier.means")
        self._node("Squeeze", ["earlier.means", "row"], LAYERS_OUTPUT)

    def _attention(self, weights: "_Weights", source: str, own: str, hidden: str) -> str:
        """Adds what each token takes from the others of its text, and returns its name."""
        parts = ("query", "key", "value")
        joined = np.concatenate([weights[f"{source}{part}.weight"] for part in parts])
        bias = np.concatenate([weights[f"{source}{part}.bias"] for part in parts])
        product = self._product(f"{own}projected", f"{own}qkv", joined, hidden, block=_BLOCK_QKV)
        self._node("Gather", [product, "padded.places"], f"{own}projected.padded")
        split = [f"{own}{part}" for part in parts]
        self._node("Split", [f"{own}projected.padded"], *split, axis=-1)
        inputs = [*split, self._real(f"{own}qkv.bias", bias), "mask"]
        self._node(
            "MultiHeadAttention", inputs, f"{own}context.padded", fused=True, num_heads=self._shape.heads
        )
        self._node("Reshape", [f"{own}context.padded", "rows"], f"{own}context.flat")
        self._node("Gather", [f"{own}context.flat", "token.places"], f"{own}context")
        return f"{own}context"

    def _dense(self, weights: "_Weights", source: str, name: str, given: str, residual: str) -> str:
        """Adds matrix, bias, residual and layer norm."""
        product = self._product(name, f"{name}.weight", weights[f"{source}.dense.weight"], given)
        norm = self._norm_weights(weights, f"{source}.LayerNorm", f"{name}.gain", f"{name}.shift")
        bias = self._real(f"{name}.bias", weights[f"{source}.dense.bias"])
        self._node("Sum", [product, residual, bias], f"{name}.sum")
        return self._norm(f"{name}.sum", norm, f"{name}.normed")

    def _norm_weights(self, weights: "_Weights", source: str, gain: str, shift: str) -> list[str]:
        return [
            self._real(gain, weights[f"{source}.weight"]),
            self._real(shift, weights[f"{source}.bias"]),
        ]

    def _norm(self, given: str, norm: list[str], name: str) -> str:
        self._node("LayerNormalization", [given, *norm], name, epsilon=self._shape.norm_epsilon)
        return name

    def _product(
        self, name: str, stored: str, matrix: "NDArray[np.float32]", given: str, *, block: int = _BLOCK
    ) -> str:
        """Adds the product with a matrix of shape (outputs, inputs), stored as the precision says."""
        if self._precision == "w8":
            numbers, steps = blocks_of_bytes(matrix, block)
            inputs = [given, self.tensors.add(stored, numbers), self._real(f"{stored}.steps", steps.ravel())]
            outputs, width = matrix.shape
            sizes = {"N": outputs, "K": width, "bits": 8, "block_size": block}
            self._node("MatMulNBits", inputs, name, fused=True, accuracy_level=_AS_BYTES, **sizes)
        elif self._precision == "w16":
            self._node("Cast", [self._half(stored, matrix.T)], f"{stored}.real", to=_REAL)
            self._node("MatMul", [given, f"{stored}.real"], name)
        else:
            self._node("MatMul", [given, self._real(stored, matrix.T)], name)
        return name

    def _node(
        self, kind: str, inputs: list[str], *outputs: str, fused: bool = False, **attributes: Any
    ) -> None:
        import onnx

        domain = _FUSED if fused else ""
        self.nodes.append(
            onnx.helper.make_node(kind, inputs, list(outputs), name=outputs[0], domain=domain, **attributes)
        )

    def _real(self, name: str, values: "NDArray[np.float32]") -> str:
        return self.tensors.add(name, values.astype(np.float32, copy=False))

    def _half(self, name: str, values: "NDArray[np.float32]") -> str:
        return self.tensors.add(name, halves(values))
