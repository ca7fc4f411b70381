"""A message from outside: stored with its turn in one transaction, then, if the caller likes, waited for."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from balie.gateway import conversation_store, message_store, turn_store
from balie.gateway.access import check_visible
from balie.gateway.conversation_store import Locked
from balie.gateway.domain import ENDED, Attachment, Author, Draft, Message, TurnState
from balie.gateway.endings import Endings
from balie.gateway.errors import NobodySpeaks
from balie.gateway.journal import Journal
from balie.gateway.messages import Messages
from balie.gateway.ratings import Ratings, is_rating, thanks_key
from balie.gateway.turns import Turns
from balie.gateway.worker import Workers
from balie.kit.caller import Caller, Role
from balie.kit.database import Database, Transaction
from balie.kit.ids import new_id
from balie.kit.ledger import Ledger, Write


@dataclass(frozen=True, slots=True)
class Posting:
    """A message that a caller wants to send.

    Attributes:
        wait_seconds: how long to wait for the turn's replies; None for not at all.
    """

    conversation_id: str
    text: str
    attachments: tuple[Attachment, ...] = ()
    channel_message_id: str = ""
    wait_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """A message on disk.

    Attributes:
        position: its event's place in the conversation's log, or that of the thanks for a rating; 0 when it was there before.
        turn_state: how far its turn is; None for an agent's message and a rating.
        replies: what the turn brought so far, as far as it was waited for.
    """

    message: Message
    turn_id: str
    position: int
    turn_state: TurnState | None
    replies: Sequence[Message] = ()


@dataclass(frozen=True, slots=True)
class _Stored:
    """What the ledger keeps of a sent message: names, no words."""

    message_id: str
    turn_id: str


class Sending:
    """Takes messages from contacts and agents.

    Args:
        database: where they go.
        ledger: remembers what was asked before.
        messages: adds them.
        turns: begins turns.
        ratings: takes a digit as a rating, where one was asked for.
        journal: tells when a turn has ended.
        workers: are woken for a new turn.
    """

    def __init__(
        self,
        database: Database,
        ledger: Ledger,
        messages: Messages,
        turns: Turns,
        ratings: Ratings,
        journal: Journal,
        workers: Workers,
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._messages = messages
        self._turns = turns
        self._ratings = ratings
        self._journal = journal
        self._workers = workers
        self._endings = Endings(journal)

    async def send(self, caller: Caller, write: Write, posting: Posting) -> Sent:
        """Returns a message once it is on disk, with its turn if a contact wrote it.

        The same request again, or the same message of the channel, is the first one again.

        Raises:
            NobodySpeaks: the caller acts neither for a contact nor for an agent.
            ConversationNotFound: there is no such conversation, or not for this caller.
            ConversationClosed: it takes no messages any more.
            NotOwner: an agent writes who does not own it.
            RequestIdReused: the request id was used with another request.
        """
        if caller.role not in (Role.CONTACT, Role.AGENT):
            raise NobodySpeaks(role=caller.role)
        new: list[Sent] = []
        async with self._database.write() as tx:

            async def store() -> _Stored:
                async with conversation_store.locked(tx, caller.tenant, posting.conversation_id) as held:
                    check_visible(held.conversation, caller)
                    sent = await self._store(tx, held, caller, posting)
                new.append(sent)
                return _Stored(sent.message.id, sent.turn_id)

            stored = await self._ledger.once(tx, write, _Stored, store)
            if new and new[0].position:
                return new[0]
            return await self._before(tx, caller.tenant, stored)

    async def wait(self, tenant: str, sent: Sent, seconds: float) -> Sent:
        """Returns a sent message with the replies that its turn brought within some seconds."""
        if not sent.turn_id:
            return await self._thanked(tenant, sent)
        if sent.turn_state not in ENDED:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._until_ended(tenant, sent)
        async with self._database.read() as tx:
            state = await turn_store.state_of(tx, tenant, sent.turn_id)
            replies = await message_store.replies(tx, tenant, sent.turn_id)
            if (
                not replies and state in ENDED
            ):  # what it had to say may have been told by the follower just before
                told = (await turn_store.find(tx, tenant, sent.turn_id)).reply_message_ids
                replies = await message_store.by_ids(tx, tenant, told) if told else ()
        return replace(sent, turn_state=state, replies=replies)

    async def _store(self, tx: Transaction, held: Locked, caller: Caller, posting: Posting) -> Sent:
        is_contact = caller.role == Role.CONTACT
        rating = None
        if is_contact and not posting.attachments:
            rating = self._ratings.meant(held.conversation, posting.text)
        draft = Draft(
            Author.CONTACT if is_contact else Author.AGENT,
            posting.text,
            author_id=caller.id,
            attachments=posting.attachments,
            turn_id=new_id() if is_contact and rating is None else "",
            channel_message_id=posting.channel_message_id,
        )
        message, position = await self._messages.append(tx, held, draft)
        if not is_contact or not position:
            return Sent(message, message.turn_id, position, None)
        if rating is not None:
            return Sent(message, "", await self._ratings.keep(tx, held, rating), None)
        is_first = held.work.due_at is None  # else it is taken up with the end of the turn before
        claim = await self._turns.begin(tx, held, draft.turn_id, message, take=self._workers.have_room)
        if is_first:
            key = (caller.tenant, held.conversation.id)
            tx.after_commit(partial(self._workers.wake, key, claim))
        return Sent(message, draft.turn_id, position, claim.turn.state if claim else TurnState.PENDING)

    async def _thanked(self, tenant: str, sent: Sent) -> Sent:
        """Returns a rating with the thanks for it; an agent's message brings nothing."""
        if not is_rating(sent.message):
            return sent
        async with self._database.read() as tx:
            thanks = await message_store.find_once(tx, tenant, thanks_key(sent.message.conversation_id))
        return sent if thanks is None else replace(sent, replies=(thanks,))

    async def _before(self, tx: Transaction, tenant: str, stored: _Stored) -> Sent:
        message = await message_store.find(tx, tenant, stored.message_id)
        if message is None:
            raise RuntimeError("the ledger names a message that there is not")
        state = await turn_store.state_of(tx, tenant, stored.turn_id) if stored.turn_id else None
        return Sent(message, stored.turn_id, 0, state)

    async def _until_ended(self, tenant: str, sent: Sent) -> None:
        """Returns when the turn has ended, on whichever replica."""
        key = (tenant, sent.message.conversation_id)
        after = sent.position or await self._journal.head(*key)
        async with self._endings.heard(key, sent.turn_id, after) as ending:
            if not (sent.position and ending.hears_all):
                async with self._database.read() as tx:
                    if await turn_store.state_of(tx, tenant, sent.turn_id) in ENDED:
                        return
            await ending.come()
