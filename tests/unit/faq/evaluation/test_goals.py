"""What is wanted of the hybrid retriever, and the tables that say so."""

from collections.abc import Mapping
from typing import Any

import pytest

from balie.faq.evaluation.benchmark.goals import Goal, allowed_wrong, goals_of, goals_over
from balie.faq.evaluation.benchmark.markdown import table_of
from balie.faq.evaluation.benchmark.published import Other
from balie.faq.evaluation.benchmark.sets import SetRow

PLAIN = SetRow("plain", "e", ("q",), goals={"mrr": 0.77}, others=(Other("TF-IDF", "measured here", 0.5),))
DESK = SetRow("desk", "e", ("q",), goals_by_language={"p_at_1": 0.9, "coverage": 0.75})


def figures(p_at_1: float = 0.9, **more: Any) -> dict[str, Any]:
    return {
        "queries": 100,
        "p_at_1": p_at_1,
        "hit_at_5": 0.97,
        "mrr": 0.8,
        "map": 0.8,
        "coverage": 0.8,
        "wrong_rate": 0.04,
        "answered": 100,
        "latency_ms": {"p50": 1.0, "p99": 2.0},
    } | more


def result(p_at_1: float = 0.9, *, languages: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    answers = {
        "coverage": 0.8,
        "right_rate": 0.78,
        "wrong_rate": 0.04,
        "answerable_auroc": None,
        "threshold": 0.7,
        "answered": 80,
        "queries": 100,
        "made_unanswerable": 30,
        "expected_unanswerable": 0.3,
        "calibration_error": 0.02,
        "calibration_version": "leave-one-out.ltt.v2.abc",
    }
    by_language = languages or {"en": figures(p_at_1)}
    extra = {
        "intervals": {"p_at_1": [0.85, 0.95]},
        "by_language": by_language,
        "answers": answers,
        "entries": 9,
    }
    return figures(p_at_1, **more) | extra


def missed(goals: list[Goal]) -> list[str]:
    return [f"{goal.where} {goal.what}" for goal in goals if not goal.is_met]


def test_a_figure_is_wanted_of_the_hybrid_retriever_alone():
    low = {"hybrid": result(mrr=0.7699), "dense": result(), "lexical": result()}

    assert missed(goals_of(PLAIN, low, 0.05)) == ["plain MRR"]
    assert missed(goals_of(PLAIN, low | {"hybrid": result(mrr=0.77)}, 0.05)) == []
    assert goals_of(PLAIN, {"dense": result()}, 0.05) == []


def test_it_may_be_half_a_point_behind_the_better_half():
    halves = {"dense": result(0.9), "lexical": result(0.7)}

    assert missed(goals_of(PLAIN, halves | {"hybrid": result(0.895)}, 0.05)) == []
    assert missed(goals_of(PLAIN, halves | {"hybrid": result(0.894)}, 0.05)) == [
        "plain P@1 beside the better half"
    ]
    assert len(goals_of(PLAIN, {"hybrid": result(), "dense": result()}, 0.05)) == 1  # one half says nothing


def test_a_figure_that_cannot_be_told_is_missed():
    assert missed(goals_of(PLAIN, {"hybrid": result(mrr=None)}, 0.05)) == ["plain MRR"]


def test_every_language_is_held_to_the_goals_and_to_the_promise():
    languages = {
        "nl": figures(0.95),
        "de": figures(0.89),
        "en": figures(coverage=0.74, wrong_rate=0.09),
    }

    found = goals_of(DESK, {"hybrid": result(languages=languages)}, 0.05)

    assert missed(found) == ["desk de P@1", "desk en coverage", "desk en wrong of 100 answered"]


def test_as_many_are_wrong_as_chance_brings_in_nine_of_ten_desks():
    assert allowed_wrong(0, 0.05) == 0
    assert allowed_wrong(100, 0.05) == 8
    assert allowed_wrong(20, 0.05) == 2
    assert allowed_wrong(1000, 0.05) == 59


def test_on_average_it_is_to_be_ahead_of_both_halves():
    some = {"hybrid": result(0.9), "dense": result(0.95), "lexical": result(0.5)}
    others = {"hybrid": result(0.9), "dense": result(0.7), "lexical": result(0.85)}

    assert missed(goals_over([PLAIN, DESK], {"plain": some, "desk": others})) == []
    assert missed(goals_over([PLAIN], {"plain": some})) == ["all sets mean P@1 beside dense"]
    assert goals_over([PLAIN, DESK], {"plain": some}) == []  # not all are worked out


def test_the_tables_show_others_goals_and_what_is_missed():
    results = {
        "plain": {"hybrid": result(0.8, mrr=0.7), "dense": result(), "lexical": result()},
        "desk": {},
    }

    shown = table_of([PLAIN, DESK], results, 0.05)

    assert "| plain | **Balie, hybrid** | **0.800 (0.850 to 0.950)** |" in shown
    assert "|  | TF-IDF | 0.500 |  |  |  | measured here |" in shown
    assert "| plain | MRR | 0.7 | at least 0.77 | **missed** |" in shown
    assert "30 of them made so by taking their entries out" in shown
    assert "desk" not in shown
    assert table_of([DESK], {"desk": {}}, 0.05) == ""


@pytest.mark.parametrize(("value", "is_met"), [(3.0, True), (4.0, False), (None, False)])
def test_of_some_figures_less_is_better(value: float | None, is_met: bool):
    assert Goal("a", "wrong", value, 3.0, is_most=True).is_met is is_met
