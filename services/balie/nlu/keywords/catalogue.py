"""Keyword work: the tenants' own keywords, each write done once and told to the replicas, beside those of the file."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from balie.kit.database import Database
from balie.kit.errors import EtagMismatch
from balie.kit.ledger import Ledger, Write
from balie.kit.paging import decode_page, encode_page
from balie.nlu.keywords import store
from balie.nlu.keywords.errors import KeywordNotFound, KeywordReadOnly, KeywordsFull
from balie.nlu.keywords.keyword import Keyword
from balie.nlu.keywords.limits import TENANT_KEYWORDS, TENANT_PATTERNS
from balie.nlu.keywords.stored import KeywordSet, StoredKeyword
from balie.nlu.keywords.writing import KeywordWriter, grown_by

Listed = StoredKeyword | Keyword
"""A keyword as it is listed: a stored one, or one of the file."""


@dataclass(frozen=True)
class Gone:
    """Says from which generation on something is gone."""

    generation: int


class FileKeywords:
    """The keywords of the service's file: every tenant has them, and nobody changes them."""

    def __init__(self, keywords: Sequence[Keyword] = ()) -> None:
        self._by_id = {keyword.id: keyword for keyword in keywords}
        self._ids = sorted(self._by_id)

    def __contains__(self, keyword_id: object) -> bool:
        return keyword_id in self._by_id

    def get(self, keyword_id: str) -> Keyword | None:
        """Returns a keyword, None when there is none."""
        return self._by_id.get(keyword_id)

    def page(self, after: str, limit: int) -> list[Keyword]:
        """Returns the keywords after an id, by id, at most `limit`."""
        start = bisect_right(self._ids, after)
        return [self._by_id[key] for key in self._ids[start : start + limit]]


class KeywordCatalogue:
    """What keywords the tenants have."""

    def __init__(self, database: Database, ledger: Ledger, writer: KeywordWriter, file: FileKeywords) -> None:
        self._database = database
        self._ledger = ledger
        self._writer = writer
        self._file = file

    async def upsert(self, write: Write, content: Keyword, etag: str) -> StoredKeyword:
        """Returns a keyword as stored, after creating or replacing it; the same content is no change.

        Args:
            write: the request.
            content: what it shall be.
            etag: of the keyword that the caller read; empty when it does not matter.

        Raises:
            KeywordReadOnly: it is one of the file.
            EtagMismatch: it changed since, or was deleted.
            KeywordsFull: the tenant has as many keywords, or patterns, as may be.
        """
        self._refuse_file(content.id)

        async def work() -> StoredKeyword:
            before = await store.locked(tx, write.tenant)
            old = (await store.some(tx, write.tenant, [content.id])).get(content.id)
            _check_etag(etag, old)
            if old is not None and old.content == content:
                return old
            check_room(grown_by(before, content, old.content if old else None), before)
            [stored] = await self._writer.write(tx, before, [(content, old)])
            return stored

        async with self._database.write() as tx:
            return await self._ledger.once(tx, write, StoredKeyword, work)

    async def delete(self, write: Write, keyword_id: str, etag: str) -> int:
        """Returns the generation from which on a keyword is gone, after deleting it.

        Raises:
            KeywordReadOnly: it is one of the file.
            KeywordNotFound: there is none.
            EtagMismatch: it changed since its etag was read.
        """
        self._refuse_file(keyword_id)

        async def work() -> Gone:
            before = await store.locked(tx, write.tenant)
            old = (await store.some(tx, write.tenant, [keyword_id])).get(keyword_id)
            if old is None:
                raise KeywordNotFound(keyword_id)
            _check_etag(etag, old)
            return Gone(await self._writer.delete(tx, before, old))

        async with self._database.write() as tx:
            return (await self._ledger.once(tx, write, Gone, work)).generation

    async def keyword(self, tenant: str, keyword_id: str) -> Listed:
        """Returns a keyword.

        Raises:
            KeywordNotFound: there is none.
        """
        if (found := self._file.get(keyword_id)) is not None:
            return found
        async with self._database.read() as tx:
            stored = await store.some(tx, tenant, [keyword_id])
        if keyword_id not in stored:
            raise KeywordNotFound(keyword_id)
        return stored[keyword_id]

    async def keywords(self, tenant: str, limit: int, token: str) -> tuple[list[Listed], str]:
        """Returns a page of a tenant's keywords by id, those of the file among them, and the token of the next.

        Raises:
            CursorMalformed: the token is none of this list's.
        """
        scope = ("keywords", tenant)
        start = decode_page(scope, token)
        async with self._database.read() as tx:
            stored = await store.page(tx, tenant, start, limit + 1)
        found: dict[str, Listed] = {one.id: one for one in stored}
        found |= {one.id: one for one in self._file.page(start, limit + 1)}
        ids = sorted(found)
        rest = encode_page(scope, ids[limit - 1]) if len(ids) > limit else ""
        return [found[key] for key in ids[:limit]], rest

    def _refuse_file(self, keyword_id: str) -> None:
        if keyword_id in self._file:
            raise KeywordReadOnly(keyword_id)


def check_room(now: KeywordSet, before: KeywordSet) -> None:
    """Checks that a tenant's keywords may grow to this; what does not grow may stay.

    Raises:
        KeywordsFull: there are too many keywords, or patterns.
    """
    if now.keywords > max(before.keywords, TENANT_KEYWORDS):
        raise KeywordsFull("keywords", limit=TENANT_KEYWORDS)
    if now.patterns > max(before.patterns, TENANT_PATTERNS):
        raise KeywordsFull("patterns", limit=TENANT_PATTERNS)


def _check_etag(etag: str, stored: StoredKeyword | None) -> None:
    current = stored.etag if stored else ""
    if etag and etag != current:
        raise EtagMismatch(etag, current)
