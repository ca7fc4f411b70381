"""Between the contract and the domain; checks every documented bound on the way in. Pure."""

import re
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from balie.api.gateway.v1 import conversation_pb2, conversation_service_pb2
from balie.api.handoff.v1 import handoff_pb2
from balie.gateway.conversations import Creation, Filter
from balie.gateway.domain import (
    Attachment,
    Conversation,
    ConversationState,
    Message,
    Owner,
)
from balie.gateway.events import happening_to_proto
from balie.gateway.happenings import Event
from balie.gateway.sending import Posting, Sent
from balie.gateway.talks import Accepted, Answer, Refused
from balie.gateway.watching import MessagePage
from balie.kit import bounds
from balie.kit.errors import FieldMalformed, FieldRequired
from balie.kit.paging import decode_page, encode_page, page_size

TEXT_CHARACTERS = 4096
ATTACHMENTS = 10
URL_CHARACTERS = 2048
MEDIA_TYPE_CHARACTERS = 127
NAME_CHARACTERS = 255
SIZE_BYTES = (1 << 63) - 1
WAIT_FOR_REPLY_SECONDS = 60
CHANNEL_MESSAGE_ID_CHARACTERS = 256
ATTRIBUTES = 20
ATTRIBUTE_CHARACTERS = {"key_characters": 64, "value_characters": 256}
RATING = 5
AFTER_SEQ = (1 << 63) - 1

_MEDIA_TYPE = re.compile(r"[^\s/;]+/[^\s/]\S*( ?; ?\S+)*")


def conversation_id(request: Any) -> str:
    """Returns the conversation that a request names."""
    return bounds.identifier("conversation_id", request.conversation_id)


def turn_id(request: conversation_service_pb2.GetTurnRequest) -> str:
    """Returns the turn that a request names."""
    return bounds.identifier("turn_id", request.turn_id)


def rating(request: conversation_service_pb2.RateConversationRequest) -> int:
    """Returns the rating that is given."""
    return bounds.number("rating", request.rating, 1, RATING)


def creation_from_proto(
    request: conversation_service_pb2.CreateConversationRequest, *, by_contact: bool
) -> Creation:
    """Returns what a new conversation is to be."""
    return Creation(
        contact_id=bounds.identifier("contact_id", request.contact_id, required=not by_contact),
        channel=bounds.identifier("channel", request.channel),
        language=bounds.language("language", request.language),
        contact_attributes=bounds.pairs(
            "contact_attributes",
            request.contact_attributes,
            ATTRIBUTES,
            **ATTRIBUTE_CHARACTERS,
        ),
    )


def filter_from_proto(request: conversation_service_pb2.ListConversationsRequest) -> Filter:
    """Returns which conversations are listed."""
    state = bounds.enum("state", request.state, ConversationState, required=False) if request.state else None
    return Filter(
        contact_id=bounds.identifier("contact_id", request.contact_id, required=False),
        agent_id=bounds.identifier("agent_id", request.agent_id, required=False),
        state=state,
        page_size=page_size(request),
        before_id=decode_page(_scope(request), request.page_token),
    )


def posting_from_proto(request: conversation_service_pb2.SendMessageRequest) -> Posting:
    """Returns the message that is to be sent."""
    attachments = bounds.items("attachments", request.attachments, ATTACHMENTS)
    return Posting(
        conversation_id=conversation_id(request),
        text=bounds.text("text", request.text, TEXT_CHARACTERS, required=not attachments),
        attachments=tuple(
            _attachment_from_proto(f"attachments[{number}]", attachment)
            for number, attachment in enumerate(attachments)
        ),
        channel_message_id=bounds.text(
            "channel_message_id", request.channel_message_id, CHANNEL_MESSAGE_ID_CHARACTERS, required=False
        ),
        wait_seconds=_wait_seconds(request.wait_for_reply) if request.HasField("wait_for_reply") else None,
    )


def _attachment_from_proto(field: str, message: conversation_pb2.Attachment) -> Attachment:
    if not message.url:
        raise FieldRequired(f"{field}.url")
    url = bounds.text(f"{field}.url", message.url, URL_CHARACTERS)
    if not _is_absolute(url):
        raise FieldMalformed(f"{field}.url", expected="an absolute https URL")
    media_type = bounds.text(f"{field}.media_type", message.media_type, MEDIA_TYPE_CHARACTERS)
    if not _MEDIA_TYPE.fullmatch(media_type):
        raise FieldMalformed(f"{field}.media_type", expected="a media type such as image/jpeg")
    return Attachment(
        url=url,
        media_type=media_type,
        name=bounds.text(f"{field}.name", message.name, NAME_CHARACTERS, required=False),
        size_bytes=bounds.number(f"{field}.size_bytes", message.size_bytes, 0, SIZE_BYTES),
    )


def _is_absolute(url: str) -> bool:
    if not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _wait_seconds(message: Duration) -> float:
    return bounds.duration("wait_for_reply", message.seconds + message.nanos / 1e9, 0, WAIT_FOR_REPLY_SECONDS)


