"""The precisions in which an encoder's weights are written, and what each needs; loads no NumPy."""

from balie.encoders.errors import EncoderUnavailable

PRECISIONS: dict[str, str] = {
    "fp32": "32-bit weights, computed in 32 bits: the original model's vectors, the most disk",
    "w16": "16-bit weights, computed in 32 bits: half the disk, the same answers but for ties",
    "w8": "8-bit weights, multiplied as 8-bit numbers: a quarter to a third less CPU, 40 % of the disk, a few answers differ",
}
"""What is computed in each, and what it costs; `fp32` is the default. Measured figures are in the docs."""

_SINCE_RUNTIME = {"w8": (1, 22)}
"""The least version of ONNX Runtime; others run on all that the extra allows. 1.20 and 1.21 multiply 4-bit weights alone."""


class EncoderPrecisionUnknown(EncoderUnavailable):
    """A precision has another name than those that are offered."""

    def __init__(self, precision: str) -> None:
        super().__init__(
            f"there is no precision {precision!r} of an encoder: choose one of {', '.join(PRECISIONS)}"
        )


class EncoderRuntimeTooOld(EncoderUnavailable):
    """The installed ONNX Runtime cannot compute in the encoder's precision."""

    def __init__(self, precision: str, *, found: str, least: str) -> None:
        super().__init__(
            f"an encoder of precision {precision} needs onnxruntime {least} or newer, and {found} is installed: "
            f"pip install 'onnxruntime>={least}', or build the encoder in fp32",
        )


def require_precision(precision: str) -> None:
    """Checks the name of a precision.

    Raises:
        EncoderPrecisionUnknown: lists the names that there are.
    """
    if precision not in PRECISIONS:
        raise EncoderPrecisionUnknown(precision)


def require_runtime(precision: str, version: str) -> None:
    """Checks that ONNX Runtime can compute in a precision, before it is given a graph that it cannot read.

    Args:
        precision: as the encoder's manifest says; a name that is none of ours is let pass.
        version: `onnxruntime.__version__`.

    Raises:
        EncoderRuntimeTooOld: says which version is needed.
    """
    least = _SINCE_RUNTIME.get(precision, (0, 0))
    found = tuple(int(part) for part in version.split(".")[:2])
    if found < least:
        raise EncoderRuntimeTooOld(precision, found=version, least=".".join(map(str, least)))
