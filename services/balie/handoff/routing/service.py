"""The router's servicer: it translates, and leaves the rest to the router."""

from typing import Any

from balie.api.handoff.v1 import router_service_pb2, router_service_pb2_grpc
from balie.handoff.acting import OPERATORS
from balie.handoff.convert import handoff_to_proto
from balie.handoff.routing import convert
from balie.handoff.routing.router import Router
from balie.kit import call


class RouterService(router_service_pb2_grpc.RouterServiceServicer):
    """Decides turns."""

    def __init__(self, router: Router) -> None:
        self._router = router

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
