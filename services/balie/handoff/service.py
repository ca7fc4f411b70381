"""The servicers of handoffs and agents: they translate, and leave the rest to the desk and the staff."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from functools import partial
from typing import Any

from balie.api.handoff.v1 import (
    agent_service_pb2,
    agent_service_pb2_grpc,
    handoff_service_pb2,
    handoff_service_pb2_grpc,
)
from balie.handoff import convert, feed
from balie.handoff.acting import OPERATORS, STAFF
from balie.handoff.chats import convert as chats
from balie.handoff.chats.chats import Chats
from balie.handoff.chats.service import Commands
from balie.handoff.desk import Desk
from balie.handoff.events import event_to_proto
from balie.handoff.feed import Feed
from balie.handoff.ratings import convert as rated
from balie.handoff.ratings.ratings import Ratings
from balie.handoff.staffing import convert as staffing
from balie.handoff.staffing.staff import Staff
from balie.handoff.work import Command, Shift
from balie.kit import bounds, call
from balie.kit.caller import Caller, Role
from balie.kit.paging import decode_page, encode_page, page_size

_AGENTS = ("agents",)  # the list that tokens of pages are bound to


class HandoffService(handoff_service_pb2_grpc.HandoffServiceServicer):
    """Runs handoffs."""

    def __init__(self, desk: Desk, chats: Chats, commands: Commands, ratings: Ratings, events: Feed) -> None:
        self._desk = desk
        self._chats = chats
        self._commands = commands
        self._ratings = ratings
        self._events = events

    async def RequestHandoff(
        self, request: handoff_service_pb2.RequestHandoffRequest, context: Any
    ) -> handoff_service_pb2.RequestHandoffResponse:
        """Asks for a person."""
        caller = call.caller().require(*STAFF)
        handoff = await self._desk.request(call.write(request), convert.asked_from_proto(request, caller))
        return handoff_service_pb2.RequestHandoffResponse(handoff=convert.handoff_to_proto(handoff))

    async def GetHandoff(
        self, request: handoff_service_pb2.GetHandoffRequest, context: Any
    ) -> handoff_service_pb2.GetHandoffResponse:
        """Reads a handoff."""
        caller = call.caller().require(*STAFF)
        handoff = await self._desk.get(caller.tenant, convert.handoff_id(request.handoff_id))
        return handoff_service_pb2.GetHandoffResponse(handoff=convert.handoff_to_proto(handoff))

    async def ListHandoffs(
        self, request: handoff_service_pb2.ListHandoffsRequest, context: Any
    ) -> handoff_service_pb2.ListHandoffsResponse:
        """Lists handoffs."""
        caller, wanted = call.caller().require(*STAFF), convert.filter_from_proto(request)
        after, size = convert.place_from_token(request.page_token), page_size(request)
        page = await self._desk.page(caller.tenant, wanted, after=after, size=size)
        return handoff_service_pb2.ListHandoffsResponse(
            handoffs=map(convert.handoff_to_proto, page.handoffs),
            next_page_token=convert.place_to_token(page.after),
            cursor=feed.cursor(page.head),
        )

    async def AcceptHandoff(
        self, request: handoff_service_pb2.AcceptHandoffRequest, context: Any
    ) -> handoff_service_pb2.AcceptHandoffResponse:
        """Takes a handoff for an agent."""
        handoff = await self._commands.accept(request, call.caller())
        return handoff_service_pb2.AcceptHandoffResponse(handoff=convert.handoff_to_proto(handoff))

    async def ConfirmOwner(
        self, request: handoff_service_pb2.ConfirmOwnerRequest, context: Any
    ) -> handoff_service_pb2.ConfirmOwnerResponse:
        """Confirms the owner that follows from a handoff's state."""
        tenant = call.caller().require(*OPERATORS).tenant
        handoff_id, epoch = convert.handoff_id(request.handoff_id), convert.owner_epoch(request.owner_epoch)
        agent_id = convert.owner_agent(request)
        handoff = await self._desk.confirm_owner(tenant, handoff_id, epoch, agent_id=agent_id)
        return handoff_service_pb2.ConfirmOwnerResponse(handoff=convert.handoff_to_proto(handoff))

    async def RejectOffer(
        self, request: handoff_service_pb2.RejectOfferRequest, context: Any
    ) -> handoff_service_pb2.RejectOfferResponse:
        """Turns an offer down."""
        handoff = await self._commands.reject(request, call.caller())
        return handoff_service_pb2.RejectOfferResponse(handoff=convert.handoff_to_proto(handoff))

    async def ReleaseHandoff(
        self, request: handoff_service_pb2.ReleaseHandoffRequest, context: Any
    ) -> handoff_service_pb2.ReleaseHandoffResponse:
        """Gives a conversation back to the bot."""
        handoff = await self._commands.release(request, call.caller())
        return handoff_service_pb2.ReleaseHandoffResponse(handoff=convert.handoff_to_proto(handoff))

    async def ResolveHandoff(
        self, request: handoff_service_pb2.ResolveHandoffRequest, context: Any
    ) -> handoff_service_pb2.ResolveHandoffResponse:
        """Ends a handoff as solved."""
        handoff = await self._commands.resolve(request, call.caller())
        return handoff_service_pb2.ResolveHandoffResponse(handoff=convert.handoff_to_proto(handoff))

    async def HoldHandoff(
        self, request: handoff_service_pb2.HoldHandoffRequest, context: Any
    ) -> handoff_service_pb2.HoldHandoffResponse:
        """Puts a handoff on hold."""
        handoff = await self._commands.hold(request, call.caller())
        return handoff_service_pb2.HoldHandoffResponse(handoff=convert.handoff_to_proto(handoff))

    async def ResumeHandoff(
        self, request: handoff_service_pb2.ResumeHandoffRequest, context: Any
    ) -> handoff_service_pb2.ResumeHandoffResponse:
        """Ends a hold."""
        handoff = await self._commands.resume(request, call.caller())
        return handoff_service_pb2.ResumeHandoffResponse(handoff=convert.handoff_to_proto(handoff))

    async def TransferHandoff(
        self, request: handoff_service_pb2.TransferHandoffRequest, context: Any
    ) -> handoff_service_pb2.TransferHandoffResponse:
        """Sends a handoff to another queue or agent."""
        handoff = await self._commands.transfer(request, call.caller())
        return handoff_service_pb2.TransferHandoffResponse(handoff=convert.handoff_to_proto(handoff))

    async def ReportActivity(
        self, request: handoff_service_pb2.ReportActivityRequest, context: Any
    ) -> handoff_service_pb2.ReportActivityResponse:
        """Takes in who wrote."""
        tenant = call.caller().require(*OPERATORS).tenant
        await self._chats.report(tenant, chats.activities(request))
        return handoff_service_pb2.ReportActivityResponse()

    async def RecordRating(
        self, request: handoff_service_pb2.RecordRatingRequest, context: Any
    ) -> handoff_service_pb2.RecordRatingResponse:
        """Keeps what a contact thinks of how they were helped."""
        tenant = call.caller().require(*OPERATORS).tenant
        handoff_id, given = convert.handoff_id(request.handoff_id), rated.rating(request)
        counts = await self._ratings.record(tenant, handoff_id, given, given_at=rated.given_at(request))
        return handoff_service_pb2.RecordRatingResponse(rating=counts)

    async def CancelHandoff(
        self, request: handoff_service_pb2.CancelHandoffRequest, context: Any
    ) -> handoff_service_pb2.CancelHandoffResponse:
        """Withdraws a handoff."""
        call.caller().require(*STAFF)
        handoff = await self._desk.cancel(call.write(request), convert.handoff_id(request.handoff_id))
        return handoff_service_pb2.CancelHandoffResponse(handoff=convert.handoff_to_proto(handoff))

    async def WatchHandoffs(
        self, request: handoff_service_pb2.WatchHandoffsRequest, context: Any
    ) -> AsyncIterator[handoff_service_pb2.WatchHandoffsResponse]:
        """Streams the tenant's events."""
        tenant = call.caller().require(*STAFF).tenant
        start = await self._events.position(tenant, request.cursor)
        async with aclosing(self._events.after(tenant, start)) as happenings:
            async for position, event in happenings:
                told = event_to_proto(event, feed.cursor(position))
                yield handoff_service_pb2.WatchHandoffsResponse(event=told)


