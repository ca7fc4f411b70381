"""What `balie desk` asks of the handoff service."""

from collections.abc import AsyncIterator, Sequence

from rich.text import Text

from balie.api.handoff.v1 import (
    agent_service_pb2,
    handoff_pb2,
    handoff_service_pb2,
    queue_service_pb2,
)
from balie.cli.console import console, fail, printable
from balie.cli.listing import explaining, listed
from balie.client import Balie
from balie.kit.ids import new_id

_CALL_SECONDS = 30.0
OPEN = (
    handoff_pb2.HANDOFF_STATE_QUEUED,
    handoff_pb2.HANDOFF_STATE_OFFERED,
    handoff_pb2.HANDOFF_STATE_RESERVED,
    handoff_pb2.HANDOFF_STATE_ACCEPTED,
    handoff_pb2.HANDOFF_STATE_ON_HOLD,
    handoff_pb2.HANDOFF_STATE_CALL_BACK,
)
"""States of handoffs that have not ended."""
WAITING = OPEN[:2]
"""States in which a contact waits for an agent."""


async def run_transfer(address: str, ending: str, *, to_queue: str, to_agent: str, note: str) -> None:
    """Passes the handoff with an id, or the only open one whose id ends so, on."""
    async with Balie(handoff=address) as client:
        with explaining(address):
            found = await _one(client, ending)
            request = handoff_service_pb2.TransferHandoffRequest(
                handoff_id=found,
                to_queue_id=to_queue,
                to_agent_id=to_agent,
                note=note,
                request_id=new_id(),
            )
            handoff = (await client.handoffs.TransferHandoff(request, timeout=_CALL_SECONDS)).handoff
    whose = f"is offered to {handoff.agent_id}" if handoff.agent_id else f"waits at place {handoff.position}"
    only = f", for {handoff.wanted_agent_id} alone for now" if handoff.wanted_agent_id else ""
    console.print(Text(f"{printable(handoff.contact_id)} {whose} in {handoff.queue_id}{only}"))


async def run_pause(address: str, queue_ids: Sequence[str], *, paused: bool) -> None:
    """Pauses queues, or goes on with them; ends the command at the first that does not exist."""
    async with Balie(handoff=address) as client:
        with explaining(address):
            for queue_id in queue_ids:
                request = queue_service_pb2.PauseQueueRequest(
                    queue_id=queue_id, paused=paused, request_id=new_id()
                )
                queue = (await client.queues.PauseQueue(request, timeout=_CALL_SECONDS)).queue
                state = "is paused" if queue.paused else "goes on"
                console.print(Text(f"{queue.id} {state}, with {queue.waiting} who wait"))


def queues(client: Balie) -> AsyncIterator[handoff_pb2.Queue]:
    """Yields all queues by id."""
    request = queue_service_pb2.ListQueuesRequest()
    return listed(client.queues.ListQueues, request, lambda page: page.queues)


def agents(client: Balie) -> AsyncIterator[handoff_pb2.Agent]:
    """Yields all agents by id."""
    request = agent_service_pb2.ListAgentsRequest()
    return listed(client.agents.ListAgents, request, lambda page: page.agents)


def handoffs(
    client: Balie, request: handoff_service_pb2.ListHandoffsRequest
) -> AsyncIterator[handoff_pb2.Handoff]:
    """Yields handoffs, those asked for longest ago first."""
    return listed(client.handoffs.ListHandoffs, request, lambda page: page.handoffs)


async def _one(client: Balie, ending: str) -> str:
    """Returns the id of the open handoff whose id ends so; the words themselves when none does, for the service to refuse."""
    request = handoff_service_pb2.ListHandoffsRequest(states=OPEN)
    found = [one.id async for one in handoffs(client, request) if one.id.endswith(ending)]
    if len(found) > 1:
        fail(f"{len(found)} open handoffs end in {ending}.", "Write more of its id: `balie desk handoffs`.")
    return found[0] if found else ending
