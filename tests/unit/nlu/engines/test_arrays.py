"""Files of arrays: what was written is read, and whatever else stands there is damage."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from balie.nlu.engines.arrays import read_arrays, write_arrays
from balie.nlu.errors import ModelDamaged

ARRAYS: dict[str, NDArray[Any]] = {
    "weights": np.arange(12, dtype=np.float16).reshape(3, 4),
    "self": np.array([1, 2], np.int64),
    "empty": np.empty((0, 3), np.float32),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "arrays.npz"
    write_arrays(made, ARRAYS)
    return made


def same(path: Path) -> bool:
    found = read_arrays(path)
    return found.keys() == ARRAYS.keys() and all(
        found[name].dtype == one.dtype and np.array_equal(found[name], one) for name, one in ARRAYS.items()
    )


def test_what_was_written_is_read(path: Path) -> None:
    assert same(path)


def test_an_array_that_is_not_there_is_damage_when_it_is_asked_for(path: Path) -> None:
    with pytest.raises(ModelDamaged, match=r"arrays\.npz has no array 'bias'"):
        read_arrays(path)["bias"]


@pytest.mark.parametrize("content", [b"", b"PK", b"nothing of the kind", b"\x93NUMPY\x01\x00"])
def test_another_file_is_damage(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(ModelDamaged, match="cannot be read"):
        read_arrays(path)


def test_no_file_is_damage(path: Path) -> None:
    path.unlink()
    with pytest.raises(ModelDamaged, match="cannot be read"):
        read_arrays(path)


def test_objects_are_damage(path: Path) -> None:
    np.savez(path, weights=np.array([object()], dtype=object))
    with pytest.raises(ModelDamaged, match="cannot be read"):
        read_arrays(path)


def test_no_damaged_byte_breaks_anything_else(path: Path) -> None:
    """What a changed byte makes of the file is damage, or does not matter."""
    whole = path.read_bytes()
    refused = 0
    for place in range(0, len(whole), 3):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        try:
            read_arrays(path)
        except ModelDamaged:
            refused += 1
    assert refused > len(whole) / 12


def test_a_file_that_ends_early_is_damage(path: Path) -> None:
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(ModelDamaged):
            read_arrays(path)
