"""Exports of entries, page by page, so that neither a large collection nor a slow reader holds anything up."""

from collections.abc import AsyncGenerator, Sequence

from balie.faq.errors import CollectionNotFound
from balie.faq.knowledge.domain import Entry
from balie.faq.knowledge.store import Store
from balie.kit.database import Database

_PAGE = 50  # entries read in one transaction
_MESSAGE_CHARACTERS = 700_000
"""Of a message, unless one entry alone has more: about a megabyte, and always below gRPC's four."""


class Exporter:
    """Reads all entries of collections."""

    def __init__(self, database: Database, store: Store) -> None:
        self._database = database
        self._store = store

    async def run(self, tenant: str, collection_id: str) -> AsyncGenerator[tuple[Sequence[Entry], int], None]:
        """Yields entries by id, some at a time, and how many there were at the beginning; once when there are none.

        Raises:
            CollectionNotFound: there is no such collection, or it went meanwhile.
        """
        after, total = "", -1
        while True:
            async with self._database.read() as tx:
                collection = await self._store.collection(tx, tenant, collection_id)
                if collection is None:
                    raise CollectionNotFound(collection_id)
                page = await self._store.list_entries(tx, tenant, collection_id, after=after, limit=_PAGE)
            if total < 0:
                total = collection.entry_count
                if not page:
                    yield (), total
            for some in _messages(page):
                yield some, total
            if len(page) < _PAGE:
                return
            after = page[-1].id


def _messages(page: Sequence[Entry]) -> list[list[Entry]]:
    """Returns a page in pieces that fit a message."""
    pieces: list[list[Entry]] = []
    room = 0
    for entry in page:
        size = entry.content.size()
        if not pieces or size > room:
            pieces.append([])
            room = _MESSAGE_CHARACTERS
        pieces[-1].append(entry)
        room -= size
    return pieces
