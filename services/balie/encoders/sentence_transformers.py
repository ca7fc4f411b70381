"""Any sentence-transformers model behind the same port; brings torch, so it is an extra of its own."""

import hashlib
import json
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sentence_transformers import SentenceTransformer

from balie.encoders.errors import EncoderModelMissing
from balie.encoders.manifest import fingerprint_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from balie.encoders.settings import EncoderSettings

_PRECISION = "fp32"


class SentenceTransformerEncoder:
    """Encodes with sentence-transformers on the processor, one call at a time.

    Args:
        model: a folder, or a name on a hub, which is then downloaded unless it was before.
        batch_texts: most texts of one run.

    Raises:
        EncoderModelMissing: there is no such model, or the hub cannot be reached.
    """

    def __init__(self, model: str, *, batch_texts: int = 32) -> None:
        if not model:
            raise EncoderModelMissing(model, "no model is named")
        try:
            self._model = SentenceTransformer(model, device="cpu")
        except (OSError, ValueError) as error:
            raise EncoderModelMissing(model, type(error).__name__) from error
        self._name = model.rstrip("/\\").replace("\\", "/").rsplit("/", 1)[-1].lower()
        self._batch_texts = batch_texts
        self._fingerprint = _fingerprint(self._name, self._model)
        self._dimensions = int(self._encode([""]).shape[1])
        # The tokenizer is changed by each call (padding, truncation), and raises when two threads do so at once.
        self._turn = threading.Lock()

    @classmethod
    def from_settings(cls, settings: "EncoderSettings") -> Self:
        """Returns the encoder of the model that the settings name."""
        return cls(settings.model, batch_texts=settings.batch_texts)

    @property
    def name(self) -> str:
        """Returns the last part of the model's path or name."""
        return self._name

    @property
    def fingerprint(self) -> str:
        """Returns what tells these vectors from any other encoder's."""
        return self._fingerprint

    @property
    def dimensions(self) -> int:
        """Returns the length of a vector."""
        return self._dimensions

    @property
    def max_tokens(self) -> int:
        """Returns how many tokens of a text are read, special tokens included."""
        return int(self._model.max_seq_length or 0)

    def encode(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Returns one unit vector for each text, shape (texts, dimensions), float32, in the order given."""
        if isinstance(texts, str):
            raise TypeError("encode takes a sequence of texts, not one text")
        if not texts:
            return np.empty((0, self.dimensions), np.float32)
        with self._turn:
            return self._encode(texts)

    def _encode(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        vectors: NDArray[np.float32] = self._model.encode(
            list(texts),
            batch_size=self._batch_texts,
            show_progress_bar=False,
            convert_to_numpy=True,
            normalize_embeddings=True,
        )
        return vectors.astype(np.float32, copy=False)


def _fingerprint(name: str, model: SentenceTransformer) -> str:
    """Hashes what was loaded and no files, so that a folder and a hub's copy of a model are the same encoder.

    Another version of the library may describe the same model differently; what that costs is an index built anew.
    """
    digest = hashlib.sha256()
    for key, tensor in sorted(model.state_dict().items()):
        values = tensor.detach().float().cpu().contiguous().numpy()
        digest.update(f"{key} {values.shape}".encode())
        digest.update(values.tobytes())
    modules = [repr(module) for module in model.children()]
    return fingerprint_of(
        name,
        _PRECISION,
        [digest.hexdigest(), _tokenizer(model.tokenizer), *modules, str(model.max_seq_length)],
    )


def _tokenizer(tokenizer: Any) -> str:
    """Returns how texts are split, without the padding and truncation that each call sets anew."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        return json.dumps(tokenizer.get_vocab(), sort_keys=True)
    description = json.loads(backend.to_str()) | {"padding": None, "truncation": None}
    return json.dumps(description, sort_keys=True)
