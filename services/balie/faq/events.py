"""The codec of the FAQ service's events."""

from balie.api.faq.v1 import entry_event_pb2
from balie.faq.knowledge.domain import EntryChange


def topic_of(collection_id: str) -> str:
    """Returns the topic on which a collection's changes are told; its positions are the collection's generations."""
    return f"collection/{collection_id}"


def encode(change: EntryChange) -> bytes:
    """Returns the payload that tells of a change."""
    event = entry_event_pb2.EntryEvent(
        collection_id=change.collection_id,
        entry_id=change.entry_id,
        entry_number=change.entry_number,
        revision=change.revision,
        deleted=change.deleted,
    )
    return event.SerializeToString(deterministic=True)


def decode(payload: bytes) -> EntryChange:
    """Returns the change that a payload tells of."""
    event = entry_event_pb2.EntryEvent.FromString(payload)
    return EntryChange(
        collection_id=event.collection_id,
        entry_id=event.entry_id,
        entry_number=event.entry_number,
        revision=event.revision,
        deleted=event.deleted,
    )
