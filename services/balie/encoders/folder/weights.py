"""Reads and writes safetensors files with NumPy alone.

Source: the safetensors format, https://github.com/huggingface/safetensors#format: eight bytes of header length,
a JSON header with type, shape and place of each tensor, then the tensors.
"""

import json
import math
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from balie.encoders.exporting.errors import EncoderModelFileWrong

_MAX_HEADER_BYTES = 100_000_000  # the format's own limit
_ALIGN_BYTES = 8
_READABLE: dict[str, np.dtype[Any]] = {
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "BF16": np.dtype("<u2"),
}


class Weights(Mapping[str, NDArray[np.float32]]):
    """The tensors of one file by name, each read when it is asked for, as float32.

    Raises:
        EncoderModelFileWrong: the file cannot be read, was cut off, or is of another format.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            size = path.stat().st_size
            with path.open("rb") as file:
                start = file.read(8)
                length = struct.unpack("<Q", start)[0] if len(start) == 8 else size
                if length > min(size - 8, _MAX_HEADER_BYTES):
                    raise EncoderModelFileWrong(path, "is not a safetensors file")
                header: dict[str, dict[str, Any]] = json.loads(file.read(length))
            header.pop("__metadata__", None)
            ends = [_end(tensor) for tensor in header.values()]
        except FileNotFoundError:
            raise EncoderModelFileWrong(path, "is missing") from None
        except OSError as error:
            raise EncoderModelFileWrong(path, f"cannot be read ({error.strerror})") from None
        except (ValueError, TypeError, KeyError, AttributeError):
            raise EncoderModelFileWrong(path, "is not a safetensors file") from None
        self._tensors = header
        self._data_start = 8 + length
        if any(self._data_start + end > size for end in ends):
            raise EncoderModelFileWrong(path, "ends before its last tensor")

    def __getitem__(self, name: str) -> NDArray[np.float32]:
        tensor = self._tensors[name]
        kind = tensor["dtype"]
        if kind not in _READABLE:
            raise EncoderModelFileWrong(self._path, f"holds {name} as {kind}, which is no kind of weight")
        begin, end = tensor["data_offsets"]
        if end - begin != _READABLE[kind].itemsize * math.prod(tensor["shape"]):
            raise EncoderModelFileWrong(self._path, f"gives {name} another size than its shape")
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

    def shape(self, name: str) -> tuple[int, ...]:
        """Returns a tensor's shape without reading it."""
        return tuple(self._tensors[name]["shape"])


class ShardedWeights(Mapping[str, NDArray[np.float32]]):
    """The tensors of a model that is split over several files, as its index says.

    Args:
        folder: where index and files are.
        places: the file's name for each tensor.

    Raises:
        EncoderModelFileWrong: a file is missing or damaged, or does not hold what the index says.
    """

    def __init__(self, folder: Path, places: Mapping[str, str]) -> None:
        self._files = {name: Weights(folder / Path(name).name) for name in sorted(set(places.values()))}
        self._places = dict(places)
        for tensor, name in places.items():
            if tensor not in self._files[name]:
                raise EncoderModelFileWrong(folder / name, f"lacks {tensor}, which the index promises")

    def __getitem__(self, name: str) -> NDArray[np.float32]:
        return self._files[self._places[name]][name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def shape(self, name: str) -> tuple[int, ...]:
        """Returns a tensor's shape without reading it."""
        return self._files[self._places[name]].shape(name)


def write_weights(path: Path, tensors: Mapping[str, NDArray[np.float32]]) -> None:
    """Writes float32 tensors as a safetensors file; the same tensors give the same bytes.

    Args:
        path: the file to write.
        tensors: by name; written in the order of their names.
    """
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name in sorted(tensors):
        begin, end = end, end + 4 * tensors[name].size
        header[name] = {"dtype": "F32", "shape": list(tensors[name].shape), "data_offsets": [begin, end]}
    text = json.dumps(header, separators=(",", ":"), sort_keys=True).encode()
    text += b" " * (-len(text) % _ALIGN_BYTES)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name in sorted(tensors):
            file.write(np.ascontiguousarray(tensors[name], "<f4").tobytes())


def _end(tensor: Mapping[str, Any]) -> int:
    """Returns where a tensor ends in the data, in bytes; raises ValueError when the header makes no sense."""
    begin, end = (int(offset) for offset in tensor["data_offsets"])
    if not 0 <= begin <= end or not isinstance(tensor["dtype"], str):
        raise ValueError("no place of a tensor")
    if any(not isinstance(size, int) or size < 0 for size in tensor["shape"]):
        raise ValueError("no shape of a tensor")
    return end
