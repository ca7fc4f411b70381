"""The built-in steps of a routing policy: each looks at what is known of a turn and decides, or leaves it to what comes after.

A policy's file says in which order they are taken, and what the operator's own rules decide between them. Before all of them a
person who owns the conversation is heard, and after all of them a person is asked.

Keywords, exactly. One that covers the whole message (`keyword_is_message`) asks for just that: "WV-1042" for that article and
"colleague" for a colleague, whatever else is guessed. One that is only a part of the message never outranks an explicit request
for a person. It outranks the FAQ's answer when it stands there letter by letter (EXACT) in a short message, which is hardly about
anything else (`short_keyword`); in a longer message, or by another rule, it speaks only after the FAQ and the intent had
nothing to say (`any_keyword`). One that is taken for misspelt (FUZZY) is a guess: it is only followed when it covers the whole
message, and then as late as that.
"""

from collections.abc import Callable, Mapping

from balie.handoff.domain import HELD
from balie.handoff.reasons import Reason, ReasonCode
from balie.handoff.routing import evidence
from balie.handoff.routing.limits import Limits
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

Step = Callable[[Inputs, Limits], Ruling | None]


def owned_by_person(inputs: Inputs, limits: Limits) -> Ruling | None:
    """Suggests and stays silent while a person owns the conversation, or has accepted and is about to."""
    if not inputs.owner_agent_id and inputs.handoff_state not in HELD:
        return None
    reason = Reason(ReasonCode.OWNED_BY_PERSON, inputs.owner_agent_id)
    return Ruling(DecisionKind.ASSIST, (reason,), answer=evidence.suggestion(inputs))


def nlu_unavailable(inputs: Inputs, limits: Limits) -> Ruling | None:
    """Asks a person when nobody can tell whether the contact asked for one, whatever the FAQ found."""
    if inputs.understanding is not None:
        return None
    return escalated(inputs, Reason(ReasonCode.NLU_UNAVAILABLE))


def keyword_is_message(inputs: Inputs, limits: Limits) -> Ruling | None:
    """Follows a keyword that is all there is."""
    return _keyword(inputs, lambda keyword: keyword.whole_message and keyword.rule is not KeywordRule.FUZZY)


def person_requested(inputs: Inputs, limits: Limits) -> Ruling | None:
    """Asks a person when the contact does, in the queue that the matched intent leads to."""
    if inputs.understanding is None or not inputs.understanding.asks_for_person:
        return None
    requested = Reason(ReasonCode.PERSON_REQUESTED)
    intent, leads = evidence.matched_intent(inputs)
    if intent is None or leads is None or leads.kind is not Target.QUEUE:
        return escalated(inputs, requested)
    to_queue = evidence.of_intent(ReasonCode.INTENT_QUEUE, intent, inputs)
    return escalated(inputs, requested, to_queue, queue_id=leads.target)


def short_keyword(inputs: Inputs, limits: Limits) -> Ruling | None:
    """Follows a keyword that stands letter by letter in a message with little room for more."""
    if inputs.understanding is None or inputs.understanding.character_count > limits.short_message:
        return None
    return _keyword(inputs, lambda keyword: keyword.rule is KeywordRule.EXACT)


def faq_answer(inputs: Inputs, limits: Limits) -> Ruling | None:
    """Gives the answer that reaches its threshold and has no rival."""
    best = evidence.found_answer(inputs)
    if best is None:
        return None
    reason = evidence.of_candidate(ReasonCode.FAQ_ANSWER, best, inputs)
    return Ruling(DecisionKind.ANSWER, (reason,), answer=evidence.given(best))


def matched_intent(inputs: Inputs, limits: Limits) -> Ruling | None:
    """Does what the matched intent leads to."""
    intent, leads = evidence.matched_intent(inputs)
    if intent is None or leads is None:
        return None
    code = ReasonCode.INTENT_QUEUE if leads.kind is Target.QUEUE else ReasonCode.INTENT
    return _followed(inputs, leads, evidence.of_intent(code, intent, inputs))


