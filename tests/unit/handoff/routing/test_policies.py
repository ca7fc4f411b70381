"""The policy in use: taken up when its file changes, kept when the change is a mistake, and remembered afterwards."""

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.unit.handoff.desks import TENANT, Desks, desks
from tests.unit.handoff.routing.inputs import DOGS, inputs, understood

from balie.handoff.errors import PolicyMalformed, PolicyNotFound, TurnNotRouted
from balie.handoff.routing.policies import Policies
from balie.handoff.routing.policy import Policy
from balie.handoff.routing.turns import Answers, DecisionKind, Turn
from balie.kit.strict_yaml import FileMistake

ANSWERS = b"version: answers\nrules:\n  - step: faq_answer\n"
PEOPLE = b"version: people\nrules:\n  - {name: web, when: {channels: web}, escalate: {priority: 5}}\n"
FOUND = Answers((DOGS,), threshold=0.6)


async def route(at: Desks, name: str) -> tuple[DecisionKind, str]:
    turn = Turn(name, f"talk-{name}", "anna", "web", "nl", inputs(answers=FOUND, understanding=understood()))
    decision, _ = await at.router.route(TENANT, turn)
    return decision.ruling.kind, decision.policy_version.partition("-")[0]


async def until(policies: Policies, version: str) -> None:
    async with asyncio.timeout(10):
        while not policies.current.version.startswith(version):
            await asyncio.sleep(0.01)


async def test_a_changed_file_decides_from_then_on(database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_bytes(ANSWERS)
    async with desks(database_url, policy=file) as at:
        following = asyncio.create_task(at.policies.follow(every_seconds=0.01))
        await at.queue()
        assert await route(at, "one") == (DecisionKind.ANSWER, "answers")
        file.write_bytes(PEOPLE)
        await until(at.policies, "people")
        assert await route(at, "two") == (DecisionKind.ESCALATE, "people")
        assert await route(at, "one") == (DecisionKind.ANSWER, "answers")
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following


async def test_a_mistake_changes_nothing_and_is_logged_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_bytes(ANSWERS)
    policies = Policies(file)
    with capture_logs() as logs:
        following = asyncio.create_task(policies.follow(every_seconds=0.01))
        file.write_bytes(ANSWERS + b"  - step: nowhere\n")
        async with asyncio.timeout(10):
            while not logs:
                await asyncio.sleep(0.01)
        assert policies.current.content == ANSWERS
        file.unlink()
        await asyncio.sleep(0.05)
        file.write_bytes(PEOPLE)
        await until(policies, "people")
        following.cancel()
    assert logs[0]["event"] == "policy refused"
    assert "line 4, rules.1: knows no step 'nowhere'" in logs[0]["mistake"]


def test_a_service_does_not_start_with_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(FileMistake):
        Policies(tmp_path / "policy.yaml")


async def test_a_policy_that_decided_can_be_read_and_tried_again(database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_bytes(ANSWERS)
    async with desks(database_url, policy=file) as at:
        await at.queue()
        await route(at, "one")
        version = at.policies.current.version
    file.write_bytes(PEOPLE)
    async with desks(database_url, policy=file) as at:
        assert (await at.replay.policy(TENANT, version)).content == ANSWERS
        assert (await at.replay.policy(TENANT, "")).content == PEOPLE
        for unknown in (TENANT, "people-00000000"), ("acme", version):
            with pytest.raises(PolicyNotFound):
                await at.replay.policy(*unknown)
        again = await at.replay.explain(TENANT, "one", version="", content=b"")
        assert (again.policy_version, again.differs) == (version, False)
        now = await at.replay.explain(TENANT, "one", version=at.policies.current.version, content=b"")
        assert (now.ruling.kind, now.differs, now.passed[-1].rule) == (DecisionKind.ESCALATE, True, "web")


async def test_a_policy_is_stored_although_the_first_decision_under_it_was_not(at: Desks) -> None:
    async def crash() -> None:
        async with at.journal.writing(TENANT) as floor:
            await at.policies.keep(floor.tx, TENANT, at.policies.current, now=at.clock.time)
            raise RuntimeError("crash")

    with pytest.raises(RuntimeError, match="crash"):
        await crash()
    await route(at, "one")
    other = Policies(None)
    async with at.database.read() as tx:
        other.current = Policy.parse(ANSWERS, "policy")
        kept = await other.of_version(tx, TENANT, at.policies.current.version)
    assert kept.content == at.policies.current.content


async def test_replays_what_was_decided_in_a_time_in_order(at: Desks) -> None:
    for number in range(5):
        await route(at, f"turn-{number}")
        at.clock.forward(minutes=1)
    begin = at.clock.time.replace(minute=1)
    found = [
        replayed
        async for replayed in at.replay.turns(
            TENANT, content=PEOPLE, since=begin, until=at.clock.time.replace(minute=4), limit=100
        )
    ]
    assert [one.recorded.decision.turn_id for one in found] == ["turn-1", "turn-2", "turn-3"]
    assert all(one.differs and one.policy_version.startswith("people") for one in found)
    limited = at.replay.turns(TENANT, content=b"", since=begin, until=at.clock.time, limit=2)
    assert [one.differs async for one in limited] == [False, False]
    assert len(await at.all()) == 0


async def test_what_cannot_be_replayed_says_why(at: Desks) -> None:
    with pytest.raises(TurnNotRouted):
        await at.replay.explain(TENANT, "nobody", version="", content=b"")
    await route(at, "one")
    with pytest.raises(PolicyNotFound):
        await at.replay.explain(TENANT, "one", version="people-1", content=b"")
    with pytest.raises(PolicyMalformed, match="line 1, version: is missing"):
        await at.replay.explain(TENANT, "one", version="", content=b"rules: []")


async def test_pages_through_many_turns_of_the_same_moment(at: Desks) -> None:
    names = [f"turn-{number:03d}" for number in range(450)]
    for name in names:
        await route(at, name)
    found = at.replay.turns(
        TENANT, content=b"", since=at.clock.time, until=at.clock.time.replace(hour=13), limit=1000
    )
    assert [one.recorded.decision.turn_id async for one in found] == names
