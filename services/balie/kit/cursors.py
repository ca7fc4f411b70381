"""Cursors: how far a follower of a log has come, as a client holds it and as a service keeps it."""

import base64
import binascii
import hashlib

import sqlalchemy as sa

from balie.kit.database import Database, Transaction
from balie.kit.errors import CursorMalformed
from balie.kit.tables import cursors

_FORM = b"\x01"  # first byte of every cursor; another form gets another number
_POSITION_BYTES = 8
_CHECK_BYTES = 6
_LENGTH = len(_FORM) + _POSITION_BYTES + _CHECK_BYTES


def encode_cursor(topic: str, position: int) -> str:
    """Returns an opaque text for "everything up to this position of this topic was seen"."""
    body = _FORM + position.to_bytes(_POSITION_BYTES, "big", signed=True)
    return base64.urlsafe_b64encode(body + _check(topic, body)).decode("ascii")


def decode_cursor(topic: str, cursor: str) -> int:
    """Returns the position of a cursor of this topic; 0, the beginning, for the empty text.

    The check guards against mistakes, not against forgery: a cursor opens nothing that its caller may not read.

    Raises:
        CursorMalformed: `encode_cursor` did not make it, or made it for another topic.
    """
    if not cursor:
        return 0
    try:
        packed = base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise CursorMalformed from None
    body, check = packed[:-_CHECK_BYTES], packed[-_CHECK_BYTES:]
    position = int.from_bytes(body[len(_FORM) :], "big", signed=True)
    if len(packed) != _LENGTH or check != _check(topic, body) or position < 0:
        raise CursorMalformed
    return position


def _check(topic: str, body: bytes) -> bytes:
    return hashlib.sha256(body + topic.encode()).digest()[:_CHECK_BYTES]


class FollowerCursors:
    """How far this service has come in the logs that it follows.

    Saved in the transaction that applied what was followed, so that a crash neither skips nor repeats an event.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self, tenant: str, follower: str, source: str) -> str:
        """Returns the cursor that was saved last, empty when there is none."""
        statement = sa.select(cursors.c.cursor).where(
            cursors.c.tenant == tenant, cursors.c.follower == follower, cursors.c.source == source
        )
        async with self._database.read() as tx:
            return str(await tx.scalar(statement) or "")

    async def save(self, tx: Transaction, tenant: str, follower: str, source: str, cursor: str) -> None:
        """Stores the cursor, whose form only the source knows, in place of the one before."""
        statement = tx.insert(cursors).values(tenant=tenant, follower=follower, source=source, cursor=cursor)
        await tx.execute(
            statement.on_conflict_do_update(
                index_elements=[cursors.c.tenant, cursors.c.follower, cursors.c.source],
                set_={"cursor": statement.excluded.cursor},
            )
        )
