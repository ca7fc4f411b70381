"""Makes questions that no entry answers of questions that one does, by taking the entries out while they are asked.

Nobody has to write such questions then, and they are hard ones: the entries next to the right one are still there.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from balie.faq.evaluation.queries import EvalQuery


def made_unanswerable(queries: Sequence[EvalQuery], share: float) -> list[EvalQuery]:
    """Returns questions in their order, a share of which has no answer; the same for the same texts.

    Args:
        queries: all of them with an answer.
        share: of these, [0, 1].
    """
    order = sorted(range(len(queries)), key=lambda place: (_hash(queries[place].text), place))
    chosen = set(order[: round(share * len(queries))])
    return [
        replace(query, entry_ids=frozenset(), without=query.entry_ids) if place in chosen else query
        for place, query in enumerate(queries)
    ]


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()
