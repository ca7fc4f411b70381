"""What the router remembers of a conversation: its own decisions since a person gave it back."""

from dataclasses import replace

from tests.unit.handoff.desks import TENANT, Desks
from tests.unit.handoff.routing.inputs import DOGS, NOTHING, inputs, understood

from balie.handoff.domain import ReleaseReason
from balie.handoff.routing import decisions
from balie.handoff.routing.history import History
from balie.handoff.routing.turns import Answers, DecisionKind, Inputs, Turn

FOUND = Answers((DOGS,), threshold=0.6)


async def decide(at: Desks, number: int, known: Inputs) -> tuple[DecisionKind, History]:
    """Decides a turn ten seconds after the one before; returns what was decided and remembered."""
    at.clock.forward(seconds=10)
    name = f"turn-{number}"
    decision, _ = await at.router.route(TENANT, Turn(name, "talk", "anna", "web", "nl", known))
    async with at.database.read() as tx:
        return decision.ruling.kind, (await decisions.recorded(tx, TENANT, name)).inputs.history


async def test_remembers_when_it_spoke_and_what_it_answered(at: Desks) -> None:
    assert await decide(at, 1, inputs(answers=FOUND)) == (DecisionKind.ANSWER, History())
    assert await decide(at, 2, inputs(answers=FOUND)) == (
        DecisionKind.ANSWER,
        History(answered_entries=("dogs",), reply_ages=(10,)),
    )
    kind, history = await decide(at, 3, inputs(answers=FOUND))
    assert kind is DecisionKind.ESCALATE  # the same answer a third time
    assert history == History(answered_entries=("dogs", "dogs"), reply_ages=(10, 20))
    _, history = await decide(at, 4, inputs())
    assert history == History(failed_in_a_row=1, reply_ages=(10, 20, 30))


async def test_keeps_what_the_gateway_told(at: Desks) -> None:
    told = History(clarified_in_a_row=1, bot_replies=7, same_message_in_a_row=2)
    _, history = await decide(at, 1, inputs(history=told))
    assert history == told


async def test_another_conversations_turns_do_not_count(at: Desks) -> None:
    other = Turn("other-1", "other", "jan", "web", "nl", inputs(answers=FOUND))
    await at.router.route(TENANT, other)
    await at.router.route("acme", replace(other, id="acme-1", conversation_id="talk"))
    _, history = await decide(at, 1, inputs())
    assert history == History()


async def test_begins_anew_when_a_person_gave_the_conversation_back(at: Desks) -> None:
    await at.agent("els")
    asked = inputs(understanding=understood(asks_for_person=True))
    for number in range(3):
        await decide(at, number, asked)
    [handoff] = await at.all()
    await at.take(handoff, "els")
    _, history = await decide(at, 10, replace(asked, owner_agent_id="els"))
    assert history.failed_in_a_row == 3
    await at.end(handoff)
    kind, history = await decide(at, 11, inputs())
    assert history == History(released_ago=10)
    assert kind is DecisionKind.CLARIFY  # nobody asked for a person, and one has just left
    kind, history = await decide(at, 12, inputs())
    assert (kind, history.failed_in_a_row) == (DecisionKind.ESCALATE, 1)


async def test_goes_on_where_it_was_when_the_person_said_so(at: Desks) -> None:
    await at.agent("els")
    for number in range(2):
        await decide(at, number, inputs(answers=FOUND))
    chat = await at.take(await at.ask("talk"), "els")
    await at.end(chat, reason=ReleaseReason.RESUME)
    kind, history = await decide(at, 2, inputs(answers=FOUND))
    assert history == History(answered_entries=("dogs", "dogs"), reply_ages=(10, 20), released_ago=10)
    assert kind is DecisionKind.CLARIFY  # the same answer a third time, and a person has just left


async def test_what_failed_before_a_person_came_does_not_count_after_them(at: Desks) -> None:
    await at.agent("els")
    for number in range(2):
        await decide(at, number, inputs())
    [handoff] = await at.all()
    await at.end(await at.take(handoff, "els"), reason=ReleaseReason.RESUME)
    kind, history = await decide(at, 2, inputs())
    assert (kind, history.failed_in_a_row) == (DecisionKind.CLARIFY, 0)


async def test_what_was_only_suggested_was_not_said(at: Desks) -> None:
    await decide(at, 1, inputs(answers=FOUND, owner_agent_id="els"))
    _, history = await decide(at, 2, inputs(answers=NOTHING))
    assert history == History()
