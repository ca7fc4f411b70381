"""The suggestions' servicer: it translates, and leaves the rest to the suggestions."""

from typing import Any

from balie.api.handoff.v1 import suggestion_service_pb2, suggestion_service_pb2_grpc
from balie.handoff.acting import agent_holding
from balie.handoff.convert import handoff_id
from balie.handoff.suggestions import convert
from balie.handoff.suggestions.suggestions import Suggestions
from balie.kit import call


class SuggestionService(suggestion_service_pb2_grpc.SuggestionServiceServicer):
    """Keeps what agents made of suggested answers."""

    def __init__(self, suggestions: Suggestions) -> None:
        self._suggestions = suggestions

    async def RecordSuggestion(
        self, request: suggestion_service_pb2.RecordSuggestionRequest, context: Any
    ) -> suggestion_service_pb2.RecordSuggestionResponse:
        """Keeps what became of an answer."""
        holding = agent_holding(call.caller())
        about, answer_id = handoff_id(request.handoff_id), convert.answer_id(request)
        told = await self._suggestions.record(
            call.write(request), about, answer_id, convert.outcome(request), agent_id=holding
        )
        return suggestion_service_pb2.RecordSuggestionResponse(suggestion=convert.suggestion_to_proto(told))
