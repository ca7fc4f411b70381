"""Any sentence-transformers model behind the same port; brings torch, so it is an extra of its own."""

import hashlib
import importlib
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sentence_transformers import SentenceTransformer

from balie.encoders.errors import EncoderModelMissing, EncoderModelUnsupported
from balie.encoders.folder.manifest import fingerprint_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from balie.encoders.settings import EncoderSettings

_PRECISION = "fp32"

_MOST_TOKENS = 8192
"""Read of a text by a model that states no limit: what the largest models read, so that a text of megabytes ends."""

_MAX_CHARACTERS = 262_144
"""A text is cut here before it is split into tokens: as for the default encoder, at 32 characters a token."""

_LONG = "a " * 600
"""Longer than most models read: a model whose limit is wrong fails on it at once, and not on a contact's text."""


def load(model: str, **options: Any) -> SentenceTransformer:
    """Returns a model on the processor.

    Args:
        model: a folder, or a name on a hub, which is then downloaded unless it was before.
        options: for the transformer, such as `attn_implementation`.

    Raises:
        EncoderModelMissing: there is no such model, the hub cannot be reached, or the model cannot be loaded.
    """
    if not model:
        raise EncoderModelMissing(model, "no model is named")
    try:
        with _without_bars():
            loaded = SentenceTransformer(model, device="cpu", model_kwargs=options)
    except (
        Exception
    ) as error:  # the libraries below raise many kinds: of file formats, of shapes, of networks
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise EncoderModelMissing(model, f"{type(error).__name__}: {first[:200]}") from error
    if not hasattr(loaded, "tokenizer") or len(list(loaded.children())) == 0:
        raise EncoderModelUnsupported("first module", found="none", wanted="Transformer")
    loaded.max_seq_length = max_tokens_of(loaded)
    return loaded.eval()


def max_tokens_of(model: SentenceTransformer) -> int:
    """Returns how many tokens of a text a model reads: what it states, and no more than it has positions for."""
    limits = [_MOST_TOKENS]
    stated = model.max_seq_length
    if stated and stated < _MOST_TOKENS:
        limits.append(int(stated))
    for name, tensor in model.named_parameters():
        if name.endswith("embeddings.position_embeddings.weight"):
            layer = model.get_submodule(name.removesuffix(".weight"))
            # Models of RoBERTa's family begin to count behind the padding token's id.
            padding = getattr(layer, "padding_idx", None)
            limits.append(int(tensor.shape[0]) - (0 if padding is None else int(padding) + 1))
    return min(limits)


class SentenceTransformerEncoder:
    """Encodes with sentence-transformers on the processor, one call at a time.

    Args:
        model: a folder, or a name on a hub, which is then downloaded unless it was before.
        batch_texts: most texts of one run.

    Raises:
        EncoderModelMissing: there is no such model, the hub cannot be reached, or the model cannot be loaded.
        EncoderModelUnsupported: the model does not give one vector a text.
    """

    def __init__(self, model: str, *, batch_texts: int = 32) -> None:
        self._model = load(model)
        self._name = model.rstrip("/\\").replace("\\", "/").rsplit("/", 1)[-1].lower()
        self._batch_texts = batch_texts
        self._fingerprint = _fingerprint(self._name, self._model)
        self._dimensions = self._try()
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
        return max_tokens_of(self._model)

    def encode(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Returns one unit vector for each text, shape (texts, dimensions), float32, in the order given."""
        if isinstance(texts, str):
            raise TypeError("encode takes a sequence of texts, not one text")
        if not texts:
            return np.empty((0, self.dimensions), np.float32)
        with self._turn:
            return self._encode(texts)

    def _try(self) -> int:
        """Encodes the shortest and a long text, and returns the length of a vector."""
        try:
            vectors = self._encode(["", _LONG])
            norms = np.linalg.norm(vectors, axis=1)
        except Exception as error:  # whatever a model of another kind comes up with
            raise EncoderModelUnsupported("output", found=type(error).__name__, wanted="a vector") from error
        if vectors.ndim != 2 or not np.allclose(norms, 1.0, atol=1e-3):
            raise EncoderModelUnsupported("output", found=vectors.shape, wanted="a vector of finite numbers")
        return int(vectors.shape[1])

    def _encode(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        vectors: NDArray[np.float32] = self._model.encode(
            [_readable(text) for text in texts],
            batch_size=self._batch_texts,
            show_progress_bar=False,
            convert_to_numpy=True,
            normalize_embeddings=True,
        )
        return vectors.astype(np.float32, copy=False)


def _readable(text: str) -> str:
    """Returns the text as the tokenizer can take it: not too long, and without halves of surrogate pairs."""
    cut = text[:_MAX_CHARACTERS]
    return cut if cut.isascii() else cut.encode("utf-8", "replace").decode("utf-8")


def _fingerprint(name: str, model: SentenceTransformer) -> str:
    """Hashes what was loaded and no files, so that a folder and a hub's copy of a model are the same encoder.

    Another version of the library may describe the same model differently; what that costs is an index built anew.
    """
    digest = hashlib.sha256()
    for key, tensor in sorted(model.state_dict().items()):
        if ".pooler." in key:  # asked by nobody, and filled at random when the model brings none
            continue
        values = tensor.detach().float().cpu().contiguous().numpy()
        digest.update(f"{key} {values.shape}".encode())
        digest.update(values.tobytes())
    parts = [repr(module) for module in model.children()]
    parts.append(str(model.max_seq_length))
    # Put before each text, or cut off from each vector; most models have neither.
    if prompt := (model.prompts or {}).get(model.default_prompt_name or ""):
        parts.append(f"prompt {prompt}")
    if model.truncate_dim is not None:
        parts.append(f"dimensions {model.truncate_dim}")
    return fingerprint_of(name, _PRECISION, [digest.hexdigest(), _tokenizer(model.tokenizer), *parts])


@contextmanager
def _without_bars() -> Iterator[None]:
    """Keeps the loader from drawing bars between the lines of a service's log."""
    log = importlib.import_module("transformers.utils.logging")
    shown = log.is_progress_bar_enabled()
    log.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            log.enable_progress_bar()


def _tokenizer(tokenizer: Any) -> str:
    """Returns how texts are split, without the padding and truncation that each call sets anew."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        return json.dumps(tokenizer.get_vocab(), sort_keys=True)
    description = json.loads(backend.to_str()) | {"padding": None, "truncation": None}
    return json.dumps(description, sort_keys=True)
