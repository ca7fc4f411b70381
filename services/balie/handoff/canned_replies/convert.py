"""Between the contract and the domain: canned replies; checks every documented bound on the way in."""

from balie.api.handoff.v1 import canned_reply_service_pb2
from balie.handoff.canned_replies.errors import PlaceholderUnknown
from balie.handoff.canned_replies.reply import PLACEHOLDERS, CannedReply, unknown_placeholder
from balie.handoff.canned_replies.store import Wanted
from balie.handoff.events import timestamp
from balie.kit import bounds
from balie.kit.errors import FieldRequired
from balie.kit.paging import decode_page, encode_page

SHORTCUT_CHARACTERS = 64
TITLE_CHARACTERS = 200
TEXT_CHARACTERS = 4096
QUEUE_IDS = 100


def reply_from_proto(request: canned_reply_service_pb2.UpsertCannedReplyRequest) -> CannedReply:
    """Returns the reply that a request is about; a queue that is listed twice counts once.

    Raises:
        PlaceholderUnknown: a brace of its text is of no placeholder that is known.
    """
    if not request.HasField("canned_reply"):
        raise FieldRequired("canned_reply")
    reply = request.canned_reply
    queue_ids = bounds.items("canned_reply.queue_ids", reply.queue_ids, QUEUE_IDS)
    return CannedReply(
        id=bounds.identifier("canned_reply.id", reply.id),
        shortcut=bounds.identifier(
            "canned_reply.shortcut", reply.shortcut, max_characters=SHORTCUT_CHARACTERS
        ),
        language=bounds.language("canned_reply.language", reply.language, required=True),
        title=bounds.text("canned_reply.title", reply.title, TITLE_CHARACTERS),
        text=_text("canned_reply.text", reply.text),
        queue_ids=tuple(dict.fromkeys(bounds.identifier("canned_reply.queue_ids", one) for one in queue_ids)),
    )


def _text(field: str, value: str) -> str:
    text = bounds.text(field, value, TEXT_CHARACTERS)
    if unknown := unknown_placeholder(text):
        raise PlaceholderUnknown(field, placeholder=unknown, known=PLACEHOLDERS)
    return text


def reply_id(value: str) -> str:
    """Returns the id of a reply."""
    return bounds.identifier("canned_reply_id", value)


def wanted_from_proto(request: canned_reply_service_pb2.ListCannedRepliesRequest) -> Wanted:
    """Returns which replies a caller wants."""
    return Wanted(
        language=bounds.language("language", request.language),
        queue_id=bounds.identifier("queue_id", request.queue_id, required=False),
        shortcut_prefix=bounds.identifier(
            "shortcut_prefix", request.shortcut_prefix, required=False, max_characters=SHORTCUT_CHARACTERS
        ),
    )


def place_from_token(wanted: Wanted, token: str) -> tuple[str, str] | None:
    """Returns the shortcut and the language after which a list goes on; None, its beginning, for the empty token."""
    last = decode_page(_scope(wanted), token)
    if not last:
        return None
    shortcut, _, language = last.partition(" ")
    return shortcut, language


def place_to_token(wanted: Wanted, place: tuple[str, str] | None) -> str:
    """Returns a token for the replies that follow a place; empty when there is none."""
    return encode_page(_scope(wanted), " ".join(place) if place else "")


def _scope(wanted: Wanted) -> tuple[str, ...]:
    return "canned_replies", wanted.language, wanted.queue_id, wanted.shortcut_prefix


def reply_to_proto(reply: CannedReply) -> canned_reply_service_pb2.CannedReply:
    """Returns a reply as it is sent."""
    return canned_reply_service_pb2.CannedReply(
        id=reply.id,
        shortcut=reply.shortcut,
        language=reply.language,
        title=reply.title,
        text=reply.text,
        queue_ids=reply.queue_ids,
        update_time=timestamp(reply.updated_at) if reply.updated_at else None,
    )
