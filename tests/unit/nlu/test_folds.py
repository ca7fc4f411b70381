import numpy as np
import pytest

from balie.nlu.engines.port import Example, Lesson, Message, Ranking
from balie.nlu.folds import folds_of, held_out, parts_of

INTENTS = ("bike", "boat")


def sample(per_intent: int = 30) -> list[Example]:
    return sorted(
        Example(intent, "nl", f"{intent} {number}")
        for intent in (*INTENTS, "oos")
        for number in range(per_intent)
    )


def lesson(examples: list[Example]) -> Lesson:
    vectors = np.arange(2 * len(examples), dtype=np.float32).reshape(-1, 2)
    return Lesson(examples, INTENTS, vectors)


def test_equal_words_stay_in_one_fold_whatever_they_are_taken_for() -> None:
    same = [Example(intent, language, "Hallo!") for intent in INTENTS for language in ("nl", "de", "en")]
    folds = folds_of(sample() + same)
    assert len(set(folds[-6:])) == 1
    assert sorted(set(folds.tolist())) == [0, 1, 2, 3, 4]


def test_folds_hold_as_much_of_each_intent() -> None:
    examples = sample(52)
    folds = folds_of(examples)
    for intent in INTENTS:
        sizes = np.bincount(folds[[example.intent == intent for example in examples]], minlength=5)
        assert sizes.max() - sizes.min() <= 1


def test_folds_do_not_depend_on_the_order() -> None:
    examples = sample()
    assert folds_of(examples[::-1]).tolist() == folds_of(examples).tolist()[::-1]


def test_each_example_is_held_out_once_with_its_vector() -> None:
    whole = lesson(sample())
    assert whole.vectors is not None
    seen: list[int] = []
    for part, held in parts_of(whole):
        seen += held.tolist()
        kept = [place for place in range(len(whole.examples)) if place not in set(held)]
        assert part.intents == whole.intents
        assert part.examples == [whole.examples[place] for place in kept]
        assert part.vectors is not None
        assert part.vectors.tolist() == whole.vectors[kept].tolist()
    assert sorted(seen) == list(range(len(whole.examples)))


def number_of(message: Message) -> int:
    return int(message.text.split()[1])


@pytest.mark.parametrize("tells_scope", [True, False])
def test_held_out_rankings_come_in_the_order_of_the_examples(tells_scope: bool) -> None:
    def ranked(part: Lesson, messages: list[Message]) -> Ranking:
        assert not {example.text for example in part.examples} & {message.text for message in messages}
        numbers = np.array([number_of(message) for message in messages], np.float32)
        return Ranking(np.stack([numbers, -numbers], axis=1), numbers if tells_scope else None)

    whole = lesson(sample(7))
    found = held_out(whole, ranked)
    assert found is not None
    expected = [int(example.text.split()[1]) for example in whole.examples]
    assert found.scores[:, 0].tolist() == expected
    assert (found.out_of_scope is not None) == tells_scope
    if found.out_of_scope is not None:
        assert found.out_of_scope.tolist() == expected


def test_one_text_cannot_be_parted() -> None:
    assert (
        held_out(
            lesson([Example("bike", "nl", "fiets")] * 3),
            lambda _part, _held: pytest.fail("nothing is left to learn from"),
        )
        is None
    )
