"""Views of collections that are not stored anywhere: to try a retriever on, and to check one by its suite."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from balie.faq.index.indexed_entry import IndexedEntry
from balie.faq.index.kinds import Kinds
from balie.faq.knowledge.domain import EntryText
from balie.faq.retrieval.lexical import LexicalIndex
from balie.faq.retrieval.port import View

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]


def view_of(
    entries: Mapping[str, Sequence[tuple[str, str, Sequence[str], str]]],
    vector: "Callable[[str], Vector]",
    *,
    languages: Sequence[str],
    allowed: Callable[[int], bool] | None = None,
) -> View:
    """Returns a view of entries, numbered from 1 in their order.

    Args:
        entries: by id; language, question, phrasings and answer of each of their texts.
        vector: gives a text's vector, shape (dimensions,), float32, of length 1.
        languages: of the collection, best first.
        allowed: which entries may be given, by number; all of them without it.
    """
    made: dict[int, IndexedEntry] = {}
    rows: dict[int, list[Vector]] = {}
    for number, (name, texts) in enumerate(entries.items(), start=1):
        worded = tuple(
            EntryText(language, question, tuple(phrasings), answer)
            for language, question, phrasings, answer in texts
        )
        made[number] = IndexedEntry(number, name, 1, worded)
        rows[number] = [vector(part) for text in worded for part in text.worded()]
    words = LexicalIndex()
    words.replace((), {number: entry.texts for number, entry in made.items()})
    words.settle()
    vectors = Kinds().build(len(vector("")), rows)
    return View(made, vectors, words, allowed or (lambda _: True), tuple(languages))
