"""Learns what ships: how the retrievers weigh the parts of a fit, how sure they are, and what that did on real questions.

    python -m balie.faq.evaluation.shipping --entries ENTRIES --queries QUERIES [--entries ... --queries ...]

writes `blend.json` of `balie.faq.retrieval`. Each pair of files is a set. A set is learned from as it
is, and with two phrasings of each entry at most, as collections differ in how many they have. Where all questions of a set
are answerable, every second one is asked again with its entries taken out.

A set counts as the square root of the number of its questions, so that the large ones do not drown the small ones, and the
small ones are not taken for more than they are. What questions prove is told by models that knew no question to the same
entries, in any language.
"""

import argparse
import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from balie.encoders import EncoderSettings, open_encoder
from balie.encoders.kept_vectors import KeptVectors
from balie.faq.evaluation.learning import (
    Choice,
    Shown,
    choice,
    learn_confidence,
    learn_weights,
    shown,
    used_parts,
)
from balie.faq.evaluation.offline import Encode, OfflineCollection
from balie.faq.evaluation.queries import EvalQuery, read_queries
from balie.faq.index.faiss_index import use_one_thread
from balie.faq.knowledge.files.reading import read_entries
from balie.faq.retrieval.blend import (
    Blend,
    BlendRetriever,
    DenseRetriever,
    HybridRetriever,
    LexicalRetriever,
    write_tuned,
)
from balie.faq.retrieval.confidence import WEIGHED, Confidence
from balie.faq.retrieval.judged import NOTHING, Judged, digest
from balie.faq.retrieval.port import PARTS, Query, View

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FEW = 2
_FOLDS = 5
_NATIVE = "en"  # the language that the packaged encoder knows whole
_RETRIEVERS: tuple[type[BlendRetriever], ...] = (DenseRetriever, LexicalRetriever, HybridRetriever)
_UNSURE = Confidence((0.0,) * WEIGHED, 0.0)


@dataclass
class LearningSet:
    """One set of entries and questions, in memory."""

    name: str
    collection: OfflineCollection
    queries: Sequence[EvalQuery]
    vectors: "NDArray[np.float32]"

    @property
    def is_native(self) -> bool:
        """Returns whether its questions are in the language that the encoder knows whole."""
        return all((query.language or _NATIVE) == _NATIVE for query in self.queries)

    def asked(self) -> Iterator[tuple[EvalQuery, Query]]:
        """Yields each question as it stands and as it is looked up."""
        for query, vector in zip(self.queries, self.vectors, strict=True):
            yield query, self.collection.query(query, vector)


def learn(retriever: type[BlendRetriever], sets: Sequence[LearningSet]) -> Blend:
    """Returns a blend with weights, confidence, and out-of-fold confidences of all questions."""
    weights: dict[str, tuple[float, ...]] = {}
    for language, some in (
        (_NATIVE, [one for one in sets if one.is_native]),
        ("", [one for one in sets if not one.is_native] or list(sets)),
    ):
        plain = retriever(Blend({"": (0.0,) * len(PARTS)}, _UNSURE, NOTHING))
        choices = [list(_choices(plain, one)) for one in some]
        weights[language] = learn_weights(choices, used=used_parts(retriever))
    ranking = retriever(Blend(weights, _UNSURE, NOTHING))
    examples = [row for one in sets for row in _examples(ranking, one)]
    folds = _folds(examples)
    told: list[tuple[float, bool, bool, str]] = []
    for fold in range(_FOLDS):
        model = _confidence([one for one in examples if folds[one.asked.text] != fold])
        told += [
            (
                round(model.of(one.shown.signals), 4),
                one.shown.right,
                one.shown.answerable,
                digest(one.asked.text, one.answers, one.shown.best),
            )
            for one in examples
            if folds[one.asked.text] == fold and not one.is_few
        ]
    confidences, right, answerable, asked = zip(*told, strict=True)
    reference = Judged(np.asarray(confidences), np.asarray(right), np.asarray(answerable), asked)
    return Blend(weights, _confidence(examples), reference)


