"""Who asks: drawn by chance, and always alike."""

import math
from dataclasses import replace
from itertools import pairwise
from random import Random
from statistics import fmean, stdev

import pytest

from balie.handoff.simulation.demand import Always, Demand, Exponential, LogNormal, Mix, poisson, recorded

DEMAND = Demand(
    poisson(0.5, 20_000),
    Exponential(300),
    Mix({"service": 3, "sales": 1}),
    patience=Exponential(100),
    languages={"service": Mix({"nl": 0.7, "de": 0.3})},
    skills={"boats": 0.2},
)


def test_the_same_seed_gives_the_same_contacts() -> None:
    assert list(DEMAND.contacts(1)) == list(DEMAND.contacts(1))
    assert list(DEMAND.contacts(1)) != list(DEMAND.contacts(2))


def test_contacts_are_the_same_whatever_else_is_drawn() -> None:
    calm = replace(DEMAND, patience=None, skills=None)
    pairs = zip(DEMAND.contacts(1), calm.contacts(1), strict=True)
    assert all((one.at, one.handle, one.language) == (two.at, two.handle, two.language) for one, two in pairs)


def test_is_as_it_is_said() -> None:
    contacts = list(DEMAND.contacts(1))
    assert len(contacts) == pytest.approx(10_000, rel=0.03)
    assert [one.number for one in contacts] == list(range(len(contacts)))
    assert all(one.at <= two.at < 20_000 for one, two in pairwise(contacts))
    assert fmean(one.handle for one in contacts) == pytest.approx(300, rel=0.04)
    assert fmean(one.patience for one in contacts) == pytest.approx(100, rel=0.04)
    service = [one for one in contacts if one.queue_id == "service"]
    assert len(service) / len(contacts) == pytest.approx(0.75, abs=0.02)
    assert fmean(one.language == "de" for one in service) == pytest.approx(0.3, abs=0.02)
    assert {one.language for one in contacts if one.queue_id == "sales"} == {"und"}
    assert fmean(len(one.skills) for one in contacts) == pytest.approx(0.2, abs=0.02)


def test_who_has_all_the_time_waits_for_ever() -> None:
    assert all(one.patience == math.inf for one in replace(DEMAND, patience=None).contacts(1))


@pytest.mark.parametrize(
    ("times", "spread"), [(Exponential(60), 60), (LogNormal(60, 0.5), 30), (Always(60), 0)]
)
def test_times_have_their_mean_and_their_spread(times: Exponential, spread: float) -> None:
    chance = Random(3)
    drawn = [times.draw(chance) for _ in range(40_000)]
    assert (times.mean, fmean(drawn)) == (60, pytest.approx(60, rel=0.02))
    assert stdev(drawn) == pytest.approx(spread, rel=0.05)


def test_recorded_arrivals_are_the_same_in_every_run() -> None:
    demand = replace(DEMAND, arrivals=recorded([3, 1, 2]))
    assert [one.at for one in demand.contacts(1)] == [one.at for one in demand.contacts(2)] == [1, 2, 3]
