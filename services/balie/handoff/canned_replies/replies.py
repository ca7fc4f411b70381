"""What is done with canned replies: written, read and deleted."""

from collections.abc import Sequence

from balie.handoff.canned_replies import store
from balie.handoff.canned_replies.errors import ShortcutTaken
from balie.handoff.canned_replies.reply import CannedReply
from balie.handoff.canned_replies.store import Wanted
from balie.handoff.errors import QueueNotFound
from balie.handoff.journal import Journal
from balie.handoff.pages import fitting
from balie.handoff.storage.sql import SqlFloor
from balie.kit.ledger import Write


class CannedReplies:
    """The use cases of canned replies."""

    def __init__(self, journal: Journal[SqlFloor]) -> None:
        self._journal = journal

    async def put(self, write: Write, reply: CannedReply) -> CannedReply:
        """Makes a reply or replaces it.

        Raises:
            QueueNotFound: a queue does not exist.
            ShortcutTaken: another reply in this language has the shortcut.
        """

        async def work(floor: SqlFloor) -> CannedReply:
            if missing := await floor.missing_queues(reply.queue_ids):
                raise QueueNotFound(missing[0])
            other = await store.holder(floor.tx, write.tenant, reply.shortcut, reply.language)
            if other not in ("", reply.id):
                raise ShortcutTaken(reply.shortcut, language=reply.language, reply_id=other)
            return await store.put(floor.tx, write.tenant, reply, now=self._journal.now())

        return await self._journal.once(write, CannedReply, work)

    async def get(self, tenant: str, reply_id: str) -> CannedReply:
        """Returns a reply.

        Raises:
            CannedReplyNotFound: there is none.
        """
        async with self._journal.reading(tenant) as floor:
            return await store.reply(floor.tx, tenant, reply_id)

    async def page(
        self, tenant: str, wanted: Wanted, *, after: tuple[str, str] | None, size: int
    ) -> tuple[Sequence[CannedReply], tuple[str, str] | None]:
        """Returns a page of replies, and the shortcut and language after which the next one begins, None on the last."""
        async with self._journal.reading(tenant) as floor:
            found = await store.listed(floor.tx, tenant, wanted, after=after, limit=size + 1)
        page = fitting(found, size, lambda reply: reply.characters)
        return page, (page[-1].shortcut, page[-1].language) if len(found) > len(page) else None

    async def delete(self, write: Write, reply_id: str) -> None:
        """Deletes a reply.

        Raises:
            CannedReplyNotFound: there is none.
        """

        async def work(floor: SqlFloor) -> str:
            await store.reply(floor.tx, write.tenant, reply_id)
            await store.delete(floor.tx, write.tenant, reply_id)
            return reply_id

        await self._journal.once(write, str, work)
