"""The notes' servicer: it translates, and leaves the rest to the notes."""

from typing import Any

from balie.api.handoff.v1 import note_service_pb2, note_service_pb2_grpc
from balie.handoff.acting import STAFF
from balie.handoff.convert import handoff_id
from balie.handoff.notes import convert
from balie.handoff.notes.notes import Notes
from balie.kit import call
from balie.kit.paging import decode_page, encode_page, page_size


class NoteService(note_service_pb2_grpc.NoteServiceServicer):
    """Keeps internal notes."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    async def AddNote(
        self, request: note_service_pb2.AddNoteRequest, context: Any
    ) -> note_service_pb2.AddNoteResponse:
        """Adds a note."""
        call.caller().require(*STAFF)
        about, text = handoff_id(request.handoff_id), convert.text_from_proto(request)
        note = await self._notes.add(call.write(request), about, text)
        return note_service_pb2.AddNoteResponse(note=convert.note_to_proto(note))

    async def ListNotes(
        self, request: note_service_pb2.ListNotesRequest, context: Any
    ) -> note_service_pb2.ListNotesResponse:
        """Lists the notes of a handoff."""
        tenant, about = call.caller().require(*STAFF).tenant, handoff_id(request.handoff_id)
        scope = ("notes", about)
        after, size = decode_page(scope, request.page_token), page_size(request)
        notes, last = await self._notes.page(tenant, about, after=after, size=size)
        return note_service_pb2.ListNotesResponse(
            notes=map(convert.note_to_proto, notes), next_page_token=encode_page(scope, last)
        )
