"""The queues' servicer: it translates, and leaves the rest to the staff."""

from typing import Any

from balie.api.handoff.v1 import queue_service_pb2, queue_service_pb2_grpc
from balie.handoff.acting import OPERATORS, STAFF
from balie.handoff.staffing.queues import convert
from balie.handoff.staffing.staff import Staff
from balie.kit import bounds, call
from balie.kit.paging import decode_page, encode_page, page_size

_QUEUES = ("queues",)  # the list that tokens of pages are bound to


class QueueService(queue_service_pb2_grpc.QueueServiceServicer):
    """Manages queues."""

    def __init__(self, staff: Staff) -> None:
        self._staff = staff

    async def UpsertQueue(
        self, request: queue_service_pb2.UpsertQueueRequest, context: Any
    ) -> queue_service_pb2.UpsertQueueResponse:
        """Makes a queue or changes one."""
        call.caller().require(*OPERATORS)
        queue = await self._staff.put_queue(call.write(request), convert.queue_from_proto(request))
        return queue_service_pb2.UpsertQueueResponse(queue=convert.queue_to_proto(queue))

    async def PauseQueue(
        self, request: queue_service_pb2.PauseQueueRequest, context: Any
    ) -> queue_service_pb2.PauseQueueResponse:
        """Pauses a queue or goes on with it."""
        call.caller().require(*OPERATORS)
        queue_id = bounds.identifier("queue_id", request.queue_id)
        queue = await self._staff.pause_queue(call.write(request), queue_id, is_paused=request.paused)
        return queue_service_pb2.PauseQueueResponse(queue=convert.queue_to_proto(queue))

    async def GetQueue(
        self, request: queue_service_pb2.GetQueueRequest, context: Any
    ) -> queue_service_pb2.GetQueueResponse:
        """Reads a queue."""
        tenant = call.caller().require(*STAFF).tenant
        queue = await self._staff.queue(tenant, bounds.identifier("queue_id", request.queue_id))
        return queue_service_pb2.GetQueueResponse(queue=convert.queue_to_proto(queue))

    async def ListQueues(
        self, request: queue_service_pb2.ListQueuesRequest, context: Any
    ) -> queue_service_pb2.ListQueuesResponse:
        """Lists queues."""
        tenant = call.caller().require(*STAFF).tenant
        after, size = decode_page(_QUEUES, request.page_token), page_size(request)
        queues, last = await self._staff.queues(tenant, after=after, size=size)
        return queue_service_pb2.ListQueuesResponse(
            queues=map(convert.queue_to_proto, queues), next_page_token=encode_page(_QUEUES, last)
        )
