"""The routing policy: a pure function from what is known of a turn to what is done about it, with reasons.

The order is: a person owns it > NLU is down > a keyword that is the message > an explicit request for a person > an exact
keyword in a short message > an FAQ answer > the matched intent > the FAQ is down > any other keyword > clarify > escalate.

Keywords, exactly. One that covers the whole message (`whole_message`) always wins: "WV-1042" asks for that article and
"colleague" for a colleague, whatever else is guessed. One that is only a part of the message never outranks an explicit
request for a person. It outranks the FAQ's answer when it stands there letter by letter (EXACT) in a message of at most 40
characters, which is hardly about anything else; in a longer message, or by another rule, it speaks only after the FAQ
and the intent had nothing to say. One that is taken for misspelt (FUZZY) is a guess: it is only followed when it covers the
whole message, and then as late as that.

No text is looked at. Whoever changes a rule or a number gives the policy a new `VERSION`: each decision is stored with the
version and the inputs, so that a later policy can be tried on what was decided before.
"""

from collections.abc import Callable
from dataclasses import replace

from balie.handoff.domain import HELD, Reason, ReasonCode
from balie.handoff.routing import evidence
from balie.handoff.routing.turns import (
    DecisionKind,
    FollowUp,
    Inputs,
    Keyword,
    KeywordRule,
    Ruling,
    Target,
    Verdict,
)

VERSION = "handoff-policy-2"

SHORT_CHARACTERS = 40
"""Longest message in which an exact keyword outranks the FAQ's answer, Unicode code points."""
MAX_CLARIFICATIONS = 1
"""How often in a row the bot asks what was meant before a person is asked."""


def route(inputs: Inputs) -> Ruling:
    """Returns what is done on a turn. The same inputs always give the same ruling."""
    ruling = next(ruling for rule in _RULES if (ruling := rule(inputs)) is not None)
    if ruling.kind is DecisionKind.ESCALATE and inputs.handoff_state is not None:
        return replace(ruling, reasons=(*ruling.reasons, Reason(ReasonCode.HANDOFF_OPEN)))
    return ruling


def _owned_by_person(inputs: Inputs) -> Ruling | None:
    """Suggests and stays silent while a person owns the conversation, or has accepted and is about to."""
    if not inputs.owner_agent_id and inputs.handoff_state not in HELD:
        return None
    reason = Reason(ReasonCode.OWNED_BY_PERSON, inputs.owner_agent_id)
    return Ruling(DecisionKind.ASSIST, (reason,), answer=evidence.suggestion(inputs))


def _nlu_unavailable(inputs: Inputs) -> Ruling | None:
    """Asks a person when nobody can tell whether the contact asked for one, whatever the FAQ found."""
    if inputs.understanding is not None:
        return None
    return _escalated(inputs, Reason(ReasonCode.NLU_UNAVAILABLE))


def _keyword_is_message(inputs: Inputs) -> Ruling | None:
    """Follows a keyword that is all there is."""
    return _keyword(inputs, lambda keyword: keyword.whole_message and keyword.rule is not KeywordRule.FUZZY)


def _person_requested(inputs: Inputs) -> Ruling | None:
    """Asks a person when the contact does, in the queue that the matched intent leads to."""
    if inputs.understanding is None or not inputs.understanding.asks_for_person:
        return None
    requested = Reason(ReasonCode.PERSON_REQUESTED)
    intent, leads = evidence.matched_intent(inputs)
    if intent is None or leads is None or leads.kind is not Target.QUEUE:
        return _escalated(inputs, requested)
    to_queue = evidence.of_intent(ReasonCode.INTENT_QUEUE, intent, inputs)
    return _escalated(inputs, requested, to_queue, queue_id=leads.target)


def _exact_keyword_in_short_message(inputs: Inputs) -> Ruling | None:
    """Follows a keyword that stands letter by letter in a message with little room for more."""
    if inputs.understanding is None or inputs.understanding.character_count > SHORT_CHARACTERS:
        return None
    return _keyword(inputs, lambda keyword: keyword.rule is KeywordRule.EXACT)


def _faq_answer(inputs: Inputs) -> Ruling | None:
    """Gives the answer that reaches its threshold and has no rival."""
    best = evidence.found_answer(inputs)
    if best is None:
        return None
    reason = evidence.of_candidate(ReasonCode.FAQ_ANSWER, best, inputs)
    return Ruling(DecisionKind.ANSWER, (reason,), answer=evidence.given(best))


