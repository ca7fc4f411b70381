"""The routing policy as a table: what is known of a turn, what is done, and why."""

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balie.handoff.domain import HandoffState
from balie.handoff.reasons import ReasonCode
from balie.handoff.routing.history import History
from balie.handoff.routing.policy import Policy
from balie.handoff.routing.turns import (
    AnswerChoice,
    Answers,
    Candidate,
    DecisionKind,
    FollowUp,
    FollowUpSource,
    Inputs,
    Intent,
    Keyword,
    KeywordRule,
    Ruling,
    Target,
    Understanding,
    Verdict,
)

policy = Policy.default()
ANSWER, CLARIFY, ESCALATE, ASSIST = DecisionKind
EXACT, NORMALISED, FORM, PATTERN, FUZZY = KeywordRule

QUIET = Answers(threshold=0.6)
"""The FAQ answered and found nothing near."""
DOGS = Candidate("dogs/nl/1", "dogs", 0.9, above_threshold=True)
BIKES = Candidate("bikes/nl/1", "bikes", 0.85, above_threshold=True)
NEARLY = Candidate("tides/nl/1", "tides", 0.55, above_threshold=False)
NEARLY_TOO = Candidate("tides/nl/2", "tides", 0.54, above_threshold=False)
RIVAL = Candidate("cats/nl/1", "cats", 0.4, above_threshold=False)
RIVAL_TOO = Candidate("birds/nl/1", "birds", 0.3, above_threshold=False)
SLIGHT = Candidate("ice/nl/1", "ice", 0.1, above_threshold=False)
FAR = Candidate("weather/nl/1", "weather", 0.2, above_threshold=False)
PINNED = Candidate("fares/nl/1", "fares", 0.1, above_threshold=False, pinned=True)


def found(*candidates: Candidate, ambiguous: bool = False) -> Answers:
    return Answers(candidates, ambiguous=ambiguous, threshold=0.6)


def understood(verdict: Verdict, intent: str = "", **signals: object) -> Understanding:
    intents = (Intent(intent, 0.8), Intent("other", 0.1)) if intent else ()
    return Understanding(verdict, intents, threshold=0.5, **signals)  # type: ignore[arg-type]


def match(intent: str = "booking", **signals: object) -> Understanding:
    return understood(Verdict.MATCH, intent, **signals)


def unclear(**signals: object) -> Understanding:
    return understood(Verdict.AMBIGUOUS, "booking", **signals)


def strange(**signals: object) -> Understanding:
    return understood(Verdict.NO_MATCH, "booking", **signals)


def keyword(rule: KeywordRule = EXACT, *, whole: bool = False) -> tuple[Keyword, ...]:
    return (Keyword("fare", rule, whole_message=whole),)


def by_keyword(kind: Target, target: str = "") -> FollowUp:
    return FollowUp(FollowUpSource.KEYWORD, "fare", kind, target)


def by_intent(kind: Target, target: str = "", name: str = "booking") -> FollowUp:
    return FollowUp(FollowUpSource.INTENT, name, kind, target)


TO_ENTRY = by_keyword(Target.FAQ_ENTRY, "fares")
TO_REPLY = by_keyword(Target.REPLY, "fares-are-online")
TO_QUEUE = by_keyword(Target.QUEUE, "tickets")


@dataclass(frozen=True)
class Case:
    about: str
    understanding: Understanding | None
    answers: Answers | None
    kind: DecisionKind
    reasons: str
    """Codes in order, each with its subject: `KEYWORD:fare, FAQ_UNAVAILABLE`."""
    follow_ups: tuple[FollowUp, ...] = ()
    answer: str = ""
    options: tuple[str, ...] = ()
    queue: str = ""
    owner: str = ""
    clarified: int = 0
    open_handoff: HandoffState | None = None
    inputs: Inputs = field(init=False)

    def __post_init__(self) -> None:
        inputs = Inputs(
            default_queue_id="desk",
            owner_agent_id=self.owner,
            understanding=self.understanding,
            answers=self.answers,
            follow_ups=self.follow_ups,
            history=History(clarified_in_a_row=self.clarified),
            handoff_state=self.open_handoff,
        )
        object.__setattr__(self, "inputs", inputs)


