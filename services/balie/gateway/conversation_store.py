"""Conversations in the database, and the lock under which one may be changed."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Row

from balie.gateway.domain import Conversation, ConversationState, HandoffState, History, Owner, OwnerKind
from balie.gateway.errors import ConversationNotFound
from balie.gateway.tables import conversations, tenants
from balie.kit.database import Transaction


@dataclass(frozen=True, slots=True)
class Work:
    """The state of a conversation's queue of turns.

    Attributes:
        due_at: when its first open turn is to be worked on; None without an open turn.
        holder: replica that works on it, empty without one.
        until: how long it does.
    """

    due_at: datetime | None = None
    holder: str = ""
    until: datetime | None = None

    def is_held_by_other(self, replica: str, now: datetime) -> bool:
        """Returns whether another replica works on it."""
        return bool(self.holder) and self.holder != replica and self.until is not None and self.until > now


class Locked:
    """A conversation whose row this transaction holds: only through it is a conversation changed.

    Made by `locked`, which writes the changes when its block ends.
    """

    def __init__(self, conversation: Conversation, work: Work) -> None:
        self.conversation = conversation
        self.work = work

    def change(self, **values: Any) -> None:
        """Changes the conversation."""
        self.conversation = replace(self.conversation, **values)

    def change_owner(self, owner: Owner) -> None:
        """Gives the conversation another owner, and the next epoch."""
        self.change(owner=owner, owner_epoch=self.conversation.owner_epoch + 1)


async def insert(tx: Transaction, conversation: Conversation) -> None:
    """Stores a new conversation, and its tenant when it is the first."""
    await tx.execute(tx.insert(tenants).values(tenant=conversation.tenant).on_conflict_do_nothing())
    keys = {"tenant": conversation.tenant, "id": conversation.id, "created_at": conversation.created_at}
    fixed = {
        "contact_id": conversation.contact_id,
        "channel": conversation.channel,
        "contact_attributes": dict(conversation.contact_attributes) or None,
    }
    await tx.execute(tx.insert(conversations).values(keys | fixed | _values(conversation, Work())))


async def find(tx: Transaction, tenant: str, conversation_id: str) -> Conversation:
    """Returns a conversation.

    Raises:
        ConversationNotFound: the tenant has no such.
    """
    row = await tx.one(_by_key(tenant, conversation_id))
    if row is None:
        raise ConversationNotFound(conversation_id)
    return _conversation(row)


@asynccontextmanager
async def locked(tx: Transaction, tenant: str, conversation_id: str) -> AsyncIterator[Locked]:
    """Yields a conversation that nobody else can change until the transaction ends, and writes its changes.

    Raises:
        ConversationNotFound: the tenant has no such.
    """
    row = await tx.one(_by_key(tenant, conversation_id).with_for_update())
    if row is None:
        raise ConversationNotFound(conversation_id)
    held = Locked(_conversation(row), _work(row))
    before = (held.conversation, held.work)
    yield held
    if held.conversation != before[0]:
        held.change(updated_at=datetime.now(UTC))
    if (held.conversation, held.work) != before:
        where = (conversations.c.tenant == tenant, conversations.c.id == conversation_id)
        await tx.execute(sa.update(conversations).where(*where).values(_values(held.conversation, held.work)))


async def page(
    tx: Transaction,
    tenant: str,
    *,
    limit: int,
    before_id: str = "",
    contact_id: str = "",
    agent_id: str = "",
    state: ConversationState | None = None,
) -> Sequence[Conversation]:
    """Returns conversations, newest first, at most `limit`; empty filters keep all.

    Args:
        tx: the snapshot.
        tenant: whose.
        limit: at most so many.
        before_id: continues after this conversation.
        contact_id: keeps those of a contact.
        agent_id: keeps those that an agent owns.
        state: keeps those in a state.
    """
    statement = sa.select(conversations).where(conversations.c.tenant == tenant)
    if before_id:
        statement = statement.where(conversations.c.id < before_id)
    if contact_id:
        statement = statement.where(conversations.c.contact_id == contact_id)
    if agent_id:
        statement = statement.where(conversations.c.owner_agent_id == agent_id)
    if state is not None:
        statement = statement.where(conversations.c.state == state)
    rows = await tx.all(statement.order_by(conversations.c.id.desc()).limit(limit))
    return [_conversation(row) for row in rows]


async def all_tenants(tx: Transaction) -> Sequence[str]:
    """Returns every tenant that ever had a conversation."""
    return [row.tenant for row in await tx.all(sa.select(tenants.c.tenant))]


def _by_key(tenant: str, conversation_id: str) -> sa.Select[Any]:
    return sa.select(conversations).where(
        conversations.c.tenant == tenant, conversations.c.id == conversation_id
    )


def _values(conversation: Conversation, work: Work) -> dict[str, Any]:
    return {
        "state": conversation.state,
        "owner_kind": conversation.owner.kind,
        "owner_agent_id": conversation.owner.agent_id,
        "owner_epoch": conversation.owner_epoch,
        "last_seq": conversation.last_seq,
        "language": conversation.language,
        "handoff_id": conversation.handoff_id,
        "handoff_state": conversation.handoff_state,
        "clarified_in_a_row": conversation.history.clarified_in_a_row,
        "bot_replies": conversation.history.bot_replies,
        "helped_handoff_id": conversation.helped_handoff_id or None,
        "returned_seq": conversation.returned_seq or None,
        "survey_seq": conversation.survey_seq or None,
        "rating": conversation.rating,
        "work_due_at": work.due_at,
        "lease_holder": work.holder or None,
        "lease_until": work.until,
        "updated_at": conversation.updated_at,
    }


def _conversation(row: Row[Any]) -> Conversation:
    return Conversation(
        tenant=row.tenant,
        id=row.id,
        contact_id=row.contact_id,
        channel=row.channel,
        state=ConversationState(row.state),
        owner=Owner(OwnerKind(row.owner_kind), row.owner_agent_id),
        owner_epoch=row.owner_epoch,
        last_seq=row.last_seq,
        language=row.language,
        handoff_id=row.handoff_id,
        handoff_state=HandoffState(row.handoff_state),
        history=History(row.clarified_in_a_row, row.bot_replies),
        created_at=row.created_at,
        updated_at=row.updated_at,
        contact_attributes=row.contact_attributes or {},
        helped_handoff_id=row.helped_handoff_id or "",
        returned_seq=row.returned_seq or 0,
        survey_seq=row.survey_seq or 0,
        rating=row.rating,
    )


def _work(row: Row[Any]) -> Work:
    return Work(row.work_due_at, row.lease_holder or "", row.lease_until)
