"""What handoffs do to conversations: who owns them, and what the contact is told of it.

The only writer of `owner` and `owner_epoch`. Each handoff's newest revision is kept, so that an event that comes
again, or too late, changes nothing.
"""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Row

from balie.gateway.conversation_store import Locked
from balie.gateway.domain import (
    BOT,
    HELD_BY_AGENT,
    OPEN_HANDOFF,
    WAITS_FOR_AGENT,
    HandoffState,
    History,
    Owner,
    OwnerKind,
    ReleaseReason,
)
from balie.gateway.handoff_notices import HandoffNotices, is_new_place
from balie.gateway.happenings import HandoffChanged, OwnerChanged
from balie.gateway.journal import Journal
from balie.gateway.ratings import Ratings
from balie.gateway.said import HandoffNow
from balie.gateway.tables import handoffs
from balie.kit.database import Transaction

_GIVEN_BACK = frozenset({HandoffState.RELEASED, HandoffState.RESOLVED})


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of a handoff's change.

    Attributes:
        owner_epoch: the conversation's epoch once the change was applied, whenever that was.
        is_orphan: whether the handoff is open while its conversation is closed.
        is_past: whether another owner has followed on the one of this change, which is not to be confirmed any more.
    """

    owner_epoch: int
    is_orphan: bool
    is_past: bool = False


class HandoffBook:
    """Applies handoffs to locked conversations."""

    def __init__(self, journal: Journal, notices: HandoffNotices, ratings: Ratings) -> None:
        self._journal = journal
        self._ratings = ratings
        self._notices = notices

    async def announce(self, tx: Transaction, held: Locked, now: HandoffNow) -> None:
        """Notes a handoff that a decision named, so that the conversation shows it at once.

        Only one that waits in line and is new here, and only while the bot speaks: everything else comes by the
        follower, which passes over no change, tells the contact and confirms owners.
        """
        is_bots = held.conversation.owner.kind == OwnerKind.BOT
        if now.state in WAITS_FOR_AGENT and is_bots and await self._before(tx, held, now) is None:
            await self._note(tx, held, now)

    async def apply(self, tx: Transaction, held: Locked, now: HandoffNow, agent_name: str) -> Applied:
        """Makes the conversation follow a handoff's state, once.

        Args:
            tx: the transaction.
            held: the conversation.
            now: the handoff after its change.
            agent_name: what the contact is told of the agent; empty when it is not known.
        """
        is_orphan = not held.conversation.is_open and now.state in OPEN_HANDOFF
        before = await self._before(tx, held, now)
        if before is not None and before.revision >= now.revision:
            if before.revision == now.revision and is_new_place(now):
                await self._show_place(tx, held, now)
            return Applied(before.owner_epoch, is_orphan, is_past=not _has_same_owner(before, now))
        if now.state in HELD_BY_AGENT:
            await self._give_to_agent(tx, held, now, agent_name)
        else:
            await self._take_back(tx, held, now, before)
        await self._note(tx, held, now)
        return Applied(held.conversation.owner_epoch, is_orphan)

    async def _before(self, tx: Transaction, held: Locked, now: HandoffNow) -> Row[Any] | None:
        """Returns how far the handoff was followed; None when it is new here."""
        return await tx.one(
            sa.select(handoffs).where(handoffs.c.tenant == held.conversation.tenant, handoffs.c.id == now.id)
        )

    async def _give_to_agent(self, tx: Transaction, held: Locked, now: HandoffNow, name: str) -> None:
        owner = Owner(OwnerKind.AGENT, now.agent_id)
        if held.conversation.owner == owner:
            return
        await self._change_owner(tx, held, owner)
        held.change(helped_handoff_id=now.id)
        await self._notices.agent_joined(tx, held, now, name)

    async def _take_back(
        self, tx: Transaction, held: Locked, now: HandoffNow, before: Row[Any] | None
    ) -> None:
        """Makes the bot the owner again if an agent was by this handoff: it has ended, or waits for another agent."""
        was_held = _is_held_by(held, now, before)
        if was_held:
            await self._change_owner(tx, held, BOT)
            if now.state not in OPEN_HANDOFF and now.release_reason != ReleaseReason.RESUME:
                held.change(history=History())
        if is_new_place(now) and not was_held:
            await self._notices.place(tx, held, now)
            return
        state = HandoffState.NONE if before is None else HandoffState(before.state)
        await self._notices.moved_on(tx, held, now, state, was_held=was_held)
        if now.state in _GIVEN_BACK and now.release_reason == ReleaseReason.SURVEY:
            await self._ratings.ask(tx, held, now.id)
        if was_held and now.state in _GIVEN_BACK:
            held.change(returned_seq=held.conversation.last_seq)

    async def _show_place(self, tx: Transaction, held: Locked, now: HandoffNow) -> None:
        """Shows another place in line that is no change of the handoff itself, once."""
        if await self._notices.place(tx, held, now):
            await self._show(tx, held, now)

    async def _change_owner(self, tx: Transaction, held: Locked, owner: Owner) -> None:
        held.change_owner(owner)
        conversation = held.conversation
        changed = OwnerChanged(owner, conversation.owner_epoch)
        await self._journal.add(tx, conversation.tenant, conversation.id, changed)

    async def _note(self, tx: Transaction, held: Locked, now: HandoffNow) -> None:
        conversation = held.conversation
        if now.state in OPEN_HANDOFF:
            held.change(handoff_id=now.id, handoff_state=now.state)
        elif conversation.handoff_id == now.id:
            held.change(handoff_id="", handoff_state=HandoffState.NONE)
        statement = tx.insert(handoffs).values(
            tenant=conversation.tenant,
            id=now.id,
            conversation_id=conversation.id,
            state=now.state,
            revision=now.revision,
            agent_id=now.agent_id,
            owner_epoch=held.conversation.owner_epoch,
        )
        changing = ("state", "revision", "agent_id", "owner_epoch")
        await tx.execute(
            statement.on_conflict_do_update(
                index_elements=[handoffs.c.tenant, handoffs.c.id],
                set_={name: statement.excluded[name] for name in changing},
            )
        )
        await self._show(tx, held, now)

    async def _show(self, tx: Transaction, held: Locked, now: HandoffNow) -> None:
        """Tells watchers."""
        conversation = held.conversation
        changed = HandoffChanged(now.id, now.state, now.position, now.estimated_wait, now.call_back_at)
        await self._journal.add(tx, conversation.tenant, conversation.id, changed)


def _has_same_owner(before: Row[Any], now: HandoffNow) -> bool:
    """Returns whether the owner is still the one of a change that was applied before.

    A replica may come late with a change that another one applied: its confirmation would be taken for one of the
    owner who has followed since, whom nobody has applied yet.
    """
    if now.state in HELD_BY_AGENT:
        return before.state in HELD_BY_AGENT and bool(before.agent_id == now.agent_id)
    return before.state not in HELD_BY_AGENT


def _is_held_by(held: Locked, now: HandoffNow, before: Row[Any] | None) -> bool:
    """Returns whether an agent owns the conversation by this handoff, and not by one that followed on it."""
    conversation = held.conversation
    if conversation.owner.kind != OwnerKind.AGENT:
        return False
    if conversation.handoff_id == now.id:
        return True
    was_by_this = before is not None and before.state in HELD_BY_AGENT
    return was_by_this and conversation.handoff_state not in HELD_BY_AGENT