# fmt: off
CASES = [
    # 1. A person owns it
    Case("a person owns it: the best answer is suggested", match(), found(DOGS), ASSIST, "OWNED_BY_PERSON:els", owner="els", answer="dogs/nl/1"),
    Case("a person owns it: the best of several that reach the threshold together is for them to judge", unclear(), found(RIVAL, RIVAL_TOO, ambiguous=True), ASSIST, "OWNED_BY_PERSON:els", owner="els", answer="cats/nl/1"),
    Case("a person owns it: an ambiguous best is for them to judge", unclear(), found(DOGS, BIKES, ambiguous=True), ASSIST, "OWNED_BY_PERSON:els", owner="els", answer="dogs/nl/1"),
    Case("a person owns it: without an answer, what the intent says", match(), QUIET, ASSIST, "OWNED_BY_PERSON:els", (by_intent(Target.REPLY, "hello"),), owner="els", answer="reply:hello"),
    Case("a person owns it: without an answer, what the keyword says", strange(keywords=keyword()), found(PINNED), ASSIST, "OWNED_BY_PERSON:els", (TO_ENTRY,), owner="els", answer="fares/nl/1"),
    Case("a person owns it: an intent that did not match suggests nothing", strange(), QUIET, ASSIST, "OWNED_BY_PERSON:els", (by_intent(Target.REPLY, "hello"),), owner="els"),
    Case("a person owns it: no escalation even when one is asked for", match(asks_for_person=True), QUIET, ASSIST, "OWNED_BY_PERSON:els", owner="els"),
    Case("a person owns it: NLU and FAQ down", None, None, ASSIST, "OWNED_BY_PERSON:els", owner="els"),
    Case("an agent has accepted and the gateway does not know yet", match(), found(DOGS), ASSIST, "OWNED_BY_PERSON:", answer="dogs/nl/1", open_handoff=HandoffState.RESERVED),
    Case("an agent was confirmed and the turn is an old one", match(), QUIET, ASSIST, "OWNED_BY_PERSON:", open_handoff=HandoffState.ACCEPTED),

    # 2. NLU is down
    Case("NLU is down", None, QUIET, ESCALATE, "NLU_UNAVAILABLE:", queue="desk"),
    Case("NLU is down and the FAQ has an answer", None, found(DOGS), ESCALATE, "NLU_UNAVAILABLE:", queue="desk"),
    Case("both are down", None, None, ESCALATE, "NLU_UNAVAILABLE:", queue="desk"),

    # 3. A keyword that is the message
    Case("the keyword is the message: its entry", match(keywords=keyword(whole=True)), found(PINNED), ANSWER, "KEYWORD:fare", (TO_ENTRY,), answer="fares/nl/1"),
    Case("the keyword is the message: its reply", strange(keywords=keyword(whole=True)), QUIET, ANSWER, "KEYWORD:fare", (TO_REPLY,), answer="reply:fares-are-online"),
    Case("the keyword is the message: its queue", strange(keywords=keyword(whole=True)), QUIET, ESCALATE, "KEYWORD:fare", (TO_QUEUE,), queue="tickets"),
    Case("the keyword is the message, folded", strange(keywords=keyword(NORMALISED, whole=True)), QUIET, ANSWER, "KEYWORD:fare", (TO_REPLY,), answer="reply:fares-are-online"),
    Case("the keyword is the message: before a person", match(keywords=keyword(whole=True), asks_for_person=True), QUIET, ANSWER, "KEYWORD:fare", (TO_REPLY,), answer="reply:fares-are-online"),
    Case("the keyword is the message: before the FAQ", match(keywords=keyword(whole=True)), found(DOGS), ANSWER, "KEYWORD:fare", (TO_REPLY,), answer="reply:fares-are-online"),
    Case("the keyword is the message and the FAQ that holds its entry is down", match(keywords=keyword(whole=True)), None, ESCALATE, "FAQ_UNAVAILABLE:, KEYWORD:fare", (TO_ENTRY,), queue="desk"),
    Case("the keyword is the message, needs no FAQ, and the FAQ is down", match(keywords=keyword(whole=True)), None, ANSWER, "KEYWORD:fare", (TO_REPLY,), answer="reply:fares-are-online"),
    Case("the keyword's entry is gone: the FAQ decides", match(keywords=keyword(whole=True)), found(DOGS), ANSWER, "FAQ_ANSWER:dogs", (TO_ENTRY,), answer="dogs/nl/1"),
    Case("the keyword leads to nothing: the FAQ decides", match(keywords=keyword(whole=True)), found(DOGS), ANSWER, "FAQ_ANSWER:dogs", (by_keyword(Target.NOTHING),), answer="dogs/nl/1"),
    Case("the keyword was not found in the message", strange(), QUIET, ESCALATE, "NO_MATCH:booking", (TO_REPLY,), queue="desk"),

    # 4. An explicit request for a person
    Case("a person is asked for", strange(asks_for_person=True), QUIET, ESCALATE, "PERSON_REQUESTED:", queue="desk"),
    Case("a person is asked for: before the FAQ", match(asks_for_person=True), found(DOGS), ESCALATE, "PERSON_REQUESTED:", queue="desk"),
    Case("a person is asked for: before an exact keyword that is only a part", match(keywords=keyword(), asks_for_person=True, character_count=20), QUIET, ESCALATE, "PERSON_REQUESTED:", (TO_REPLY,), queue="desk"),
    Case("a person is asked for, the intent says which", match(asks_for_person=True), QUIET, ESCALATE, "PERSON_REQUESTED:, INTENT_QUEUE:booking", (by_intent(Target.QUEUE, "tickets"),), queue="tickets"),
    Case("a person is asked for, an intent that did not match says nothing", unclear(asks_for_person=True), QUIET, ESCALATE, "PERSON_REQUESTED:", (by_intent(Target.QUEUE, "tickets"),), queue="desk"),
    Case("a person is asked for, the intent has a reply", match(asks_for_person=True), QUIET, ESCALATE, "PERSON_REQUESTED:", (by_intent(Target.REPLY, "hello"),), queue="desk"),
    Case("a person is asked for and the FAQ is down", match(asks_for_person=True), None, ESCALATE, "PERSON_REQUESTED:", queue="desk"),

    # 5. An exact keyword in a short message
    Case("an exact keyword in a short message: before the FAQ", match(keywords=keyword(), character_count=40), found(DOGS), ANSWER, "KEYWORD:fare", (TO_REPLY,), answer="reply:fares-are-online"),
    Case("an exact keyword in a long message: after the FAQ", match(keywords=keyword(), character_count=41), found(DOGS), ANSWER, "FAQ_ANSWER:dogs", (TO_REPLY,), answer="dogs/nl/1"),
    Case("a folded keyword in a short message: after the FAQ", match(keywords=keyword(NORMALISED), character_count=20), found(DOGS), ANSWER, "FAQ_ANSWER:dogs", (TO_REPLY,), answer="dogs/nl/1"),
    Case("an exact keyword in a short message and the FAQ is down", match(keywords=keyword(), character_count=20), None, ESCALATE, "FAQ_UNAVAILABLE:, KEYWORD:fare", (TO_ENTRY,), queue="desk"),

    # 6. An FAQ answer
    Case("the FAQ answers", strange(), found(DOGS, NEARLY), ANSWER, "FAQ_ANSWER:dogs", answer="dogs/nl/1"),
    Case("the FAQ answers although intents are unclear", unclear(), found(DOGS), ANSWER, "FAQ_ANSWER:dogs", answer="dogs/nl/1"),
    Case("the FAQ answers: before the intent's reply", match(), found(DOGS), ANSWER, "FAQ_ANSWER:dogs", (by_intent(Target.REPLY, "hello"),), answer="dogs/nl/1"),
    Case("the FAQ answers: before the intent's queue", match(), found(DOGS), ANSWER, "FAQ_ANSWER:dogs", (by_intent(Target.QUEUE, "tickets"),), answer="dogs/nl/1"),
    Case("what is pinned is not what was found", match(), found(replace(PINNED, above_threshold=True), DOGS), ANSWER, "FAQ_ANSWER:dogs", answer="dogs/nl/1"),

    # 7. The matched intent
    Case("the intent's entry", match(), found(PINNED), ANSWER, "INTENT:booking", (by_intent(Target.FAQ_ENTRY, "fares"),), answer="fares/nl/1"),
    Case("the intent's reply", match(), found(FAR), ANSWER, "INTENT:booking", (by_intent(Target.REPLY, "hello"),), answer="reply:hello"),
    Case("the intent's queue", match(), QUIET, ESCALATE, "INTENT_QUEUE:booking", (by_intent(Target.QUEUE, "tickets"),), queue="tickets"),
    Case("the intent's reply before an ambiguous FAQ", match(), found(DOGS, BIKES, ambiguous=True), ANSWER, "INTENT:booking", (by_intent(Target.REPLY, "hello"),), answer="reply:hello"),
    Case("another intent's follow-up is not this one's", match(), QUIET, CLARIFY, "NOTHING_FOLLOWS:booking", (by_intent(Target.REPLY, "hello", name="other"),)),
    Case("the intent before a keyword somewhere", match(keywords=keyword(), character_count=200), QUIET, ANSWER, "INTENT:booking", (TO_REPLY, by_intent(Target.REPLY, "hello")), answer="reply:hello"),

    # 8. The FAQ is down
    Case("the FAQ is down", strange(), None, ESCALATE, "FAQ_UNAVAILABLE:", queue="desk"),
    Case("the FAQ is down and intents are unclear", unclear(), None, ESCALATE, "FAQ_UNAVAILABLE:", queue="desk"),
    Case("the FAQ is down and the intent has a reply", match(), None, ANSWER, "INTENT:booking", (by_intent(Target.REPLY, "hello"),), answer="reply:hello"),
    Case("the FAQ is down and the intent has a queue", match(), None, ESCALATE, "INTENT_QUEUE:booking", (by_intent(Target.QUEUE, "tickets"),), queue="tickets"),
    Case("the FAQ is down and holds the intent's entry", match(), None, ESCALATE, "FAQ_UNAVAILABLE:, INTENT:booking", (by_intent(Target.FAQ_ENTRY, "fares"),), queue="desk"),
    Case("the FAQ is down: no guess by a keyword somewhere", strange(keywords=keyword(), character_count=200), None, ESCALATE, "FAQ_UNAVAILABLE:", (TO_REPLY,), queue="desk"),

    # 9. Any other keyword
    Case("a keyword somewhere: its reply", strange(keywords=keyword(), character_count=200), QUIET, ANSWER, "KEYWORD:fare", (TO_REPLY,), answer="reply:fares-are-online"),
    Case("a keyword somewhere: its queue", strange(keywords=keyword(NORMALISED), character_count=20), QUIET, ESCALATE, "KEYWORD:fare", (TO_QUEUE,), queue="tickets"),
    Case("a keyword somewhere: before clarifying", unclear(keywords=keyword(), character_count=200), found(PINNED), ANSWER, "KEYWORD:fare", (TO_ENTRY,), answer="fares/nl/1"),

    # 10. Clarify, once
    Case("answers are about as close", strange(), found(DOGS, BIKES, ambiguous=True), CLARIFY, "AMBIGUOUS:dogs", options=("dogs/nl/1", "bikes/nl/1")),
    Case("answers reach the threshold together, none alone", strange(), found(RIVAL, RIVAL_TOO, SLIGHT, PINNED, ambiguous=True), CLARIFY, "AMBIGUOUS:cats", options=("cats/nl/1", "birds/nl/1")),
    Case("answers as unlikely that do not reach it together are no options", unclear(), found(RIVAL, RIVAL_TOO), CLARIFY, "AMBIGUOUS:booking"),
    Case("intents are about as likely: what they point at is offered", unclear(), found(PINNED, NEARLY, FAR), CLARIFY, "AMBIGUOUS:booking", options=("fares/nl/1", "tides/nl/1")),
    Case("intents are about as likely and nothing is near: other words are asked for", unclear(), found(FAR), CLARIFY, "AMBIGUOUS:booking"),
    Case("both are ambiguous", unclear(), found(DOGS, BIKES, ambiguous=True), CLARIFY, "AMBIGUOUS:dogs, AMBIGUOUS:booking", options=("dogs/nl/1", "bikes/nl/1")),
    Case("one option of each entry, at most three", unclear(), found(DOGS, NEARLY, NEARLY_TOO, BIKES, replace(NEARLY, entry_id="ice", answer_id="ice/nl/1"), ambiguous=True), CLARIFY, "AMBIGUOUS:dogs, AMBIGUOUS:booking", options=("dogs/nl/1", "tides/nl/1", "bikes/nl/1")),
    Case("ambiguous twice", unclear(), QUIET, ESCALATE, "AMBIGUOUS_AGAIN:, AMBIGUOUS:booking", clarified=1, queue="desk"),
    Case("answers ambiguous twice", match(), found(DOGS, BIKES, ambiguous=True), ESCALATE, "AMBIGUOUS_AGAIN:, AMBIGUOUS:dogs", clarified=1, queue="desk"),
    Case("an answer nearly reaches its threshold", strange(), found(NEARLY, FAR), CLARIFY, "NO_MATCH:booking, NO_MATCH:tides", options=("tides/nl/1",)),
    Case("an answer nearly reaches its threshold again", strange(), found(NEARLY), ESCALATE, "NO_MATCH:booking, NO_MATCH:tides", clarified=1, queue="desk"),
    Case("what a guess is pinned to is no option", strange(), found(PINNED, NEARLY), CLARIFY, "NO_MATCH:booking, NO_MATCH:tides", options=("tides/nl/1",)),
    Case("the intent leads to nothing by itself", match("thanks"), found(NEARLY), CLARIFY, "NOTHING_FOLLOWS:thanks", (by_intent(Target.NOTHING, name="thanks"),), options=("tides/nl/1",)),
    Case("the intent leads to nothing, again", match("thanks"), QUIET, ESCALATE, "NO_MATCH:thanks", (by_intent(Target.NOTHING, name="thanks"),), clarified=1, queue="desk"),
    Case("a keyword made the match and leads nowhere", understood(Verdict.MATCH, keywords=keyword(whole=True)), QUIET, CLARIFY, "NOTHING_FOLLOWS:"),

    # 11. Nothing else is left
    Case("out of scope", strange(), found(FAR), ESCALATE, "NO_MATCH:booking, NO_MATCH:weather", queue="desk"),
    Case("nothing is known at all", understood(Verdict.NO_MATCH), QUIET, ESCALATE, "NO_MATCH:", queue="desk"),

    # 12. A handoff is open already
    Case("waiting already, asked for again", match(asks_for_person=True), QUIET, ESCALATE, "PERSON_REQUESTED:, HANDOFF_OPEN:", open_handoff=HandoffState.QUEUED, queue="desk"),
    Case("waiting already, the bot answers meanwhile", strange(), found(DOGS), ANSWER, "FAQ_ANSWER:dogs", open_handoff=HandoffState.OFFERED, answer="dogs/nl/1"),
    Case("waiting already, the bot asks what was meant", unclear(), QUIET, CLARIFY, "AMBIGUOUS:booking", open_handoff=HandoffState.QUEUED),
]
# fmt: on


