"""Messages in the database. They are added by `balie.gateway.messages` alone, and never change."""

from collections.abc import Sequence
from dataclasses import asdict
from itertools import takewhile
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Row

from balie.gateway.domain import Attachment, Author, Conversation, Draft, Message, Notice, Option
from balie.gateway.tables import messages
from balie.kit.database import Transaction

_SAME_AT_MOST = 10


async def insert(tx: Transaction, conversation: Conversation, message: Message, once_key: str) -> bool:
    """Returns whether a message was added: not when the tenant has one with the same unique key.

    Its keys are its `seq`, its turn and ordinal, its name in the channel, and `once_key`.
    """
    values = {
        "tenant": conversation.tenant,
        "conversation_id": message.conversation_id,
        "seq": message.seq,
        "id": message.id,
        "author": message.author,
        "author_id": message.author_id,
        "text": message.text,
        "language": message.language,
        "attachments": [asdict(attachment) for attachment in message.attachments] or None,
        "turn_id": message.turn_id or None,
        "ordinal": message.ordinal,
        "notice": message.notice,
        "answer_id": message.answer_id,
        "options": [asdict(option) for option in message.options] or None,
        "owner_epoch": message.owner_epoch,
        "contact_id": conversation.contact_id,
        "channel": conversation.channel,
        "channel_message_id": message.channel_message_id or None,
        "once_key": once_key or None,
        "created_at": message.created_at,
    }
    statement = tx.insert(messages).values(values).on_conflict_do_nothing().returning(messages.c.id)
    return await tx.scalar(statement) is not None


async def find(tx: Transaction, tenant: str, message_id: str) -> Message | None:
    """Returns a message by its id."""
    return await _one(tx, messages.c.tenant == tenant, messages.c.id == message_id)


async def find_once(tx: Transaction, tenant: str, once_key: str) -> Message | None:
    """Returns the message that is the only one of its key."""
    return await _one(tx, messages.c.tenant == tenant, messages.c.once_key == once_key)


async def find_in_channel(
    tx: Transaction, conversation: Conversation, channel_message_id: str
) -> Message | None:
    """Returns the message that has a name in a contact's channel, in whichever conversation it is."""
    return await _one(
        tx,
        messages.c.tenant == conversation.tenant,
        messages.c.channel == conversation.channel,
        messages.c.contact_id == conversation.contact_id,
        messages.c.channel_message_id == channel_message_id,
    )


async def find_same(tx: Transaction, conversation: Conversation, draft: Draft) -> Message | None:
    """Returns the message that stands where a draft was to be added: the same in its channel, its turn or by key."""
    if draft.channel_message_id:
        found = await find_in_channel(tx, conversation, draft.channel_message_id)
        if found is not None:
            return found
    tenant = messages.c.tenant == conversation.tenant
    if draft.once_key:
        return await find_once(tx, conversation.tenant, draft.once_key)
    if draft.turn_id:
        return await _one(
            tx, tenant, messages.c.turn_id == draft.turn_id, messages.c.ordinal == draft.ordinal
        )
    return None


async def replies(tx: Transaction, tenant: str, turn_id: str) -> Sequence[Message]:
    """Returns the replies of a turn, in order."""
    statement = sa.select(messages).where(
        messages.c.tenant == tenant, messages.c.turn_id == turn_id, messages.c.ordinal > 0
    )
    return [_message(row) for row in await tx.all(statement.order_by(messages.c.ordinal))]


async def by_ids(tx: Transaction, tenant: str, ids: Sequence[str]) -> Sequence[Message]:
    """Returns messages by their ids, by `seq`."""
    statement = sa.select(messages).where(messages.c.tenant == tenant, messages.c.id.in_(ids))
    return [_message(row) for row in await tx.all(statement.order_by(messages.c.seq))]


async def newest_of(
    tx: Transaction, conversation: Conversation, author: Author, limit: int
) -> Sequence[Message]:
    """Returns an author's newest messages since a person last gave the conversation back, in order, at most `limit`."""
    statement = sa.select(messages).where(
        messages.c.tenant == conversation.tenant,
        messages.c.conversation_id == conversation.id,
        messages.c.seq > conversation.returned_seq,
        messages.c.author == author,
    )
    rows = await tx.all(statement.order_by(messages.c.seq.desc()).limit(limit))
    return [_message(row) for row in reversed(rows)]


async def first_of_turn(tx: Transaction, tenant: str, turn_id: str) -> Message | None:
    """Returns the contact's message that began a turn."""
    return await _one(tx, messages.c.tenant == tenant, messages.c.turn_id == turn_id, messages.c.ordinal == 0)


async def after(
    tx: Transaction, tenant: str, conversation_id: str, seq: int, limit: int
) -> Sequence[Message]:
    """Returns the messages of a conversation after a `seq`, in order, at most `limit`."""
    statement = sa.select(messages).where(
        messages.c.tenant == tenant,
        messages.c.conversation_id == conversation_id,
        messages.c.seq > seq,
    )
    return [_message(row) for row in await tx.all(statement.order_by(messages.c.seq).limit(limit))]


async def same_before(tx: Transaction, tenant: str, conversation_id: str, seq: int, text: str) -> int:
    """Returns how many of the contact's messages just before one had the very same words, but for capitals and spaces; at most 10.

    Files alone are never the same: nobody looked into them.
    """
    words = _words(text)
    if not words:
        return 0
    columns = messages.c
    rows = await tx.all(
        sa.select(columns.text)
        .where(
            columns.tenant == tenant,
            columns.conversation_id == conversation_id,
            columns.seq < seq,
            columns.author == Author.CONTACT,
        )
        .order_by(columns.seq.desc())
        .limit(_SAME_AT_MOST)
    )
    return sum(1 for _ in takewhile(lambda row: _words(row.text) == words, rows))


def _words(text: str) -> str:
    return " ".join(text.casefold().split())


async def _one(tx: Transaction, *where: sa.ColumnElement[bool]) -> Message | None:
    row = await tx.one(sa.select(messages).where(*where))
    return None if row is None else _message(row)


def _message(row: Row[Any]) -> Message:
    return Message(
        id=row.id,
        conversation_id=row.conversation_id,
        seq=row.seq,
        author=Author(row.author),
        author_id=row.author_id,
        text=row.text,
        language=row.language,
        attachments=tuple(Attachment(**attachment) for attachment in row.attachments or ()),
        turn_id=row.turn_id or "",
        ordinal=row.ordinal,
        notice=Notice(row.notice),
        answer_id=row.answer_id,
        options=tuple(Option(**option) for option in row.options or ()),
        owner_epoch=row.owner_epoch,
        channel_message_id=row.channel_message_id or "",
        created_at=row.created_at,
    )
