"""The default encoder: ONNX Runtime and `tokenizers`, no torch.

One session serves every thread, and each run uses one core: two single-threaded runs side by side give more than
one run on two cores.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
import tokenizers

from balie.encoders.errors import EncoderDamaged, EncoderPrecisionMissing
from balie.encoders.folder.graph import GRAPH_FILE, GRAPH_PRODUCER, LAYERS_OUTPUT
from balie.encoders.folder.manifest import MANIFEST_FILE, TOKENIZER_FILE, Manifest
from balie.encoders.folder.precisions import require_runtime
from balie.encoders.settings import keep_runtime_from_reporting

keep_runtime_from_reporting()
import onnxruntime  # noqa: E402 - reads at its import whether it may report

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from balie.encoders.settings import EncoderSettings

_MAX_CHARACTERS = 32_768
"""A text is cut here before it is split into tokens, so that a text of megabytes costs no more than a page; only one
whose tokens are longer than 128 characters on average could have been read further."""

_MAX_RUN_TOKENS = 2048
"""Padded tokens of one run: bounds the memory of a run (the widest layer is 6 kB a token) whatever the texts."""

_RUN_TOKENS = 13
"""What a run costs beside its tokens, in tokens: measured 3.0 ms, and 0.235 ms for each token."""

_PLACE_TOKENS, _PAIR_TOKENS = 0.055, 0.0008
"""What a place of the padded batch, and a pair of places that attention compares, costs in tokens: measured 0.013 ms and
0.00019 ms."""

_ERRORS_ONLY = 3

_LEAST_WORD_LETTERS = 4  # what is shorter is as often a piece of a word


class OnnxEncoder:
    """Encodes with the folder that `balie encoder build` wrote.

    Args:
        folder: the encoder's folder; nothing else is read, and nothing is written.
        verify: `full` checks each file's SHA-256, `size` its size alone.
        batch_texts: most texts of one run.

    Raises:
        EncoderFolderMissing: no encoder has been built there.
        EncoderDamaged: a file is missing or is not as it was written; the message names it.
        EncoderRuntimeTooOld: the installed ONNX Runtime cannot compute in the folder's precision.
    """

    def __init__(
        self, folder: Path, *, verify: Literal["full", "size"] = "full", batch_texts: int = 32
    ) -> None:
        self._manifest = Manifest.read(folder)
        self._manifest.verify(folder, verify)
        _refuse_scattered(folder, self._manifest)
        require_runtime(self._manifest.precision, onnxruntime.__version__)
        self._batch_texts = batch_texts
        self._tokenizer = _tokenizer(folder / TOKENIZER_FILE, self._manifest.max_tokens)
        self._padding_id = self._tokenizer.token_to_id("[PAD]") or 0
        self._session = _session(folder / GRAPH_FILE)
        self._pads_all = self._session.get_modelmeta().producer_name != GRAPH_PRODUCER
        outputs = self._session.get_outputs()
        if outputs[0].shape[-1] != self._manifest.dimensions:
            raise EncoderDamaged(folder / MANIFEST_FILE, "does not describe the graph beside it")
        self._vector = outputs[0].name
        self._has_layers = any(output.name == LAYERS_OUTPUT for output in outputs)

    @classmethod
    def from_settings(cls, settings: "EncoderSettings") -> Self:
        """Returns the encoder that the settings name.

        Raises:
            EncoderPrecisionMissing: the folder holds another precision.
        """
        encoder = cls(settings.folder, verify=settings.verify, batch_texts=settings.batch_texts)
        found = encoder.manifest.precision
        if found != settings.precision:
            raise EncoderPrecisionMissing(settings.folder, wanted=settings.precision, found=found)
        return encoder

    @property
    def manifest(self) -> Manifest:
        """Returns what the folder says of itself."""
        return self._manifest

    @property
    def name(self) -> str:
        """Returns the model's name."""
        return self._manifest.name

    @property
    def fingerprint(self) -> str:
        """Returns what tells these vectors from any other encoder's."""
        return self._manifest.fingerprint

    @property
    def dimensions(self) -> int:
        """Returns the length of a vector."""
        return self._manifest.dimensions

    @property
    def max_tokens(self) -> int:
        """Returns how many tokens of a text are read, `[CLS]` and `[SEP]` included."""
        return self._manifest.max_tokens

    def words(self) -> frozenset[str]:
        """Returns the words that are one token each, of four letters or more: what the encoder knows as a word."""
        tokens = self._tokenizer.get_vocab()
        return frozenset(token for token in tokens if len(token) >= _LEAST_WORD_LETTERS and token.isalpha())

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Returns how many tokens of each text are read, `[CLS]` and `[SEP]` included."""
        return [len(self._tokenizer.encode(_readable(text)).ids) for text in texts]

    def encode(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Returns one unit vector for each text, shape (texts, dimensions), float32, in the order given."""
        vectors = np.empty((len(texts), self.dimensions), np.float32)
        for places, (found,) in self._run(texts, [self._vector]):
            vectors[places] = found
        return vectors

    @property
    def has_layers(self) -> bool:
        """Returns whether the graph gives earlier hidden states; those written before it did must be built anew."""
        return self._has_layers

    def encode_layers(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Returns the vector of each text and the means of earlier hidden states, in the order given.

        Returns:
            Shape (texts, states, dimensions), float32, each row of length 1: first what `encode` returns, then the
            states from the words' own on.
        """
        vectors = self._run(texts, [self._vector, LAYERS_OUTPUT])
        rows: dict[int, NDArray[np.float32]] = {}
        for places, (found, means) in vectors:
            states = means.reshape(len(places), -1, self.dimensions)
            states /= np.maximum(np.linalg.norm(states, axis=-1, keepdims=True), 1e-12)
            rows |= zip(places, np.concatenate([found[:, None], states], axis=1), strict=True)
        return np.stack([rows[place] for place in range(len(texts))])

    def _run(
        self, texts: Sequence[str], outputs: list[str]
    ) -> "Iterator[tuple[list[int], list[NDArray[np.float32]]]]":
        """Yields the outputs of the graph, a run at a time, with the places of the run's texts."""
        if isinstance(texts, str):
            raise TypeError("encode takes a sequence of texts, not one text")
        rows = [self._tokenizer.encode(_readable(text)).ids for text in texts]
        for places in _runs([len(row) for row in rows], self._batch_texts, pads_all=self._pads_all):
            ids, mask = self._padded([rows[place] for place in places])
            yield places, self._session.run(outputs, {"input_ids": ids, "attention_mask": mask})

    def _padded(self, rows: list[list[int]]) -> "tuple[NDArray[np.int64], NDArray[np.int64]]":
        shape = (len(rows), max(map(len, rows)))
        ids = np.full(shape, self._padding_id, np.int64)
        mask = np.zeros(shape, np.int64)
        for place, row in enumerate(rows):
            ids[place, : len(row)] = row
            mask[place, : len(row)] = 1
        return ids, mask


def _runs(lengths: list[int], most_texts: int, *, pads_all: bool = False) -> list[list[int]]:
    """Returns the places of all texts, split into the runs that together cost least.

    The tokens of the texts cost the same in whatever run. What differs is the number of runs, about `_RUN_TOKENS` each,
    and the padding to a run's longest text: so texts of like length go together, and a long one alone rather than with
    many short ones. Exact over splits of the texts in order of length, in O(texts * most_texts).

    Args:
        lengths: tokens of each text, at least 1.
        most_texts: of one run.
        pads_all: the graph works on padding as on tokens; those that balie writes do so in attention alone.
    """
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    costs = [0.0]  # of the cheapest split of the first texts
    counts = [0]  # how many texts its last run holds
    for end, place in enumerate(order, start=1):
        longest = lengths[place]
        padded = longest if pads_all else longest * (_PLACE_TOKENS + longest * _PAIR_TOKENS)
        most = min(end, most_texts, max(1, _MAX_RUN_TOKENS // longest))
        cost, count = min((costs[end - size] + size * padded, size) for size in range(1, most + 1))
        costs.append(cost + _RUN_TOKENS)
        counts.append(count)
    runs = []
    end = len(order)
    while end:
        runs.append(order[end - counts[end] : end])
        end -= counts[end]
    return runs


def _readable(text: str) -> str:
    """Returns the text as the tokenizer can take it: not too long, and without halves of surrogate pairs."""
    cut = text[:_MAX_CHARACTERS]
    return cut if cut.isascii() else cut.encode("utf-8", "replace").decode("utf-8")


def _refuse_scattered(folder: Path, manifest: Manifest) -> None:
    """Raises when the graph's own files lie apart: ONNX Runtime reads no weights through a link out of the folder."""
    home = (folder / GRAPH_FILE).resolve().parent
    for name in manifest.files:
        if name != TOKENIZER_FILE and (folder / name).resolve().parent != home:
            raise EncoderDamaged(folder / name, f"is a link to another folder than {GRAPH_FILE}'s")


def _tokenizer(path: Path, max_tokens: int) -> tokenizers.Tokenizer:
    try:
        tokenizer = tokenizers.Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises bare Exception
        raise EncoderDamaged(path, "is not a tokenizer") from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)
    return tokenizer


def _session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    # The graph is written as it is to run. Further levels would only join Add and LayerNormalization again, into an
    # operator that takes seven times as long on a processor.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the library has no public base for its exceptions
        raise EncoderDamaged(path, "cannot be loaded by ONNX Runtime") from error
