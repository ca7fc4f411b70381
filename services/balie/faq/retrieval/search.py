"""Finds answers: ranks entries, and says when none may be given."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from balie.faq.domain import Answer, Answers, Calibration, Embedding, IndexState, NoAnswer, Question, Source
from balie.faq.errors import EmbeddingInvalid, IndexBehind
from balie.faq.index.indexed_entry import IndexedEntry
from balie.faq.index.indexes import Indexes
from balie.faq.index.live_index import Found, LiveIndex
from balie.faq.index.vectors import TextEncoder
from balie.faq.knowledge.domain import EntryText
from balie.faq.retrieval.answer_ids import AnswerId, new_nonce
from balie.faq.retrieval.port import Query

if TYPE_CHECKING:
    from numpy.typing import NDArray


_OPTIONS = 3
"""Entries that are looked at to tell whether several are meant."""

_RIVAL = 1 / 3
"""Share of the best one's confidence from which on an entry is its rival."""


def _now() -> datetime:
    return datetime.now(UTC)


class Search:
    """Answers questions from this replica's indexes.

    Args:
        indexes: of all collections, each with the encoder of questions that come without a vector of its own.
        workers: threads that search.
        clock: tells the moment at which an entry must be valid.
    """

    def __init__(self, indexes: Indexes, workers: Executor, clock: Callable[[], datetime] = _now) -> None:
        self._indexes = indexes
        self._workers = workers
        self._clock = clock

    async def answers(self, tenant: str, question: Question, *, wait_seconds: float) -> Answers:
        """Returns the entries nearest to a question, and whether the first may be given.

        Args:
            tenant: whose collection it is.
            question: what is asked.
            wait_seconds: how long to wait for the least generation asked for; infinity for ever.

        Raises:
            CollectionNotFound: there is no such collection.
            EmbeddingInvalid: the embedding is none of the index's encoder, and no text stands beside it.
            IndexBehind: the generation did not come in time.
            EncoderBusy: too many texts wait for the encoder.
        """
        async with self._indexes.using(tenant, question.collection_id) as served:
            live = served.live
            await _reach(live, question.min_generation, wait_seconds)
            vector = await _vector(question, served.encoder)
            # Some at least: together they tell whether to ask which is meant.
            found = await self._in_thread(live, vector, max(_OPTIONS, question.top_k), question)
            return _answers(found, tenant, question, ranked=_is_asked(question))

    async def state(self, tenant: str, collection_id: str) -> IndexState:
        """Returns what this replica's index of a collection holds.

        Raises:
            CollectionNotFound: there is no such collection.
        """
        live = await self._indexes.of(tenant, collection_id)
        return await asyncio.get_running_loop().run_in_executor(self._workers, live.state)

    async def _in_thread(
        self, live: LiveIndex, vector: "NDArray[np.float32] | None", top: int, question: Question
    ) -> Found:
        moment, wanted = self._clock(), question.filter

        def allows(entry: IndexedEntry) -> bool:
            return entry.is_allowed(wanted, moment)

        query = Query(question.text, vector, (question.language,) if question.language else ())
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._workers,
            live.search,
            query if _is_asked(question) else None,
            top,
            question.entry_ids,
            allows,
        )


def _is_asked(question: Question) -> bool:
    return bool(question.text) or question.embedding is not None


async def _vector(question: Question, encoder: TextEncoder) -> "NDArray[np.float32] | None":
    """Returns a question's vector of one encoder: that of the index which is searched."""
    given = question.embedding
    if given is not None and given.fingerprint == encoder.fingerprint:
        return _checked(given, encoder.dimensions)
    if question.text:
        vector: NDArray[np.float32] = (await encoder.encode([question.text]))[0]
        return vector
    if given is not None:
        raise EmbeddingInvalid(
            "is another encoder's, and no text stands beside it",
            expected=encoder.fingerprint,
            actual=given.fingerprint,
        )
    return None


async def _reach(live: LiveIndex, generation: int, wait_seconds: float) -> None:
    if live.generation >= generation:
        return
    try:
        async with asyncio.timeout(None if wait_seconds == float("inf") else wait_seconds):
            await live.reached(generation)
    except TimeoutError:
        raise IndexBehind(asked=generation, generation=live.generation) from None


