"""How much arithmetic an encoder's graph does: multiplications and additions of its matrix products.

Norms, activations and softmax are left out: what counts beside the processor's peak is what only matrix products can
use up.

Source: Kaplan et al. 2020, arXiv:2001.08361, table 1 (a weight is one multiplication and one addition a token).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_DENSE = ("MatMul", "Gemm", "MatMulInteger", "DynamicQuantizeMatMul", "MatMulIntegerToFloat", "FusedMatMul")
_JOINED_ATTENTION = ("Attention", "QAttention")
_KEYS_AND_QUERIES = 2


@dataclass(frozen=True)
class Arithmetic:
    """What a graph does with each token and each pair of tokens.

    Attributes:
        weights: weights of matrices that each token's vector is multiplied with; the word table is looked up and
            does not count.
        attention_width: sum over layers of the width of what pairs of tokens are compared and mixed by.
    """

    weights: int
    attention_width: int

    @staticmethod
    def of_graph(file: Path) -> "Arithmetic":
        """Returns the arithmetic of an ONNX graph, read from the shapes of its matrices; no weight is loaded."""
        import onnx

        graph = onnx.load(str(file), load_external_data=False).graph
        shapes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
        weights = width = 0
        for node in graph.node:
            matrix = next((shapes[name] for name in node.input[1:] if len(shapes.get(name, ())) == 2), None)
            if node.op_type == "MatMulNBits":
                numbers = {entry.name: entry.i for entry in node.attribute}
                weights += numbers["K"] * numbers["N"]
            elif node.op_type in _JOINED_ATTENTION and matrix:
                weights += matrix[0] * matrix[1]
                width += matrix[0]
            elif node.op_type in _DENSE and matrix:
                weights += matrix[0] * matrix[1]
            elif node.op_type == "MultiHeadAttention":
                width += _width(graph, node.input[0], shapes)
        return Arithmetic(weights, width)

    def operations(self, lengths: Sequence[int]) -> int:
        """Returns the multiplications and additions for texts of these lengths, in tokens, without padding."""
        pairs = sum(length * length for length in lengths)
        return 2 * self.weights * sum(lengths) + 2 * _KEYS_AND_QUERIES * self.attention_width * pairs

    def padded_operations(self, lengths: Sequence[int]) -> int:
        """Returns the same when each text is padded to the longest."""
        return self.operations([max(lengths, default=0)] * len(lengths))


def _width(graph: Any, name: str, shapes: dict[str, tuple[int, ...]]) -> int:
    """Returns how long the vectors of a tensor are, followed back to the matrix that they came from."""
    node = next(entry for entry in graph.node if name in entry.output)
    for given in node.input:
        if len(shapes.get(given, ())) == 2:
            return shapes[given][1]
    if node.op_type == "MatMulNBits":
        return int(next(entry.i for entry in node.attribute if entry.name == "N"))
    parts = len(node.output) if node.op_type == "Split" else 1
    return _width(graph, node.input[0], shapes) // parts
