"""Figures of what happened, on records that can be counted by hand."""

import math

import pytest

from balie.handoff.simulation.record import Asking, Fate, Record, figures, percentile

ANSWERED, LEFT, MESSAGE_TAKEN, CALL_BACK = Fate.ANSWERED, Fate.LEFT, Fate.MESSAGE_TAKEN, Fate.CALL_BACK


def answered(at: float, waited: float, agent: str, handled: float = 100) -> Asking:
    return Asking(at, waited, agent, at + waited, handled, ANSWERED)


def test_counts_who_asked_in_the_time() -> None:
    record = Record(
        [
            answered(0, 30, "els"),  # before it: counts for nothing but the places that are taken
            answered(100, 0, "els"),
            answered(200, 50, "els"),
            answered(300, 90, "jan", handled=1000),
            Asking(400, 60, fate=LEFT),
            Asking(500, 300, fate=MESSAGE_TAKEN),
            Asking(600, 300, fate=CALL_BACK),
            answered(1100, 5, "jan"),  # after it
        ]
    )
    found = figures(record, since=100, until=1100, places=4, agents=2, promise=60)
    assert (found.asked, found.waits) == (6, (0, 50, 90))
    assert found.mean_wait == pytest.approx(800 / 6)
    assert (found.waited, found.in_time) == pytest.approx((5 / 6, 2 / 6))
    assert (found.left, found.messages, found.call_backs) == pytest.approx((1 / 6, 1 / 6, 1 / 6))
    assert found.utilisation == pytest.approx((30 + 100 + 100 + 710) / 4000)
    assert found.busiest == pytest.approx(2 / 1.5 - 1)


def test_nothing_is_known_when_nobody_asked() -> None:
    found = figures(Record(), since=0, until=100, places=1, agents=1, promise=60)
    assert found.asked == 0
    assert math.isnan(found.mean_wait)
    assert math.isnan(found.busiest)
    assert found.utilisation == 0


def test_a_percentile_is_one_of_the_values() -> None:
    values = [1.0, 2.0, 3.0, 4.0]
    assert [percentile(values, share) for share in (0, 0.25, 0.5, 0.51, 0.99, 1)] == [1, 1, 2, 3, 4, 4]
    assert math.isnan(percentile([], 0.5))
