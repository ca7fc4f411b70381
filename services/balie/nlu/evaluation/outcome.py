"""Messages with what is right about them and what was said: all that figures and reports are made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from balie.nlu.examples import OUT_OF_SCOPE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from balie.nlu.evaluation.port import Judgement
    from balie.nlu.examples import Example


@dataclass(frozen=True, eq=False)
class Outcome:
    """What became of messages.

    Attributes:
        messages: with the intent that is right; one of `oos`, and one of an intent that is not known, is out of scope.
        intents: the names that scores are about, in their order.
        judgement: what was said of each message.
    """

    messages: "Sequence[Example]"
    intents: Sequence[str]
    judgement: "Judgement"

    @cached_property
    def truth(self) -> "NDArray[np.int64]":
        """Returns the place of the right intent of each message, shape (messages,); -1 when it is out of scope."""
        places = {name: place for place, name in enumerate(self.intents)}
        return np.array([places.get(message.intent, -1) for message in self.messages], np.int64)

    @cached_property
    def best(self) -> "NDArray[np.int64]":
        """Returns the place of the best intent of each message, shape (messages,); the first among equals."""
        places: NDArray[np.int64] = self.judgement.scores.argmax(axis=1)
        return places

    @cached_property
    def confidence(self) -> "NDArray[np.float64]":
        """Returns the score of the best intent, shape (messages,), [0, 1]."""
        found: NDArray[np.float64] = self.judgement.scores.max(axis=1)
        return np.clip(found, 0.0, 1.0)

    @cached_property
    def certainty(self) -> "NDArray[np.float64]":
        """Returns the score of the best intent if one of them is meant, shape (messages,), [0, 1]."""
        sums = self.judgement.scores.sum(axis=1)
        return np.clip(self.confidence / np.where(sums > 0, sums, 1.0), 0.0, 1.0)

    @property
    def in_scope(self) -> "NDArray[np.bool_]":
        """Returns whether there is a right intent, shape (messages,)."""
        return self.truth >= 0

    @property
    def right(self) -> "NDArray[np.bool_]":
        """Returns whether the best intent is the right one, shape (messages,)."""
        hits: NDArray[np.bool_] = self.best == self.truth
        return hits

    @property
    def unknown_intents(self) -> dict[str, int]:
        """Returns the intents of messages that were not learned, beside `oos`, with how many messages have them."""
        known = {*self.intents, OUT_OF_SCOPE}
        found: dict[str, int] = {}
        for message in self.messages:
            if message.intent not in known:
                found[message.intent] = found.get(message.intent, 0) + 1
        return dict(sorted(found.items()))

    def rows(self, places: "NDArray[np.int64]") -> "Outcome":
        """Returns what became of some of the messages."""
        return Outcome([self.messages[at] for at in places], self.intents, self.judgement.rows(places))
