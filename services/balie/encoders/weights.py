"""Reads tensors out of a safetensors file with NumPy alone."""

import json
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from balie.encoders.errors import EncoderDamaged

_MAX_HEADER_BYTES = 100_000_000  # the format's own limit
_READABLE: dict[str, np.dtype[Any]] = {
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "BF16": np.dtype("<u2"),
}


class Weights(Mapping[str, NDArray[np.float32]]):
    """The tensors of one file by name, each read when it is asked for, as float32.

    Source: the safetensors format, https://github.com/huggingface/safetensors#format: eight bytes of header length,
    a JSON header with type, shape and place of each tensor, then the tensors.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(8)
            length = struct.unpack("<Q", start)[0] if len(start) == 8 else size
            if length > min(size - 8, _MAX_HEADER_BYTES):
                raise EncoderDamaged(path, "is not a safetensors file")
            try:
                header: dict[str, dict[str, Any]] = json.loads(file.read(length))
            except ValueError:
                raise EncoderDamaged(path, "is not a safetensors file") from None
        header.pop("__metadata__", None)
        self._tensors = header
        self._data_start = 8 + length
        if any(self._data_start + tensor["data_offsets"][1] > size for tensor in header.values()):
            raise EncoderDamaged(path, "ends before its last tensor")

    def __getitem__(self, name: str) -> NDArray[np.float32]:
        tensor = self._tensors[name]
        kind = tensor["dtype"]
        if kind not in _READABLE:
            raise EncoderDamaged(self._path, f"holds {name} as {kind}, which is no kind of weight")
        begin, end = tensor["data_offsets"]
        with self._path.open("rb") as file:
            file.seek(self._data_start + begin)
            raw = np.frombuffer(file.read(end - begin), dtype=_READABLE[kind])
        if kind == "BF16":  # the upper half of a float32
            raw = (raw.astype(np.uint32) << 16).view(np.float32)
        values: NDArray[np.float32] = raw.astype(np.float32, copy=False).reshape(tensor["shape"])
        return values

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)
