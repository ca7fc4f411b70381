"""The rows of many texts, each encoded once: kept in memory, and on disk for another run where a folder is given."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from balie.encoders.many import Encodes, encode_many

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from balie.encoders.progress import Progress


class KeptVectors:
    """Keeps rows.

    Args:
        open_encoder: opens the encoder; called once, when the first text needs it.
        workers: threads that encode.
        folder: where rows are kept between runs; None keeps none. It may be removed at any time.
    """

    def __init__(self, open_encoder: Callable[[], Encodes], workers: int, folder: Path | None = None) -> None:
        self._open = open_encoder
        self._workers = workers
        self._folder = folder
        self._encoder: Encodes | None = None
        self._places: dict[str, int] = {}
        self._rows: list[NDArray[np.float32]] = []

    @property
    def encoder(self) -> Encodes:
        """Returns the encoder."""
        if self._encoder is None:
            self._encoder = self._open()
        return self._encoder

    def add(self, texts: Sequence[str], progress: "Progress", *, step: str = "encoding the texts") -> None:
        """Encodes what was not asked for before.

        Raises:
            OSError: the folder cannot be read or written.
        """
        missing = sorted({*texts} - self._places.keys(), key=lambda text: (len(text), text))
        if not missing:
            return
        for text, row in zip(missing, self._kept(missing, progress, step), strict=True):
            self._places[text] = len(self._rows)
            self._rows.append(row)

    def rows(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Returns the row of each text, one at least, shape (texts, dimensions)."""
        self.add(texts, lambda _step, _share: None)
        return np.stack([self._rows[self._places[text]] for text in texts])

    def _kept(self, texts: Sequence[str], progress: "Progress", step: str) -> "NDArray[np.float32]":
        if self._folder is None:
            return encode_many(self.encoder, texts, self._workers, progress, step=step)
        digest = hashlib.sha256(f"{self.encoder.fingerprint} {self.encoder.dimensions} ".encode())
        for text in texts:
            digest.update(text.encode("utf-8", "replace") + b"\0")
        path = self._folder / f"{digest.hexdigest()[:24]}.npy"
        shape = (len(texts), self.encoder.dimensions)
        if (found := _read(path, shape)) is not None:
            return found
        found = encode_many(self.encoder, texts, self._workers, progress, step=step)
        self._folder.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part.npy")
        np.save(part, found)
        part.replace(path)
        return found


def _read(path: Path, shape: tuple[int, int]) -> "NDArray[np.float32] | None":
    """Returns what a file keeps; None when there is no whole one."""
    try:
        found: NDArray[np.float32] = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return found if found.shape == shape else None
