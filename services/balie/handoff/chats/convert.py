"""Between the contract and what is done with handoffs that agents have; checks every documented bound on the way in."""

from datetime import datetime

from balie.api.handoff.v1 import handoff_service_pb2
from balie.handoff.chats.chats import Activity, Destination
from balie.handoff.domain import Speaker
from balie.handoff.notes.convert import TEXT_CHARACTERS
from balie.kit import bounds
from balie.kit.errors import FieldRequired

ACTIVITIES = 500
SEQ = (1 << 63) - 1


def destination_from_proto(request: handoff_service_pb2.TransferHandoffRequest) -> Destination:
    """Returns where a handoff is sent.

    Raises:
        FieldRequired: neither a queue nor an agent is named.
    """
    if not request.to_queue_id and not request.to_agent_id:
        raise FieldRequired("to_queue_id")
    return Destination(
        queue_id=bounds.identifier("to_queue_id", request.to_queue_id, required=False),
        agent_id=bounds.identifier("to_agent_id", request.to_agent_id, required=False),
        note=bounds.text("note", request.note, TEXT_CHARACTERS, required=False),
    )


def activities(request: handoff_service_pb2.ReportActivityRequest) -> list[Activity]:
    """Returns who wrote."""
    return [
        Activity(
            handoff_id=bounds.identifier("activities.handoff_id", one.handoff_id),
            seq=bounds.number("activities.seq", one.seq, 1, SEQ),
            speaker=bounds.enum("activities.speaker", one.speaker, Speaker),
            at=_moment(one),
        )
        for one in bounds.items("activities", request.activities, ACTIVITIES, minimum=1)
    ]


def _moment(activity: handoff_service_pb2.Activity) -> datetime:
    if not activity.HasField("time"):
        raise FieldRequired("activities.time")
    return bounds.moment("activities.time", activity.time)
