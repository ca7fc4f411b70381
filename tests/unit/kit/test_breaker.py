"""A server that is away is left alone for a while, and then tried with one call."""

import pytest

from balie.kit.breaker import Breaker


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(3, 5.0, clock)


def fail(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        assert breaker.admits()
        breaker.failed()


def test_stops_after_failures_in_a_row_alone(breaker: Breaker) -> None:
    fail(breaker, 2)
    assert not breaker.succeeded()
    fail(breaker, 2)
    assert breaker.admits()
    assert breaker.failed(), "this one stopped it"
    assert not breaker.admits()


def test_lets_one_call_through_after_the_pause(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, 3)
    clock.now += 4.9
    assert not breaker.admits()
    clock.now += 0.2
    assert breaker.admits()
    assert not breaker.admits(), "one at a time"


def test_goes_on_when_that_call_is_answered(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, 3)
    clock.now += 5
    assert breaker.admits()
    assert breaker.succeeded()
    assert [breaker.admits() for _ in range(5)] == [True] * 5


def test_waits_again_when_it_is_not(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, 3)
    clock.now += 5
    assert breaker.admits()
    assert not breaker.failed(), "it had been stopped before"
    assert not breaker.admits()
    clock.now += 5
    assert breaker.admits()


def test_a_call_that_says_nothing_about_others_makes_room_for_the_next(
    breaker: Breaker, clock: Clock
) -> None:
    fail(breaker, 3)
    clock.now += 5
    assert breaker.admits()
    breaker.spared()
    assert breaker.admits()


def test_calls_that_were_under_way_change_nothing_for_the_worse(breaker: Breaker, clock: Clock) -> None:
    for _ in range(6):
        assert breaker.admits()
    assert [breaker.failed() for _ in range(6)] == [False, False, True, False, False, False]
    clock.now += 5
    assert breaker.admits()
    assert breaker.succeeded()