def page_of_messages(request: conversation_service_pb2.ListMessagesRequest) -> tuple[str, int, int]:
    """Returns the conversation, the `seq` after which messages are listed, and how many."""
    after_seq = bounds.number("after_seq", request.after_seq, 0, AFTER_SEQ)
    return conversation_id(request), after_seq, page_size(request)


def _scope(request: conversation_service_pb2.ListConversationsRequest) -> tuple[str, ...]:
    return ("conversations", request.contact_id, request.agent_id, str(request.state))


def next_page_token(request: conversation_service_pb2.ListConversationsRequest, last: Conversation) -> str:
    """Returns the token that continues a list after a conversation."""
    return encode_page(_scope(request), last.id)


def conversation_to_proto(conversation: Conversation) -> conversation_pb2.Conversation:
    """Returns a conversation as it is sent."""
    return conversation_pb2.Conversation(
        id=conversation.id,
        contact_id=conversation.contact_id,
        channel=conversation.channel,
        state=conversation_pb2.ConversationState.ValueType(conversation.state),
        owner=_owner_to_proto(conversation.owner),
        owner_epoch=conversation.owner_epoch,
        last_seq=conversation.last_seq,
        language=conversation.language,
        handoff_id=conversation.handoff_id,
        handoff_state=handoff_pb2.HandoffState.ValueType(conversation.handoff_state),
        create_time=timestamp(conversation.created_at),
        update_time=timestamp(conversation.updated_at),
        contact_attributes=conversation.contact_attributes,
        rating=conversation.rating,
    )


def _owner_to_proto(owner: Owner) -> conversation_pb2.Owner:
    return conversation_pb2.Owner(
        kind=conversation_pb2.OwnerKind.ValueType(owner.kind), agent_id=owner.agent_id
    )


def message_to_proto(message: Message) -> conversation_pb2.Message:
    """Returns a message as it is sent."""
    return conversation_pb2.Message(
        id=message.id,
        conversation_id=message.conversation_id,
        seq=message.seq,
        author=conversation_pb2.Author.ValueType(message.author),
        author_id=message.author_id,
        text=message.text,
        language=message.language,
        attachments=[
            conversation_pb2.Attachment(
                url=one.url, media_type=one.media_type, name=one.name, size_bytes=one.size_bytes
            )
            for one in message.attachments
        ],
        turn_id=message.turn_id,
        ordinal=message.ordinal,
        notice=conversation_pb2.Notice.ValueType(message.notice),
        answer_id=message.answer_id,
        options=[
            conversation_pb2.Option(title=one.title, answer_id=one.answer_id, entry_id=one.entry_id)
            for one in message.options
        ],
        owner_epoch=message.owner_epoch,
        channel_message_id=message.channel_message_id,
        create_time=timestamp(message.created_at),
    )


def sent_to_proto(sent: Sent) -> conversation_service_pb2.SendMessageResponse:
    """Returns the answer to SendMessage."""
    return conversation_service_pb2.SendMessageResponse(
        message=message_to_proto(sent.message),
        turn_id=sent.turn_id,
        replies=map(message_to_proto, sent.replies),
        turn_state=conversation_pb2.TurnState.ValueType(sent.turn_state or 0),
    )


def messages_to_proto(page: MessagePage) -> conversation_service_pb2.ListMessagesResponse:
    """Returns the answer to ListMessages."""
    return conversation_service_pb2.ListMessagesResponse(
        messages=map(message_to_proto, page.messages), more=page.more, cursor=page.cursor
    )


def event_to_proto(event: Event) -> conversation_pb2.ConversationEvent:
    """Returns an event as it is sent, a message with its words."""
    message = happening_to_proto(event.happening)
    message.cursor, message.event_id = event.cursor, event.event_id
    message.event_time.CopyFrom(timestamp(event.happened_at))
    if event.message is not None:
        message.message.CopyFrom(message_to_proto(event.message))
    return message


def answer_to_proto(answer: Answer) -> conversation_service_pb2.ConverseResponse:
    """Returns one answer of a talk as it is sent."""
    match answer:
        case Conversation():
            return conversation_service_pb2.ConverseResponse(opened=conversation_to_proto(answer))
        case Accepted(request_id, sent):
            accepted = conversation_service_pb2.MessageAccepted(
                request_id=request_id,
                message_id=sent.message.id,
                seq=sent.message.seq,
                turn_id=sent.turn_id,
            )
            return conversation_service_pb2.ConverseResponse(accepted=accepted)
        case Refused(request_id, failure):
            refused = conversation_service_pb2.MessageRefused(
                request_id=request_id, reason=failure.reason, message=failure.message
            )
            return conversation_service_pb2.ConverseResponse(refused=refused)
        case Event():
            return conversation_service_pb2.ConverseResponse(event=event_to_proto(answer))


def timestamp(moment: datetime) -> Timestamp:
    """Returns a moment as it is sent."""
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp
