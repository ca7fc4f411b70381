"""The canned replies' servicer: it translates, and leaves the rest to the replies."""

from typing import Any

from balie.api.handoff.v1 import canned_reply_service_pb2, canned_reply_service_pb2_grpc
from balie.handoff.acting import OPERATORS, STAFF
from balie.handoff.canned_replies import convert
from balie.handoff.canned_replies.replies import CannedReplies
from balie.kit import call
from balie.kit.paging import page_size


class CannedReplyService(canned_reply_service_pb2_grpc.CannedReplyServiceServicer):
    """Manages canned replies."""

    def __init__(self, replies: CannedReplies) -> None:
        self._replies = replies

    async def UpsertCannedReply(
        self, request: canned_reply_service_pb2.UpsertCannedReplyRequest, context: Any
    ) -> canned_reply_service_pb2.UpsertCannedReplyResponse:
        """Makes a reply or replaces one."""
        call.caller().require(*OPERATORS)
        reply = await self._replies.put(call.write(request), convert.reply_from_proto(request))
        return canned_reply_service_pb2.UpsertCannedReplyResponse(canned_reply=convert.reply_to_proto(reply))

    async def GetCannedReply(
        self, request: canned_reply_service_pb2.GetCannedReplyRequest, context: Any
    ) -> canned_reply_service_pb2.GetCannedReplyResponse:
        """Reads a reply."""
        tenant = call.caller().require(*STAFF).tenant
        reply = await self._replies.get(tenant, convert.reply_id(request.canned_reply_id))
        return canned_reply_service_pb2.GetCannedReplyResponse(canned_reply=convert.reply_to_proto(reply))

    async def ListCannedReplies(
        self, request: canned_reply_service_pb2.ListCannedRepliesRequest, context: Any
    ) -> canned_reply_service_pb2.ListCannedRepliesResponse:
        """Lists replies."""
        tenant, wanted = call.caller().require(*STAFF).tenant, convert.wanted_from_proto(request)
        after, size = convert.place_from_token(wanted, request.page_token), page_size(request)
        replies, last = await self._replies.page(tenant, wanted, after=after, size=size)
        return canned_reply_service_pb2.ListCannedRepliesResponse(
            canned_replies=map(convert.reply_to_proto, replies),
            next_page_token=convert.place_to_token(wanted, last),
        )

    async def DeleteCannedReply(
        self, request: canned_reply_service_pb2.DeleteCannedReplyRequest, context: Any
    ) -> canned_reply_service_pb2.DeleteCannedReplyResponse:
        """Deletes a reply."""
        call.caller().require(*OPERATORS)
        reply_id = convert.reply_id(request.canned_reply_id)
        await self._replies.delete(call.write(request), reply_id)
        return canned_reply_service_pb2.DeleteCannedReplyResponse()
