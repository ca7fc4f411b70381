"""Routing a turn: the decision and the handoff it announces are stored together, once."""

import asyncio
from dataclasses import replace

import pytest
import sqlalchemy as sa
from tests.unit.handoff.desks import TENANT, Desks, desks, write

from balie.handoff.domain import HandoffState
from balie.handoff.errors import TurnAlreadyRouted, TurnNotRouted
from balie.handoff.reasons import ReasonCode
from balie.handoff.routing import decisions
from balie.handoff.routing.policy import Policy
from balie.handoff.routing.turns import (
    AnswerChoice,
    Answers,
    Candidate,
    DecisionKind,
    FollowUp,
    FollowUpSource,
    Frustration,
    Inputs,
    Intent,
    Target,
    Turn,
    Understanding,
    Verdict,
)
from balie.handoff.staffing.profiles import QueueProfile
from balie.handoff.tables import decisions as decisions_table

STRANGE = Understanding(Verdict.NO_MATCH, (Intent("booking", 0.25),), threshold=0.5)
FOUND = Answers((Candidate("dogs/nl", "dogs", 0.875, above_threshold=True),), threshold=0.5)
NEARLY = Answers((Candidate("tides/nl", "tides", 0.4375, above_threshold=False),), threshold=0.5)
ESCALATE, ANSWER, ASSIST = DecisionKind.ESCALATE, DecisionKind.ANSWER, DecisionKind.ASSIST


def turn(name: str = "turn-1", conversation: str = "talk", **inputs: object) -> Turn:
    given = Inputs("desk", understanding=STRANGE, answers=Answers())
    return Turn(name, conversation, "anna", "web", "nl", replace(given, **inputs))  # type: ignore[arg-type]


async def test_an_escalation_opens_a_handoff_in_the_same_transaction(at: Desks) -> None:
    await at.agent("els")
    decision, handoff = await at.router.route(
        TENANT, turn(answers=NEARLY, understanding=replace(STRANGE, asks_for_person=True))
    )
    assert handoff is not None
    assert (decision.ruling.kind, decision.handoff_id, decision.ruling.queue_id) == (
        ESCALATE,
        handoff.id,
        "desk",
    )
    assert (handoff.state, handoff.agent_id) == (HandoffState.OFFERED, "els")
    assert handoff.asked.turn_id == "turn-1"
    assert handoff.asked.reasons == decision.ruling.reasons
    assert handoff.asked.suggested_answer_ids == ("tides/nl",)
    assert decision.policy_version == Policy.default().version


async def test_an_answer_opens_nothing(at: Desks) -> None:
    decision, handoff = await at.router.route(TENANT, turn(answers=FOUND))
    assert (decision.ruling.kind, decision.handoff_id, handoff) == (ANSWER, "", None)
    assert decision.ruling.answer == AnswerChoice(answer_id="dogs/nl")
    assert await at.all() == []


async def test_the_same_turn_again_gets_the_first_decision(at: Desks) -> None:
    first, opened = await at.router.route(TENANT, turn())
    assert opened is not None
    await at.desk.cancel(write(), opened.id)
    again, now = await at.router.route(TENANT, turn(answers=FOUND))
    assert again == first
    assert now is not None
    assert now.state is HandoffState.CANCELLED  # as it is now
    assert len(await at.all()) == 1


async def test_a_turn_belongs_to_one_conversation(at: Desks) -> None:
    await at.router.route(TENANT, turn())
    with pytest.raises(TurnAlreadyRouted) as refused:
        await at.router.route(TENANT, turn(conversation="other"))
    assert refused.value.metadata == {"turn_id": "turn-1"}
    decision, _ = await at.router.route("acme", turn(conversation="other"))
    assert decision.ruling.kind is ESCALATE


async def test_the_same_turn_many_times_at_once_is_one(at: Desks) -> None:
    results = await asyncio.gather(*(at.router.route(TENANT, turn()) for _ in range(10)))
    assert len({decision.id for decision, _ in results}) == 1
    assert len(await at.all()) == 1


async def test_many_turns_at_once_open_one_handoff(at: Desks) -> None:
    results = await asyncio.gather(*(at.router.route(TENANT, turn(f"turn-{number}")) for number in range(10)))
    assert len({decision.handoff_id for decision, _ in results}) == 1
    said = [ReasonCode.HANDOFF_OPEN in {reason.code for reason in one.ruling.reasons} for one, _ in results]
    assert said.count(False) == 1


