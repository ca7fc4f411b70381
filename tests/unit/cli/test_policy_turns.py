"""Messages on their way through the gateway's pipeline and the policy, with an NLU that says what a test tells it to."""

import pytest

from balie.cli.policy_evaluation.desk import IntentDesk
from balie.cli.policy_evaluation.figures import in_traffic, reasons, shares
from balie.cli.policy_evaluation.turns import Judged, TurnRunner
from balie.gateway.said import DecisionKind
from balie.handoff.routing.policy import Policy
from balie.nlu.domain import Detection, Frustration, ScoredIntent, Signals, Understanding, Utterance, Verdict
from balie.nlu.examples import Example

LANGUAGES = ("en",)
INTENTS = ("card lost", "card stolen", "pay")


class Scripted:
    """Understands each text as a test says."""

    def __init__(self, **said: Understanding) -> None:
        self._said = said

    async def understand(self, tenant: str, utterance: Utterance) -> Understanding:
        return self._said[utterance.text]


def understood(verdict: Verdict, *intents: str, asks_for_person: bool = False) -> Understanding:
    return Understanding(
        detection=Detection("en", 1.0),
        keywords=[],
        intents=[ScoredIntent(name, 0.4) for name in intents],
        verdict=verdict,
        threshold=0.5,
        signals=Signals(
            asks_for_person=asks_for_person,
            question_count=0,
            character_count=4,
            frustration=Frustration.NONE,
        ),
        embedding=None,
        model_version="m",
        calibration_version="c",
    )


async def run(policy: Policy | None = None, **said: tuple[str, Understanding]) -> list[Judged]:
    understander = Scripted(**{text: understanding for text, (_, understanding) in said.items()})
    messages = [Example(intent, "en", text) for text, (intent, _) in said.items()]
    runner = TurnRunner(
        IntentDesk(INTENTS, LANGUAGES),
        understander,
        policy or Policy.default(),
        LANGUAGES,
    )
    return await runner.run(messages, lambda _step, _share: None)


async def test_a_match_is_answered_with_the_entry_of_its_intent() -> None:
    right, wrong, outside = await run(
        a=("pay", understood(Verdict.MATCH, "pay", "card lost")),
        b=("pay", understood(Verdict.MATCH, "card lost", "pay")),
        c=("oos", understood(Verdict.MATCH, "pay")),
    )
    assert {one.kind for one in (right, wrong, outside)} == {DecisionKind.ANSWER}
    assert [one.intent for one in (right, wrong, outside)] == ["pay", "card lost", "pay"]
    assert [one.is_right for one in (right, wrong, outside)] == [True, False, False]
    assert [one.in_scope for one in (right, wrong, outside)] == [True, True, False]


async def test_a_choice_offers_the_entries_of_the_intents_that_are_as_likely() -> None:
    held, not_held = await run(
        a=("card stolen", understood(Verdict.AMBIGUOUS, "card lost", "card stolen")),
        b=("pay", understood(Verdict.AMBIGUOUS, "card lost", "card stolen")),
    )
    assert (held.kind, held.reason) == (DecisionKind.CLARIFY, "ambiguous")
    assert held.offered == not_held.offered == ("card lost", "card stolen")
    told = shares([held, not_held])
    assert (told["clarified"].value, told["right_offered"].value) == (1.0, 0.5)
    assert told["wrong"].value == 0.0
    assert told["wrong_rate"].value is None


async def test_what_is_not_understood_and_who_asks_for_a_person_get_one() -> None:
    unknown, asked = await run(
        a=("pay", understood(Verdict.NO_MATCH, "pay")),
        b=("pay", understood(Verdict.MATCH, "pay", asks_for_person=True)),
    )
    assert [one.kind for one in (unknown, asked)] == [DecisionKind.ESCALATE] * 2
    assert [one.reason for one in (unknown, asked)] == ["no match", "person requested"]
    assert [one.asks_for_person for one in (unknown, asked)] == [False, True]
    assert not unknown.is_right


async def test_of_what_is_escalated_it_is_told_whether_the_right_intent_was_among_the_best_three() -> None:
    four = ("card lost", "card stolen", "greet", "pay")
    found = await run(
        a=("card stolen", understood(Verdict.NO_MATCH, *four)),
        b=("pay", understood(Verdict.NO_MATCH, *four)),
        c=("card lost", understood(Verdict.MATCH, *four)),
    )
    assert shares(found)["right_in_three"].value == 0.5


async def test_a_decision_that_cannot_be_carried_out_asks_for_a_person() -> None:
    content = b"version: 1\nrules:\n  - {name: gone, when: {characters: 1}, answer: {reply: nowhere}}\n"
    (refused,) = await run(Policy.parse(content, "policy"), a=("pay", understood(Verdict.MATCH, "pay")))
    assert (refused.kind, refused.reason) == (DecisionKind.ESCALATE, "refused")


async def test_every_message_is_the_first_of_its_conversation() -> None:
    same = understood(Verdict.AMBIGUOUS, "card lost", "card stolen")
    found = await run(**{f"m{number}": ("pay", same) for number in range(70)})
    assert {one.kind for one in found} == {DecisionKind.CLARIFY}


async def test_traffic_weighs_what_is_out_of_scope_by_the_stated_share() -> None:
    inside = await run(
        a=("pay", understood(Verdict.MATCH, "pay")), b=("pay", understood(Verdict.NO_MATCH, "pay"))
    )
    outside = await run(c=("oos", understood(Verdict.MATCH, "pay")))
    told = in_traffic(inside, outside, 0.2)
    assert told["answered"] == pytest.approx(0.8 * 0.5 + 0.2)
    assert told["wrong_rate"] == pytest.approx(0.2 / 0.6)
    assert told["right_offered"] is None


async def test_reasons_are_counted_by_what_was_decided() -> None:
    turns = await run(
        a=("pay", understood(Verdict.MATCH, "pay")),
        b=("oos", understood(Verdict.MATCH, "pay")),
        c=("oos", understood(Verdict.NO_MATCH, "pay")),
    )
    told = [(one.kind.name, one.reason, one.in_scope, one.out_of_scope) for one in reasons(turns)]
    assert told == [("ANSWER", "intent", 1, 1), ("ESCALATE", "no match", 0, 1)]
