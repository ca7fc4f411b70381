"""How a model ranks some messages: what is known, what is seen at a glance, and what takes a vector."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from balie.nlu.domain import KeywordMatch, ScoredIntent, TargetKind
from balie.nlu.engines.port import Glance, GlancingRanker, Message, Ranking
from balie.nlu.phrases import known_scores

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from balie.nlu.engines.port import Ranker

MOST_INTENTS = 10


def glances_of(ranker: "Ranker", messages: Sequence[Message]) -> Sequence[Glance | None]:
    """Returns what the letters of messages say to a ranker; None for each when it does not look at them alone."""
    return ranker.glance(messages) if isinstance(ranker, GlancingRanker) else [None] * len(messages)


def rank(ranker: "Ranker", messages: Sequence[Message], glances: Sequence[Glance | None]) -> Ranking:
    """Returns the ranking of messages, without looking again at letters that were seen.

    Raises:
        EngineUnavailable: the engine cannot answer now.
    """
    seen = [glance for glance in glances if glance is not None]
    if isinstance(ranker, GlancingRanker) and len(seen) == len(messages):
        return ranker.rank_on(messages, seen)
    return ranker.rank(messages)


def scores_of_known(place: int, count: int) -> "NDArray[np.float32]":
    """Returns the scores of an example word for word: 1 for its intent, and 0 for all when it is out of scope."""
    scores = np.zeros((1, count), np.float32)
    known_scores(scores, [place])
    row: NDArray[np.float32] = scores[0]
    return row


def best_of(names: Sequence[str], scores: "NDArray[np.floating]") -> list[ScoredIntent]:
    """Returns the best intents of one row of scores, best first, ties by name; the names are sorted."""
    order = np.argsort(-scores, kind="stable")[:MOST_INTENTS]
    return [ScoredIntent(names[place], float(scores[place])) for place in order]


def led_by(whole: Sequence[KeywordMatch], ranked: list[ScoredIntent]) -> list[ScoredIntent]:
    """Returns the ranking, led by the intent that a keyword names which is all of the message: known, not guessed."""
    name = next((match.target.name for match in whole if match.target.kind is TargetKind.INTENT), None)
    if name is None:
        return ranked
    others = [ScoredIntent(intent.name, 0.0) for intent in ranked if intent.name != name]
    return [ScoredIntent(name, 1.0), *others][:MOST_INTENTS]
