"""Measures what an encoder is worth beside another: do the vectors agree, and are the answers as good.

This is how a precision is judged: the reference is `fp32`, or the original model behind sentence-transformers.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from balie.encoders.errors import EncoderUnavailable
from balie.encoders.progress import Progress

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from balie.encoders.port import Encoder


_Answer = TypeVar("_Answer", int, str)

_LANGUAGES = ("en", "nl", "de")
_SENTENCES = 167  # of each language, about 500 together
_POOL = 1000  # of each language, after the sentences
_ALONE = 200
_HELD_EACH = 40
_CHUNK = 256


class QualityDataMissing(EncoderUnavailable):
    """The folder of evaluation data lacks a file, or a file of it holds something else."""

    def __init__(self, folder: Path, name: str, problem: str) -> None:
        super().__init__(
            f"the quality of an encoder cannot be measured with {folder}: {name} {problem}; name the folder that "
            "holds intents/massive_en, _nl and _de, intents/banking77 and faq/stackfaq",
        )


@dataclass(frozen=True)
class Score:
    """Two encoders on the same questions.

    Attributes:
        questions: how many were asked.
        reference: share that the reference answers rightly, in [0, 1].
        other: share that the other answers rightly.
        alike: share to which both give the same answer, right or wrong.
    """

    questions: int
    reference: float
    other: float
    alike: float


@dataclass(frozen=True)
class Agreement:
    """What one encoder is worth beside another.

    Attributes:
        reference: fingerprint of the encoder that is taken as right.
        other: fingerprint of the encoder that is measured.
        sentences: how many are compared, in English, Dutch and German alike.
        mean_cosine: of a sentence's two vectors.
        least_cosine: of the sentence that fares worst.
        batch_least_cosine: least cosine of the other's vectors of a sentence encoded alone and with all others.
        pool: how many other texts the sentences look for their nearest in.
        top1: share of sentences whose nearest text of the pool is the same for both, in [0, 1].
        intents: banking77: the nearest mean of ten examples an intent, for 40 other texts an intent.
        answers: stackfaq: the nearest question, for queries that have an answer.
    """

    reference: str
    other: str
    sentences: int
    mean_cosine: float
    least_cosine: float
    batch_least_cosine: float
    pool: int
    top1: float
    intents: Score
    answers: Score

    @property
    def equal(self) -> bool:
        """Returns whether no set tells the two apart."""
        scores = (self.intents, self.answers)
        return self.top1 == 1.0 and all(score.reference == score.other for score in scores)

    def as_dict(self) -> dict[str, Any]:
        """Returns the figures under their names, nested, as JSON takes them."""
        return {**asdict(self), "equal": self.equal}


@dataclass(frozen=True)
class _Data:
    """The texts of all measurements."""

    sentences: list[str]
    pool: list[str]
    examples: list[str]
    example_labels: list[str]
    asked: list[str]
    asked_labels: list[str]
    entries: list[str]
    queries: list[str]
    answered_by: list[set[int]]


def compare(
    reference: "Encoder", other: "Encoder", data: Path, progress: Progress = lambda _step, _share: None
) -> Agreement:
    """Returns how far an encoder agrees with another, and how well each answers; takes about a minute.

    Deterministic: no text is drawn by chance, and of equally near texts the first is taken.

    Args:
        reference: what is taken as right.
        other: what is measured.
        data: folder that holds `intents/massive_{en,nl,de}/valid.jsonl`, `intents/banking77/{train,train_10shot}.jsonl`
            and `faq/stackfaq/{entries,queries}.jsonl`.
        progress: is told what is being done.

    Raises:
        QualityDataMissing: names the folder and the file that is not there.

    Source: Snell et al. 2017, arXiv:1703.05175 (the nearest mean of few examples as a classifier).
    """
    progress("reading the texts", 0.0)
    texts = _read(data)
    first = _Vectors(reference, texts, lambda share: progress("encoding with the reference", 0.45 * share))
    second = _Vectors(other, texts, lambda share: progress("encoding with the other", 0.45 + 0.45 * share))
    progress("encoding one by one", 0.9)
    some = texts.sentences[:: max(1, len(texts.sentences) // _ALONE)]
    together = other.encode(some)
    alone = np.concatenate([other.encode([text]) for text in some])
    cosines = _cosines(first.sentences, second.sentences)
    progress("done", 1.0)
    return Agreement(
        reference=reference.fingerprint,
        other=other.fingerprint,
        sentences=len(texts.sentences),
        mean_cosine=float(cosines.mean()),
        least_cosine=float(cosines.min()),
        batch_least_cosine=float(_cosines(alone, together).min()),
        pool=len(texts.pool),
        top1=float((first.nearest == second.nearest).mean()),
        intents=_score(first.intents, second.intents, [{label} for label in texts.asked_labels]),
        answers=_score(first.answers, second.answers, texts.answered_by),
    )


class _Vectors:
    """What one encoder makes of the texts."""

    def __init__(self, encoder: "Encoder", texts: _Data, progress: Callable[[float], None]) -> None:
        groups = (
            texts.sentences,
            texts.pool,
            texts.examples,
            texts.asked,
            texts.entries,
            texts.queries,
        )
        ends = np.cumsum([len(group) for group in groups])
        vectors = _encode(encoder, [text for group in groups for text in group], progress)
        self.sentences, pool, examples, asked, entries, queries = np.split(vectors, ends[:-1])
        self.nearest = (self.sentences @ pool.T).argmax(axis=1)
        labels = sorted(set(texts.example_labels))
        of_label = np.array([[label == own for own in texts.example_labels] for label in labels], np.float32)
        means = of_label @ examples
        means /= np.linalg.norm(means, axis=1, keepdims=True)
        self.intents = [labels[place] for place in (asked @ means.T).argmax(axis=1)]
        self.answers = [int(place) for place in (queries @ entries.T).argmax(axis=1)]


def _encode(
    encoder: "Encoder", texts: Sequence[str], progress: Callable[[float], None]
) -> "NDArray[np.float32]":
    parts = []
    for start in range(0, len(texts), _CHUNK):
        progress(start / len(texts))
        parts.append(encoder.encode(texts[start : start + _CHUNK]))
    return np.concatenate(parts)


def _cosines(one: "NDArray[np.float32]", two: "NDArray[np.float32]") -> "NDArray[np.float64]":
    """Returns each row's cosine, in 64 bits: in 32, the sixth decimal is noise."""
    wide, other = one.astype(np.float64), two.astype(np.float64)
    lengths = np.linalg.norm(wide, axis=1) * np.linalg.norm(other, axis=1)
    cosines: NDArray[np.float64] = (wide * other).sum(axis=1) / lengths
    return cosines


