"""The messages that verdicts were wrong about, for people to read: they tell more than any figure."""

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from balie.nlu.examples import OUT_OF_SCOPE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from balie.nlu.evaluation.outcome import Outcome

_ERRORS = 500
"""As many are shown at most."""

_KINDS = {
    "wrong": "accepted, wrong",
    "oos": "accepted, out of scope",
    "refused": "refused, though right",
    "unsure": "refused, would be wrong",
}


def errors_of(outcome: "Outcome") -> tuple[list[dict[str, str]], int, list[dict[str, object]]]:
    """Returns the errors, surest first, how many are left out, and how many there are of each kind."""
    accepted, inside, right = outcome.judgement.accepted, outcome.in_scope, outcome.right
    kinds = np.select(
        [accepted & ~inside, accepted & ~right, ~accepted & right, ~accepted & inside],
        ["oos", "wrong", "refused", "unsure"],
        "",
    )
    places = np.flatnonzero(kinds != "")
    order = places[np.argsort(-outcome.confidence[places], kind="stable")]
    names = [*outcome.intents, OUT_OF_SCOPE]
    tell_language = len({message.language for message in outcome.messages}) > 1
    rows = [
        {
            "kind": str(kinds[at]),
            "what": _KINDS[str(kinds[at])],
            "score": f"{outcome.confidence[at]:.3f}",
            "text": outcome.messages[at].text,
            "language": outcome.messages[at].language if tell_language else "",
            "truth": outcome.messages[at].intent,
            "predicted": names[outcome.best[at]],
        }
        for at in evenly(order, kinds).tolist()
    ]
    counts = Counter(kinds[places].tolist())
    told = [
        {"kind": kind, "name": name, "count": counts[kind]} for kind, name in _KINDS.items() if counts[kind]
    ]
    return rows, len(places) - len(rows), told


def evenly(order: "NDArray[np.int64]", kinds: "NDArray[np.str_]") -> "NDArray[np.int64]":
    """Returns the surest errors, of each kind as many as fit, so that a common kind hides no other."""
    if order.size <= _ERRORS:
        return order
    each = _ERRORS // len(_KINDS)
    rank = np.empty(order.size, np.int64)
    for kind in _KINDS:
        rows = np.flatnonzero(kinds[order] == kind)
        rank[rows] = np.arange(rows.size)
    first = rank < each
    spare = np.flatnonzero(~first)[: _ERRORS - int(first.sum())]
    first[spare] = True
    return order[first]
