"""The log of each conversation: what happened in it, in order, for whoever watches."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from balie.gateway.happenings import Codec, Event, Happening
from balie.kit.database import Transaction
from balie.kit.eventlog import EventLog, Record, decode_cursor, encode_cursor


def topic(conversation_id: str) -> str:
    """Returns the name of a conversation's log."""
    return f"conversation/{conversation_id}"


class Journal:
    """Writes and reads conversations' logs."""

    def __init__(self, log: EventLog, codec: Codec) -> None:
        self._log = log
        self._codec = codec

    async def add(self, tx: Transaction, tenant: str, conversation_id: str, happening: Happening) -> int:
        """Returns the position of a happening, appended in the transaction that makes it happen.

        The conversation's row is locked before, so that every writer takes the two locks in the same order.
        """
        payload = self._codec.encode(happening)
        return (await self._log.append(tx, tenant, topic(conversation_id), payload)).position

    async def head(self, tenant: str, conversation_id: str, tx: Transaction | None = None) -> int:
        """Returns the position of the newest happening, 0 without one; in the snapshot of `tx` when it is given."""
        return await self._log.head(tenant, topic(conversation_id), tx)

    async def check(self, tenant: str, conversation_id: str, after: int) -> None:
        """Returns when happenings can be followed from a position.

        Raises:
            CursorExpired: what follows the position is no longer kept, or was never written.
        """
        await self._log.read(tenant, topic(conversation_id), after, limit=1)

    async def read(self, tenant: str, conversation_id: str, after: int) -> list[Event]:
        """Returns the next happenings after a position, without messages' words; none at the head.

        Raises:
            CursorExpired: what follows the position is no longer kept, or was never written.
        """
        records = await self._log.read(tenant, topic(conversation_id), after)
        return [self._event(record) for record in records]

    async def follow(self, tenant: str, conversation_id: str, after: int) -> AsyncGenerator[Event, None]:
        """Yields happenings after a position, those that are there and then each as it comes; never ends by itself.

        Raises:
            CursorExpired: as `read`.
        """
        async with aclosing(self._log.follow(tenant, topic(conversation_id), after)) as records:
            async for record in records:
                yield self._event(record)

    def _event(self, record: Record) -> Event:
        return Event(
            cursor=encode_cursor(record.topic, record.position),
            event_id=record.event_id,
            position=record.position,
            happened_at=record.recorded_at,
            happening=self._codec.decode(record.payload),
        )


def cursor_at(conversation_id: str, position: int) -> str:
    """Returns the cursor that continues after a position."""
    return encode_cursor(topic(conversation_id), position)


def position_of(conversation_id: str, cursor: str) -> int:
    """Returns the position of a cursor; 0 for an empty one.

    Raises:
        CursorMalformed: it is none of this conversation.
    """
    return decode_cursor(topic(conversation_id), cursor)
