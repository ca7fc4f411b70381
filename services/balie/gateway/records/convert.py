"""Records as they are sent. Pure."""

import math

from google.protobuf.duration_pb2 import Duration

from balie.api.faq.v1 import faq_service_pb2
from balie.api.gateway.v1 import briefing_pb2, conversation_pb2
from balie.api.handoff.v1 import handoff_pb2
from balie.api.nlu.v1 import nlu_service_pb2
from balie.gateway.convert import conversation_to_proto, message_to_proto, timestamp
from balie.gateway.domain import Turn
from balie.gateway.records.briefings import Attempt, Briefing

_SUGGESTED = 3


def turn_to_proto(turn: Turn) -> conversation_pb2.Turn:
    """Returns a turn's record as it is sent; what other services said is read from their own form."""
    message = conversation_pb2.Turn(
        id=turn.id,
        conversation_id=turn.conversation_id,
        message_id=turn.message_id,
        message_seq=turn.message_seq,
        state=conversation_pb2.TurnState.ValueType(turn.state),
        owner_epoch=turn.owner_epoch,
        reply_message_ids=turn.reply_message_ids,
        suggestions=turn.suggestions,
        versions=conversation_pb2.Versions(
            model=turn.versions.model,
            index_generation=turn.versions.index_generation,
            encoder_fingerprint=turn.versions.encoder_fingerprint,
            policy=turn.versions.policy,
            follow_ups=turn.versions.follow_ups,
        ),
        services_down=turn.services_down,
        attempts=turn.attempts,
        create_time=timestamp(turn.created_at),
    )
    if turn.understanding:
        message.understanding.CopyFrom(nlu_service_pb2.Understanding.FromString(turn.understanding))
    if turn.answers:
        found = faq_service_pb2.SearchAnswersResponse.FromString(turn.answers)
        message.answers.extend(found.answers)
        message.no_answer_reason = found.no_answer_reason
    if turn.decision:
        message.decision.CopyFrom(handoff_pb2.Decision.FromString(turn.decision))
    for timing in turn.timings:
        duration = Duration(nanos=0)
        duration.FromNanoseconds(math.floor(timing.seconds * 1e9))
        message.timings.add(stage=timing.stage, duration=duration, ok=timing.ok)
    if turn.next_attempt_at is not None:
        message.next_attempt_time.CopyFrom(timestamp(turn.next_attempt_at))
    if turn.ended_at is not None:
        message.end_time.CopyFrom(timestamp(turn.ended_at))
    return message


def briefing_to_proto(briefing: Briefing) -> briefing_pb2.Briefing:
    """Returns a briefing as it is sent; what other services said is read from their own form."""
    message = briefing_pb2.Briefing(
        conversation=conversation_to_proto(briefing.conversation),
        attempts=map(_attempt_to_proto, briefing.attempts),
        summary=[
            briefing_pb2.Sentence(text=one.text, message_id=one.message_id, seq=one.seq)
            for one in briefing.summary
        ],
    )
    if briefing.question is not None:
        message.question.CopyFrom(message_to_proto(briefing.question))
    if briefing.understood is not None:
        understanding = nlu_service_pb2.Understanding.FromString(briefing.understood.understanding)
        message.understanding.CopyFrom(understanding)
        found = faq_service_pb2.SearchAnswersResponse.FromString(briefing.understood.answers)
        message.suggested_answers.extend(found.answers[:_SUGGESTED])
    return message


def _attempt_to_proto(attempt: Attempt) -> briefing_pb2.Attempt:
    decision = handoff_pb2.Decision.FromString(attempt.decision)
    return briefing_pb2.Attempt(message=message_to_proto(attempt.message), kind=decision.kind)