def name_of(choice: AnswerChoice | None) -> str:
    return "" if choice is None else choice.answer_id or f"reply:{choice.reply}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.about)
def test_decides(case: Case) -> None:
    ruling = policy.route(case.inputs)
    assert ruling.kind is case.kind
    assert ", ".join(f"{reason.code.name}:{reason.subject}" for reason in ruling.reasons) == case.reasons
    assert name_of(ruling.answer) == case.answer
    assert tuple(map(name_of, ruling.options)) == case.options
    assert ruling.queue_id == case.queue


def test_says_which_score_was_compared_with_what() -> None:
    reason = policy.route(Inputs("desk", understanding=strange(), answers=found(DOGS))).reasons[0]
    assert (reason.code, reason.score, reason.threshold) == (ReasonCode.FAQ_ANSWER, 0.9, 0.6)
    of_intent, of_answer = policy.route(Inputs("desk", understanding=strange(), answers=found(FAR))).reasons
    assert (of_intent.score, of_intent.threshold) == (0.8, 0.5)
    assert (of_answer.score, of_answer.threshold) == (0.2, 0.6)


def test_follows_the_strongest_of_several_keywords() -> None:
    understanding = strange(
        keywords=(Keyword("fare", EXACT, whole_message=True), Keyword("dog", EXACT, whole_message=True))
    )
    follow_ups = (FollowUp(FollowUpSource.KEYWORD, "dog", Target.REPLY, "dogs-pay"), TO_REPLY)
    ruling = policy.route(Inputs("desk", understanding=understanding, answers=QUIET, follow_ups=follow_ups))
    assert ruling.answer == AnswerChoice(reply="dogs-pay")


