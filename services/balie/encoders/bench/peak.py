"""What one core of this machine can do at most: large fp32 matrix products in every library at hand, best of all."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from balie.encoders.settings import keep_runtime_from_reporting

keep_runtime_from_reporting()
import onnxruntime  # noqa: E402 - reads at its import whether it may report

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIZES = (384, 512, 1024)
"""Rows and columns: from what fits in a core's cache to what does not."""
_TRIES = 3


@dataclass(frozen=True)
class Peak:
    """The most that was reached.

    Attributes:
        gflops: thousand million multiplications and additions for each second of CPU time.
        by: library and size that reached it.
        each: the best of every library and size.
    """

    gflops: float
    by: str
    each: Mapping[str, float]


class PeakMeter:
    """Measures the peak again and again, in between other measurements.

    By CPU time, so that neither other processes nor a library with several threads raise or lower it.
    """

    def __init__(self, sizes: tuple[int, ...] = SIZES) -> None:
        numbers = np.random.default_rng(0)
        self._products: dict[str, tuple[int, Callable[[], object]]] = {}
        for size in sizes:
            left, right = (numbers.random((size, size), np.float32) for _ in range(2))
            operations = 2 * size**3
            self._products[f"NumPy {size}"] = (operations, _numpy(left, right))
            self._products[f"ONNX Runtime {size}"] = (operations, _onnxruntime(left, right))
            if torch := _torch(left, right):
                self._products[f"torch {size}"] = (operations, torch)
        self._best = dict.fromkeys(self._products, 0.0)
        self.measure()  # the first product of a library pays for its start

    def measure(self) -> float:
        """Returns what is reached now, in GFLOP/s of one core."""
        found = {name: _rate(*product) for name, product in self._products.items()}
        self._best = {name: max(rate, self._best[name]) for name, rate in found.items()}
        return max(found.values())

    def peak(self) -> Peak:
        """Returns the most that was reached up to now."""
        by = max(self._best, key=self._best.__getitem__)
        return Peak(self._best[by], by, dict(self._best))


def _rate(operations: int, product: Callable[[], object]) -> float:
    fastest = float("inf")
    for _ in range(_TRIES):
        begin = time.process_time()
        product()
        fastest = min(fastest, time.process_time() - begin)
    return operations / max(fastest, 1e-9) / 1e9


def _numpy(left: "NDArray[np.float32]", right: "NDArray[np.float32]") -> Callable[[], object]:
    out = np.empty_like(left)
    return lambda: np.matmul(left, right, out=out)


def _onnxruntime(left: "NDArray[np.float32]", right: "NDArray[np.float32]") -> Callable[[], object]:
    """The encoder's own library with nothing but one product; the right matrix is known before, as weights are."""
    import onnx

    helper, size = onnx.helper, len(left)
    model = helper.make_model(
        helper.make_graph(
            [helper.make_node("MatMul", ["left", "right"], ["product"])],
            "product",
            [helper.make_tensor_value_info("left", onnx.TensorProto.FLOAT, [size, size])],
            [helper.make_tensor_value_info("product", onnx.TensorProto.FLOAT, [size, size])],
            initializer=[onnx.numpy_helper.from_array(right, "right")],
        ),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    given = {"left": left}
    return lambda: session.run(None, given)


def _torch(left: "NDArray[np.float32]", right: "NDArray[np.float32]") -> Callable[[], object] | None:
    try:
        import torch
    except ImportError:
        return None
    torch.set_num_threads(1)
    one, other = torch.from_numpy(left), torch.from_numpy(right)
    return lambda: torch.mm(one, other)
