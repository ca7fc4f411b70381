"""What can go wrong with handoffs, agents, queues and turns."""

from collections.abc import Iterable

from balie.kit.errors import (
    AlreadyExists,
    Exhausted,
    FailedPrecondition,
    InvalidRequest,
    NotFound,
    Unavailable,
)

__all__ = [
    "AgentAtCapacity",
    "AgentNotFound",
    "AgentNotOnline",
    "ContactWaits",
    "HandoffNotFound",
    "HandoffOfAnotherAgent",
    "HandoffStateInvalid",
    "OwnerEpochPassed",
    "OwnerNotConfirmed",
    "PolicyMalformed",
    "PolicyNotFound",
    "QueueNotFound",
    "StreamOutOfOrder",
    "TurnAlreadyRouted",
    "TurnNotRouted",
]


class HandoffNotFound(NotFound):
    """The tenant has no handoff of this id."""

    reason = "HANDOFF_NOT_FOUND"

    def __init__(self, handoff_id: str) -> None:
        super().__init__(f"handoff {handoff_id} does not exist", handoff_id=handoff_id)


class HandoffStateInvalid(FailedPrecondition):
    """The handoff is in a state from which this step does not lead on."""

    reason = "HANDOFF_STATE_INVALID"

    def __init__(self, handoff_id: str, *, state: str, allowed: Iterable[str]) -> None:
        names = ", ".join(allowed)
        super().__init__(
            f"handoff {handoff_id} is {state}, this step needs {names}",
            handoff_id=handoff_id,
            state=state,
            allowed=names,
        )


class HandoffOfAnotherAgent(FailedPrecondition):
    """The handoff is offered to, or held by, somebody else."""

    reason = "HANDOFF_OF_ANOTHER_AGENT"

    def __init__(self, handoff_id: str, *, agent_id: str) -> None:
        super().__init__(
            f"handoff {handoff_id} is agent {agent_id}'s", handoff_id=handoff_id, agent_id=agent_id
        )


class ContactWaits(FailedPrecondition):
    """The contact wrote last: a chat waits for them only once they were answered."""

    reason = "CONTACT_WAITS"

    def __init__(self, handoff_id: str) -> None:
        super().__init__(
            f"the contact of handoff {handoff_id} waits for a reply: answer before it goes on hold",
            handoff_id=handoff_id,
        )


class OwnerNotConfirmed(Unavailable):
    """The step is taken and on disk, and the gateway has not confirmed the owner that follows from it."""

    reason = "OWNER_NOT_CONFIRMED"

    def __init__(self, handoff_id: str) -> None:
        super().__init__(
            f"the gateway has not confirmed the owner after handoff {handoff_id} yet: repeat the call",
            retry_after_seconds=1.0,
            handoff_id=handoff_id,
        )


class OwnerEpochPassed(FailedPrecondition):
    """A later epoch of the conversation was confirmed before."""

    reason = "OWNER_EPOCH_PASSED"

    def __init__(self, *, epoch: int, current_epoch: int) -> None:
        super().__init__(
            f"epoch {epoch} is confirmed too late, the current one is {current_epoch}",
            epoch=epoch,
            current_epoch=current_epoch,
        )


class QueueNotFound(NotFound):
    """The tenant has no queue of this id."""

    reason = "QUEUE_NOT_FOUND"

    def __init__(self, queue_id: str) -> None:
        super().__init__(f"queue {queue_id} does not exist", queue_id=queue_id)


class AgentNotFound(NotFound):
    """The tenant has no agent of this id."""

    reason = "AGENT_NOT_FOUND"

    def __init__(self, agent_id: str) -> None:
        super().__init__(f"agent {agent_id} does not exist", agent_id=agent_id)


class AgentAtCapacity(Exhausted):
    """The agent has as many chats as they may."""

    reason = "AGENT_AT_CAPACITY"

    def __init__(self, agent_id: str, *, limit: int) -> None:
        super().__init__(
            f"agent {agent_id} has as many chats as they may, {limit}", agent_id=agent_id, limit=limit
        )


class AgentNotOnline(FailedPrecondition):
    """The agent is away or offline."""

    reason = "AGENT_NOT_ONLINE"

    def __init__(self, agent_id: str, *, presence: str) -> None:
        super().__init__(f"agent {agent_id} is {presence}", agent_id=agent_id, presence=presence)


class TurnAlreadyRouted(AlreadyExists):
    """The turn was decided as one of another conversation."""

    reason = "TURN_ALREADY_ROUTED"

    def __init__(self, turn_id: str) -> None:
        super().__init__(f"turn {turn_id} was decided for another conversation", turn_id=turn_id)


class TurnNotRouted(NotFound):
    """No decision was made on the turn."""

    reason = "TURN_NOT_ROUTED"

    def __init__(self, turn_id: str) -> None:
        super().__init__(f"no decision was made on turn {turn_id}", turn_id=turn_id)


class PolicyNotFound(NotFound):
    """No decision of the tenant was ever made by the policy of this version."""

    reason = "POLICY_NOT_FOUND"

    def __init__(self, version: str) -> None:
        super().__init__(f"no policy {version} was ever used", policy_version=version)


class PolicyMalformed(InvalidRequest):
    """A policy that was sent cannot be used; the message names the line."""

    reason = "POLICY_MALFORMED"

    def __init__(self, mistake: str) -> None:
        super().__init__(mistake, problem=mistake)


class StreamOutOfOrder(InvalidRequest):
    """A stream's first message does not open it, or a later one does."""

    reason = "STREAM_OUT_OF_ORDER"

    def __init__(self, *, expected: str) -> None:
        super().__init__(f"the stream expected {expected}", expected=expected)
