"""Between the contract and the domain: suggestions; checks every documented bound on the way in."""

from balie.api.handoff.v1 import suggestion_service_pb2
from balie.handoff.events import timestamp
from balie.handoff.suggestions.suggestion import Outcome, Suggestion
from balie.kit import bounds

ANSWER_ID_CHARACTERS = 256


def answer_id(request: suggestion_service_pb2.RecordSuggestionRequest) -> str:
    """Returns the answer that was suggested."""
    return bounds.text("answer_id", request.answer_id, ANSWER_ID_CHARACTERS)


def outcome(request: suggestion_service_pb2.RecordSuggestionRequest) -> Outcome:
    """Returns what the agent made of it."""
    return bounds.enum("outcome", request.outcome, Outcome)


def suggestion_to_proto(told: Suggestion) -> suggestion_service_pb2.Suggestion:
    """Returns what is kept as it is sent."""
    return suggestion_service_pb2.Suggestion(
        handoff_id=told.handoff_id,
        answer_id=told.answer_id,
        outcome=suggestion_service_pb2.SuggestionOutcome.ValueType(told.outcome),
        agent_id=told.agent_id,
        update_time=timestamp(told.told_at),
    )
