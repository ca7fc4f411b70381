"""What is asked of a retriever, and what it may look at: the port that plug-ins implement.

A retriever ranks the entries of one collection against one question. It is handed a view of the index at one moment: the
vectors and the words of every text, and which entries may be given. The entry-point group is `balie.faq.retrievers`;
`balie.kit.testing.retrievers` checks whatever implements the port.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from balie.faq.index.indexed_entry import IndexedEntry
from balie.faq.retrieval.lengths import Lengths

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from balie.faq.index.port import VectorIndex
    from balie.faq.retrieval.judged import Judged
    from balie.faq.retrieval.lexical import LexicalIndex

    Vector = NDArray[np.float32]

PARTS = ("question", "phrasings", "answer", "letters", "stems")
"""What tells how well a text fits, in the order of `Parts.values`."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One way to ask a question, which is asked as if a customer had, while it is not there.

    Attributes:
        number: of its entry.
        place: of its texts within the entry.
        asked: which of their ways to ask it is, 0 for the question itself.
        whole: whether the whole entry is not there, so that nothing answers.
    """

    number: int
    place: int
    asked: int
    whole: bool


@dataclass(frozen=True, slots=True)
class Query:
    """A question as it is looked up.

    Attributes:
        text: what is asked; empty when only its vector is known.
        vector: shape (dimensions,), float32, of length 1; None when only its text is looked up.
        languages: whose texts answer it best; empty for all.
        without: what is left out.
    """

    text: str
    vector: "Vector | None"
    languages: tuple[str, ...]
    without: LeftOut | None = None


@dataclass(frozen=True, slots=True)
class View:
    """A collection's index as a search sees it.

    Attributes:
        entries: by number.
        vectors: one for each text that is asked or answered, at the slots that `IndexedEntry` says.
        words: stems and runs of letters.
        allowed: which entries may be given, by number.
        languages: of the collection, best first.
        lengths: of sums of vectors, as far as searches in this state of the index needed them.
    """

    entries: Mapping[int, IndexedEntry]
    vectors: "VectorIndex"
    words: "LexicalIndex"
    allowed: Callable[[int], bool]
    languages: tuple[str, ...]
    lengths: Lengths = field(default_factory=Lengths)


@dataclass(frozen=True, slots=True)
class Parts:
    """How well a text fits, by what tells it.

    Attributes:
        question: cosine similarity of the nearest way to ask it, [-1, 1].
        phrasings: cosine similarity of all ways to ask it together, [-1, 1].
        answer: cosine similarity of its answer, [-1, 1].
        letters: share of the question's runs of letters that the text holds, 0 and more.
        stems: share of the question's stems that the text holds, 0 and more.
    """

    question: float
    phrasings: float
    answer: float
    letters: float
    stems: float

    @property
    def values(self) -> tuple[float, ...]:
        """Returns them in the order of `PARTS`."""
        return self.question, self.phrasings, self.answer, self.letters, self.stems


@dataclass(frozen=True, slots=True)
class Ranked:
    """An entry among the candidates.

    Attributes:
        entry: it.
        place: of its texts that fit best.
        fit: how well they fit; the difference of two is the logarithm of how much likelier one is right than the other.
        parts: what that is made of.
        confidence: how sure it is that this entry answers the question, [0, 1].
    """

    entry: IndexedEntry
    place: int
    fit: float
    parts: Parts
    confidence: float


class Retriever(Protocol):
    """Ranks entries. Called from several threads at once, each with a view of its own."""

    @property
    def version(self) -> str:
        """Returns what changes whenever it would rank or be sure otherwise; part of what calibrations are kept under."""

    @property
    def reference(self) -> "Judged":
        """Returns what it did on questions with known answers, for collections that prove no threshold themselves.

        `balie.faq.retrieval.judged.NOTHING` when that is not known: such collections then get no answers.
        """

    def rank(self, query: Query, view: View, top: int) -> Sequence[Ranked]:
        """Returns the best entries, best first, ties by id; each once, and none that the view does not allow.

        As many as `top` whenever so many are allowed. Confidences fall with the rank and sum to at most 1.

        Args:
            query: with a text, a vector or both.
            view: the index at one moment.
            top: 1 or more.
        """