@dataclass(frozen=True, slots=True)
class _Example:
    """What a question's ranking showed.

    Attributes:
        asked: the question.
        answers: ids of the entries that answer it and were there.
        is_few: whether there were few phrasings of each entry.
        weight: how much it counts.
    """

    asked: EvalQuery
    answers: frozenset[str]
    shown: Shown
    is_few: bool
    weight: float


def _confidence(examples: Sequence[_Example]) -> Confidence:
    weights = np.asarray([one.weight for one in examples])
    return learn_confidence([one.shown for one in examples], weights=(weights / weights.mean()).tolist())


def _folds(examples: Sequence[_Example]) -> dict[str, int]:
    """Returns the fold of each question: that of the entry which answers it, or else is best where it is whole."""
    found: dict[str, int] = {}
    for one in sorted(examples, key=lambda one: one.is_few):
        found.setdefault(one.asked.text, _fold(min(one.asked.entry_ids, default=one.shown.best)))
    return found


def _choices(retriever: BlendRetriever, one: LearningSet) -> Iterator[Choice]:
    for asked, query in one.asked():
        if asked.entry_ids:
            found = one.collection.live.look(
                lambda view, query=query, asked=asked: choice(retriever, query, view, asked.entry_ids)  # type: ignore[misc]
            )
            if found is not None:
                yield found


def _examples(retriever: BlendRetriever, one: LearningSet) -> Iterator[_Example]:
    is_few = one.name.endswith(".few")
    answerable_only = all(query.entry_ids for query in one.queries)
    for place, (asked, query) in enumerate(one.asked()):
        taken_out = answerable_only and place % 2 == 1

        def see(
            view: View,
            query: Query = query,
            asked: EvalQuery = asked,
            hidden: frozenset[str] = asked.entry_ids if taken_out else frozenset(),
        ) -> Shown | None:
            seen = replace(view, allowed=lambda number: view.entries[number].id not in hidden)
            return shown(retriever, query, seen, frozenset() if hidden else asked.entry_ids)

        found = one.collection.live.look(see)
        if found is not None:
            answers = frozenset[str]() if taken_out else asked.entry_ids
            yield _Example(asked, answers, found, is_few, 1 / math.sqrt(len(one.queries)))


def _fold(entry_id: str) -> int:
    return int(hashlib.sha256(entry_id.encode()).hexdigest(), 16) % _FOLDS


def load(entries: Path, queries: Path, encode: Encode, fingerprint: str) -> Iterator[LearningSet]:
    """Yields a set as it is, and with few phrasings when it has more."""
    contents = [one.content for one in read_entries(entries)]
    asked = read_queries(queries)
    vectors = encode([query.text for query in asked])
    name = f"{entries.parent.name}.{queries.stem}"
    yield LearningSet(
        name, OfflineCollection(contents, HybridRetriever(), encode, fingerprint=fingerprint), asked, vectors
    )
    if any(len(text.phrasings) > _FEW for content in contents for text in content.texts):
        few = [
            replace(
                content,
                texts=tuple(replace(text, phrasings=text.phrasings[:_FEW]) for text in content.texts),
            )
            for content in contents
        ]
        yield LearningSet(
            f"{name}.few",
            OfflineCollection(few, HybridRetriever(), encode, fingerprint=fingerprint),
            asked,
            vectors,
        )


def main() -> None:
    """Learns from the files that are named, and writes what ships."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--entries", action="append", type=Path, required=True)
    parser.add_argument("--queries", action="append", type=Path, required=True)
    told = parser.parse_args()
    use_one_thread()
    settings = EncoderSettings.load()
    vectors = KeptVectors(lambda: open_encoder(settings), settings.workers)
    sets = [
        one
        for entries, queries in zip(told.entries, told.queries, strict=True)
        for one in load(entries, queries, vectors.rows, vectors.encoder.fingerprint)
    ]
    blends = {retriever.kind: learn(retriever, sets) for retriever in _RETRIEVERS}
    write_tuned(Path(__file__).parents[1] / "retrieval" / "blend.json", blends)


if __name__ == "__main__":
    main()
