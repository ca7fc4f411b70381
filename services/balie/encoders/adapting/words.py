"""Whole-word entries: how a tokenizer and a BERT encoder get words that they lack, without a change to what they have.

An entry is an added token with `single_word`: it is looked up in the normalised text, and taken only where no letter,
digit or underscore touches it. So `twee` does not break `tweet`, and a text without a new word keeps its tokens.
That behaviour is part of `tokenizer.json`; the libraries tokenizers and transformers read it from there.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from balie.encoders.errors import EncoderModelUnsupported
from balie.encoders.folder.model import WORD_ROWS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = NDArray[np.float32]

Partners = Sequence[tuple[str, int]]
"""English words and how much each weighs; weights are at least 1."""

_UNKNOWN = "[UNK]"


class Vocabulary:
    """What a BERT tokenizer knows, and how it takes a text apart.

    Args:
        tokenizer: the content of `tokenizer.json`.

    Raises:
        EncoderModelUnsupported: it is not a BERT tokenizer of word pieces.
    """

    def __init__(self, tokenizer: Mapping[str, Any]) -> None:
        from tokenizers import Tokenizer

        _require_bert(tokenizer)
        self._tokenizer = Tokenizer.from_str(json.dumps({**tokenizer, "padding": None, "truncation": None}))
        self._known: dict[str, int] = self._tokenizer.get_vocab(with_added_tokens=True)
        self._pieces = frozenset(self._tokenizer.get_vocab(with_added_tokens=False))
        self._fingerprint = _fingerprint(tokenizer, self._known)

    def __len__(self) -> int:
        return len(self._known)

    def __contains__(self, word: object) -> bool:
        return word in self._known

    def had(self, word: str) -> bool:
        """Returns whether the word was a whole entry before any word was added."""
        return word in self._pieces

    @property
    def fingerprint(self) -> str:
        """Returns a text that changes with the entries, their ids, and how a text is taken apart."""
        return self._fingerprint

    def split(self, text: str) -> list[str]:
        """Returns the words and marks of a text as the tokenizer sees them: lower case, without accents, and so on."""
        normal = self._tokenizer.normalizer.normalize_str(text)
        return [word for word, _place in self._tokenizer.pre_tokenizer.pre_tokenize_str(normal)]

    def can_be_added(self, word: str) -> bool:
        """Returns whether the word may become an entry: two letters or more, nothing else, lacking, and in normal form."""
        return len(word) > 1 and word.isalpha() and word not in self._known and self.split(word) == [word]

    def ids(self, text: str) -> list[int]:
        """Returns the ids of a text's tokens, without those that mark its start and its end."""
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def knows_all_of(self, word: str) -> bool:
        """Returns whether the word has tokens, and each of them means something."""
        ids = self.ids(word)
        return bool(ids) and self._known.get(_UNKNOWN) not in ids


def add_words(tokenizer: Mapping[str, Any], words: Iterable[str]) -> dict[str, Any]:
    """Returns the content of a `tokenizer.json` with the words as entries, in their order, after all that are there.

    Args:
        tokenizer: the content of `tokenizer.json`; it is not changed.
        words: each different and such that `Vocabulary.can_be_added`.
    """
    added = list(tokenizer["added_tokens"])
    known = set(tokenizer["model"]["vocab"]) | {token["content"] for token in added}
    entry = {"single_word": True, "lstrip": False, "rstrip": False, "normalized": True, "special": False}
    new = [{"id": len(known) + place, "content": word, **entry} for place, word in enumerate(words)]
    return {**tokenizer, "added_tokens": added + new}


def row_of(partners: Partners, vocabulary: Vocabulary, rows: "Rows") -> "Rows":
    """Returns the row of a word that stands for these English words: the weighted mean of theirs.

    The row of an English word is the mean of its tokens'. Sums go from the first to the last in float64, so that every
    machine gives the same bits.

    Args:
        partners: English words that the vocabulary knows all of, and their weights.
        vocabulary: finds the tokens.
        rows: the encoder's word rows. Shape (entries, dimensions).

    Returns:
        Shape (dimensions,).
    """
    total = np.zeros(rows.shape[1], np.float64)
    for english, weight in partners:
        ids = vocabulary.ids(english)
        mean = np.zeros(rows.shape[1], np.float64)
        for token in ids:
            mean += rows[token]
        total += mean / len(ids) * weight
    return (total / sum(weight for _english, weight in partners)).astype(np.float32)


def extend(weights: "Mapping[str, Rows]", rows: "Rows") -> "Mapping[str, Rows]":
    """Returns an encoder's weights with word rows after those that are there; the others are read when asked for.

    Args:
        weights: as in `Model.weights`; they are not changed.
        rows: shape (new entries, dimensions).
    """
    return _Extended(weights, np.concatenate([weights[WORD_ROWS], rows.astype(np.float32, copy=False)]))


class _Extended(Mapping[str, "Rows"]):
    """Weights of which one tensor is another."""

    def __init__(self, weights: "Mapping[str, Rows]", rows: "Rows") -> None:
        self._weights = weights
        self._rows = rows

    def __getitem__(self, name: str) -> "Rows":
        return self._rows if name == WORD_ROWS else self._weights[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._weights)

    def __len__(self) -> int:
        return len(self._weights)


def holds_new_word(words: frozenset[str], vocabulary: Vocabulary) -> Callable[[str], bool]:
    """Returns a function that tells whether a text holds one of the words where the tokenizer takes it for one."""
    ids = {vocabulary.ids(word)[0] for word in words}
    return lambda text: not ids.isdisjoint(vocabulary.ids(text))


def _require_bert(tokenizer: Mapping[str, Any]) -> None:
    wanted = {"model": "WordPiece", "normalizer": "BertNormalizer", "pre_tokenizer": "BertPreTokenizer"}
    for part, kind in wanted.items():
        found = (tokenizer.get(part) or {}).get("type")
        if found != kind:
            raise EncoderModelUnsupported(f"tokenizer's {part}", found=found, wanted=kind)


def _fingerprint(tokenizer: Mapping[str, Any], known: Mapping[str, int]) -> str:
    parts = [
        sorted(known, key=known.__getitem__),
        sorted(known.values()),
        tokenizer["normalizer"],
        tokenizer["pre_tokenizer"],
    ]
    text = json.dumps(parts, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(text.encode('ascii')).hexdigest()}"
