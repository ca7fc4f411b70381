"""When letters alone are enough: never at a cost above what is stated."""

import numpy as np
import pytest
from numpy.typing import NDArray

from balie.nlu.engines.early_exit import NEVER, EarlyExit, shares_of

Floats = NDArray[np.float32]
INTENTS = 4


def told(said: NDArray[np.int64], sure: Floats) -> Floats:
    """Returns margins of letters that say an intent for each example, more or less surely."""
    return (np.eye(INTENTS)[said] * sure[:, None]).astype(np.float32)


def trusted(first: NDArray[np.int64], score: float = 0.9) -> Floats:
    """Returns scores of a whole ranking that says an intent for each message."""
    return np.asarray(score * np.eye(INTENTS)[first], np.float32)


def leaving(early: EarlyExit, margins: Floats) -> NDArray[np.bool_]:
    """Returns which of some messages leave early."""
    return np.asarray(shares_of(margins, early.sharpness)[:, :INTENTS].max(axis=1) >= early.least)


def lost(early: EarlyExit, margins: Floats, whole: NDArray[np.int64], classes: NDArray[np.int64]) -> float:
    """Returns how much less often the answer is right because some leave early."""
    mixed = np.where(leaving(early, margins), margins[:, :INTENTS].argmax(axis=1), whole)
    return float((whole == classes).mean() - (mixed == classes).mean())


@pytest.mark.parametrize("seed", range(20))
def test_no_more_accuracy_is_lost_than_one_in_a_thousand(seed: int) -> None:
    chance = np.random.default_rng(seed)
    classes = chance.integers(INTENTS, size=2000)
    sure = chance.choice([0.5, 1.0, 2.0, 3.0, 50.0], size=2000).astype(np.float32)  # many scores are equal
    is_right = chance.random(2000) < 0.6 + 0.4 * (sure / (sure + 1)) ** seed
    said = np.where(is_right, classes, (classes + 1) % INTENTS)
    whole = np.where(chance.random(2000) < 0.95, classes, (classes + 2) % INTENTS)
    margins = told(said, sure)
    early = EarlyExit.fit(margins, trusted(whole), classes, None)
    assert lost(early, margins, whole, classes) <= 0.001
    assert early.share == pytest.approx(leaving(early, margins).mean())


def test_what_letters_are_sure_and_right_of_leaves() -> None:
    chance = np.random.default_rng(0)
    classes = chance.integers(INTENTS, size=2000)
    sure = chance.uniform(0.0, 2.0, size=2000).astype(np.float32)
    said = np.where(sure > 1.0, classes, chance.integers(INTENTS, size=2000))
    early = EarlyExit.fit(told(said, sure), trusted(classes), classes, None)
    assert 0.4 < early.share < 0.6


def test_letters_that_are_surest_where_they_are_wrong_are_never_enough() -> None:
    chance = np.random.default_rng(0)
    classes = chance.integers(INTENTS, size=1000)
    sure = np.concatenate([np.full(100, 9.0), chance.uniform(0, 3, size=900)]).astype(np.float32)
    said = classes.copy()
    said[:100] = (classes[:100] + 1) % INTENTS
    early = EarlyExit.fit(told(said, sure), trusted(classes), classes, None)
    assert early.least == NEVER
    assert early.share == 0.0


def test_with_few_examples_nothing_leaves() -> None:
    classes = np.arange(499) % INTENTS
    margins = told(classes, np.full(499, 3.0, np.float32))
    early = EarlyExit.fit(margins, trusted(classes), classes, None)
    assert (early.least, early.share) == (NEVER, 0.0)
    assert early.sharpness > 0


@pytest.mark.parametrize("own", [0, 50, 300])
@pytest.mark.parametrize("strangers", [0, 50, 900])
def test_next_to_nothing_out_of_scope_leaves_that_the_whole_would_be_in_doubt_about(
    own: int, strangers: int
) -> None:
    chance = np.random.default_rng(own + strangers)
    classes = np.append(chance.integers(INTENTS, size=2000), np.full(own, INTENTS))
    sure = np.append(chance.uniform(1, 3, size=2000), chance.uniform(0, 2.5, size=own)).astype(np.float32)
    said = np.where(classes < INTENTS, classes, 0)
    margins = np.hstack([told(said, sure), np.zeros((len(classes), 1), np.float32)])
    whole = trusted(said)
    whole[classes == INTENTS] *= chance.choice([0.3, 1.0], size=(own, 1))
    heard = chance.integers(INTENTS, size=strangers)
    others = np.hstack(
        [
            told(heard, chance.choice([1.0, 2.9], size=strangers).astype(np.float32)),
            np.zeros((strangers, 1), np.float32),
        ]
    )
    seen = trusted(heard) * chance.choice([0.3, 1.0], size=(strangers, 1)).astype(np.float32)
    early = EarlyExit.fit(margins, whole, classes, (others, seen) if strangers else None)
    outside = np.concatenate([margins[classes == INTENTS], others])
    doubted = np.concatenate([whole[classes == INTENTS], seen]).max(axis=1, initial=0.0) < 0.5
    assert (leaving(early, outside) & doubted).sum() <= 0.02 * len(outside)
    assert early.share > 0 or strangers == 0 or own == 0


def test_what_is_out_of_scope_holds_nobody_up_where_the_whole_takes_it_for_an_intent_as_well() -> None:
    chance = np.random.default_rng(0)
    classes = chance.integers(INTENTS, size=2000)
    margins = told(classes, np.full(2000, 3.0, np.float32))
    strangers = margins[:1000], trusted(classes[:1000])
    assert EarlyExit.fit(margins, trusted(classes), classes, strangers).share == 1.0
    doubting = margins[:1000], trusted(classes[:1000], 0.2)
    assert EarlyExit.fit(margins, trusted(classes), classes, doubting).share == 0.0
