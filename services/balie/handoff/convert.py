"""Between the contract and the domain: handoffs, agents, queues and streams; checks every documented bound on the way in."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from google.protobuf.timestamp_pb2 import Timestamp

from balie.api.handoff.v1 import (
    agent_service_pb2,
    handoff_pb2,
    handoff_service_pb2,
    note_service_pb2,
    suggestion_service_pb2,
)
from balie.handoff.acting import agent_acting
from balie.handoff.clocks import Clock
from balie.handoff.domain import ANY_LANGUAGE, Asked, Handoff, HandoffState, ReleaseReason
from balie.handoff.errors import StreamOutOfOrder
from balie.handoff.events import span, timestamp
from balie.handoff.floor import Filter, Place
from balie.handoff.reasons import Reason, ReasonCode
from balie.handoff.staffing.convert import agent_to_proto, wanted_from_proto, wanted_to_proto
from balie.handoff.staffing.profiles import Agent, Presence
from balie.handoff.work import Done, Message, Ready, Told
from balie.kit import bounds, call
from balie.kit.caller import Caller, Role
from balie.kit.errors import FieldUnknownValue
from balie.kit.ledger import Write
from balie.kit.paging import decode_page, encode_page

DISPLAY_NAME_CHARACTERS = 200
QUEUE_IDS = 100
LANGUAGES = 20
MAX_CHATS = 100
PRIORITY = 100
OUTCOME_CHARACTERS = 64
OUTCOME_DEFAULT = "resolved"
STATES = 20
LEAST_DURATION = timedelta(seconds=1)
MAX_WAIT_MOST = timedelta(days=7)
OFFER_TIMEOUT_MOST = timedelta(hours=1)
OWNER_EPOCH = (1 << 63) - 1

AgentCommand = (
    handoff_service_pb2.AcceptHandoffRequest
    | handoff_service_pb2.RejectOfferRequest
    | handoff_service_pb2.ReleaseHandoffRequest
    | handoff_service_pb2.ResolveHandoffRequest
    | handoff_service_pb2.HoldHandoffRequest
    | handoff_service_pb2.ResumeHandoffRequest
    | handoff_service_pb2.TransferHandoffRequest
    | note_service_pb2.AddNoteRequest
    | suggestion_service_pb2.RecordSuggestionRequest
    | agent_service_pb2.SetPresenceRequest
)

_HANDOFFS = ("handoffs",)
_RPC_OF = {
    method.input_type.full_name: f"/{service.full_name}/{method.name}"
    for module in (handoff_service_pb2, agent_service_pb2, note_service_pb2, suggestion_service_pb2)
    for service in module.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}


def write_of(request: AgentCommand, caller: Caller) -> Write:
    """Returns the write that an agent's command asks for: the same by its own RPC and on the agent's stream."""
    names_caller = caller.role is Role.AGENT and "agent_id" in request.DESCRIPTOR.fields_by_name
    asked = call.write(request, ignoring=("agent_id",) if names_caller else ())
    return Write(
        tenant=caller.tenant,
        caller=caller.key,
        rpc=_RPC_OF[request.DESCRIPTOR.full_name],
        request_id=asked.request_id,
        digest=asked.digest,
    )


def handoff_id(value: str) -> str:
    """Returns the id of a handoff, and lets the call's log line name it."""
    call.log(handoff_id=bounds.identifier("handoff_id", value))
    return value


def asked_from_proto(request: handoff_service_pb2.RequestHandoffRequest, caller: Caller) -> Asked:
    """Returns what a caller asks for, and that it was they who did."""
    return Asked(
        conversation_id=bounds.identifier("conversation_id", request.conversation_id),
        contact_id=bounds.identifier("contact_id", request.contact_id),
        channel=bounds.identifier("channel", request.channel),
        language=bounds.language("language", request.language) or ANY_LANGUAGE,
        queue_id=bounds.identifier("queue_id", request.queue_id),
        reasons=(Reason(ReasonCode.REQUESTED_BY_STAFF, caller.key),),
        priority=bounds.number("priority", request.priority, -PRIORITY, PRIORITY),
        skills=wanted_from_proto("skills", request.skills),
    )


def release_reason(request: handoff_service_pb2.ReleaseHandoffRequest) -> ReleaseReason:
    """Returns how the bot goes on after an agent; IDLE is nobody's to say."""
    reason = ReleaseReason(bounds.enum("reason", request.reason, ReleaseReason) if request.reason else 0)
    if reason is ReleaseReason.IDLE:
        known = [one.name for one in ReleaseReason if one not in (ReleaseReason.NONE, ReleaseReason.IDLE)]
        raise FieldUnknownValue("reason", value=request.reason, known=known)
    return reason


def outcome(request: handoff_service_pb2.ResolveHandoffRequest) -> str:
    """Returns how a handoff ended, in the operator's code."""
    given = bounds.text("outcome", request.outcome, OUTCOME_CHARACTERS, required=False)
    return given or OUTCOME_DEFAULT


def owner_epoch(value: int) -> int:
    """Returns the epoch of an owner that is confirmed."""
    return bounds.number("owner_epoch", value, 1, OWNER_EPOCH)


def owner_agent(request: handoff_service_pb2.ConfirmOwnerRequest) -> str | None:
    """Returns the agent who is confirmed as owner, empty for the bot; None when it is not said."""
    if not request.HasField("agent_id"):
        return None
    return bounds.identifier("agent_id", request.agent_id, required=False)


def presence(value: int) -> Presence:
    """Returns whether an agent takes chats."""
    return bounds.enum("presence", value, Presence)


