"""The codec of the topic `keywords`."""

from balie.api.nlu.v1 import keyword_event_pb2
from balie.nlu.keywords.stored import Changes, KeywordChange


def encode(changes: Changes) -> bytes:
    """Returns the payload that tells of changes."""
    event = keyword_event_pb2.KeywordEvent(
        changes=[
            keyword_event_pb2.KeywordChange(
                keyword_id=change.keyword_id, revision=change.revision, deleted=change.deleted
            )
            for change in changes
        ]
    )
    return event.SerializeToString(deterministic=True)


def decode(payload: bytes) -> Changes:
    """Returns the changes that a payload tells of."""
    event = keyword_event_pb2.KeywordEvent.FromString(payload)
    return [KeywordChange(one.keyword_id, one.revision, one.deleted) for one in event.changes]
