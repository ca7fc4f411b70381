"""Draws a few examples of each intent to learn from, and leaves the rest to be judged."""

from collections.abc import Sequence

import numpy as np

from balie.nlu.examples import OUT_OF_SCOPE, Example
from balie.nlu.folding import phrase_of
from balie.nlu.training_data import distinct


def draw(messages: Sequence[Example], shots: int, seed: int) -> tuple[list[Example], list[Example]]:
    """Returns what is learned from, and what is judged: the messages in scope that share no words with it.

    Args:
        messages: of a set; those out of scope are left aside. Their order makes no difference.
        shots: how many different texts of each intent are learned from; all, where there are fewer.
        seed: another draws others.
    """
    dice = np.random.default_rng(seed)
    by_intent: dict[str, list[Example]] = {}
    for example in distinct(messages):
        by_intent.setdefault(example.intent, []).append(example)
    learned = [
        several[at]
        for intent, several in sorted(by_intent.items())
        if intent != OUT_OF_SCOPE
        for at in dice.permutation(len(several))[:shots]
    ]
    known = {phrase_of(example.text) for example in learned}
    rest = [one for one in messages if one.intent != OUT_OF_SCOPE and phrase_of(one.text) not in known]
    return learned, rest
