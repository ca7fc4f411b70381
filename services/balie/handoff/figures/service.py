"""The figures' servicer: it translates, and leaves the rest to the counting."""

from typing import Any

from balie.api.handoff.v1 import figure_service_pb2, figure_service_pb2_grpc
from balie.handoff.acting import STAFF
from balie.handoff.figures import convert
from balie.handoff.figures.counting import Counting
from balie.kit import call


class FigureService(figure_service_pb2_grpc.FigureServiceServicer):
    """Counts and measures what happened at a desk."""

    def __init__(self, counting: Counting) -> None:
        self._counting = counting

    async def GetFigures(
        self, request: figure_service_pb2.GetFiguresRequest, context: Any
    ) -> figure_service_pb2.GetFiguresResponse:
        """Returns the figures of a period."""
        tenant = call.caller().require(*STAFF).tenant
        report = await self._counting.report(tenant, convert.wanted_from_proto(request))
        return convert.report_to_proto(report)
