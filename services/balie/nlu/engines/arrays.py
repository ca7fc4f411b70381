"""Arrays by name in a file, without pickle: what built-in engines store."""

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from balie.nlu.errors import ModelDamaged

if TYPE_CHECKING:
    from numpy.typing import NDArray

# A damaged header of an archive may claim a method of compression or a password that nobody gave it.
_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError)


def write_arrays(path: Path, arrays: "Mapping[str, NDArray[Any]]") -> None:
    """Writes arrays of numbers."""
    with path.open("wb") as file:
        np.savez(file, **dict(arrays))  # type: ignore[arg-type]  # names that no parameter of savez has


class _Arrays(dict[str, "NDArray[Any]"]):
    """The arrays of a file, which is damaged when one that is asked for is not there."""

    def __init__(self, path: Path, found: "Mapping[str, NDArray[Any]]") -> None:
        super().__init__(found)
        self._path = path

    def __missing__(self, name: str) -> "NDArray[Any]":
        raise ModelDamaged(self._path, f"has no array {name!r}")


def read_arrays(path: Path) -> "Mapping[str, NDArray[Any]]":
    """Returns the arrays of a file.

    Raises:
        ModelDamaged: it cannot be read, or an array that is asked for is not in it.
    """
    try:
        with path.open("rb") as file, np.lib.npyio.NpzFile(file, allow_pickle=False) as found:
            return _Arrays(path, {name: found[name] for name in found.files})
    except (OSError, ValueError, KeyError, EOFError, *_ZIP_ERRORS):
        raise ModelDamaged(path, "cannot be read") from None