def _score(reference: Sequence[_Answer], other: Sequence[_Answer], right: Sequence[set[_Answer]]) -> Score:
    count = len(right)
    return Score(
        questions=count,
        reference=sum(answer in allowed for answer, allowed in zip(reference, right, strict=True)) / count,
        other=sum(answer in allowed for answer, allowed in zip(other, right, strict=True)) / count,
        alike=sum(one == two for one, two in zip(reference, other, strict=True)) / count,
    )


def _read(data: Path) -> _Data:
    sentences: list[str] = []
    pool: dict[str, None] = {}
    for language in _LANGUAGES:
        texts = [row["text"] for row in _rows(data, f"intents/massive_{language}/valid.jsonl", "text")]
        sentences += texts[:_SENTENCES]
        pool |= dict.fromkeys(texts[_SENTENCES : _SENTENCES + _POOL])
    examples = list(_rows(data, "intents/banking77/train_10shot.jsonl", "text", "label"))
    known = {row["text"] for row in examples}
    held: dict[str, list[str]] = {row["label"]: [] for row in examples}
    for row in _rows(data, "intents/banking77/train.jsonl", "text", "label"):
        kept = held.get(row["label"])
        if kept is not None and len(kept) < _HELD_EACH and row["text"] not in known:
            kept.append(row["text"])
    entries = list(_rows(data, "faq/stackfaq/entries.jsonl", "id", "question"))
    # Several entries answer one question: it is one answer here, or which of them is nearest would be chance.
    questions = {
        question: place for place, question in enumerate(dict.fromkeys(row["question"] for row in entries))
    }
    places = {row["id"]: questions[row["question"]] for row in entries}
    queries = [
        row for row in _rows(data, "faq/stackfaq/queries.jsonl", "text", "entry_ids") if row["entry_ids"]
    ]
    found = _Data(
        sentences=sentences,
        pool=[text for text in pool if text not in set(sentences)],
        examples=[row["text"] for row in examples],
        example_labels=[row["label"] for row in examples],
        asked=[text for texts in held.values() for text in texts],
        asked_labels=[label for label, texts in held.items() for _ in texts],
        entries=list(questions),
        queries=[row["text"] for row in queries],
        answered_by=[{places[name] for name in row["entry_ids"] if name in places} for row in queries],
    )
    for part, name in (("pool", "massive"), ("asked", "banking77"), ("queries", "stackfaq")):
        if not getattr(found, part):
            raise QualityDataMissing(data, name, "holds too few texts")
    return found


def _rows(data: Path, name: str, *fields: str) -> Iterator[dict[str, Any]]:
    """Reads JSON Lines whose rows have the fields."""
    try:
        lines = (data / name).read_text(encoding="utf-8").split("\n")
    except FileNotFoundError:
        raise QualityDataMissing(data, name, "is missing") from None
    except (OSError, UnicodeDecodeError):
        raise QualityDataMissing(data, name, "cannot be read") from None
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if not isinstance(row, dict) or not all(field in row for field in fields):
            raise QualityDataMissing(data, name, f"has no {' and '.join(fields)} in line {number}")
        yield row
