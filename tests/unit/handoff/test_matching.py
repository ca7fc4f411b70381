"""Who is offered which handoff."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balie.handoff.matching import AgentOrder, Free, Waiting, fits, precedence, remoteness, turn, writes
from balie.handoff.pairing import Pairing, Roster, pair
from balie.handoff.staffing.skills import Relaxation, Wanted

NOW = datetime(2025, 5, 1, 12, tzinfo=UTC)


def minutes(count: float) -> datetime:
    return NOW + timedelta(minutes=count)


def waiting(name: str = "h1", **values: object) -> Waiting:
    usual = Waiting(name, "desk", "nl", priority=0, created_at=NOW)
    return replace(usual, **values)  # type: ignore[arg-type]


def agent(name: str = "els", **values: object) -> Free:
    usual = Free(name, frozenset({"desk"}), ("nl",), spare=1, load=0, idle_since=NOW)
    return replace(usual, **values)  # type: ignore[arg-type]


def offers(lines: list[Waiting], agents: list[Free]) -> list[tuple[str, str]]:
    return [(one.handoff_id, one.agent_id) for one in pair(lines, Roster(agents))]


def test_serves_the_one_who_waits_longest_first() -> None:
    lines = [
        waiting("late", created_at=minutes(2)),
        waiting("early"),
        waiting("middle", created_at=minutes(1)),
    ]
    assert offers(lines, [agent(spare=2)]) == [("early", "els"), ("middle", "els")]


def test_serves_a_higher_priority_before_a_longer_wait() -> None:
    lines = [waiting("early"), waiting("urgent", created_at=minutes(5), priority=1)]
    assert offers(lines, [agent()]) == [("urgent", "els")]


def test_breaks_a_tie_by_id() -> None:
    assert offers([waiting("b"), waiting("a")], [agent()]) == [("a", "els")]


def test_offers_only_to_agents_of_the_queue() -> None:
    assert offers([waiting()], [agent(queue_ids=frozenset({"tickets"}))]) == []


def test_offers_only_to_agents_who_write_the_language() -> None:
    agents = [agent("els", languages=("de",)), agent("jan", languages=("nl-BE", "en"))]
    assert offers([waiting()], agents) == [("h1", "jan")]


def test_a_line_that_nobody_can_serve_holds_up_nobody() -> None:
    lines = [waiting("early", language="fr"), waiting("late", created_at=minutes(1))]
    assert offers(lines, [agent()]) == [("late", "els")]


def test_offers_to_nobody_without_a_place() -> None:
    assert offers([waiting()], [agent(spare=0), agent("jan", spare=-1)]) == []


def test_prefers_the_agent_with_fewest_chats() -> None:
    agents = [agent("els", load=1), agent("jan", idle_since=minutes(9))]
    assert offers([waiting()], agents) == [("h1", "jan")]


def test_prefers_the_agent_idle_longest_among_equals() -> None:
    assert offers([waiting()], [agent("els", idle_since=minutes(1)), agent("jan")]) == [("h1", "jan")]


def test_counts_the_offers_it_makes() -> None:
    lines = [waiting(name, created_at=minutes(at)) for at, name in enumerate(["h1", "h2", "h3", "h4"])]
    agents = [agent("els", spare=3), agent("jan", spare=1, idle_since=minutes(1))]
    assert offers(lines, agents) == [("h1", "els"), ("h2", "jan"), ("h3", "els"), ("h4", "els")]


def test_goes_to_another_agent_after_it_was_passed_on() -> None:
    line = waiting(passed_agent_ids=("els",))
    assert offers([line], [agent("els"), agent("jan", load=2)]) == [("h1", "jan")]


def test_goes_to_the_same_agent_again_when_no_other_is_free() -> None:
    assert offers([waiting(passed_agent_ids=("els",))], [agent("els")]) == [("h1", "els")]


def test_goes_to_the_one_who_passed_it_on_longest_ago_when_all_did() -> None:
    line = waiting(passed_agent_ids=("jan", "els"))
    assert offers([line], [agent("els"), agent("jan", load=5)]) == [("h1", "jan")]


def test_each_queue_says_who_comes_first_of_those_who_fit() -> None:
    agents = [
        agent("els", load=1, spare=9, idle_since=minutes(9)),
        agent("jan", load=1, spare=1, idle_since=minutes(1)),
        agent("kim", load=0, spare=2, idle_since=minutes(5)),
    ]
    for order, expected in (
        (AgentOrder.LONGEST_IDLE, "jan"),
        (AgentOrder.HIGHEST_SPARE, "els"),
        (AgentOrder.WEIGHTED_CAPACITY, "kim"),
    ):
        assert offers([waiting(order=order)], agents) == [("h1", expected)]


BOATS = Wanted("boats", 3)


def test_offers_only_to_agents_with_the_skills_wanted() -> None:
    agents = [agent("els", skills={"boats": 2}), agent("jan", load=3, skills={"boats": 3})]
    assert offers([waiting(skills=(BOATS,))], agents) == [("h1", "jan")]


def test_relaxes_what_is_wanted_and_still_prefers_the_nearest() -> None:
    agents = [
        agent("els", queue_ids=frozenset({"tickets"}), skills={"boats": 5}),
        agent("jan", languages=("de",), skills={"boats": 5}),
        agent("kim", skills={"boats": 1}, load=4),
        agent("lou", skills={}),
    ]
    line = waiting(skills=(BOATS,))
    assert offers([line], agents) == []
    for relaxations, wanted in (
        ({Relaxation.SKILL_LEVELS}, "kim"),
        ({Relaxation.SKILLS}, "kim"),
        ({Relaxation.LANGUAGE}, "jan"),
        ({Relaxation.QUEUE}, "els"),
        (set(Relaxation), "kim"),
    ):
        assert offers([replace(line, relaxed=frozenset(relaxations))], agents) == [("h1", wanted)]
    anybody = replace(line, relaxed=frozenset(Relaxation), language="fr", queue_id="night")
    assert offers([anybody], [agent("lou")]) == [("h1", "lou")]


def test_prefers_whom_the_contact_had_last_unless_they_let_it_pass_or_are_full() -> None:
    line = waiting(preferred_agent_id="els")
    busy, free = agent("els", load=2), agent("jan")
    assert offers([line], [busy, free]) == [("h1", "els")]
    assert offers([replace(line, passed_agent_ids=("els",))], [busy, free]) == [("h1", "jan")]
    assert offers([line], [replace(busy, spare=0), free]) == [("h1", "jan")]


@pytest.mark.parametrize(
    ("languages", "language", "expected"),
    [
        ((), "fr", True),
        (("nl",), "nl", True),
        (("nl",), "nl-BE", True),
        (("NL-be",), "nl", True),
        (("nl", "de"), "de", True),
        (("nl",), "und", True),
        (("nl",), "de", False),
        (("nl",), "nld", False),
    ],
)
def test_tells_who_writes_a_language(languages: tuple[str, ...], language: str, expected: bool) -> None:
    assert writes(languages, language) is expected


queues = st.sampled_from(["desk", "tickets"])
tongues = st.sampled_from(["nl", "nl-BE", "de", "und"])
people = st.sampled_from(["els", "jan", "piet", "kim", "lou", "max"])
times = st.integers(0, 5).map(minutes)
skill_names = st.sampled_from(["boats", "refunds"])
lines_of_all = st.lists(
    st.builds(
        Waiting,
        st.uuids().map(str),
        queues,
        tongues,
        st.integers(-2, 2),
        times,
        st.lists(people, unique=True).map(tuple),
        st.lists(st.builds(Wanted, skill_names, st.integers(1, 3), st.booleans()), max_size=2).map(tuple),
        st.frozensets(st.sampled_from(Relaxation)),
        st.just("") | people,
        order=st.sampled_from(AgentOrder),
        wanted_agent_id=st.sampled_from(["", "", "", "els", "jan"]),
    ),
    max_size=10,
    unique_by=lambda one: one.id,
)
agents_of_all = st.lists(
    st.builds(
        Free,
        people,
        st.frozensets(queues),
        st.lists(tongues, max_size=2).map(tuple),
        st.sampled_from([-0.4, 0.0, 0.6, 0.8, 1.0, 1.2, 1.4, 2.0, 3.0]),
        st.sampled_from([0.0, 0.4, 1.0, 1.2, 3.0]),
        times,
        st.dictionaries(skill_names, st.integers(1, 3)),
    ),
    max_size=6,
    unique_by=lambda one: one.id,
)


def rank(one: Waiting, agent: Free) -> tuple[object, ...]:
    """Who comes first of those who fit, least first."""
    passed = one.passed_agent_ids
    last = passed.index(agent.id) + 1 if agent.id in passed else 0
    if last:
        return (last,)
    return 0, agent.id != one.preferred_agent_id, remoteness(one, agent), precedence(agent, one.order)


def by_trying_everybody(lines: list[Waiting], agents: list[Free]) -> list[Pairing]:
    """The definition: each handoff, in its turn, goes to the one who comes first of all who fit it."""

    free, made = {agent.id: agent for agent in agents}, []
    for one in sorted(lines, key=turn):
        fitting = [agent for agent in free.values() if agent.places and fits(one, agent)]
        if fitting:
            chosen = min(fitting, key=lambda agent: rank(one, agent))
            made.append(Pairing(one.id, chosen.id))
            free[chosen.id] = chosen.with_one_more()
    return made


@given(lines_of_all, agents_of_all)
def test_gives_what_trying_everybody_gives(lines: list[Waiting], agents: list[Free]) -> None:
    roster = Roster(agents)
    expected = by_trying_everybody(lines, agents)
    assert pair(lines, roster) == expected
    assert pair(lines, roster) == expected  # it is as it was
    assert roster.places == sum(agent.places for agent in agents)


@given(lines_of_all, agents_of_all)
def test_candidates_are_all_who_fit_the_best_first(lines: list[Waiting], agents: list[Free]) -> None:
    roster = Roster(agents)
    for one in lines:
        fitting = [agent for agent in agents if agent.places and fits(one, agent)]
        assert roster.candidates(one, None) == sorted(fitting, key=lambda agent: rank(one, agent))
        assert roster.candidates(one, 2) == roster.candidates(one, None)[:2]


@given(lines_of_all, st.lists(agents_of_all, min_size=2, max_size=4))
def test_a_roster_that_is_kept_up_to_date_is_as_good_as_a_new_one(
    lines: list[Waiting], shifts: list[list[Free]]
) -> None:
    kept, now = Roster(), dict[str, Free]()
    for shift in shifts:
        for agent in shift:
            kept.put(agent)
            now[agent.id] = agent
        gone = min(now, default="")
        kept.drop(gone)
        now.pop(gone, None)
        fresh = Roster(now.values())
        assert pair(lines, kept) == pair(lines, fresh)
        assert [kept.suits(one) for one in lines] == [fresh.suits(one) for one in lines]
        assert (bool(kept), kept.places) == (bool(fresh), fresh.places)


@given(lines_of_all, agents_of_all)
def test_overbooks_nobody_and_leaves_nobody_waiting_who_could_be_served(
    lines: list[Waiting], agents: list[Free]
) -> None:
    made = pair(lines, Roster(agents))
    by_id, free = {one.id: one for one in lines}, {one.id: one for one in agents}
    taken = [one.agent_id for one in made]
    served = {one.handoff_id for one in made}
    left = {name: one.places - taken.count(name) for name, one in free.items()}
    assert len(served) == len(made)
    assert all(fits(by_id[one.handoff_id], free[one.agent_id]) for one in made)
    assert all(left[name] > -1e-9 for name in taken)
    assert not [
        one
        for one in lines
        for name, who in free.items()
        if one.id not in served and left[name] >= 1 - 1e-9 and fits(one, who)
    ]


@given(lines_of_all, agents_of_all, st.randoms())
def test_the_order_in_which_they_are_given_does_not_matter(
    lines: list[Waiting], agents: list[Free], chance: object
) -> None:
    before = pair(lines, Roster(agents))
    chance.shuffle(lines)  # type: ignore[attr-defined]
    chance.shuffle(agents)  # type: ignore[attr-defined]
    assert pair(lines, Roster(agents)) == before
