"""Which sets retrieval is measured on, and what is wanted of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from balie.faq.evaluation.benchmark import published
from balie.faq.evaluation.benchmark.published import Other

HALVES = ("dense", "lexical")
RETRIEVERS = ("hybrid", *HALVES)


@dataclass(frozen=True, slots=True)
class SetRow:
    """Entries, and questions that are asked of them.

    Attributes:
        name: of the row.
        entries: file of the entries, in the folder that the row is of.
        queries: files of the questions.
        tune: files that the threshold is learned from; without any, the collection itself teaches it.
        is_desk: whether the files are the sample desk's, not those of the evaluation data.
        made: share of the questions that is asked again with their entries taken out, where all of them have an answer.
        others: what other methods reach.
        goals: the least that is wanted of the hybrid retriever's figures.
        goals_by_language: the least that is wanted of them in each language of the questions.
        note: what else is to be known.
    """

    name: str
    entries: str
    queries: tuple[str, ...]
    tune: tuple[str, ...] = ()
    is_desk: bool = False
    made: float = 0.0
    others: tuple[Other, ...] = ()
    goals: Mapping[str, float] = field(default_factory=dict)
    goals_by_language: Mapping[str, float] = field(default_factory=dict)
    note: str = ""

    def files(self, data: Path, desk: Path) -> tuple[list[Path], list[Path], list[Path]]:
        """Returns the files of entries, of questions, and of those that the threshold is learned from.

        Args:
            data: folder of the evaluation data.
            desk: folder of the sample desk.
        """
        folder = desk if self.is_desk else data / "faq" / self.name
        return (
            [folder / self.entries],
            [folder / name for name in self.queries],
            [folder / name for name in self.tune],
        )


_SEEN = (
    "what ships was learned from these questions too, so this says nothing of questions that were not seen"
)
_LANGUAGES = ("nl", "de", "en")

ROWS = (
    SetRow(
        "stackfaq",
        "entries.jsonl",
        ("queries.jsonl",),
        made=0.3,
        others=published.STACKFAQ,
        goals={"p_at_1": 0.94},
        note="the encoder's makers trained it on StackExchange, where this set is from: a good figure proves nothing about "
        f"embeddings, and a bad one would be a fault; {_SEEN}",
    ),
    SetRow(
        "covid_deepset_en",
        "entries.jsonl",
        ("queries.jsonl",),
        made=0.3,
        others=published.COVID_DEEPSET,
        goals={"mrr": 0.77},
        note=_SEEN,
    ),
    SetRow(
        "waddenveer",
        "faq.yaml",
        tuple(f"queries/test_{language}.jsonl" for language in _LANGUAGES),
        tune=tuple(f"queries/tune_{language}.jsonl" for language in _LANGUAGES),
        is_desk=True,
        goals_by_language={"p_at_1": 0.90, "coverage": 0.75},
        note="the sample desk's own; the threshold is learned from one half of its questions, the figures are of the other, "
        "which nothing was learned from",
    ),
)


def names() -> list[str]:
    """Returns the names of all rows."""
    return [row.name for row in ROWS]
