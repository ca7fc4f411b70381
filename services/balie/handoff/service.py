"""The servicers: they translate, and leave the rest to the desk and the staff; the router's is in `routing`."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from datetime import timedelta
from functools import partial
from typing import Any

from balie.api.handoff.v1 import (
    agent_service_pb2,
    agent_service_pb2_grpc,
    handoff_service_pb2,
    handoff_service_pb2_grpc,
    queue_service_pb2,
    queue_service_pb2_grpc,
)
from balie.handoff import convert, feed
from balie.handoff.acting import OPERATORS, STAFF, agent_acting, agent_holding
from balie.handoff.convert import AgentCommand
from balie.handoff.desk import Desk
from balie.handoff.domain import Agent, Handoff
from balie.handoff.events import event_to_proto
from balie.handoff.feed import Feed
from balie.handoff.staffing import convert as staffing
from balie.handoff.staffing.staff import Staff
from balie.handoff.states import Step
from balie.handoff.work import Command, Shift
from balie.kit import bounds, call
from balie.kit.caller import Caller, Role
from balie.kit.paging import decode_page, encode_page, page_size

_AGENTS, _QUEUES = ("agents",), ("queues",)  # lists that tokens of pages are bound to


class Commands:
    """What an agent may do, each by an RPC of its own or on their stream.

    Args:
        desk: does it.
        staff: sets presence.
        confirm_wait: how long to wait for the gateway, at most.
    """

    def __init__(self, desk: Desk, staff: Staff, *, confirm_wait: timedelta) -> None:
        self._desk = desk
        self._staff = staff
        self._confirm_wait = confirm_wait

    async def do(self, request: AgentCommand, caller: Caller) -> Handoff | Agent:
        """Does what a command says; `caller` is whose command it is."""
        match request:
            case handoff_service_pb2.AcceptHandoffRequest():
                return await self.accept(request, caller)
            case handoff_service_pb2.RejectOfferRequest():
                return await self.reject(request, caller)
            case handoff_service_pb2.ReleaseHandoffRequest():
                return await self.release(request, caller)
            case handoff_service_pb2.ResolveHandoffRequest():
                return await self.resolve(request, caller)
            case _:
                return await self.set_presence(request, caller)

    async def accept(self, request: handoff_service_pb2.AcceptHandoffRequest, caller: Caller) -> Handoff:
        """Takes a handoff."""
        agent_id = agent_acting(caller, request.agent_id)
        return await self._desk.accept(
            convert.write_of(request, caller),
            convert.handoff_id(request.handoff_id),
            agent_id,
            wait=self._wait(),
        )

    async def reject(self, request: handoff_service_pb2.RejectOfferRequest, caller: Caller) -> Handoff:
        """Turns an offer down."""
        agent_id = agent_acting(caller, request.agent_id)
        handoff_id = convert.handoff_id(request.handoff_id)
        return await self._desk.reject(convert.write_of(request, caller), handoff_id, agent_id)

    async def release(self, request: handoff_service_pb2.ReleaseHandoffRequest, caller: Caller) -> Handoff:
        """Gives a conversation back to the bot."""
        return await self._desk.give_back(
            convert.write_of(request, caller),
            convert.handoff_id(request.handoff_id),
            Step.RELEASE,
            agent_id=agent_holding(caller),
            outcome="",
            wait=self._wait(),
        )

    async def resolve(self, request: handoff_service_pb2.ResolveHandoffRequest, caller: Caller) -> Handoff:
        """Ends a handoff as solved."""
        return await self._desk.give_back(
            convert.write_of(request, caller),
            convert.handoff_id(request.handoff_id),
            Step.RESOLVE,
            agent_id=agent_holding(caller),
            outcome=convert.outcome(request),
            wait=self._wait(),
        )

    async def set_presence(self, request: agent_service_pb2.SetPresenceRequest, caller: Caller) -> Agent:
        """Says whether the agent takes chats."""
        agent_id = agent_acting(caller, request.agent_id)
        presence = convert.presence(request.presence)
        return await self._staff.set_presence(convert.write_of(request, caller), agent_id, presence)

    def _wait(self) -> timedelta:
        return timedelta(seconds=call.timeout(self._confirm_wait.total_seconds()))


class HandoffService(handoff_service_pb2_grpc.HandoffServiceServicer):
    """Runs handoffs."""

    def __init__(self, desk: Desk, commands: Commands, events: Feed) -> None:
        self._desk = desk
        self._commands = commands
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
        handoff = await self._desk.confirm_owner(tenant, handoff_id, epoch)
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


class QueueService(queue_service_pb2_grpc.QueueServiceServicer):
    """Manages queues."""

    def __init__(self, staff: Staff) -> None:
        self._staff = staff

    async def UpsertQueue(
        self, request: queue_service_pb2.UpsertQueueRequest, context: Any
    ) -> queue_service_pb2.UpsertQueueResponse:
        """Makes a queue or changes one."""
        call.caller().require(*OPERATORS)
        queue = await self._staff.put_queue(call.write(request), staffing.queue_from_proto(request))
        return queue_service_pb2.UpsertQueueResponse(queue=staffing.queue_to_proto(queue))

    async def GetQueue(
        self, request: queue_service_pb2.GetQueueRequest, context: Any
    ) -> queue_service_pb2.GetQueueResponse:
        """Reads a queue."""
        tenant = call.caller().require(*STAFF).tenant
        queue = await self._staff.queue(tenant, bounds.identifier("queue_id", request.queue_id))
        return queue_service_pb2.GetQueueResponse(queue=staffing.queue_to_proto(queue))

    async def ListQueues(
        self, request: queue_service_pb2.ListQueuesRequest, context: Any
    ) -> queue_service_pb2.ListQueuesResponse:
        """Lists queues."""
        tenant = call.caller().require(*STAFF).tenant
        after, size = decode_page(_QUEUES, request.page_token), page_size(request)
        queues, last = await self._staff.queues(tenant, after=after, size=size)
        return queue_service_pb2.ListQueuesResponse(
            queues=map(staffing.queue_to_proto, queues), next_page_token=encode_page(_QUEUES, last)
        )
