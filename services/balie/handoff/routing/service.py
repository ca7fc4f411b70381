"""The router's servicer: it translates, and leaves the rest to the router."""

from collections.abc import AsyncIterator
from typing import Any

from balie.api.handoff.v1 import router_service_pb2, router_service_pb2_grpc
from balie.handoff.acting import OPERATORS
from balie.handoff.convert import handoff_to_proto
from balie.handoff.routing import convert
from balie.handoff.routing.replay import convert as recorded
from balie.handoff.routing.replay.replaying import Replay
from balie.handoff.routing.router import Router
from balie.kit import bounds, call


class RouterService(router_service_pb2_grpc.RouterServiceServicer):
    """Decides turns, and explains what it decided."""

    def __init__(self, router: Router, replay: Replay) -> None:
        self._router = router
        self._replay = replay

    async def Route(
        self, request: router_service_pb2.RouteRequest, context: Any
    ) -> router_service_pb2.RouteResponse:
        """Decides a turn."""
        caller = call.caller().require(*OPERATORS)
        decision, handoff = await self._router.route(caller.tenant, convert.turn_from_proto(request))
        return router_service_pb2.RouteResponse(
            decision=convert.decision_to_proto(decision),
            handoff=handoff_to_proto(handoff) if handoff else None,
        )

    async def Explain(
        self, request: router_service_pb2.ExplainRequest, context: Any
    ) -> router_service_pb2.ExplainResponse:
        """Makes a decision again, and says what became of each rule."""
        caller = call.caller().require(*OPERATORS)
        replayed = await self._replay.explain(
            caller.tenant,
            bounds.identifier("turn_id", request.turn_id),
            version=recorded.policy_version(request.policy_version),
            content=recorded.policy_yaml(request.policy_yaml),
        )
        return recorded.explained_to_proto(replayed)

    async def ReplayTurns(
        self, request: router_service_pb2.ReplayTurnsRequest, context: Any
    ) -> AsyncIterator[router_service_pb2.ReplayTurnsResponse]:
        """Makes the decisions of a time again."""
        caller = call.caller().require(*OPERATORS)
        since, until = recorded.span(request, now=self._replay.now())
        turns = self._replay.turns(
            caller.tenant,
            content=recorded.policy_yaml(request.policy_yaml),
            since=since,
            until=until,
            limit=recorded.limit(request),
        )
        async for replayed in turns:
            yield recorded.replayed_to_proto(replayed)

    async def GetPolicy(
        self, request: router_service_pb2.GetPolicyRequest, context: Any
    ) -> router_service_pb2.GetPolicyResponse:
        """Reads a policy."""
        caller = call.caller().require(*OPERATORS)
        policy = await self._replay.policy(caller.tenant, recorded.policy_version(request.policy_version))
        return router_service_pb2.GetPolicyResponse(policy_version=policy.version, policy_yaml=policy.content)
