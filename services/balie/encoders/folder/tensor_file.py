"""Writes the tensors of a graph into one file beside it, placed so that the runtime can map them."""

from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PAGE_BYTES = 4096  # a tensor that starts on a page is mapped from the file, not copied
_SMALL_BYTES = 65_536  # on pages of their own, small tensors would be mostly padding
_SMALL_ALIGN_BYTES = 64


class TensorFile:
    """The tensors in the order they are added: descriptions for the graph, data in the file.

    Args:
        file: is written from where it stands, which is its start.
        location: the file's name, as the graph names it.
    """

    def __init__(self, file: BinaryIO, location: str) -> None:
        self.tensors: list[Any] = []
        self._file = file
        self._location = location

    def add(self, name: str, values: "NDArray[Any]") -> str:
        """Writes a tensor as it is, least significant byte first, and returns its name."""
        import onnx

        little = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
        data = little.tobytes()
        kind = onnx.helper.np_dtype_to_tensor_dtype(values.dtype.newbyteorder("="))
        tensor = onnx.TensorProto(name=name, dims=values.shape, data_type=kind)
        align = _PAGE_BYTES if len(data) >= _SMALL_BYTES else _SMALL_ALIGN_BYTES
        self._file.write(b"\0" * (-self._file.tell() % align))
        place = {"location": self._location, "offset": self._file.tell(), "length": len(data)}
        self._file.write(data)
        tensor.data_location = onnx.TensorProto.EXTERNAL
        for key, value in place.items():
            tensor.external_data.add(key=key, value=str(value))
        self.tensors.append(tensor)
        return name

    def add_integers(self, name: str, *values: int) -> str:
        """Adds a short list of integers, which lies in the graph itself, and returns its name."""
        import onnx

        self.tensors.append(onnx.numpy_helper.from_array(np.array(values, np.int64), name))
        return name
