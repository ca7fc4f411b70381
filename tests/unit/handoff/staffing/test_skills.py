"""Skills: who can, and what is wanted less the longer somebody waits."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balie.handoff.staffing.skills import Relaxation, Ring, Wanted, relaxed, shortfall, suffice

PREFERRED, LEVELS, SKILLS = Relaxation.PREFERRED_SKILLS, Relaxation.SKILL_LEVELS, Relaxation.SKILLS
BOATS, REFUNDS = Wanted("boats", 3), Wanted("refunds", 2, is_preferred=True)


@pytest.mark.parametrize(
    ("skills", "without", "enough"),
    [
        ({"boats": 3, "refunds": 2}, (), True),
        ({"boats": 5, "refunds": 5, "trains": 1}, (), True),
        ({"boats": 2, "refunds": 2}, (), False),
        ({"boats": 3}, (), False),
        ({"boats": 3}, (PREFERRED,), True),
        ({"refunds": 5}, (PREFERRED,), False),
        ({"boats": 1, "refunds": 1}, (LEVELS,), True),
        ({"boats": 1}, (LEVELS,), False),
        ({"boats": 1}, (LEVELS, PREFERRED), True),
        ({}, (SKILLS,), True),
        ({}, (), False),
    ],
)
def test_tells_who_can(skills: dict[str, int], without: tuple[Relaxation, ...], enough: bool) -> None:
    assert suffice(skills, (BOATS, REFUNDS), frozenset(without)) is enough


def test_nothing_is_wanted_of_anybody() -> None:
    assert suffice({}, (), frozenset())
    assert shortfall({}, ()) == 0


def test_rings_add_up_from_their_moment_on() -> None:
    rings = (
        Ring(timedelta(minutes=2), (LEVELS,)),
        Ring(timedelta(minutes=1), (PREFERRED,)),
        Ring(timedelta(minutes=5), (SKILLS, Relaxation.QUEUE)),
    )
    assert relaxed(rings, timedelta(seconds=59)) == set()
    assert relaxed(rings, timedelta(minutes=1)) == {PREFERRED}
    assert relaxed(rings, timedelta(minutes=4)) == {PREFERRED, LEVELS}
    assert relaxed(rings, timedelta(days=1)) == {PREFERRED, LEVELS, SKILLS, Relaxation.QUEUE}


names = st.sampled_from(["boats", "refunds", "trains"])
skill_sets = st.dictionaries(names, st.integers(1, 5))
all_wanted = st.lists(st.builds(Wanted, names, st.integers(1, 5), st.booleans()), max_size=4)
some_relaxed = st.frozensets(st.sampled_from(Relaxation))


@given(skill_sets, all_wanted, some_relaxed, some_relaxed)
def test_who_can_still_can_once_less_is_wanted(
    skills: dict[str, int], wanted: list[Wanted], one: frozenset[Relaxation], more: frozenset[Relaxation]
) -> None:
    assert not suffice(skills, wanted, one) or suffice(skills, wanted, one | more)


@given(skill_sets, all_wanted, names)
def test_who_learns_falls_less_short(skills: dict[str, int], wanted: list[Wanted], name: str) -> None:
    better = skills | {name: 5}
    assert shortfall(better, wanted) <= shortfall(skills, wanted)
    assert (shortfall(skills, wanted) == 0) == suffice(skills, wanted, frozenset())
