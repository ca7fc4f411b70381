"""What the inputs of a decision amount to: which answer was found, which intent matched, which follow-ups hold."""

from collections.abc import Callable, Iterator

from balie.handoff.reasons import Reason, ReasonCode
from balie.handoff.routing.limits import Limits
from balie.handoff.routing.turns import (
    AnswerChoice,
    Answers,
    Candidate,
    FollowUp,
    FollowUpSource,
    Inputs,
    Intent,
    Keyword,
    Target,
    Verdict,
)


def found_answer(inputs: Inputs, *, even_ambiguous: bool = False) -> Candidate | None:
    """Returns the best answer that was found by itself and reaches its threshold, if any.

    Args:
        inputs: what is known of the turn.
        even_ambiguous: returns it also when others are about as close.
    """
    if inputs.answers is None or (inputs.answers.ambiguous and not even_ambiguous):
        return None
    found = (one for one in inputs.answers.candidates if not one.pinned)
    # When it is open which one is meant, none reaches the threshold alone.
    return next((one for one in found if one.above_threshold or inputs.answers.ambiguous), None)


def options(inputs: Inputs, limits: Limits) -> tuple[AnswerChoice, ...]:
    """Returns the answers worth showing to somebody who chooses, one of each entry, best first.

    Those are the ones that reach their threshold or nearly do, the ones that reach it together, and the pinned ones. When
    no intent matched, what is pinned is a guess, and left out.
    """
    if inputs.answers is None:
        return ()
    guessed = inputs.understanding is not None and inputs.understanding.verdict is Verdict.NO_MATCH
    least = _least_offered(inputs.answers, limits)
    by_entry: dict[str, AnswerChoice] = {}
    for one in inputs.answers.candidates:
        worth_showing = not guessed if one.pinned else one.above_threshold or one.score >= least
        if worth_showing:
            by_entry.setdefault(one.entry_id, given(one))
    return tuple(dict.fromkeys(by_entry.values()))[: limits.options]


def _least_offered(answers: Answers, limits: Limits) -> float:
    """Returns the least score with which an answer that is not pinned is worth showing."""
    least = answers.threshold - limits.near_threshold
    best = max((one.score for one in answers.candidates if not one.pinned), default=least)
    return min(least, limits.rival_share * best) if answers.ambiguous else least


def given(candidate: Candidate) -> AnswerChoice:
    """Returns a candidate as the answer that is given."""
    return AnswerChoice(answer_id=candidate.answer_id)


def matched_intent(inputs: Inputs) -> tuple[Intent | None, FollowUp | None]:
    """Returns the intent that matched and what it leads to; None for what there is not."""
    understanding = inputs.understanding
    if understanding is None or understanding.verdict is not Verdict.MATCH or not understanding.intents:
        return None, None
    intent = understanding.intents[0]
    leads = (
        one for one in inputs.follow_ups if one.source is FollowUpSource.INTENT and one.name == intent.name
    )
    return intent, next(leads, None)


def keyword_follow_ups(inputs: Inputs, fits: Callable[[Keyword], bool]) -> Iterator[FollowUp]:
    """Yields what the found keywords that fit lead to, strongest first."""
    found = inputs.understanding.keywords if inputs.understanding else ()
    names = {keyword.id for keyword in found if fits(keyword)}
    return (one for one in inputs.follow_ups if one.source is FollowUpSource.KEYWORD and one.name in names)


def entry_of(choice: AnswerChoice | None, inputs: Inputs) -> str:
    """Returns the entry behind an answer of the FAQ; empty for what is none."""
    if choice is None or not choice.answer_id or inputs.answers is None:
        return ""
    found = (one.entry_id for one in inputs.answers.candidates if one.answer_id == choice.answer_id)
    return next(found, "")


def answer_of(follow_up: FollowUp, inputs: Inputs) -> AnswerChoice | None:
    """Returns the answer that a follow-up leads to; None when it leads elsewhere or its entry is not there."""
    if follow_up.kind is Target.REPLY:
        return AnswerChoice(reply=follow_up.target)
    if follow_up.kind is not Target.FAQ_ENTRY or inputs.answers is None:
        return None
    entries = (one for one in inputs.answers.candidates if one.entry_id == follow_up.target)
    return next(map(given, entries), None)


def suggestion(inputs: Inputs) -> AnswerChoice | None:
    """Returns what to suggest to a person: the best answer found, else what a keyword or the matched intent answers."""
    best = found_answer(inputs, even_ambiguous=True)
    if best is not None:
        return given(best)
    _, leads = matched_intent(inputs)
    keywords = set(keyword_follow_ups(inputs, lambda _: True))
    held = (one for one in inputs.follow_ups if one in keywords or one == leads)
    return next((choice for one in held if (choice := answer_of(one, inputs)) is not None), None)


def of_intent(code: ReasonCode, intent: Intent, inputs: Inputs) -> Reason:
    """Returns a reason about an intent, with its score and the threshold behind the verdict."""
    threshold = inputs.understanding.threshold if inputs.understanding else None
    return Reason(code, intent.name, intent.score, threshold)


def of_candidate(code: ReasonCode, candidate: Candidate, inputs: Inputs) -> Reason:
    """Returns a reason about an answer's entry, with its score and threshold."""
    threshold = inputs.answers.threshold if inputs.answers else None
    return Reason(code, candidate.entry_id, candidate.score, threshold)


def ambiguities(inputs: Inputs) -> tuple[Reason, ...]:
    """Returns the reasons that answers, or intents, are about as likely; empty when neither are."""
    reasons: list[Reason] = []
    answers, understanding = inputs.answers, inputs.understanding
    if answers is not None and answers.ambiguous:
        found = (one for one in answers.candidates if not one.pinned)
        named = (of_candidate(ReasonCode.AMBIGUOUS, one, inputs) for one in found)
        reasons.append(next(named, Reason(ReasonCode.AMBIGUOUS)))
    if understanding is not None and understanding.verdict is Verdict.AMBIGUOUS:
        named = (of_intent(ReasonCode.AMBIGUOUS, one, inputs) for one in understanding.intents)
        reasons.append(next(named, Reason(ReasonCode.AMBIGUOUS)))
    return tuple(reasons)


def nothing_reached(inputs: Inputs) -> tuple[Reason, ...]:
    """Returns the reasons that neither an intent nor an answer reached its threshold: how close the best of each came."""
    intents = inputs.understanding.intents[:1] if inputs.understanding else ()
    candidates = [one for one in inputs.answers.candidates if not one.pinned][:1] if inputs.answers else []
    return (
        *(of_intent(ReasonCode.NO_MATCH, intent, inputs) for intent in intents),
        *(of_candidate(ReasonCode.NO_MATCH, candidate, inputs) for candidate in candidates),
    ) or (Reason(ReasonCode.NO_MATCH),)
