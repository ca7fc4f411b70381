"""Between the contract and the domain: notes; checks every documented bound on the way in."""

from balie.api.handoff.v1 import note_service_pb2
from balie.handoff.events import timestamp
from balie.handoff.notes.note import Note, Transfer
from balie.kit import bounds

TEXT_CHARACTERS = 2000


def text_from_proto(request: note_service_pb2.AddNoteRequest) -> str:
    """Returns the words of a note."""
    return bounds.text("text", request.text, TEXT_CHARACTERS)


def note_to_proto(note: Note) -> note_service_pb2.Note:
    """Returns a note as it is sent."""
    return note_service_pb2.Note(
        id=note.id,
        handoff_id=note.handoff_id,
        kind=note_service_pb2.NoteKind.ValueType(note.kind),
        author=note.author,
        create_time=timestamp(note.created_at),
        text=note.text,
        transfer=_transfer_to_proto(note.transfer) if note.transfer else None,
    )


def _transfer_to_proto(transfer: Transfer) -> note_service_pb2.NoteTransfer:
    return note_service_pb2.NoteTransfer(
        from_agent_id=transfer.from_agent_id,
        from_queue_id=transfer.from_queue_id,
        to_agent_id=transfer.to_agent_id,
        to_queue_id=transfer.to_queue_id,
    )
