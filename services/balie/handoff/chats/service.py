"""What an agent may do, by an RPC of its own or on their stream: translated, and left to the desk, the chats and the staff."""

from datetime import timedelta

from balie.api.handoff.v1 import (
    agent_service_pb2,
    handoff_service_pb2,
    note_service_pb2,
    suggestion_service_pb2,
)
from balie.handoff import convert
from balie.handoff.acting import STAFF, agent_acting, agent_holding
from balie.handoff.chats.chats import Chats
from balie.handoff.chats.convert import destination_from_proto
from balie.handoff.convert import AgentCommand
from balie.handoff.desk import Desk, Ending
from balie.handoff.domain import Handoff
from balie.handoff.machine import Step
from balie.handoff.notes import convert as noted
from balie.handoff.notes.notes import Notes
from balie.handoff.staffing.profiles import Agent
from balie.handoff.staffing.staff import Staff
from balie.handoff.suggestions import convert as suggested
from balie.handoff.suggestions.suggestions import Suggestions
from balie.kit import call
from balie.kit.caller import Caller


class Commands:
    """What an agent may do, each by an RPC of its own or on their stream.

    Args:
        desk: gives chats and takes them back.
        chats: does what is done in between.
        staff: sets presence.
        notes: keeps internal notes.
        suggestions: keeps what became of suggested answers.
        confirm_wait: how long to wait for the gateway, at most.
    """

    def __init__(
        self,
        desk: Desk,
        chats: Chats,
        staff: Staff,
        notes: Notes,
        suggestions: Suggestions,
        *,
        confirm_wait: timedelta,
    ) -> None:
        self._desk = desk
        self._chats = chats
        self._staff = staff
        self._notes = notes
        self._suggestions = suggestions
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
            case handoff_service_pb2.HoldHandoffRequest():
                return await self.hold(request, caller)
            case handoff_service_pb2.ResumeHandoffRequest():
                return await self.resume(request, caller)
            case handoff_service_pb2.TransferHandoffRequest():
                return await self.transfer(request, caller)
            case note_service_pb2.AddNoteRequest():
                return await self.add_note(request, caller)
            case suggestion_service_pb2.RecordSuggestionRequest():
                return await self.record_suggestion(request, caller)
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
            Ending(Step.RELEASE, reason=convert.release_reason(request)),
            agent_id=agent_holding(caller),
            wait=self._wait(),
        )

    async def resolve(self, request: handoff_service_pb2.ResolveHandoffRequest, caller: Caller) -> Handoff:
        """Ends a handoff as solved."""
        return await self._desk.give_back(
            convert.write_of(request, caller),
            convert.handoff_id(request.handoff_id),
            Ending(Step.RESOLVE, outcome=convert.outcome(request)),
            agent_id=agent_holding(caller),
            wait=self._wait(),
        )

    async def hold(self, request: handoff_service_pb2.HoldHandoffRequest, caller: Caller) -> Handoff:
        """Puts a handoff on hold."""
        agent_id = agent_holding(caller)
        handoff_id = convert.handoff_id(request.handoff_id)
        return await self._chats.hold(convert.write_of(request, caller), handoff_id, agent_id=agent_id)

    async def resume(self, request: handoff_service_pb2.ResumeHandoffRequest, caller: Caller) -> Handoff:
        """Ends a hold."""
        agent_id = agent_holding(caller)
        handoff_id = convert.handoff_id(request.handoff_id)
        return await self._chats.resume(convert.write_of(request, caller), handoff_id, agent_id=agent_id)

    async def transfer(self, request: handoff_service_pb2.TransferHandoffRequest, caller: Caller) -> Handoff:
        """Sends a handoff to another queue or agent."""
        agent_id = agent_holding(caller)
        return await self._chats.transfer(
            convert.write_of(request, caller),
            convert.handoff_id(request.handoff_id),
            destination_from_proto(request),
            agent_id=agent_id,
        )

    async def add_note(self, request: note_service_pb2.AddNoteRequest, caller: Caller) -> Handoff:
        """Adds an internal note; returns the handoff."""
        caller.require(*STAFF)
        handoff_id, text = convert.handoff_id(request.handoff_id), noted.text_from_proto(request)
        await self._notes.add(convert.write_of(request, caller), handoff_id, text)
        return await self._desk.get(caller.tenant, handoff_id)

    async def record_suggestion(
        self, request: suggestion_service_pb2.RecordSuggestionRequest, caller: Caller
    ) -> Handoff:
        """Keeps what became of a suggested answer; returns the handoff."""
        agent_id, handoff_id = agent_holding(caller), convert.handoff_id(request.handoff_id)
        await self._suggestions.record(
            convert.write_of(request, caller),
            handoff_id,
            suggested.answer_id(request),
            suggested.outcome(request),
            agent_id=agent_id,
        )
        return await self._desk.get(caller.tenant, handoff_id)

    async def set_presence(self, request: agent_service_pb2.SetPresenceRequest, caller: Caller) -> Agent:
        """Says whether the agent takes chats."""
        agent_id = agent_acting(caller, request.agent_id)
        presence = convert.presence(request.presence)
        return await self._staff.set_presence(convert.write_of(request, caller), agent_id, presence)

    def _wait(self) -> timedelta:
        return timedelta(seconds=call.timeout(self._confirm_wait.total_seconds()))
