"""Arrays by name in a file, without pickle: what built-in engines store."""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from balie.nlu.errors import ModelDamaged

if TYPE_CHECKING:
    from numpy.typing import NDArray


def write_arrays(path: Path, arrays: "Mapping[str, NDArray[Any]]") -> None:
    """Writes arrays of numbers."""
    with path.open("wb") as file:
        np.savez(file, **dict(arrays))  # type: ignore[arg-type]  # names that no parameter of savez has


def read_arrays(path: Path) -> "Mapping[str, NDArray[Any]]":
    """Returns the arrays of a file.

    Raises:
        ModelDamaged: it cannot be read, or holds something else.
    """
    try:
        with np.load(path, allow_pickle=False) as found:
            return {name: found[name] for name in found.files}
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        raise ModelDamaged(path, "cannot be read") from None
