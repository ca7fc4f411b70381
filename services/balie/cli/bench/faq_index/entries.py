"""Entries for the whole index: real questions and answers, put together anew so that no two are the same."""

from collections.abc import Sequence

from balie.faq.domain import EntryText
from balie.faq.index.indexed_entry import IndexedEntry

LANGUAGE = "en"
VECTORS = 2
"""Of an entry: one for its question, one for its answer."""

_DIGEST_BYTES = 16


def digest_of(number: int) -> str:
    """Returns what tells an entry's words from any other's."""
    return number.to_bytes(_DIGEST_BYTES, "big").hex()


def nameless(count: int) -> list[IndexedEntry]:
    """Returns so many entries without texts, for an index of vectors alone."""
    return [IndexedEntry(number, f"e{number:07d}", 1, (), digest_of(number)) for number in range(count)]


def entries(questions: Sequence[str], answers: Sequence[str], count: int) -> list[IndexedEntry]:
    """Returns so many entries; those beyond the questions ask one of them and end as another does."""
    return [
        IndexedEntry(
            number=number,
            id=f"e{number:07d}",
            revision=1,
            texts=(EntryText(LANGUAGE, _question(questions, number), (), answers[number % len(answers)]),),
            digest=digest_of(number),
        )
        for number in range(count)
    ]


def _question(questions: Sequence[str], number: int) -> str:
    turn, place = divmod(number, len(questions))
    if not turn:
        return questions[place]
    other = questions[(place + 7 * turn) % len(questions)].split()
    return " ".join([questions[place], *other[len(other) // 2 :]])