def filter_from_proto(request: handoff_service_pb2.ListHandoffsRequest) -> Filter:
    """Returns which handoffs a caller wants."""
    return Filter(
        states=tuple(_state(number) for number in bounds.items("states", request.states, STATES)),
        queue_id=bounds.identifier("queue_id", request.queue_id, required=False),
        agent_id=bounds.identifier("agent_id", request.agent_id, required=False),
        conversation_id=bounds.identifier("conversation_id", request.conversation_id, required=False),
    )


def _state(number: int) -> HandoffState:
    if not number:  # an item of a list is not missing: it is one that is never sent
        raise FieldUnknownValue("states", value=number, known=[state.name for state in HandoffState])
    return bounds.enum("states", number, HandoffState)


def place_from_token(token: str) -> Place | None:
    """Returns the place after which the list of handoffs goes on; None, its beginning, for the empty token."""
    last = decode_page(_HANDOFFS, token)
    if not last:
        return None
    created_at, _, handoff_id = last.partition(" ")
    return Place(datetime.fromisoformat(created_at), handoff_id)


def place_to_token(place: Place | None) -> str:
    """Returns a token for the handoffs that follow a place; empty when there is none."""
    return encode_page(_HANDOFFS, f"{place.created_at.isoformat()} {place.id}" if place else "")


def opened_by(request: agent_service_pb2.WorkRequest | None, caller: Caller) -> str:
    """Returns the agent whose stream the first message opens.

    Raises:
        StreamOutOfOrder: it opens none, or there is none.
    """
    if request is None or request.WhichOneof("command") != "open":
        raise StreamOutOfOrder(expected="open")
    return agent_acting(caller, request.open.agent_id)


def command_of(request: agent_service_pb2.WorkRequest) -> AgentCommand:
    """Returns the command that a later message of a stream holds.

    Raises:
        StreamOutOfOrder: it opens the stream again, or holds nothing.
    """
    match request.WhichOneof("command"):
        case "accept":
            return request.accept
        case "reject":
            return request.reject
        case "release":
            return request.release
        case "resolve":
            return request.resolve
        case "hold":
            return request.hold
        case "resume":
            return request.resume
        case "transfer":
            return request.transfer
        case "add_note":
            return request.add_note
        case "record_suggestion":
            return request.record_suggestion
        case "set_presence":
            return request.set_presence
        case _:
            raise StreamOutOfOrder(expected="a command")


def work_to_proto(message: Message) -> agent_service_pb2.WorkResponse:
    """Returns a message of an agent's stream as it is sent."""
    match message:
        case Ready(agent):
            ready = agent_service_pb2.WorkReady(agent=agent_to_proto(agent))
            return agent_service_pb2.WorkResponse(ready=ready)
        case Told(handoff):
            return agent_service_pb2.WorkResponse(handoff=handoff_to_proto(handoff))
        case Done(request_id, refused, done):
            result = agent_service_pb2.WorkResult(
                request_id=request_id,
                refused_reason=refused.reason if refused else "",
                refused_message=refused.message if refused else "",
                handoff=handoff_to_proto(done) if isinstance(done, Handoff) else None,
                agent=agent_to_proto(done) if isinstance(done, Agent) else None,
            )
            return agent_service_pb2.WorkResponse(result=result)


def handoff_to_proto(handoff: Handoff) -> handoff_pb2.Handoff:
    """Returns a handoff as it is sent."""
    asked = handoff.asked
    return handoff_pb2.Handoff(
        id=handoff.id,
        conversation_id=asked.conversation_id,
        turn_id=asked.turn_id,
        contact_id=asked.contact_id,
        channel=asked.channel,
        language=asked.language,
        queue_id=asked.queue_id,
        state=handoff_pb2.HandoffState.ValueType(handoff.state),
        priority=asked.priority,
        agent_id=handoff.agent_id,
        reasons=reasons_to_proto(asked.reasons),
        suggested_answer_ids=asked.suggested_answer_ids,
        owner_epoch=handoff.owner_epoch,
        owner_confirmed=handoff.owner_confirmed,
        revision=handoff.revision,
        position=handoff.position,
        create_time=timestamp(handoff.created_at),
        update_time=timestamp(handoff.updated_at),
        offer_expire_time=timestamp(handoff.offer_expires_at) if handoff.offer_expires_at else None,
        deadline_time=timestamp(handoff.deadline_at),
        outcome=handoff.outcome,
        skills=wanted_to_proto(asked.skills),
        preferred_agent_id=handoff.preferred_agent_id,
        contact_waits=handoff.talk.contact_waits,
        reply_due_time=_maybe(handoff.agent_due_at if handoff.talk.contact_waits else None),
        clocks=map(_clock_to_proto, handoff.clocks),
        call_back_time=_maybe(handoff.call_back.promised_at if handoff.call_back else None),
        release_reason=handoff_pb2.ReleaseReason.ValueType(handoff.release_reason),
        wanted_agent_id=handoff.wanted_agent_id,
        estimated_wait=span(handoff.told_wait) if handoff.position else None,
        transfers=handoff.transfers,
    )


def _clock_to_proto(clock: Clock) -> handoff_pb2.Clock:
    return handoff_pb2.Clock(
        kind=handoff_pb2.ClockKind.ValueType(clock.kind),
        state=handoff_pb2.ClockState.ValueType(clock.state),
        target=span(clock.target),
        used=span(clock.used),
        due_time=_maybe(clock.due_at),
        told_percent=clock.told,
    )


def _maybe(moment: datetime | None) -> Timestamp | None:
    return timestamp(moment) if moment else None


def reasons_to_proto(reasons: Iterable[Reason]) -> list[handoff_pb2.Reason]:
    """Returns reasons as they are sent."""
    return [
        handoff_pb2.Reason(
            code=handoff_pb2.ReasonCode.ValueType(reason.code),
            subject=reason.subject,
            score=reason.score,
            threshold=reason.threshold,
        )
        for reason in reasons
    ]