def test_a_misspelt_keyword_is_followed_when_it_is_all_there_is_and_nothing_better_is_known() -> None:
    alone = Inputs(
        "desk",
        understanding=strange(keywords=keyword(FUZZY, whole=True)),
        answers=QUIET,
        follow_ups=(TO_REPLY,),
    )
    assert policy.route(alone).answer == AnswerChoice(reply="fares-are-online")
    answered = replace(alone, answers=found(DOGS))
    assert policy.route(answered).reasons[0].code is ReasonCode.FAQ_ANSWER
    for_a_person = replace(
        alone, understanding=strange(keywords=keyword(FUZZY, whole=True), asks_for_person=True)
    )
    assert policy.route(for_a_person).reasons[0].code is ReasonCode.PERSON_REQUESTED


@pytest.mark.parametrize("rule", [EXACT, NORMALISED, FORM, PATTERN])
def test_a_keyword_that_is_no_guess_is_followed_anywhere_at_last(rule: KeywordRule) -> None:
    inputs = Inputs(
        "desk", understanding=strange(keywords=keyword(rule)), answers=QUIET, follow_ups=(TO_REPLY,)
    )
    assert policy.route(inputs).answer == AnswerChoice(reply="fares-are-online")


def test_a_misspelt_keyword_within_a_message_leads_nowhere_by_itself() -> None:
    inputs = Inputs(
        "desk", understanding=strange(keywords=keyword(FUZZY)), answers=QUIET, follow_ups=(TO_REPLY,)
    )
    assert policy.route(inputs).kind is ESCALATE


