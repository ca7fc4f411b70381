"""Between the gateway's words and the contracts of NLU, the FAQ and the handoff service. Pure.

What they say is kept in their own form beside what the gateway reads of it, so that a turn can be explained, and
passed on, without a field being lost.
"""

from collections.abc import Sequence
from datetime import UTC
from enum import IntEnum
from typing import Any, TypeVar

from balie.api.common.v1 import language_pb2
from balie.api.faq.v1 import entry_pb2, faq_service_pb2
from balie.api.handoff.v1 import handoff_pb2, handoff_service_pb2, router_service_pb2
from balie.api.nlu.v1 import nlu_service_pb2
from balie.gateway.domain import HandoffState, OwnerKind, ReleaseReason
from balie.gateway.ports import Case, InternalMistake, Question, Report, ReportKind
from balie.gateway.said import (
    Answer,
    Answers,
    Choice,
    Decision,
    DecisionKind,
    FollowUp,
    HandoffEventKind,
    HandoffNow,
    Keyword,
    Routing,
    Source,
    Understanding,
    Verdict,
)

E = TypeVar("E", bound=IntEnum)
D = TypeVar("D")

_WITHOUT_INTENTS = (
    nlu_service_pb2.NO_MATCH_REASON_ENGINE_UNAVAILABLE,
    nlu_service_pb2.NO_MATCH_REASON_NO_MODEL,
)
_TO_BE_CONFIRMED = (
    handoff_pb2.HANDOFF_EVENT_KIND_RESERVED,
    handoff_pb2.HANDOFF_EVENT_KIND_RELEASED,
    handoff_pb2.HANDOFF_EVENT_KIND_RESOLVED,
)
_WITH_AN_OWNER = (
    handoff_pb2.HANDOFF_STATE_RESERVED,
    handoff_pb2.HANDOFF_STATE_RELEASED,
    handoff_pb2.HANDOFF_STATE_RESOLVED,
)
_SPEAKERS = {
    ReportKind.CONTACT_WROTE: handoff_pb2.SPEAKER_CONTACT,
    ReportKind.AGENT_WROTE: handoff_pb2.SPEAKER_AGENT,
}


def understanding_from_proto(message: nlu_service_pb2.Understanding) -> Understanding:
    """Returns what NLU said; the embedding is kept apart from what is stored."""
    stored = nlu_service_pb2.Understanding()
    stored.CopyFrom(message)
    stored.ClearField("embedding")
    return Understanding(
        language=message.language,
        verdict=_known(Verdict, message.verdict, Verdict.NO_MATCH),
        intents=tuple(intent.name for intent in message.intents),
        keywords=tuple(_keyword_from_proto(keyword) for keyword in message.keywords),
        model_version=message.model_version,
        wire=stored.SerializeToString(),
        embedding=message.embedding.SerializeToString() if message.HasField("embedding") else b"",
        are_intents_missing=message.no_match_reason in _WITHOUT_INTENTS,
    )


def _keyword_from_proto(message: language_pb2.KeywordMatch) -> Keyword:
    return Keyword(
        message.keyword_id, message.whole_message, message.faq_entry_id, message.intent, message.value
    )


def question_to_proto(question: Question, collection_id: str) -> faq_service_pb2.SearchAnswersRequest:
    """Returns the search for a question's text; entries that are pointed at are asked for apart.

    It is a customer's, so it is remembered: once for each turn, whose id names the call.
    """
    request = faq_service_pb2.SearchAnswersRequest(
        collection_id=collection_id, text=question.text, language=question.language, remember=True
    )
    if question.embedding:
        request.embedding.ParseFromString(question.embedding)
    return request


def missing_entries(question: Question, found: faq_service_pb2.SearchAnswersResponse) -> list[str]:
    """Returns the entries that a keyword or an intent points at and the search did not find."""
    present = {answer.entry_id for answer in found.answers}
    return [entry_id for entry_id in question.entry_ids if entry_id not in present]


def answers_from_proto(message: faq_service_pb2.SearchAnswersResponse) -> Answers:
    """Returns what the FAQ said."""
    return Answers(
        answers=tuple(
            Answer(one.answer_id, one.entry_id, one.language, one.question, one.answer)
            for one in message.answers
        ),
        index_generation=message.index_generation,
        encoder_fingerprint=message.encoder_fingerprint,
        wire=message.SerializeToString(),
    )


def case_to_proto(case: Case) -> router_service_pb2.RouteRequest:
    """Returns what the router is asked."""
    conversation = case.conversation
    request = router_service_pb2.RouteRequest(
        turn_id=case.turn_id,
        conversation_id=conversation.id,
        contact_id=conversation.contact_id,
        channel=conversation.channel,
        owner_agent_id=conversation.owner.agent_id if conversation.owner.kind == OwnerKind.AGENT else "",
        owner_epoch=conversation.owner_epoch,
        language=case.language,
        follow_ups=[_follow_up_to_proto(follow_up) for follow_up in case.follow_ups],
        history=router_service_pb2.TurnHistory(
            clarified_in_a_row=conversation.history.clarified_in_a_row,
            bot_replies=conversation.history.bot_replies,
            same_message_in_a_row=case.same_before,
        ),
        default_queue_id=case.default_queue_id,
        contact_attributes=conversation.contact_attributes,
        attachment_count=case.attachments,
    )
    if case.understanding is not None:
        request.understanding.CopyFrom(_for_router(case.understanding))
    if case.answers is not None:
        request.answers.CopyFrom(_candidates(case.answers))
    return request


