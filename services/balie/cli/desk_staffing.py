"""Gives a running handoff service a desk's queues, people and canned replies."""

from collections.abc import Sequence

from balie.api.handoff.v1 import agent_service_pb2, handoff_pb2, queue_service_pb2
from balie.api.handoff.v1 import canned_reply_service_pb2 as canned
from balie.cli.desk_file import DeskFile
from balie.cli.listing import listed
from balie.client import Balie
from balie.kit.ids import new_id

_CALL_SECONDS = 30.0


async def put_staffing(client: Balie, staffing: DeskFile) -> None:
    """Stores queues, agents and canned replies, each in place of the one of its id.

    Raises:
        grpc.RpcError: one was refused; those before it are stored.
    """
    await _put_queues(client, staffing.queues)
    for agent in staffing.agents:
        about_agent = agent_service_pb2.UpsertAgentRequest(agent=agent, request_id=new_id())
        await client.agents.UpsertAgent(about_agent, timeout=_CALL_SECONDS)
    for reply in staffing.canned_replies:
        about_reply = canned.UpsertCannedReplyRequest(canned_reply=reply, request_id=new_id())
        await client.canned_replies.UpsertCannedReply(about_reply, timeout=_CALL_SECONDS)


async def _put_queues(client: Balie, queues: Sequence[handoff_pb2.Queue]) -> None:
    """Stores queues; those that are new without the queues they name first, which may be new as well."""
    known = await _known(client)
    for queue in queues:
        if queue.id not in known and (queue.overflow_queue_id or queue.on_breach.queue_id):
            alone = handoff_pb2.Queue()
            alone.CopyFrom(queue)
            alone.ClearField("overflow_queue_id")
            alone.ClearField("on_breach")
            await _put(client, alone)
    for queue in queues:
        await _put(client, queue)


async def _put(client: Balie, queue: handoff_pb2.Queue) -> None:
    request = queue_service_pb2.UpsertQueueRequest(queue=queue, request_id=new_id())
    await client.queues.UpsertQueue(request, timeout=_CALL_SECONDS)


async def _known(client: Balie) -> set[str]:
    queues = listed(client.queues.ListQueues, queue_service_pb2.ListQueuesRequest(), lambda page: page.queues)
    return {queue.id async for queue in queues}
