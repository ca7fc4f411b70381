"""A few examples of each intent, and the rest."""

from collections import Counter

from tests.unit.nlu.evaluation.desk import examples, rows

from balie.nlu.evaluation.benchmark.draws import draw
from balie.nlu.folding import phrase_of

MESSAGES = examples([*rows(out_of_scope=9), ("Open today!", "opening_hours"), ("lonely", "rare")])


def test_draws_as_many_of_each_intent_as_are_wanted_and_there():
    learned, _ = draw(MESSAGES, 5, 1)

    assert Counter(one.intent for one in learned) == {
        "opening_hours": 5,
        "cancel_order": 5,
        "refund": 5,
        "rare": 1,
    }


def test_the_rest_shares_no_words_with_what_is_learned_from_and_is_in_scope():
    for seed in range(20):
        learned, rest = draw(MESSAGES, 20, seed)
        known = {phrase_of(one.text) for one in learned}

        assert not known & {phrase_of(one.text) for one in rest}
        assert "oos" not in {one.intent for one in rest}
        twins = sum(phrase_of(one.text) == "open today" for one in rest)
        assert twins in (0, 2)
        assert len(learned) + len(rest) + (twins == 0) == 122


def test_the_same_draw_comes_again_whatever_the_order_and_another_seed_draws_others():
    learned, _ = draw(MESSAGES, 5, 1)

    assert learned == draw(MESSAGES[::-1], 5, 1)[0]
    assert learned != draw(MESSAGES, 5, 2)[0]
