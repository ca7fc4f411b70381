"""Takes out of a collection what a complete import did not hold."""

from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b

from balie.faq.knowledge.domain import EntryState, Prune
from balie.faq.knowledge.store import Store
from balie.faq.knowledge.writing import EntryWriter
from balie.kit.database import Database

_PAGE = 500  # entries looked at in one reading transaction
_BATCH = 100  # entries taken out in one writing transaction
_DIGEST_BYTES = 16


@dataclass
class Held:
    """Which entries an import holds, in 16 bytes each.

    Attributes:
        mode: what becomes of the others.
        since: the collection's generation when the import began; what changed later was written by somebody else, and stays.
    """

    mode: Prune
    since: int
    digests: set[bytes] = field(default_factory=set)

    def add(self, ids: Iterable[str]) -> None:
        """Says that the import holds these."""
        if self.mode is not Prune.NOTHING:
            self.digests.update(map(_digest, ids))

    def is_left_over(self, entry_id: str, generation: int, state: int) -> bool:
        """Returns whether an entry is to be taken out."""
        return (
            generation <= self.since
            and not (self.mode is Prune.ARCHIVE and state == EntryState.ARCHIVED)
            and _digest(entry_id) not in self.digests
        )


class Pruner:
    """Deletes or archives entries, each batch in a transaction of its own."""

    def __init__(self, database: Database, store: Store, writer: EntryWriter) -> None:
        self._database = database
        self._store = store
        self._writer = writer

    async def run(
        self, tenant: str, collection_id: str, held: Held, *, dry_run: bool, by: str
    ) -> AsyncGenerator[tuple[int, int], None]:
        """Yields after each batch how many entries it took out, and the collection's generation, 0 if that did not change.

        Raises:
            CollectionNotFound: the collection went meanwhile.
        """
        after = ""
        while True:
            async with self._database.read() as tx:
                page = await self._store.entry_marks(tx, tenant, collection_id, after=after, limit=_PAGE)
            left_over = [mark.id for mark in page if held.is_left_over(mark.id, mark.generation, mark.state)]
            for start in range(0, len(left_over), _BATCH):
                batch = left_over[start : start + _BATCH]
                if dry_run:
                    yield len(batch), 0
                else:
                    yield await self._take_out(tenant, collection_id, held, batch, by)
            if len(page) < _PAGE:
                return
            after = page[-1].id

    async def _take_out(
        self, tenant: str, collection_id: str, held: Held, ids: Sequence[str], by: str
    ) -> tuple[int, int]:
        async with self._database.write() as tx:
            collection = await self._writer.locked(tx, tenant, collection_id)
            found = await self._store.entries(tx, tenant, collection_id, ids)
            entries = [  # somebody may have written one since it was looked at
                entry
                for entry in found.values()
                if held.is_left_over(entry.id, entry.generation, entry.content.state)
            ]
            if not entries:
                return 0, 0
            if held.mode is Prune.DELETE:
                return len(entries), await self._writer.delete(tx, tenant, collection, entries)
            changes = [(replace(entry.content, state=EntryState.ARCHIVED), entry) for entry in entries]
            written = await self._writer.write(tx, tenant, collection, changes, by=by)
            return len(entries), written[-1].generation


def _digest(entry_id: str) -> bytes:
    return blake2b(entry_id.encode("utf-8", "replace"), digest_size=_DIGEST_BYTES).digest()