async def test_an_open_handoff_is_returned_with_its_own_queue(at: Desks) -> None:
    await at.queue("tickets")
    waiting = await at.ask("talk", queue="tickets")
    decision, handoff = await at.router.route(TENANT, turn())
    assert handoff == waiting
    assert decision.ruling.queue_id == "tickets"
    assert decision.ruling.reasons[-1].code is ReasonCode.HANDOFF_OPEN


async def test_the_bot_stays_reachable_while_the_contact_waits(at: Desks) -> None:
    await at.ask("talk")
    decision, handoff = await at.router.route(TENANT, turn(answers=FOUND))
    assert (decision.ruling.kind, handoff) == (ANSWER, None)


async def test_suggests_once_a_person_has_accepted(at: Desks) -> None:
    await at.agent("els")
    taken = await at.take(await at.ask("talk"), "els")
    for name, owner in (("turn-1", "els"), ("turn-2", "")):
        decision, handoff = await at.router.route(TENANT, turn(name, answers=FOUND, owner_agent_id=owner))
        assert (decision.ruling.kind, handoff) == (ASSIST, taken)
        assert (decision.handoff_id, decision.ruling.queue_id) == (taken.id, "desk")


async def test_never_opens_a_handoff_for_a_person_who_owns_without_one(at: Desks) -> None:
    decision, handoff = await at.router.route(TENANT, turn(owner_agent_id="els"))
    assert (decision.ruling.kind, decision.handoff_id, handoff) == (ASSIST, "", None)
    assert await at.all() == []


async def test_a_queue_that_does_not_exist_strands_nobody(at: Desks) -> None:
    to_nowhere = (FollowUp(FollowUpSource.INTENT, "booking", Target.QUEUE, "nowhere"),)
    booking = Understanding(Verdict.MATCH, (Intent("booking", 0.75),), threshold=0.5)
    decision, handoff = await at.router.route(TENANT, turn(understanding=booking, follow_ups=to_nowhere))
    assert handoff is not None
    assert (decision.ruling.queue_id, handoff.asked.queue_id) == ("desk", "desk")


async def test_makes_the_default_queue_when_there_is_none(at: Desks) -> None:
    _, handoff = await at.router.route("acme", turn())
    assert handoff is not None
    queue = await at.staff.queue("acme", "desk")
    assert (queue.profile, queue.waiting) == (QueueProfile("desk", "desk"), 1)


async def test_a_decision_can_be_made_again_from_what_was_stored(at: Desks) -> None:
    asked = turn(
        understanding=replace(STRANGE, asks_for_person=True, frustration=Frustration.STRONG),
        answers=NEARLY,
        follow_ups=(FollowUp(FollowUpSource.KEYWORD, "fare", Target.NOTHING),),
    )
    await at.ask("talk")
    decision, _ = await at.router.route(TENANT, asked)
    async with at.database.read() as tx:
        stored = (await decisions.recorded(tx, TENANT, "turn-1")).inputs
        with pytest.raises(TurnNotRouted):
            await decisions.recorded(tx, TENANT, "turn-2")
    assert stored == replace(asked.inputs, handoff_state=HandoffState.QUEUED, at=at.clock.time)
    assert Policy.default().route(stored) == decision.ruling


async def test_a_decision_from_before_frustration_was_known_can_be_made_again(at: Desks) -> None:
    await at.router.route(TENANT, turn())
    async with at.database.write() as tx:
        row = await tx.one(sa.select(decisions_table.c.inputs))
        assert row is not None
        assert row.inputs["understanding"].pop("frustration") == Frustration.UNKNOWN
        await tx.execute(sa.update(decisions_table).values(inputs=row.inputs))
        stored = (await decisions.recorded(tx, TENANT, "turn-1")).inputs
    assert stored.understanding == STRANGE
    assert STRANGE.frustration is Frustration.UNKNOWN


async def test_stores_nothing_about_the_contact_with_a_decision(at: Desks) -> None:
    await at.router.route(TENANT, turn(answers=FOUND))
    async with at.database.read() as tx:
        row = await tx.one(sa.select(decisions_table))
    assert row is not None
    assert "anna" not in str(row)


async def test_decisions_outlive_a_restart(database_url: str) -> None:
    async with desks(database_url) as before:
        decision, handoff = await before.router.route(TENANT, turn())
    async with desks(database_url) as after:
        assert await after.router.route(TENANT, turn(answers=FOUND)) == (decision, handoff)
