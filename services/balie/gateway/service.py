"""The gateway's servicer: convert in, call the domain, convert out."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import Any

from balie.api.gateway.v1 import conversation_service_pb2 as door
from balie.api.gateway.v1 import conversation_service_pb2_grpc
from balie.gateway import convert
from balie.gateway.conversations import Conversations
from balie.gateway.ratings import Ratings
from balie.gateway.records.briefings import Briefings
from balie.gateway.records.convert import briefing_to_proto, turn_to_proto
from balie.gateway.sending import Posting, Sending
from balie.gateway.talks import Create, Open, Part, Send, Talks
from balie.gateway.watching import Watching
from balie.kit import call
from balie.kit.caller import Caller, Role
from balie.kit.ledger import Write

_SEND = "/balie.api.gateway.v1.ConversationService/SendMessage"
_CREATE = "/balie.api.gateway.v1.ConversationService/CreateConversation"
_TO_ANSWER_SECONDS = 0.25  # of a call's deadline, after a wait for replies


class ConversationService(conversation_service_pb2_grpc.ConversationServiceServicer):
    """Translates between the contract and the use cases."""

    def __init__(
        self,
        conversations: Conversations,
        sending: Sending,
        watching: Watching,
        ratings: Ratings,
        briefings: Briefings,
    ) -> None:
        self._conversations = conversations
        self._sending = sending
        self._watching = watching
        self._ratings = ratings
        self._briefings = briefings
        self._talks = Talks(conversations, sending, watching)

    async def CreateConversation(
        self, request: door.CreateConversationRequest, context: Any
    ) -> door.CreateConversationResponse:
        """Creates a conversation."""
        opening = _creation(call.caller(), request)
        conversation = await self._conversations.create(call.caller(), opening.write, opening.creation)
        call.log(conversation_id=conversation.id)
        return door.CreateConversationResponse(conversation=convert.conversation_to_proto(conversation))

    async def GetConversation(
        self, request: door.GetConversationRequest, context: Any
    ) -> door.GetConversationResponse:
        """Reads a conversation."""
        conversation = await self._conversations.get(call.caller(), _named(request))
        return door.GetConversationResponse(conversation=convert.conversation_to_proto(conversation))

    async def ListConversations(
        self, request: door.ListConversationsRequest, context: Any
    ) -> door.ListConversationsResponse:
        """Lists conversations, newest first."""
        found, more = await self._conversations.list(call.caller(), convert.filter_from_proto(request))
        return door.ListConversationsResponse(
            conversations=map(convert.conversation_to_proto, found),
            next_page_token=convert.next_page_token(request, found[-1]) if more else "",
        )

    async def SendMessage(self, request: door.SendMessageRequest, context: Any) -> door.SendMessageResponse:
        """Appends a message, and waits for the replies if the caller likes."""
        caller = call.caller()
        write, posting = _sending(request, _named(request))
        sent = await self._sending.send(caller, write, posting)
        call.log(turn_id=sent.turn_id)
        if posting.wait_seconds is not None:
            seconds = call.timeout(posting.wait_seconds, margin=_TO_ANSWER_SECONDS)
            sent = await self._sending.wait(caller.tenant, sent, seconds)
        return convert.sent_to_proto(sent)

    async def ListMessages(
        self, request: door.ListMessagesRequest, context: Any
    ) -> door.ListMessagesResponse:
        """Lists messages by `seq`."""
        _named(request)
        page = await self._watching.messages(call.caller(), *convert.page_of_messages(request))
        return convert.messages_to_proto(page)

    async def WatchConversation(
        self, request: door.WatchConversationRequest, context: Any
    ) -> AsyncGenerator[door.WatchConversationResponse, None]:
        """Streams a conversation's events."""
        opened = await self._watching.open(call.caller(), _named(request), request.cursor)
        async with aclosing(self._watching.events(*opened)) as events:
            async for event in events:
                yield door.WatchConversationResponse(event=convert.event_to_proto(event))

    async def Converse(
        self, request_iterator: AsyncIterator[door.ConverseRequest], context: Any
    ) -> AsyncGenerator[door.ConverseResponse, None]:
        """Talks both ways."""
        parts = _parts(call.caller(), request_iterator)
        async with aclosing(self._talks.hold(call.caller(), parts)) as answers:
            async for answer in answers:
                yield convert.answer_to_proto(answer)

    async def GetTurn(self, request: door.GetTurnRequest, context: Any) -> door.GetTurnResponse:
        """Explains a turn."""
        turn = await self._conversations.turn(call.caller(), convert.turn_id(request))
        return door.GetTurnResponse(turn=turn_to_proto(turn))

    async def GetBriefing(self, request: door.GetBriefingRequest, context: Any) -> door.GetBriefingResponse:
        """Tells an agent what they need first."""
        briefing = await self._briefings.get(call.caller(), _named(request))
        return door.GetBriefingResponse(briefing=briefing_to_proto(briefing))

    async def RateConversation(
        self, request: door.RateConversationRequest, context: Any
    ) -> door.RateConversationResponse:
        """Keeps what the contact thinks of how they were helped."""
        conversation_id, rating = _named(request), convert.rating(request)
        rated = await self._ratings.rate(call.caller(), call.write(request), conversation_id, rating)
        return door.RateConversationResponse(conversation=convert.conversation_to_proto(rated))

    async def CloseConversation(
        self, request: door.CloseConversationRequest, context: Any
    ) -> door.CloseConversationResponse:
        """Closes a conversation."""
        conversation_id = _named(request)
        closed = await self._conversations.close(call.caller(), call.write(request), conversation_id)
        return door.CloseConversationResponse(conversation=convert.conversation_to_proto(closed))


def _named(request: Any) -> str:
    """Returns the conversation that a request names, and adds it to the call's line in the log."""
    conversation_id = convert.conversation_id(request)
    call.log(conversation_id=conversation_id)
    return conversation_id


def _creation(caller: Caller, request: door.CreateConversationRequest) -> Create:
    creation = convert.creation_from_proto(request, by_contact=caller.role == Role.CONTACT)
    return Create(replace(call.write(request), rpc=_CREATE), creation)


def _sending(request: door.SendMessageRequest, conversation_id: str) -> tuple[Write, Posting]:
    """Returns the write of a message and the message; on a talk it is the same write as by SendMessage."""
    complete = door.SendMessageRequest()
    complete.CopyFrom(request)
    complete.conversation_id = request.conversation_id or conversation_id
    write = call.write(complete, ignoring=["wait_for_reply"])
    return replace(write, rpc=_SEND), convert.posting_from_proto(complete)


async def _parts(caller: Caller, requests: AsyncIterator[door.ConverseRequest]) -> AsyncGenerator[Part, None]:
    async for request in requests:
        match request.WhichOneof("part"):
            case "open":
                yield Open(_named(request.open), request.open.cursor)
            case "create":
                yield _creation(caller, request.create)
            case _:
                yield Send(request.message.request_id, partial(_sending, request.message))
