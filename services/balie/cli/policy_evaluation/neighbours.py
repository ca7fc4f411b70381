"""NLU and the router as the gateway calls them, without a network: the same messages of the contract, read by the same code."""

from dataclasses import replace
from datetime import UTC, datetime

from balie.api.handoff.v1 import router_service_pb2
from balie.api.nlu.v1 import nlu_service_pb2
from balie.cli.policy_evaluation.model import Understander
from balie.gateway.domain import HandoffState
from balie.gateway.neighbours import convert
from balie.gateway.ports import Case, InternalMistake
from balie.gateway.said import HandoffNow, Routing, Understanding
from balie.handoff.routing.convert import decision_to_proto, inputs_from_proto
from balie.handoff.routing.policy import Policy
from balie.handoff.routing.turns import Decision
from balie.kit.errors import InvalidRequest
from balie.kit.ids import new_id
from balie.nlu.convert import understanding_to_proto, utterance_from_proto


class NluHere:
    """Understands texts."""

    def __init__(self, understander: Understander) -> None:
        self._understander = understander

    async def analyze(self, tenant: str, turn_id: str, text: str) -> Understanding:
        """Returns the understanding of a text, with its embedding.

        Raises:
            InternalMistake: NLU refuses the text.
        """
        request = nlu_service_pb2.AnalyzeRequest(text=text, want_embedding=True)
        try:
            utterance = utterance_from_proto(request)
        except InvalidRequest as refused:
            raise InternalMistake("nlu", refused.reason) from None
        found = await self._understander.understand(tenant, utterance)
        return convert.understanding_from_proto(understanding_to_proto(found))

    def recall(self, wire: bytes) -> Understanding:
        """Returns an understanding from its stored form."""
        return convert.understanding_from_proto(nlu_service_pb2.Understanding.FromString(wire))


class RouterHere:
    """Decides turns by a policy; no handoff is opened.

    Args:
        policy: decides.
        at: the time at which all turns are decided, with its zone; now, without one.
    """

    def __init__(self, policy: Policy, at: datetime | None = None) -> None:
        self._policy = policy
        self._at = at or datetime.now(UTC)

    async def route(self, case: Case) -> Routing:
        """Returns the decision on a turn, as on the first of a conversation.

        Raises:
            InternalMistake: the router refuses the turn.
        """
        try:
            told = inputs_from_proto(convert.case_to_proto(case))
        except InvalidRequest as refused:
            raise InternalMistake("handoff", refused.reason) from None
        decision = Decision(
            id=new_id(),
            turn_id=case.turn_id,
            ruling=self._policy.route(replace(told, at=self._at)),
            handoff_id="",
            policy_version=self._policy.version,
            decided_at=self._at,
        )
        answer = router_service_pb2.RouteResponse(decision=decision_to_proto(decision))
        return convert.routing_from_proto(answer)

    async def ask_for_person(self, case: Case) -> HandoffNow:
        """Returns a handoff that waits: what becomes of it is not judged."""
        return HandoffNow(
            id=new_id(),
            conversation_id=case.conversation.id,
            state=HandoffState.QUEUED,
            agent_id="",
            revision=1,
            position=1,
        )
