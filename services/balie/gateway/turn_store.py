"""Turns in the database, and which conversations have turns to be worked on."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Row

from balie.gateway import message_store
from balie.gateway.domain import Conversation, Message, Timing, Turn, TurnState, Versions
from balie.gateway.errors import TurnNotFound
from balie.gateway.tables import conversations, messages, turns
from balie.kit.database import Transaction

Key = tuple[str, str]
"""A conversation among all tenants': tenant and id."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A turn that this replica works on.

    Attributes:
        conversation: as it was when work began.
        turn: its record; `attempts` tells this try from others.
        text: what the contact wrote; empty when only files came.
        due_at: since when it could have been worked on.
        delay_told: whether the contact was told that the answer takes longer.
        attachments: files that came with it.
        same_before: messages of the contact just before with the very same words.
    """

    conversation: Conversation
    turn: Turn
    text: str
    due_at: datetime
    delay_told: bool = False
    attachments: int = 0
    same_before: int = 0

    @property
    def key(self) -> Key:
        """Returns the conversation's key."""
        return self.conversation.tenant, self.conversation.id


async def insert(tx: Transaction, tenant: str, turn: Turn) -> None:
    """Stores a new turn."""
    values = {
        "tenant": tenant,
        "id": turn.id,
        "conversation_id": turn.conversation_id,
        "message_id": turn.message_id,
        "message_seq": turn.message_seq,
        "state": turn.state,
        "owner_epoch": turn.owner_epoch,
        "attempts": turn.attempts,
        "delay_told": False,
        "created_at": turn.created_at,
    }
    await tx.execute(tx.insert(turns).values(values))


async def find(tx: Transaction, tenant: str, turn_id: str) -> Turn:
    """Returns a turn.

    Raises:
        TurnNotFound: the tenant has no such.
    """
    row = await tx.one(sa.select(turns).where(turns.c.tenant == tenant, turns.c.id == turn_id))
    if row is None:
        raise TurnNotFound(turn_id)
    return _turn(row)


async def state_of(tx: Transaction, tenant: str, turn_id: str) -> TurnState:
    """Returns how far a turn is.

    Raises:
        TurnNotFound: the tenant has no such.
    """
    state = await tx.scalar(sa.select(turns.c.state).where(turns.c.tenant == tenant, turns.c.id == turn_id))
    if state is None:
        raise TurnNotFound(turn_id)
    return TurnState(state)


async def newest_understood(tx: Transaction, conversation: Conversation) -> Turn | None:
    """Returns the newest turn that NLU answered on, since a person last gave the conversation back."""
    statement = sa.select(turns).where(
        turns.c.tenant == conversation.tenant,
        turns.c.conversation_id == conversation.id,
        turns.c.message_seq > conversation.returned_seq,
        turns.c.understanding.is_not(None),
    )
    row = await tx.one(statement.order_by(turns.c.message_seq.desc()).limit(1))
    return None if row is None else _turn(row)


async def decisions(tx: Transaction, tenant: str, turn_ids: Sequence[str]) -> Mapping[str, bytes]:
    """Returns the router's decisions on turns, in its own form; without those that it made none on."""
    columns = (turns.c.id, turns.c.decision)
    rows = await tx.all(sa.select(*columns).where(turns.c.tenant == tenant, turns.c.id.in_(turn_ids)))
    return {row.id: row.decision for row in rows if row.decision}


async def first_open(tx: Transaction, conversation: Conversation) -> Claim | None:
    """Returns the conversation's first turn that has not ended, as yet unclaimed; None when all have."""
    joined = sa.join(
        turns,
        messages,
        sa.and_(
            messages.c.tenant == turns.c.tenant,
            messages.c.conversation_id == turns.c.conversation_id,
            messages.c.seq == turns.c.message_seq,
        ),
    )
    row = await tx.one(
        sa.select(turns, messages.c.text.label("words"), messages.c.attachments)
        .select_from(joined)
        .where(
            turns.c.tenant == conversation.tenant,
            turns.c.conversation_id == conversation.id,
            turns.c.ended_at.is_(None),
        )
        .order_by(turns.c.message_seq)
        .limit(1)
    )
    if row is None:
        return None
    due_at = row.next_attempt_at or row.created_at
    same_before = await message_store.same_before(
        tx, conversation.tenant, conversation.id, row.message_seq, row.words
    )
    return Claim(
        conversation,
        _turn(row),
        row.words,
        due_at,
        row.delay_told,
        attachments=len(row.attachments or ()),
        same_before=same_before,
    )


