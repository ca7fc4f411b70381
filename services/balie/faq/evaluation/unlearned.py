"""How sure a retriever would be of questions if it had not learned from them.

Whoever learned from a question is surer of it than of others like it, and would prove too low a threshold: the promise holds
for questions that the confidences were not learned from. What ships keeps what models that did not know a question told of it.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from balie.faq.evaluation.outcome import Asked
from balie.faq.retrieval.judged import digest

if TYPE_CHECKING:
    from balie.faq.retrieval.port import Retriever


def unlearned(asked: Sequence[Asked], retriever: "Retriever") -> tuple[list[Asked], int]:
    """Returns what became of questions, told by one that did not learn from them, and how many of them it learned from."""
    known = retriever.reference.unlearned(
        [digest(one.query.text, one.query.entry_ids, one.best) for one in asked]
    )
    found = [replace(one, confidence=known.get(place, one.confidence)) for place, one in enumerate(asked)]
    return found, len(known)