def _checked(embedding: Embedding, dimensions: int) -> "NDArray[np.float32]":
    """Returns an embedding as a vector of length 1.

    Raises:
        EmbeddingInvalid: it has another length than the encoder's, a number that is none, or no direction.
    """
    if len(embedding.values) != dimensions:
        raise EmbeddingInvalid(
            f"has {len(embedding.values)} numbers instead of {dimensions}",
            expected=dimensions,
            actual=len(embedding.values),
        )
    vector = np.asarray(embedding.values, dtype=np.float64)
    norm = float(np.linalg.norm(vector))
    if not np.isfinite(norm) or norm == 0.0:
        raise EmbeddingInvalid(
            "has no direction", expected="finite numbers, not all zero", actual=f"a norm of {norm:g}"
        )
    unit: NDArray[np.float32] = (vector / norm).astype(np.float32)
    return unit


def _answers(found: Found, tenant: str, question: Question, *, ranked: bool) -> Answers:
    threshold = found.state.calibration.threshold
    shown = [_Shown(entry, 1.0, Source.PINNED, is_above=True) for entry in found.pinned]
    shown += [
        _Shown(
            one.entry,
            one.confidence,
            Source.RANKED,
            is_above=one.confidence >= threshold,
            parts=one.parts.values if question.want_parts else (),
        )
        for one in found.ranked[: question.top_k]
    ]
    nonce = new_nonce()
    return Answers(
        answers=tuple(_answer(one, found, question, key=(tenant, nonce)) for one in shown),
        no_answer=_why_not(found, ranked=ranked),
        state=found.state,
        nonce=nonce,
    )


def _why_not(found: Found, *, ranked: bool) -> NoAnswer:
    """Returns why no answer may be given, if so."""
    calibration: Calibration = found.state.calibration
    if not found.state.entry_count:
        return NoAnswer.COLLECTION_EMPTY
    if found.pinned:
        return NoAnswer.NONE
    if not ranked:
        return NoAnswer.ENTRIES_MISSING
    if not found.ranked:
        return NoAnswer.NONE_ALLOWED
    best = found.ranked[0].confidence
    if best >= calibration.threshold:
        return NoAnswer.NONE
    rivals = [one.confidence for one in found.ranked[:_OPTIONS] if one.confidence >= _RIVAL * best]
    if len(rivals) > 1 and sum(rivals) >= calibration.threshold:
        return NoAnswer.AMBIGUOUS  # one of them answers, as surely as a single one would have to
    return NoAnswer.BELOW_THRESHOLD


@dataclass(frozen=True, slots=True)
class _Shown:
    """An entry that is among the answers."""

    entry: IndexedEntry
    score: float
    source: Source
    is_above: bool
    parts: tuple[float, ...] = ()


def _answer(shown: _Shown, found: Found, question: Question, *, key: tuple[str, int]) -> Answer:
    entry = shown.entry
    asked = question.language or next(iter(found.languages), "")
    text, is_fallback = in_language(entry.texts, asked, found.fallback)
    tenant, nonce = key
    answer_id = AnswerId(entry.number, entry.revision, found.state.generation, text.language, nonce)
    return Answer(
        answer_id=answer_id.encode(tenant),
        entry_id=entry.id,
        language=text.language,
        question=text.question,
        answer=text.answer,
        score=shown.score,
        above_threshold=shown.is_above,
        source=shown.source,
        is_fallback_language=is_fallback,
        parts=shown.parts,
    )


def in_language(texts: Sequence[EntryText], language: str, order: Sequence[str]) -> tuple[EntryText, bool]:
    """Returns the texts in a language, or in the first of an order that there are texts in, and whether it is the latter.

    A language with subtags is given without them where it must, `nl` for `nl-BE`, and that is no other language.

    Args:
        texts: of one entry, one at least.
        language: that is asked for; empty for none.
        order: the collection's languages, as they stand in for each other.

    Source: RFC 4647, section 3.4 (lookup).
    """
    by_language = {text.language.lower(): text for text in texts}
    wanted = language.lower()
    while wanted:
        if wanted in by_language:
            return by_language[wanted], False
        wanted = wanted.rpartition("-")[0]
    found = next((by_language[name.lower()] for name in order if name.lower() in by_language), texts[0])
    return found, bool(language)
