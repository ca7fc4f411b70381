"""The figures of questions, from outcomes made by hand."""

import pytest
from tests.unit.faq.evaluation.outcomes import asked, unanswerable

from balie.faq.evaluation.intervals import intervals
from balie.faq.evaluation.outcome import figures, judged
from balie.faq.retrieval.judged import Policy


def test_the_ranking_is_judged_by_the_place_of_the_first_answer():
    found = figures([asked(1), asked(2), asked(6), asked()], 0.9)

    assert found.p_at_1 == 0.25
    assert found.hit_at_5 == 0.5
    assert found.mrr == pytest.approx((1 + 1 / 2 + 1 / 6 + 0) / 4)
    assert found.map == found.mrr  # one answer each


def test_average_precision_counts_all_answers_and_those_not_found_as_nothing():
    two_of_three = asked(1, 4, answers=3)
    both = asked(2, 3, answers=2)

    found = figures([two_of_three, both], 0.9)

    assert found.map == pytest.approx(((1 / 1 + 2 / 4 + 0) / 3 + (1 / 2 + 2 / 3) / 2) / 2)
    assert found.mrr == pytest.approx((1 + 1 / 2) / 2)


def test_questions_without_an_answer_count_in_no_figure_of_the_ranking():
    assert figures([asked(1), unanswerable(0.1)], 0.9).p_at_1 == 1.0


def test_answers_are_given_from_the_threshold_on_and_wrong_where_nothing_answers():
    questions = [
        asked(1, confidence=0.9),
        asked(2, confidence=0.8),
        unanswerable(0.8),
        asked(1, confidence=0.7),
    ]

    found = figures(questions, 0.8)

    assert found.answered == 3
    assert found.coverage == pytest.approx(2 / 3)
    assert found.right_rate == pytest.approx(1 / 3)
    assert found.wrong_rate == pytest.approx(2 / 3)


def test_nothing_wrong_was_said_where_nothing_was():
    found = figures([asked(1), unanswerable(0.3)], 1.0)
    assert (found.answered, found.wrong_rate, found.coverage) == (0, 0.0, 0.0)


def test_a_surer_answer_to_what_can_be_answered_is_a_high_auroc_and_ties_count_half():
    surer = [asked(1, confidence=0.9), unanswerable(0.2)]
    tied = [asked(1, confidence=0.5), unanswerable(0.5)]

    assert figures(surer, 0.5).answerable_auroc == 1.0
    assert figures(tied, 0.5).answerable_auroc == 0.5
    assert figures([asked(1, confidence=0.1), unanswerable(0.2)], 0.5).answerable_auroc == 0.0


def test_what_cannot_be_told_is_none():
    only = figures([asked(1)], 0.5)
    none = figures([unanswerable(0.9)], 0.5)

    assert only.answerable_auroc is None
    assert (none.p_at_1, none.hit_at_5, none.mrr, none.map, none.coverage) == (None,) * 5
    assert none.wrong_rate == 1.0


def test_the_time_of_a_search_is_in_milliseconds():
    assert figures([asked(1)], 0.5).latency_ms == {"p50": pytest.approx(2.0), "p99": pytest.approx(2.0)}


def test_every_figure_lies_within_its_interval():
    questions = [asked(1 + place % 3, confidence=place / 40) for place in range(40)]
    questions += [unanswerable(place / 50) for place in range(20)]
    found = figures(questions, 0.5)

    reaches = intervals(questions, 0.5, resamples=200)

    assert set(reaches) == {
        "p_at_1", "hit_at_5", "mrr", "map", "coverage", "right_rate", "wrong_rate", "answerable_auroc",
    }  # fmt: skip
    for name, reach in reaches.items():
        assert reach.low <= getattr(found, name) <= reach.high, name


def test_intervals_are_left_out_where_there_is_no_figure():
    assert set(intervals([unanswerable(0.1)], 0.5)) == set()
    assert "answerable_auroc" not in intervals([asked(1)], 0.5, resamples=10)


def test_a_threshold_is_learned_from_what_became_of_questions():
    sure = [asked(1, confidence=0.9)] * 80
    unsure = [unanswerable(0.3)] * 40 + [asked(2, confidence=0.4)] * 10

    found = judged(sure + unsure).threshold(Policy(0.05, 0.1, 0.3), "tune")

    assert found is not None
    assert 0.4 < found.threshold <= 0.9
    assert found.version.startswith("tune.ltt.")
