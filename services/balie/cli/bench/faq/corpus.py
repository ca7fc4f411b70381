"""What the collection holds, and what is asked of it: entries of real texts, and others that it does not hold."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from balie.api.faq.v1 import entry_pb2
from balie.cli.bench import texts
from balie.cli.console import fail

LANGUAGE = "en"
COLLECTION = "bench"

_MOST_ASKED = 2000


@dataclass(frozen=True)
class Corpus:
    """Texts of a bench; all of them differ.

    Attributes:
        questions: of each entry.
        phrasings: other ways to ask, of each entry.
        answers: of each entry.
        asked: texts that are none of these.
    """

    questions: Sequence[str]
    phrasings: Sequence[Sequence[str]]
    answers: Sequence[str]
    asked: Sequence[str]

    @staticmethod
    def read(data: Path, entries: int, phrasings: int) -> "Corpus":
        """Returns a corpus, always the same; ends the command when the folder has too few texts.

        Args:
            data: folder with the evaluation data.
            entries: how many there are to be.
            phrasings: of each entry.
        """
        every = texts.questions(data, (LANGUAGE,))
        held = entries * (1 + phrasings)
        if len(every) <= held:
            fail(
                f"{entries} entries with {phrasings} phrasings take {held} questions and some to ask; {data} has {len(every)}."
            )
        return Corpus(
            questions=every[:entries],
            phrasings=[every[entries + place : held : entries] for place in range(entries)],
            answers=texts.answers(data, entries),
            asked=every[held : held + _MOST_ASKED],
        )

    def entries(self) -> Iterator[entry_pb2.Entry]:
        """Yields the entries as they are imported."""
        for number, (question, phrasings, answer) in enumerate(
            zip(self.questions, self.phrasings, self.answers, strict=True)
        ):
            text = entry_pb2.EntryText(
                language=LANGUAGE, question=question, phrasings=phrasings, answer=answer
            )
            yield entry_pb2.Entry(
                collection_id=COLLECTION,
                id=f"e{number:07d}",
                texts=[text],
                state=entry_pb2.ENTRY_STATE_PUBLISHED,
            )
