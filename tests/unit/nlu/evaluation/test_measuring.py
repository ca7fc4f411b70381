"""The figures of an evaluation, on messages few enough to count."""

from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balie.nlu.evaluation.figures import FIGURES
from balie.nlu.evaluation.measuring import LanguageFigures, Measured, NamedConfusion, measure
from balie.nlu.evaluation.outcome import Outcome
from balie.nlu.evaluation.port import Judgement
from balie.nlu.examples import Example

INTENTS = ["a", "b"]

#  right intent, language, scores of a and b, out of scope, accepted, choice
ROWS: list[tuple[str, str, float, float, float, bool, bool]] = [
    ("a", "en", 0.9, 0.1, 0.0, True, False),
    ("a", "en", 0.6, 0.4, 0.1, False, True),
    ("a", "nl", 0.2, 0.8, 0.0, True, False),
    ("b", "nl", 0.1, 0.9, 0.3, True, False),
    ("oos", "en", 0.3, 0.2, 0.5, False, False),
    ("oos", "nl", 0.7, 0.1, 0.2, True, False),
]


def outcome(rows: list[Any] = ROWS) -> Outcome:
    intent, language, first, second, outside, accepted, choice = zip(*rows, strict=True)
    return Outcome(
        [
            Example(name, tag, "a text", line)
            for line, (name, tag) in enumerate(zip(intent, language, strict=True))
        ],
        INTENTS,
        Judgement(np.column_stack([first, second]), np.array(outside), np.array(accepted), np.array(choice)),
    )


@pytest.fixture(scope="module")
def found() -> Measured:
    return measure(outcome(), resamples=200)


def test_counts_verdicts(found: Measured):
    # right: a accepted as a, b accepted as b, the first out of scope refused
    assert found.figures["accuracy"] == pytest.approx(3 / 6)
    assert found.figures["in_scope_accuracy"] == pytest.approx(3 / 4)
    assert found.figures["coverage"] == pytest.approx(4 / 6)
    assert found.figures["in_scope_coverage"] == pytest.approx(3 / 4)
    assert found.figures["wrong_rate"] == pytest.approx(2 / 4)
    assert found.figures["ambiguous"] == pytest.approx(1 / 6)
    assert found.figures["oos_recall"] == pytest.approx(1 / 2)


def test_measures_the_scores(found: Measured):
    assert found.figures["macro_f1"] == pytest.approx((4 / 5 + 2 / 3) / 2)
    # of eight pairs, out of scope scores higher in all but one
    assert found.figures["oos_auroc"] == pytest.approx(7 / 8)
    assert found.figures["oos_recall_at_5"] == pytest.approx(1 / 2)
    squares = [0.01, 0.16, 0.64, 0.01, 0.09, 0.49]
    assert found.figures["brier"] == pytest.approx(sum(squares) / 6)


def test_calibration_in_scope_is_of_the_scores_if_one_of_the_intents_is_meant():
    rows = [("a", "en", 0.45, 0.05, 0.5, False, False)] * 10
    figures = measure(outcome(rows), resamples=5).figures

    assert figures["ece"] == pytest.approx(0.55)
    assert figures["ece_in_scope"] == pytest.approx(0.1)


def test_every_figure_is_explained_and_lies_in_its_interval(found: Measured):
    assert list(found.figures) == list(FIGURES)
    assert list(found.intervals) == list(FIGURES)
    for name, interval in found.intervals.items():
        value = found.figures[name]
        assert value is not None
        assert 0 <= interval.low <= value + 1e-12, name
        assert value - 1e-12 <= interval.high <= 1, name


def test_tells_intents_apart(found: Measured):
    a, b = (asdict(one) for one in found.per_intent)

    assert a == {
        "intent": "a",
        "precision": 1.0,
        "recall": pytest.approx(2 / 3),
        "f1": pytest.approx(4 / 5),
        "support": 3,
        "coverage": pytest.approx(2 / 3),
        "wrong_rate": pytest.approx(1 / 2),
    }
    assert b["precision"] == pytest.approx(1 / 2)
    assert b["wrong_rate"] == pytest.approx(1 / 2)


def test_confusions_say_what_was_accepted_and_count_out_of_scope_only_then(found: Measured):
    assert found.confusions == [NamedConfusion("a", "b", 1, 1), NamedConfusion("oos", "a", 1, 1)]


def test_tells_languages_apart(found: Measured):
    english, dutch = found.by_language

    assert (english.language, english.messages, english.in_scope_accuracy) == ("en", 3, 1.0)
    assert (dutch.language, dutch.messages, dutch.in_scope_accuracy) == ("nl", 3, 0.5)
    assert (english.coverage, dutch.wrong_rate) == (pytest.approx(1 / 3), pytest.approx(2 / 3))


def test_the_curve_ends_with_all_accepted(found: Measured):
    last = found.risk_coverage[-1]

    assert (last.coverage, last.wrong_rate, last.threshold) == (1.0, pytest.approx(1 / 2), 0.3)


def test_an_intent_that_was_not_learned_is_out_of_scope():
    rows = [("c", "en", 0.9, 0.1, 0.0, True, False), ("a", "en", 0.9, 0.1, 0.0, True, False)]
    asked = outcome(rows)

    assert asked.unknown_intents == {"c": 1}
    assert measure(asked, resamples=5).figures["wrong_rate"] == 0.5


def test_what_cannot_be_measured_is_left_open():
    inside = measure(outcome(ROWS[:4]), resamples=5)
    outside = measure(outcome(ROWS[4:5]), resamples=5)

    assert inside.figures["oos_auroc"] is inside.figures["oos_recall"] is None
    assert "oos_auroc" not in inside.intervals
    assert outside.figures["in_scope_accuracy"] is outside.figures["macro_f1"] is None
    assert outside.figures["wrong_rate"] == 0.0
    assert outside.by_language[0] == LanguageFigures("en", 1, None, 0.0, 0.0, outside.by_language[0].interval)


def test_the_same_messages_give_the_same_figures_in_any_order():
    turned = measure(outcome(ROWS[::-1]), resamples=5)

    assert turned.figures == pytest.approx(measure(outcome(), resamples=5).figures)


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b", "oos"]),
            st.sampled_from(["en", "nl"]),
            st.floats(0, 0.5),
            st.floats(0, 0.5),
            st.floats(0, 1),
            st.booleans(),
            st.just(False),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_figures_stay_within_bounds(rows: list[Any]):
    found = measure(outcome(rows), resamples=3)

    for name, value in found.figures.items():
        assert value is None or -1e-12 <= value <= 1 + 1e-12, name
    assert sum(one.messages for one in found.by_language) == len(rows)
    assert all(0 <= one.accepted <= one.count for one in found.confusions)