def _for_router(understanding: Understanding) -> router_service_pb2.TurnUnderstanding:
    said = nlu_service_pb2.Understanding.FromString(understanding.wire)
    return router_service_pb2.TurnUnderstanding(
        verdict=said.verdict,
        intents=said.intents,
        keywords=said.keywords,
        signals=said.signals,
        threshold=said.threshold,
    )


def _candidates(answers: Answers) -> router_service_pb2.TurnAnswers:
    said = faq_service_pb2.SearchAnswersResponse.FromString(answers.wire)
    return router_service_pb2.TurnAnswers(
        candidates=[
            router_service_pb2.CandidateAnswer(
                answer_id=one.answer_id,
                entry_id=one.entry_id,
                score=one.score,
                above_threshold=one.above_threshold,
                pinned=one.source == entry_pb2.ANSWER_SOURCE_PINNED,
            )
            for one in said.answers
        ],
        ambiguous=said.no_answer_reason == faq_service_pb2.NO_ANSWER_REASON_AMBIGUOUS,
        threshold=said.threshold,
    )


def _follow_up_to_proto(follow_up: FollowUp) -> router_service_pb2.FollowUp:
    by_keyword = follow_up.source == Source.KEYWORD
    message = router_service_pb2.FollowUp(
        source=router_service_pb2.FOLLOW_UP_SOURCE_KEYWORD
        if by_keyword
        else router_service_pb2.FOLLOW_UP_SOURCE_INTENT,
        name=follow_up.name,
    )
    if follow_up.faq_entry_id:
        message.faq_entry_id = follow_up.faq_entry_id
    elif follow_up.reply:
        message.reply = follow_up.reply
    elif follow_up.queue_id:
        message.queue_id = follow_up.queue_id
    else:
        message.nothing = True
    return message


def routing_from_proto(message: router_service_pb2.RouteResponse) -> Routing:
    """Returns what the router said.

    Raises:
        InternalMistake: it decided something that this version does not know.
    """
    decision = message.decision
    kind = _known(DecisionKind, decision.kind, None)
    if kind is None:
        raise InternalMistake("handoff", "it decided what this version does not know")
    reasons = {reason.code for reason in decision.reasons}
    return Routing(
        Decision(
            kind=kind,
            answer=_choice(decision.answer) if decision.HasField("answer") else None,
            options=tuple(map(_choice, decision.options)),
            handoff_was_open=handoff_pb2.REASON_CODE_HANDOFF_OPEN in reasons,
            is_silent=decision.silent,
            policy_version=decision.policy_version,
            wire=decision.SerializeToString(),
        ),
        handoff_from_proto(message.handoff) if message.HasField("handoff") else None,
    )


def _choice(message: handoff_pb2.AnswerChoice) -> Choice:
    return Choice(message.answer_id, message.reply)


def person_request(case: Case) -> handoff_service_pb2.RequestHandoffRequest:
    """Returns the request for a person on a turn that could not be decided; the same turn asks once."""
    return handoff_service_pb2.RequestHandoffRequest(
        conversation_id=case.conversation.id,
        contact_id=case.conversation.contact_id,
        channel=case.conversation.channel,
        language=case.language,
        queue_id=case.default_queue_id,
        request_id=case.turn_id,
    )


def handoff_from_proto(message: handoff_pb2.Handoff) -> HandoffNow:
    """Returns a handoff as it is."""
    return HandoffNow(
        id=message.id,
        conversation_id=message.conversation_id,
        state=_known(HandoffState, message.state, HandoffState.NONE),
        agent_id=message.agent_id,
        revision=message.revision,
        position=message.position,
        confirm=message.state in _WITH_AN_OWNER and not message.owner_confirmed,
        **_told(message),
    )


def event_from_proto(message: handoff_pb2.HandoffEvent) -> HandoffNow:
    """Returns a handoff as it was after an event."""
    return HandoffNow(
        id=message.handoff_id,
        conversation_id=message.conversation_id,
        state=_known(HandoffState, message.state, HandoffState.NONE),
        agent_id=message.agent_id,
        revision=message.revision,
        position=message.position,
        confirm=message.kind in _TO_BE_CONFIRMED,
        event_id=message.event_id,
        kind=_known(HandoffEventKind, message.kind, HandoffEventKind.OTHER),
        **_told(message),
    )


def _told(message: handoff_pb2.Handoff | handoff_pb2.HandoffEvent) -> dict[str, Any]:
    """Returns what a handoff and an event tell alike, beside state and place."""
    has_estimate = message.HasField("estimated_wait")
    has_time = message.HasField("call_back_time")
    return {
        "release_reason": _known(ReleaseReason, message.release_reason, ReleaseReason.NONE),
        "estimated_wait": message.estimated_wait.ToTimedelta().total_seconds() if has_estimate else None,
        "call_back_at": message.call_back_time.ToDatetime(UTC) if has_time else None,
    }


def activity_request(reports: Sequence[Report]) -> handoff_service_pb2.ReportActivityRequest:
    """Returns who wrote."""
    request = handoff_service_pb2.ReportActivityRequest()
    for report in reports:
        activity = request.activities.add(
            handoff_id=report.handoff_id, seq=report.seq, speaker=_SPEAKERS[report.kind]
        )
        activity.time.FromDatetime(report.happened_at)
    return request


def rating_request(report: Report) -> handoff_service_pb2.RecordRatingRequest:
    """Returns a contact's rating."""
    request = handoff_service_pb2.RecordRatingRequest(handoff_id=report.handoff_id, rating=report.rating or 0)
    request.time.FromDatetime(report.happened_at)
    return request


def _known(kind: type[E], number: int, otherwise: D) -> E | D:
    """Returns the member of a number, or another value: a newer service may know more than this one."""
    return next((member for member in kind if member == number), otherwise)
