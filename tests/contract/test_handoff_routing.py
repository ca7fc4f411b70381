"""RouterService beside Route: decisions explained, tried again, and the policy behind them; also by the command line."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.contract.test_handoff_service import route, turn
from tests.unit.handoff.served import SERVICE, TIMEOUT, Handoffs
from typer.testing import CliRunner, Result

from balie.api.handoff.v1 import handoff_pb2, handoff_service_pb2
from balie.api.handoff.v1 import router_service_pb2 as router
from balie.cli import console
from balie.cli.app import app
from balie.handoff.app import lifespan
from balie.handoff.routing.policy import Policy
from balie.handoff.settings import HandoffSettings
from balie.kit.testing import serve

PEOPLE = """version: people
rules:
  - name: gold
    when: {contact: {tier: gold}}
    escalate: {queue: vip, priority: 7}
  - step: faq_answer
"""


@dataclass(frozen=True)
class Desk:
    at: Handoffs
    address: str


@pytest.fixture
async def desk(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    for one in (console.console, console.errors):
        monkeypatch.setattr(one, "_width", 160)
    settings = HandoffSettings(listen="127.0.0.1:0", database_url=sqlite_url, poll_seconds=0.02)
    async with serve(lifespan(settings), settings=settings) as running:
        at = Handoffs(running.channel)
        await at.queue()
        await at.queue("vip")
        yield Desk(at, running.address)


def answerable(name: str, **more: Any) -> router.RouteRequest:
    request = turn(name, **more)
    request.answers.candidates.add(answer_id="dogs/nl", entry_id="dogs", score=0.75, above_threshold=True)
    return request


async def balie(desk: Desk, *arguments: str) -> Result:
    command = ["route", *arguments, "--handoff", desk.address]
    return await asyncio.to_thread(CliRunner().invoke, app, command)


async def test_explains_a_decision_by_the_policy_that_made_it(desk: Desk) -> None:
    await route(desk.at, answerable("turn-1", contact_attributes={"tier": "gold"}, attachment_count=2))
    told = await desk.at.router.Explain(
        router.ExplainRequest(turn_id="turn-1"), timeout=TIMEOUT, metadata=SERVICE
    )
    assert not told.differs
    assert told.decision.kind == told.turn.decision.kind == handoff_pb2.DECISION_KIND_ANSWER
    assert told.decision.policy_version == told.turn.decision.policy_version == Policy.default().version
    assert (told.rules[-1].rule, told.rules[-1].decided) == ("faq_answer", True)
    assert told.rules[0].rule == "nlu_unavailable"
    asked = told.turn.request
    assert (asked.turn_id, asked.conversation_id, asked.channel, asked.contact_id) == (
        "turn-1",
        "talk",
        "web",
        "",
    )
    assert (dict(asked.contact_attributes), asked.attachment_count) == ({"tier": "gold"}, 2)


async def test_explains_what_another_policy_would_have_decided(desk: Desk) -> None:
    await route(desk.at, answerable("turn-1", contact_attributes={"tier": "gold"}))
    request = router.ExplainRequest(turn_id="turn-1", policy_yaml=PEOPLE.encode())
    told = await desk.at.router.Explain(request, timeout=TIMEOUT, metadata=SERVICE)
    assert told.differs
    assert (told.decision.kind, told.decision.queue_id) == (handoff_pb2.DECISION_KIND_ESCALATE, "vip")
    assert told.decision.reasons[0] == handoff_pb2.Reason(code=handoff_pb2.REASON_CODE_RULE, subject="gold")
    listed = await desk.at.handoffs.ListHandoffs(handoff_service_pb2.ListHandoffsRequest(), timeout=TIMEOUT)
    assert not listed.handoffs


async def test_replays_what_was_decided(desk: Desk) -> None:
    for number, tier in enumerate(("gold", "tin", "gold")):
        await route(desk.at, answerable(f"turn-{number}", contact_attributes={"tier": tier}))
    call = desk.at.router.ReplayTurns(
        router.ReplayTurnsRequest(policy_yaml=PEOPLE.encode()), timeout=TIMEOUT, metadata=SERVICE
    )
    assert [(one.differs, one.rule) async for one in call] == [
        (True, "gold"),
        (False, "faq_answer"),
        (True, "gold"),
    ]


async def test_tells_the_policy_in_use(desk: Desk) -> None:
    told = await desk.at.router.GetPolicy(router.GetPolicyRequest(), timeout=TIMEOUT, metadata=SERVICE)
    assert Policy.parse(told.policy_yaml, "policy").version == told.policy_version == Policy.default().version


async def test_what_is_said_too_often_is_silent(desk: Desk) -> None:
    request = answerable("turn-1")
    request.history.same_message_in_a_row = 9
    first = await route(desk.at, request)
    assert (first.decision.kind, first.decision.silent) == (handoff_pb2.DECISION_KIND_ESCALATE, False)
    request.turn_id = "turn-2"
    second = await route(desk.at, request)
    assert (second.decision.silent, second.decision.handoff_id) == (True, first.decision.handoff_id)


async def test_the_command_checks_shows_and_explains(desk: Desk, tmp_path: Path) -> None:
    await route(desk.at, answerable("turn-1", contact_attributes={"tier": "gold"}))
    file = tmp_path / "policy.yaml"
    file.write_text(PEOPLE)
    checked = await asyncio.to_thread(CliRunner().invoke, app, ["route", "check", str(file)])
    assert checked.exit_code == 0
    assert "gold" in checked.output
    assert "2 rules; decisions will name people-" in checked.output
    shown = await balie(desk, "show")
    assert "step: faq_answer" in shown.output
    told = await balie(desk, "explain", "turn-1", "--policy", str(file))
    assert "● gold" in " ".join(told.output.split())
    assert "then" in told.output
    assert "escalate, queue vip (rule gold)" in told.output
    as_json = await balie(desk, "explain", "turn-1", "--json")
    told_again = json.loads(as_json.output[as_json.output.index("\n{") :].partition("\n}")[0] + "\n}")
    assert told_again["decision"]["kind"] == "DECISION_KIND_ANSWER"
    unknown = await balie(desk, "explain", "nobody")
    assert (unknown.exit_code, "TURN_NOT_ROUTED" in unknown.output) == (1, True)


async def test_the_command_replays_a_service_and_a_file_alike(desk: Desk, tmp_path: Path) -> None:
    for number, tier in enumerate(("gold", "tin", "gold")):
        await route(desk.at, answerable(f"turn-{number}", contact_attributes={"tier": tier}))
    file, saved = tmp_path / "policy.yaml", tmp_path / "turns.jsonl"
    file.write_text(PEOPLE)
    live = await balie(desk, "replay", "--policy", str(file), "--save", str(saved))
    assert live.exit_code == 0
    assert "3 turns, 2 would be decided otherwise (66.7%)" in live.output
    assert len(saved.read_text().splitlines()) == 3
    again = await balie(desk, "replay", "--policy", str(file), "--turns", str(saved))
    assert "3 turns, 2 would be decided otherwise (66.7%)" in again.output
    same = await balie(desk, "replay")
    assert "3 turns, 0 would be decided otherwise" in same.output


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("rules: []", "line 1, version: is missing"),
        ("version: 1\nrules:\n  - step: nowhere\n", "line 3, rules.0: knows no step 'nowhere'"),
    ],
)
async def test_the_command_names_the_line_of_a_mistake(tmp_path: Path, content: str, told: str) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(content)
    for command in (["check", str(file)], ["replay", "--policy", str(file)]):
        result = await asyncio.to_thread(CliRunner().invoke, app, ["route", *command])
        assert result.exit_code == 1
        assert told in " ".join(result.output.split())


async def test_the_command_refuses_turns_that_are_none(tmp_path: Path) -> None:
    file = tmp_path / "turns.jsonl"
    for content, told in (
        ("nonsense\n", "line 1: is no recorded turn"),
        ("\n{}\n", "line 2: is no recorded turn"),
    ):
        file.write_text(content)
        result = await asyncio.to_thread(CliRunner().invoke, app, ["route", "replay", "--turns", str(file)])
        assert (result.exit_code, told in " ".join(result.output.split())) == (1, True)
    result = await asyncio.to_thread(
        CliRunner().invoke, app, ["route", "replay", "--turns", str(tmp_path / "none")]
    )
    assert "cannot be read" in result.output
    result = await asyncio.to_thread(CliRunner().invoke, app, ["route", "replay", "--since", "soon"])
    assert "--since must be a number and s, m, h or d" in result.output