scores = st.floats(-1, 1, width=32)
names = st.sampled_from(["fare", "dog", "booking", "thanks"])
keywords = st.builds(Keyword, names, st.sampled_from(KeywordRule), st.booleans())
understandings = st.builds(
    Understanding,
    st.sampled_from(Verdict),
    st.lists(st.builds(Intent, names, st.floats(0, 1, width=32)), max_size=3).map(tuple),
    st.lists(keywords, max_size=3).map(tuple),
    st.booleans(),
    st.integers(0, 5),
    st.integers(0, 100),
    st.floats(0, 1, width=32),
)
candidates = st.builds(
    Candidate, st.sampled_from(["a", "b", "c", "d"]), names, scores, st.booleans(), st.booleans()
)
answers = st.builds(Answers, st.lists(candidates, max_size=5).map(tuple), st.booleans(), scores)
follow_ups = st.builds(
    FollowUp,
    st.sampled_from(FollowUpSource),
    names,
    st.sampled_from(Target),
    st.sampled_from(["fare", "dog"]),
)
everything = st.builds(
    Inputs,
    st.just("desk"),
    st.sampled_from(["", "els"]),
    st.none() | understandings,
    st.none() | answers,
    st.lists(follow_ups, max_size=4).map(tuple),
    st.builds(History, st.integers(0, 3), st.integers(0, 9)),
    st.none() | st.sampled_from([HandoffState.QUEUED, HandoffState.OFFERED, HandoffState.RESERVED]),
)