def faq_unavailable(inputs: Inputs, limits: Limits) -> Ruling | None:
    """Asks a person when the FAQ might have known."""
    if inputs.answers is not None:
        return None
    return escalated(inputs, Reason(ReasonCode.FAQ_UNAVAILABLE))


def any_keyword(inputs: Inputs, limits: Limits) -> Ruling | None:
    """Follows a keyword anywhere in the message when nothing better is known; one that is guessed, when it is all of it."""
    return _keyword(inputs, lambda keyword: keyword.whole_message or keyword.rule is not KeywordRule.FUZZY)


def ambiguous(inputs: Inputs, limits: Limits) -> Ruling | None:
    """Asks what was meant, once, when intents or answers are about as likely."""
    reasons = evidence.ambiguities(inputs)
    if not reasons:
        return None
    if _may_clarify(inputs, limits):
        return clarified(inputs, limits, *reasons)
    return escalated(inputs, Reason(ReasonCode.AMBIGUOUS_AGAIN), *reasons)


def near_miss(inputs: Inputs, limits: Limits) -> Ruling | None:
    """Offers, once, the answers that nearly reach their threshold when no intent matched."""
    if (
        not _is(Verdict.NO_MATCH, inputs)
        or not _may_clarify(inputs, limits)
        or not evidence.options(inputs, limits)
    ):
        return None
    return clarified(inputs, limits, *evidence.nothing_reached(inputs))


def nothing_follows(inputs: Inputs, limits: Limits) -> Ruling | None:
    """Asks, once, what was meant when the matched intent by itself leads to nothing."""
    if not _is(Verdict.MATCH, inputs) or not _may_clarify(inputs, limits):
        return None
    intent, _ = evidence.matched_intent(inputs)
    code = ReasonCode.NOTHING_FOLLOWS
    return clarified(inputs, limits, evidence.of_intent(code, intent, inputs) if intent else Reason(code))


def no_match(inputs: Inputs, limits: Limits) -> Ruling:
    """Asks a person when nothing else is left to do."""
    return escalated(inputs, *evidence.nothing_reached(inputs))


STEPS: Mapping[str, Step] = {
    "nlu_unavailable": nlu_unavailable,
    "keyword_is_message": keyword_is_message,
    "person_requested": person_requested,
    "short_keyword": short_keyword,
    "faq_answer": faq_answer,
    "matched_intent": matched_intent,
    "faq_unavailable": faq_unavailable,
    "any_keyword": any_keyword,
    "ambiguous": ambiguous,
    "near_miss": near_miss,
    "nothing_follows": nothing_follows,
}
"""The steps that a policy's file may name."""


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
        return escalated(inputs, reason, queue_id=leads.target)
    if leads.kind is Target.FAQ_ENTRY and inputs.answers is None:
        return escalated(inputs, Reason(ReasonCode.FAQ_UNAVAILABLE), reason)
    answer = evidence.answer_of(leads, inputs)
    return Ruling(DecisionKind.ANSWER, (reason,), answer=answer) if answer else None


def escalated(inputs: Inputs, *reasons: Reason, queue_id: str = "") -> Ruling:
    """Returns that a person is asked, in a queue or in the default one."""
    return Ruling(DecisionKind.ESCALATE, reasons, queue_id=queue_id or inputs.default_queue_id)


def clarified(inputs: Inputs, limits: Limits, *reasons: Reason) -> Ruling:
    """Returns that the bot asks what was meant."""
    return Ruling(DecisionKind.CLARIFY, reasons, options=evidence.options(inputs, limits))


def _may_clarify(inputs: Inputs, limits: Limits) -> bool:
    return inputs.history.clarified_in_a_row < limits.clarify_in_a_row


def _is(verdict: Verdict, inputs: Inputs) -> bool:
    return inputs.understanding is not None and inputs.understanding.verdict is verdict
