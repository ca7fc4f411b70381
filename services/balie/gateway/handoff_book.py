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
    WAITS_FOR_AGENT,
    Author,
    Draft,
    HandoffState,
    History,
    Notice,
    Owner,
    OwnerKind,
)
from balie.gateway.happenings import HandoffChanged, OwnerChanged
from balie.gateway.journal import Journal
from balie.gateway.messages import Messages
from balie.gateway.said import HandoffNow
from balie.gateway.tables import handoffs
from balie.gateway.wording import Phrase, Wording
from balie.kit.database import Transaction

_GIVEN_BACK = frozenset({HandoffState.RELEASED, HandoffState.RESOLVED})


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of a handoff's change.

    Attributes:
        owner_epoch: the conversation's epoch once the change was applied, whenever that was.
        is_orphan: whether the handoff is open while its conversation is closed.
    """

    owner_epoch: int
    is_orphan: bool


class HandoffBook:
    """Applies handoffs to locked conversations."""

    def __init__(self, messages: Messages, journal: Journal, wording: Wording) -> None:
        self._messages = messages
        self._journal = journal
        self._wording = wording

    async def announce(self, tx: Transaction, held: Locked, now: HandoffNow) -> None:
        """Notes the handoff that a decision named, so that the conversation shows it at once.

        Only while it waits for an agent: what changes the owner comes by the follower, which also confirms it.
        """
        if now.state in WAITS_FOR_AGENT and await self._seen(tx, held, now) is None:
            await self._note(tx, held, now)

    async def apply(self, tx: Transaction, held: Locked, now: HandoffNow, agent_name: str) -> Applied:
        """Makes the conversation follow a handoff's state, once.

        Args:
            tx: the transaction.
            held: the conversation.
            now: the handoff after its change.
            agent_name: what the contact is told of the agent; empty when it is not known.
        """
        is_orphan = not held.conversation.is_open and now.state in WAITS_FOR_AGENT | HELD_BY_AGENT
        seen = await self._seen(tx, held, now)
        if seen is not None:
            return Applied(seen.owner_epoch, is_orphan)
        if now.state in HELD_BY_AGENT:
            await self._give_to_agent(tx, held, now, agent_name)
        elif now.state in _GIVEN_BACK:
            await self._give_back(tx, held, now)
        elif now.state == HandoffState.MESSAGE_TAKEN:
            await self._tell(tx, held, now, Notice.MESSAGE_TAKEN, Phrase.MESSAGE_TAKEN)
        await self._note(tx, held, now)
        return Applied(held.conversation.owner_epoch, is_orphan)

    async def _seen(self, tx: Transaction, held: Locked, now: HandoffNow) -> Row[Any] | None:
        """Returns how far the handoff was followed, if that is at least as far as `now`."""
        row = await tx.one(
            sa.select(handoffs).where(handoffs.c.tenant == held.conversation.tenant, handoffs.c.id == now.id)
        )
        return row if row is not None and row.revision >= now.revision else None

    async def _give_to_agent(self, tx: Transaction, held: Locked, now: HandoffNow, name: str) -> None:
        owner = Owner(OwnerKind.AGENT, now.agent_id)
        if held.conversation.owner == owner:
            return
        await self._change_owner(tx, held, owner)
        phrase = Phrase.AGENT_JOINED_NAMED if name else Phrase.AGENT_JOINED
        await self._tell(tx, held, now, Notice.AGENT_JOINED, phrase, name=name)

    async def _give_back(self, tx: Transaction, held: Locked, now: HandoffNow) -> None:
        if held.conversation.owner != Owner(OwnerKind.AGENT, now.agent_id):
            return
        await self._change_owner(tx, held, BOT)
        held.change(history=History())
        await self._tell(tx, held, now, Notice.RETURNED_TO_BOT, Phrase.RETURNED_TO_BOT)

    async def _change_owner(self, tx: Transaction, held: Locked, owner: Owner) -> None:
        held.change_owner(owner)
        conversation = held.conversation
        changed = OwnerChanged(owner, conversation.owner_epoch)
        await self._journal.add(tx, conversation.tenant, conversation.id, changed)

    async def _tell(
        self, tx: Transaction, held: Locked, now: HandoffNow, notice: Notice, phrase: Phrase, **values: object
    ) -> None:
        if not held.conversation.is_open:
            return
        text, language = self._wording.say(phrase, held.conversation.language, **values)
        once = f"handoff:{now.id}:{now.revision}"
        draft = Draft(Author.SYSTEM, text, language=language, notice=notice, once_key=once)
        await self._messages.append(tx, held, draft)

    async def _note(self, tx: Transaction, held: Locked, now: HandoffNow) -> None:
        conversation = held.conversation
        if now.state in WAITS_FOR_AGENT | HELD_BY_AGENT:
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
        changed = HandoffChanged(now.id, now.state, now.position)
        await self._journal.add(tx, conversation.tenant, conversation.id, changed)