async def begin(tx: Transaction, claim: Claim) -> Claim:
    """Returns the claim of a turn's next try, under the owner_epoch of now; the conversation is locked."""
    turn = replace(
        claim.turn,
        state=TurnState.WORKING,
        attempts=claim.turn.attempts + 1,
        owner_epoch=claim.conversation.owner_epoch,
        next_attempt_at=None,
    )
    values = {
        "state": turn.state,
        "attempts": turn.attempts,
        "owner_epoch": turn.owner_epoch,
        "next_attempt_at": None,
    }
    tenant = claim.conversation.tenant
    await tx.execute(sa.update(turns).where(turns.c.tenant == tenant, turns.c.id == turn.id).values(values))
    return replace(claim, turn=turn)


async def update(tx: Transaction, claim: Claim, values: Mapping[str, Any]) -> bool:
    """Returns whether a turn was changed: only while it is this very try that is being worked on."""
    statement = sa.update(turns).where(
        turns.c.tenant == claim.conversation.tenant,
        turns.c.id == claim.turn.id,
        turns.c.state == TurnState.WORKING,
        turns.c.attempts == claim.turn.attempts,
    )
    return (await tx.execute(statement.values(**values))).rowcount == 1


async def supersede_open(tx: Transaction, conversation: Conversation, now: datetime) -> Sequence[str]:
    """Returns the turns of a conversation that had not ended and now have, in order; nothing more is said for them."""
    where = (
        turns.c.tenant == conversation.tenant,
        turns.c.conversation_id == conversation.id,
        turns.c.ended_at.is_(None),
    )
    rows = await tx.all(sa.select(turns.c.id).where(*where).order_by(turns.c.message_seq))
    ended = {"state": TurnState.SUPERSEDED, "ended_at": now, "next_attempt_at": None}
    await tx.execute(sa.update(turns).where(*where).values(ended))
    return [row.id for row in rows]


async def due(
    tx: Transaction, now: datetime, replica: str, limit: int, *, besides: Sequence[Key]
) -> Sequence[Key]:
    """Returns conversations with a turn to be worked on now that no other replica works on, the longest due first.

    Args:
        tx: the snapshot.
        now: the time.
        replica: who asks: what it holds itself counts as free.
        limit: at most so many.
        besides: conversations that it is at work on.
    """
    free = sa.or_(
        conversations.c.lease_until.is_(None),
        conversations.c.lease_until < now,
        conversations.c.lease_holder == replica,
    )
    rows = await tx.all(
        sa.select(conversations.c.tenant, conversations.c.id)
        .where(conversations.c.work_due_at <= now, free)
        .order_by(conversations.c.work_due_at)
        .limit(limit + len(besides))
    )
    taken = set(besides)
    keys = [(row.tenant, row.id) for row in rows]
    return [key for key in keys if key not in taken][:limit]


async def renew(tx: Transaction, replica: str, until: datetime) -> None:
    """Lengthens everything that a replica works on."""
    held = sa.update(conversations).where(conversations.c.lease_holder == replica)
    await tx.execute(held.values(lease_until=until))


async def free(tx: Transaction, replica: str = "") -> None:
    """Frees what a replica works on, so that others, or its successor, take it up at once; of all replicas without one."""
    held = sa.update(conversations).where(conversations.c.lease_holder.is_not(None))
    if replica:
        held = held.where(conversations.c.lease_holder == replica)
    await tx.execute(held.values(lease_holder=None, lease_until=None))


def stored_timings(timings: Sequence[Timing]) -> list[dict[str, Any]]:
    """Returns timings as the column holds them."""
    return [asdict(timing) for timing in timings]


def stored_versions(versions: Versions) -> dict[str, Any]:
    """Returns versions as the column holds them."""
    return asdict(versions)


def new_turn(turn_id: str, message: Message) -> Turn:
    """Returns the turn that a contact's message begins."""
    return Turn(
        id=turn_id,
        conversation_id=message.conversation_id,
        message_id=message.id,
        message_seq=message.seq,
        state=TurnState.PENDING,
        owner_epoch=0,
        created_at=message.created_at,
    )


def _turn(row: Row[Any]) -> Turn:
    return Turn(
        id=row.id,
        conversation_id=row.conversation_id,
        message_id=row.message_id,
        message_seq=row.message_seq,
        state=TurnState(row.state),
        owner_epoch=row.owner_epoch,
        created_at=row.created_at,
        understanding=row.understanding or b"",
        answers=row.answers or b"",
        decision=row.decision or b"",
        reply_message_ids=tuple(row.reply_message_ids or ()),
        suggestions=tuple(row.suggestions or ()),
        timings=tuple(Timing(**timing) for timing in row.timings or ()),
        versions=Versions(**(row.versions or {})),
        services_down=tuple(row.services_down or ()),
        attempts=row.attempts,
        next_attempt_at=row.next_attempt_at,
        ended_at=row.ended_at,
    )
