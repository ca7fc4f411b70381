"""What happens to handoffs, from any position on and then live."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import sqlalchemy as sa

from balie.handoff import events
from balie.handoff.domain import HandoffEvent
from balie.handoff.events import TOPIC
from balie.kit.database import Database
from balie.kit.eventlog import EventLog, decode_cursor, encode_cursor
from balie.kit.tables import log_head


class Feed:
    """Reads the log of handoffs."""

    def __init__(self, database: Database, log: EventLog) -> None:
        self._database = database
        self._log = log

    async def after(self, tenant: str, position: int) -> AsyncGenerator[tuple[int, HandoffEvent], None]:
        """Yields the events after a position, each with its own; never ends by itself.

        Raises:
            CursorExpired: what follows the position is no longer kept, or it was never reached.
        """
        async with aclosing(self._log.follow(tenant, TOPIC, position)) as records:
            async for record in records:
                yield record.position, events.decode(record.payload)

    async def position(self, tenant: str, cursor: str) -> int:
        """Returns the position that a cursor names; for none, the one before the oldest event that is kept.

        Raises:
            CursorMalformed: the cursor was not made here.
        """
        if cursor:
            return decode_cursor(TOPIC, cursor)
        floor = sa.select(log_head.c.floor).where(log_head.c.tenant == tenant, log_head.c.topic == TOPIC)
        async with self._database.read() as tx:
            return int(await tx.scalar(floor) or 0)


def cursor(position: int) -> str:
    """Returns the cursor that names a position."""
    return encode_cursor(TOPIC, position)
