"""What an agent needs first: who asks, what about, and what the bot has tried."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from balie.gateway import message_store, turn_store
from balie.gateway.access import visible
from balie.gateway.domain import Author, Conversation, Message, Notice, Turn
from balie.gateway.records.summaries import Sentence, summary
from balie.kit.caller import Caller, Role
from balie.kit.database import Database, Transaction

_CONTACTS_MESSAGES = 100
_ATTEMPTS = 20
_NOTICES = 100
_ASKED = frozenset({Notice.WAITING, Notice.CALL_BACK_PROMISED})
_ENDED = frozenset({Notice.MESSAGE_TAKEN, Notice.EXPIRED})


@dataclass(frozen=True, slots=True)
class Attempt:
    """Something that the bot said; `decision` is the router's on it, in its own form."""

    message: Message
    decision: bytes


@dataclass(frozen=True, slots=True)
class Briefing:
    """What an agent needs first.

    Attributes:
        question: the contact's message that led to the handoff, or their newest; None when they wrote nothing.
        attempts: what the bot said, oldest first.
        understood: the newest turn that NLU answered on; None when there is none.
        summary: the contact's own sentences that say most.
    """

    conversation: Conversation
    question: Message | None
    attempts: tuple[Attempt, ...]
    understood: Turn | None
    summary: tuple[Sentence, ...]


class Briefings:
    """Reads briefings: of what was said since a person last gave the conversation back, or from its beginning."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, caller: Caller, conversation_id: str) -> Briefing:
        """Returns the briefing of a conversation, as of one moment.

        Raises:
            CallerForbidden: the caller is a contact.
            ConversationNotFound: there is none.
        """
        caller.require(Role.ADMIN, Role.SERVICE, Role.AGENT)
        async with self._database.read() as tx:
            conversation = await visible(tx, caller, conversation_id)
            wrote = await message_store.newest_of(tx, conversation, Author.CONTACT, _CONTACTS_MESSAGES)
            notices = await message_store.newest_of(tx, conversation, Author.SYSTEM, _NOTICES)
            question = await _question(tx, conversation, wrote, notices)
            attempts = await _attempts(tx, conversation)
            understood = await turn_store.newest_understood(tx, conversation)
        # Beside what else is served: a hundred long sentences take tens of milliseconds.
        said_most = await asyncio.to_thread(summary, wrote)
        return Briefing(conversation, question, attempts, understood, said_most)


async def _question(
    tx: Transaction, conversation: Conversation, wrote: Sequence[Message], notices: Sequence[Message]
) -> Message | None:
    """Returns the message on whose turn a person was asked for last, while none was asked for."""
    asked = _asked(notices)
    if asked is not None and asked.turn_id:
        return await message_store.first_of_turn(tx, conversation.tenant, asked.turn_id)
    # Staff asked for it, or the follower told of it before the turn did: what was written last before it.
    first = asked or next((one for one in notices if one.notice == Notice.AGENT_JOINED), None)
    before = [one for one in wrote if first is None or one.seq < first.seq]
    return before[-1] if before else None


def _asked(notices: Sequence[Message]) -> Message | None:
    """Returns the notice that told of the newest handoff's beginning; later ones only say that it still waits."""
    asked, is_over = None, True
    for one in notices:
        if one.notice in _ASKED and is_over:
            asked, is_over = one, False
        elif one.notice in _ENDED:
            asked = one if one.turn_id else asked
            is_over = True
    return asked


async def _attempts(tx: Transaction, conversation: Conversation) -> tuple[Attempt, ...]:
    said = await message_store.newest_of(tx, conversation, Author.BOT, _ATTEMPTS)
    decisions = await turn_store.decisions(tx, conversation.tenant, [one.turn_id for one in said])
    return tuple(Attempt(one, decisions.get(one.turn_id, b"")) for one in said)