def _matched_intent(inputs: Inputs) -> Ruling | None:
    """Does what the matched intent leads to."""
    intent, leads = evidence.matched_intent(inputs)
    if intent is None or leads is None:
        return None
    code = ReasonCode.INTENT_QUEUE if leads.kind is Target.QUEUE else ReasonCode.INTENT
    return _followed(inputs, leads, evidence.of_intent(code, intent, inputs))


def _faq_unavailable(inputs: Inputs) -> Ruling | None:
    """Asks a person when the FAQ might have known."""
    if inputs.answers is not None:
        return None
    return _escalated(inputs, Reason(ReasonCode.FAQ_UNAVAILABLE))


def _other_keyword(inputs: Inputs) -> Ruling | None:
    """Follows a keyword anywhere in the message when nothing better is known; one that is guessed, when it is all of it."""
    return _keyword(inputs, lambda keyword: keyword.whole_message or keyword.rule is not KeywordRule.FUZZY)


def _ambiguous(inputs: Inputs) -> Ruling | None:
    """Asks what was meant, once, when intents or answers are about as likely."""
    reasons = evidence.ambiguities(inputs)
    if not reasons:
        return None
    if _may_clarify(inputs):
        return _clarified(inputs, *reasons)
    return _escalated(inputs, Reason(ReasonCode.AMBIGUOUS_AGAIN), *reasons)


def _near_miss(inputs: Inputs) -> Ruling | None:
    """Offers, once, the answers that nearly reach their threshold when no intent matched."""
    if not _is(Verdict.NO_MATCH, inputs) or not _may_clarify(inputs) or not evidence.options(inputs):
        return None
    return _clarified(inputs, *evidence.nothing_reached(inputs))


def _nothing_follows(inputs: Inputs) -> Ruling | None:
    """Asks, once, what was meant when the matched intent by itself leads to nothing."""
    if not _is(Verdict.MATCH, inputs) or not _may_clarify(inputs):
        return None
    intent, _ = evidence.matched_intent(inputs)
    code = ReasonCode.NOTHING_FOLLOWS
    return _clarified(inputs, evidence.of_intent(code, intent, inputs) if intent else Reason(code))


def _no_match(inputs: Inputs) -> Ruling:
    """Asks a person when nothing else is left to do."""
    return _escalated(inputs, *evidence.nothing_reached(inputs))


_RULES: tuple[Callable[[Inputs], Ruling | None], ...] = (
    _owned_by_person,
    _nlu_unavailable,
    _keyword_is_message,
    _person_requested,
    _exact_keyword_in_short_message,
    _faq_answer,
    _matched_intent,
    _faq_unavailable,
    _other_keyword,
    _ambiguous,
    _near_miss,
    _nothing_follows,
    _no_match,
)


def _keyword(inputs: Inputs, fits: Callable[[Keyword], bool]) -> Ruling | None:
    """Follows the strongest of the keywords that fit and that leads anywhere."""
    rulings = (
        _followed(inputs, leads, Reason(ReasonCode.KEYWORD, leads.name))
        for leads in evidence.keyword_follow_ups(inputs, fits)
    )
    return next((ruling for ruling in rulings if ruling is not None), None)


def _followed(inputs: Inputs, leads: FollowUp, reason: Reason) -> Ruling | None:
    """Does what a follow-up says; None when nothing follows, or its entry is no longer there."""
    if leads.kind is Target.QUEUE:
        return _escalated(inputs, reason, queue_id=leads.target)
    if leads.kind is Target.FAQ_ENTRY and inputs.answers is None:
        return _escalated(inputs, Reason(ReasonCode.FAQ_UNAVAILABLE), reason)
    answer = evidence.answer_of(leads, inputs)
    return Ruling(DecisionKind.ANSWER, (reason,), answer=answer) if answer else None


def _escalated(inputs: Inputs, *reasons: Reason, queue_id: str = "") -> Ruling:
    return Ruling(DecisionKind.ESCALATE, reasons, queue_id=queue_id or inputs.default_queue_id)


def _clarified(inputs: Inputs, *reasons: Reason) -> Ruling:
    return Ruling(DecisionKind.CLARIFY, reasons, options=evidence.options(inputs))


def _may_clarify(inputs: Inputs) -> bool:
    return inputs.history.clarified_in_a_row < MAX_CLARIFICATIONS


def _is(verdict: Verdict, inputs: Inputs) -> bool:
    return inputs.understanding is not None and inputs.understanding.verdict is verdict
