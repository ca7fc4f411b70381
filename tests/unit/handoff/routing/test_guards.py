"""Guards and rules of one's own: what they decide, and what they leave alone."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.handoff.routing.inputs import DOGS, inputs, understood

from balie.handoff.domain import HandoffState
from balie.handoff.reasons import ReasonCode
from balie.handoff.routing.history import History
from balie.handoff.routing.policy import Policy
from balie.handoff.routing.turns import AnswerChoice, Answers, DecisionKind, Frustration, Inputs, Ruling

SHIPPED = Policy.default()
ANSWER, CLARIFY, ESCALATE, ASSIST = DecisionKind
FOUND = Answers((DOGS,), threshold=0.6)


def policy(rules: str, head: str = "") -> Policy:
    return Policy.parse(f"version: t\n{head}rules:\n{rules}".encode(), "policy")


def codes(ruling: Ruling) -> list[str]:
    return [reason.code.name for reason in ruling.reasons]


def spoke(*ages: int) -> History:
    return History(reply_ages=ages)


def test_the_bot_is_silent_and_a_person_is_asked_when_it_spoke_too_often() -> None:
    often = inputs(answers=FOUND, history=spoke(*range(40)))
    ruling = SHIPPED.route(often)
    assert (ruling.kind, codes(ruling), ruling.is_silent) == (ESCALATE, ["BOT_REPLIES_CAPPED"], False)
    waiting = SHIPPED.route(replace(often, handoff_state=HandoffState.QUEUED))
    assert codes(waiting) == ["BOT_REPLIES_CAPPED", "HANDOFF_OPEN"]
    assert waiting.is_silent


@pytest.mark.parametrize("ages", [range(39), [*range(39), 3600], [4000] * 100])
def test_it_answers_while_it_spoke_less_within_the_window(ages: object) -> None:
    assert SHIPPED.route(inputs(answers=FOUND, history=spoke(*ages))).kind is ANSWER  # type: ignore[misc]


def test_the_same_words_again_and_again_get_a_person_and_then_silence() -> None:
    again = inputs(answers=FOUND, history=History(same_message_in_a_row=5))
    assert codes(SHIPPED.route(again)) == ["MESSAGE_REPEATED"]
    assert SHIPPED.route(replace(again, handoff_state=HandoffState.OFFERED)).is_silent
    assert SHIPPED.route(replace(again, history=History(same_message_in_a_row=4))).kind is ANSWER


def test_an_answer_that_was_given_twice_in_a_row_gets_a_person() -> None:
    twice = inputs(answers=FOUND, history=History(answered_entries=("dogs", "dogs", "cats")))
    ruling = SHIPPED.route(twice)
    assert (ruling.kind, codes(ruling), ruling.queue_id) == (
        ESCALATE,
        ["ANSWER_REPEATED", "FAQ_ANSWER"],
        "desk",
    )
    assert ruling.reasons[0].subject == "dogs"
    between = replace(twice, history=History(answered_entries=("dogs", "cats", "dogs")))
    assert SHIPPED.route(between).kind is ANSWER


NOBODY_ASKED = inputs(history=History(released_ago=60))


def test_after_a_release_the_bot_tries_once_before_it_asks_for_a_person_by_itself() -> None:
    ruling = SHIPPED.route(NOBODY_ASKED)
    assert (ruling.kind, codes(ruling)) == (CLARIFY, ["RELEASED_RECENTLY", "NO_MATCH"])
    failed = replace(NOBODY_ASKED, history=History(released_ago=90, failed_in_a_row=1))
    assert SHIPPED.route(failed).kind is ESCALATE
    later = replace(NOBODY_ASKED, history=History(released_ago=600))
    assert SHIPPED.route(later).kind is ESCALATE


@pytest.mark.parametrize(
    "asked",
    [
        replace(NOBODY_ASKED, understanding=understood(asks_for_person=True)),
        replace(NOBODY_ASKED, understanding=understood(frustration=Frustration.STRONG)),
        replace(NOBODY_ASKED, understanding=None),
        replace(NOBODY_ASKED, answers=None),
        replace(NOBODY_ASKED, handoff_state=HandoffState.QUEUED),
    ],
)
def test_after_a_release_whoever_needs_a_person_gets_one(asked: Inputs) -> None:
    assert SHIPPED.route(asked).kind is ESCALATE


def test_guards_that_are_left_out_are_off() -> None:
    bare = policy("  - step: faq_answer\n")
    worn = History(
        reply_ages=(0,) * 100, same_message_in_a_row=9, answered_entries=("dogs",) * 9, released_ago=1
    )
    assert bare.route(inputs(answers=FOUND, history=worn)).kind is ANSWER
    assert codes(bare.route(inputs(history=worn))) == ["NO_MATCH"]


def test_a_rule_decides_where_it_stands() -> None:
    rule = "  - name: gold\n    when: {contact: {tier: gold}}\n    escalate: {queue: vip, priority: 20}\n"
    gold = inputs(answers=FOUND, contact={"tier": "gold"})
    before, after = policy(rule + "  - step: faq_answer\n"), policy("  - step: faq_answer\n" + rule)
    ruling = before.route(gold)
    assert (ruling.kind, ruling.queue_id, ruling.priority) == (ESCALATE, "vip", 20)
    assert [(one.code, one.subject) for one in ruling.reasons] == [(ReasonCode.RULE, "gold")]
    assert after.route(gold).kind is ANSWER
    assert before.route(inputs(answers=FOUND)).kind is ANSWER


def test_a_rule_answers_with_a_canned_reply_or_asks_back() -> None:
    rules = (
        "  - name: hello\n    when: {channels: sms}\n    answer: {reply: hello}\n"
        "  - name: many\n    when: {questions: 3}\n    clarify: true\n"
    )
    assert policy(rules).route(inputs(channel="sms")).answer == AnswerChoice(reply="hello")
    many = inputs(understanding=understood(question_count=3))
    assert (policy(rules).route(many).kind, codes(policy(rules).route(many))) == (CLARIFY, ["RULE"])
    again = replace(many, history=History(clarified_in_a_row=1))
    assert policy(rules).route(again).kind is ESCALATE


def test_unless_keeps_a_step_from_being_taken() -> None:
    careful = policy("  - step: faq_answer\n    unless: {frustration: mild}\n")
    annoyed = understood(frustration=Frustration.MILD)
    assert careful.route(inputs(answers=FOUND)).kind is ANSWER
    assert careful.route(inputs(answers=FOUND, understanding=annoyed)).kind is ESCALATE


def test_strong_frustration_gets_a_person_before_an_answer_and_goes_first() -> None:
    ruling = SHIPPED.route(inputs(answers=FOUND, understanding=understood(frustration=Frustration.STRONG)))
    assert (ruling.kind, ruling.priority, ruling.reasons[0].subject) == (ESCALATE, 10, "strong frustration")


def test_says_what_became_of_each_rule() -> None:
    ruling, passed = SHIPPED.explain(
        inputs(answers=FOUND, history=History(answered_entries=("dogs", "dogs")))
    )
    assert ruling.kind is ESCALATE
    told = {one.rule: (one.decided, one.why) for one in passed}
    assert told["strong frustration"] == (False, "frustration: it is unknown")
    assert told["faq_answer"] == (True, "ANSWER: FAQ_ANSWER dogs")
    assert told["same_answer"] == (True, "ESCALATE: ANSWER_REPEATED dogs")
    assert "near_miss" not in told


def test_a_person_who_owns_it_comes_before_every_guard() -> None:
    worn = History(reply_ages=(0,) * 100, same_message_in_a_row=9)
    assert SHIPPED.route(inputs(answers=FOUND, history=worn, owner_agent_id="els")).kind is ASSIST


histories = st.builds(
    History,
    st.integers(0, 3),
    st.integers(0, 99),
    st.integers(0, 9),
    st.integers(0, 9),
    st.lists(st.sampled_from(["dogs", "cats"]), max_size=5).map(tuple),
    st.lists(st.integers(0, 9000), max_size=100).map(lambda ages: tuple(sorted(ages))),
    st.none() | st.integers(0, 5000),
)


@given(histories, st.sampled_from([None, HandoffState.QUEUED]), st.booleans())
def test_whatever_went_before_nobody_is_left_without_an_answer_or_a_person(
    history: History, state: HandoffState | None, is_found: bool
) -> None:
    ruling = SHIPPED.route(
        inputs(answers=FOUND if is_found else Answers(), history=history, handoff_state=state)
    )
    assert ruling.kind in (ANSWER, CLARIFY, ESCALATE)
    assert not ruling.is_silent or (ruling.kind is ESCALATE and state is not None)
