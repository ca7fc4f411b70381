"""What has been said and what happens: lists of messages, and the events of a conversation as they come."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from balie.gateway import message_store
from balie.gateway.access import visible
from balie.gateway.domain import Conversation, Message
from balie.gateway.happenings import Closed, Event, MessageAppended
from balie.gateway.journal import Journal, cursor_at, position_of
from balie.kit.caller import Caller
from balie.kit.database import Database

_AHEAD = 100  # messages read at once while a watcher catches up


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Messages by `seq`.

    Attributes:
        more: whether there are more after the last.
        cursor: continues with a watch from the moment of this snapshot.
    """

    messages: Sequence[Message]
    more: bool
    cursor: str


class Watching:
    """Reads conversations for those who may see them."""

    def __init__(self, database: Database, journal: Journal) -> None:
        self._database = database
        self._journal = journal

    async def messages(
        self, caller: Caller, conversation_id: str, after_seq: int, page_size: int
    ) -> MessagePage:
        """Returns the messages after a `seq`, as of one moment.

        Raises:
            ConversationNotFound: there is no such conversation, or not for this caller.
        """
        async with self._database.read() as tx:
            await visible(tx, caller, conversation_id)
            found = await message_store.after(tx, caller.tenant, conversation_id, after_seq, page_size + 1)
            head = await self._journal.head(caller.tenant, conversation_id, tx)
        return MessagePage(found[:page_size], len(found) > page_size, cursor_at(conversation_id, head))

    async def open(self, caller: Caller, conversation_id: str, cursor: str) -> tuple[Conversation, int]:
        """Returns a conversation and the position from which to follow it.

        Raises:
            ConversationNotFound: there is no such conversation, or not for this caller.
            CursorMalformed: the cursor is none of this conversation.
            CursorExpired: what follows the cursor is no longer kept.
        """
        async with self._database.read() as tx:
            conversation = await visible(tx, caller, conversation_id)
        position = position_of(conversation_id, cursor)
        await self._journal.check(caller.tenant, conversation_id, position)
        return conversation, position

    async def events(self, conversation: Conversation, after: int) -> AsyncGenerator[Event, None]:
        """Yields the events after a position with their messages, until the conversation is closed and all are told."""
        words = _Words(self._database, conversation)
        if not conversation.is_open:  # the event of its closing may lie before the position
            while batch := await self._journal.read(conversation.tenant, conversation.id, after):
                for event in batch:
                    yield await words.added(event)
                after = batch[-1].position
            return
        events = self._journal.follow(conversation.tenant, conversation.id, after)
        async with aclosing(events):
            async for event in events:
                yield await words.added(event)
                if isinstance(event.happening, Closed):
                    return


class _Words:
    """Adds messages to their events; reads ahead, because a watcher that catches up needs them one after another."""

    def __init__(self, database: Database, conversation: Conversation) -> None:
        self._database = database
        self._conversation = conversation
        self._read: dict[int, Message] = {}

    async def added(self, event: Event) -> Event:
        happening = event.happening
        if not isinstance(happening, MessageAppended):
            return event
        if happening.seq not in self._read:
            tenant, conversation_id = self._conversation.tenant, self._conversation.id
            async with self._database.read() as tx:
                found = await message_store.after(tx, tenant, conversation_id, happening.seq - 1, _AHEAD)
            self._read = {message.seq: message for message in found}
        return replace(event, message=self._read.pop(happening.seq, None))