def is_whole(ruling: Ruling, inputs: Inputs) -> bool:
    """Tells whether a ruling has what its kind needs, and nothing that the inputs do not hold."""
    listed = {one.answer_id for one in inputs.answers.candidates} if inputs.answers else set()
    chosen = [ruling.answer, *ruling.options]
    return (
        bool(ruling.reasons)
        and (ruling.kind is not ANSWER or ruling.answer is not None)
        and (ruling.kind is ESCALATE) == bool(ruling.queue_id)
        and len(ruling.options) <= 3
        and len(set(ruling.options)) == len(ruling.options)
        and all(choice.answer_id in listed for choice in chosen if choice is not None and choice.answer_id)
    )


@given(everything)
def test_always_decides_and_only_with_what_it_was_given(inputs: Inputs) -> None:
    ruling = policy.route(inputs)
    assert is_whole(ruling, inputs)
    assert policy.route(inputs) == ruling


@given(everything)
def test_never_speaks_to_the_contact_while_a_person_owns_the_conversation(inputs: Inputs) -> None:
    assert policy.route(replace(inputs, owner_agent_id="els")).kind is ASSIST


@given(everything)
def test_never_asks_what_was_meant_twice_in_a_row(inputs: Inputs) -> None:
    again = replace(inputs, history=History(clarified_in_a_row=1))
    assert policy.route(again).kind is not CLARIFY


@given(everything)
def test_never_answers_from_below_the_threshold_by_itself(inputs: Inputs) -> None:
    ruling = policy.route(replace(inputs, follow_ups=(), owner_agent_id="", handoff_state=None))
    if ruling.kind is ANSWER:
        assert inputs.answers is not None
        given_answers = [
            one for one in inputs.answers.candidates if ruling.answer == AnswerChoice(one.answer_id)
        ]
        assert any(one.above_threshold for one in given_answers)