class AgentService(agent_service_pb2_grpc.AgentServiceServicer):
    """Manages agents and gives them their work."""

    def __init__(self, staff: Staff, commands: Commands, shift: Shift) -> None:
        self._staff = staff
        self._commands = commands
        self._shift = shift

    async def UpsertAgent(
        self, request: agent_service_pb2.UpsertAgentRequest, context: Any
    ) -> agent_service_pb2.UpsertAgentResponse:
        """Makes an agent or changes one."""
        call.caller().require(*OPERATORS)
        agent = await self._staff.put_agent(call.write(request), staffing.agent_from_proto(request))
        return agent_service_pb2.UpsertAgentResponse(agent=staffing.agent_to_proto(agent))

    async def GetAgent(
        self, request: agent_service_pb2.GetAgentRequest, context: Any
    ) -> agent_service_pb2.GetAgentResponse:
        """Reads an agent."""
        tenant = call.caller().require(*STAFF).tenant
        agent = await self._staff.agent(tenant, bounds.identifier("agent_id", request.agent_id))
        return agent_service_pb2.GetAgentResponse(agent=staffing.agent_to_proto(agent))

    async def ListAgents(
        self, request: agent_service_pb2.ListAgentsRequest, context: Any
    ) -> agent_service_pb2.ListAgentsResponse:
        """Lists agents."""
        tenant = call.caller().require(*STAFF).tenant
        after, size = decode_page(_AGENTS, request.page_token), page_size(request)
        agents, last = await self._staff.agents(tenant, after=after, size=size)
        return agent_service_pb2.ListAgentsResponse(
            agents=map(staffing.agent_to_proto, agents), next_page_token=encode_page(_AGENTS, last)
        )

    async def SetPresence(
        self, request: agent_service_pb2.SetPresenceRequest, context: Any
    ) -> agent_service_pb2.SetPresenceResponse:
        """Says whether an agent takes chats."""
        agent = await self._commands.set_presence(request, call.caller())
        return agent_service_pb2.SetPresenceResponse(agent=staffing.agent_to_proto(agent))

    async def Work(
        self, request_iterator: AsyncIterator[agent_service_pb2.WorkRequest], context: Any
    ) -> AsyncIterator[agent_service_pb2.WorkResponse]:
        """Is the stream an agent works on."""
        tenant = call.caller().tenant
        agent_id = convert.opened_by(await anext(request_iterator, None), call.caller())
        commands = self._commands_of(request_iterator, Caller(tenant, Role.AGENT, agent_id))
        async with aclosing(commands), aclosing(self._shift.work(tenant, agent_id, commands)) as messages:
            async for message in messages:
                yield convert.work_to_proto(message)

    async def _commands_of(
        self, requests: AsyncIterator[agent_service_pb2.WorkRequest], agent: Caller
    ) -> AsyncGenerator[Command, None]:
        async for request in requests:
            command = convert.command_of(request)
            yield Command(command.request_id, partial(self._commands.do, command, agent))
