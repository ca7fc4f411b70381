"""A collection's index without a service and without a database, to measure retrieval with."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from balie.faq.domain import Calibration
from balie.faq.evaluation.queries import EvalQuery
from balie.faq.index.indexed_entry import IndexedEntry, published
from balie.faq.index.live_index import LiveIndex
from balie.faq.knowledge.domain import Entry, EntryContent
from balie.faq.retrieval.port import Query, Ranked, Retriever

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]

Encode = Callable[[Sequence[str]], "NDArray[np.float32]"]
"""Texts to unit vectors, shape (texts, dimensions)."""

_START = datetime(2026, 1, 1, tzinfo=UTC)


class OfflineCollection:
    """Entries in an index, as the service holds them.

    Args:
        contents: the entries.
        retriever: ranks.
        encode: gives vectors.
        fingerprint: of the encoder.
    """

    def __init__(
        self, contents: Iterable[EntryContent], retriever: Retriever, encode: Encode, *, fingerprint: str
    ) -> None:
        entries = published(
            Entry("offline", content, number, 1, number, _START, _START)
            for number, content in enumerate(contents, start=1)
        )
        texts = [part for entry in entries for part in entry.content.worded()]
        vectors = encode(texts)
        rows, start = {}, 0
        for entry in entries:
            end = start + len(entry.content.worded())
            rows[IndexedEntry.of(entry)] = list(vectors[start:end])
            start = end
        languages = dict.fromkeys(text.language for entry in entries for text in entry.content.texts)
        self._encode = encode
        self.retriever = retriever
        self.ids = frozenset(entry.id for entry in entries)
        self.languages = tuple(languages)
        self.live = LiveIndex(
            fingerprint=fingerprint,
            dimensions=vectors.shape[1],
            calibration=Calibration(1.0, "none"),
            as_of=_START,
            retriever=retriever,
        )
        self.live.load(rows, languages=self.languages, generation=1, as_of=_START)

    def query(self, asked: EvalQuery, vector: "Vector") -> Query:
        """Returns a question as the service would look it up."""
        return Query(asked.text, vector, (asked.language,) if asked.language else ())

    def rank(self, query: Query, top: int, *, without: frozenset[str] = frozenset()) -> Sequence[Ranked]:
        """Returns the best entries; without those of some ids, as if they were not there."""
        found = self.live.search(
            query, top, allows=(lambda entry: entry.id not in without) if without else None
        )
        return found.ranked
