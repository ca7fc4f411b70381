"""The keywords that this replica looks for: those of the file, and each tenant's own as the log tells of them.

A tenant's index is built aside from a snapshot and then changed as the log goes on; what is searched meanwhile is the one
before. Searching waits for no database and for no change.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import structlog

from balie.kit.database import Database
from balie.kit.errors import CursorExpired, Failure
from balie.kit.eventlog import EventLog
from balie.nlu.domain import ContactTerms, KeywordMatch
from balie.nlu.keywords import events, store
from balie.nlu.keywords.catalogue import FileKeywords
from balie.nlu.keywords.errors import KeywordsBehind
from balie.nlu.keywords.finder import KeywordFinder
from balie.nlu.keywords.index import KeywordIndex
from balie.nlu.keywords.keyword import Keyword
from balie.nlu.keywords.patterns import PatternRefused, compile_pattern
from balie.nlu.tenant_tasks import TenantTasks
from balie.nlu.topics import KEYWORDS

_PAGE = 1000  # keywords read at a time while an index is built
_EVENTS = 10  # applied at a time, each of up to 200 keywords
_AWAITED_SECONDS = 0.1
_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 10.0

T = TypeVar("T")

_log = structlog.get_logger()


@dataclass(frozen=True)
class Parts:
    """What is needed to follow tenants.

    Attributes:
        file: keywords that stand in the way of a tenant's own of the same id.
        workers: threads that build and change indexes, and may be busy for seconds.
    """

    database: Database
    log: EventLog
    file: FileKeywords
    workers: Executor


@dataclass
class _Tenant:
    """What is looked for in one tenant's messages.

    Attributes:
        generation: that the index holds; -1 before it is loaded.
        changed: set whenever the generation changes.
    """

    name: str
    index: KeywordIndex = field(default_factory=KeywordIndex)
    generation: int = -1
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, generation: int) -> None:
        self.generation = generation
        self.changed.set()
        self.changed = asyncio.Event()


class LiveKeywords:
    """Finds keywords of the file and of tenants, and follows the tenants' changes."""

    def __init__(self, parts: Parts, finder: KeywordFinder) -> None:
        self._parts = parts
        self._finder = finder
        self._tenants: dict[str, _Tenant] = {}
        self._following = TenantTasks(parts.database, store.tenants, self._persist)

    def find(
        self, text: str, language: str, contact: Sequence[ContactTerms], tenant: str
    ) -> list[KeywordMatch]:
        """Returns the keywords of a text in a language; see `KeywordFinder.find`. Safe to call from several threads."""
        own = self._tenants.get(tenant)
        return self._finder.find(text, language, contact, more=own.index if own else None)

    def generation(self, tenant: str) -> int:
        """Returns the generation of the tenant's keywords that is looked for; 0 when there are none."""
        own = self._tenants.get(tenant)
        return max(own.generation, 0) if own else 0

    async def reached(self, tenant: str, generation: int, *, wait_seconds: float) -> None:
        """Returns when the keywords of at least a generation are looked for.

        Raises:
            KeywordsBehind: they are not in time.
        """
        if generation <= self.generation(tenant):
            return
        try:
            async with asyncio.timeout(wait_seconds):
                own = await self._awaited(tenant)
                while own.generation < generation:
                    await own.changed.wait()
        except TimeoutError:
            raise KeywordsBehind(asked=generation, generation=self.generation(tenant)) from None

    async def _awaited(self, name: str) -> _Tenant:
        """Returns a tenant, followed, once it has keywords; nothing is kept of one that has none."""
        while name not in self._tenants:
            async with self._parts.database.read() as tx:
                if (await store.keyword_set(tx, name)).generation:
                    break
            await asyncio.sleep(_AWAITED_SECONDS)
        return self._follow(name)

    async def open(self) -> None:
        """Returns when every tenant's keywords are looked for."""
        async with self._parts.database.read() as tx:
            names = await store.tenants(tx)
        for name in names:
            await self._load(self._tenants.setdefault(name, _Tenant(name)))

    async def run(self) -> None:
        """Follows all tenants, and those that come, until it is cancelled."""
        await self._following.run()

    def _follow(self, name: str) -> _Tenant:
        self._following.follow(name)
        return self._tenants.setdefault(name, _Tenant(name))

    async def _persist(self, name: str) -> None:
        """Follows; whatever goes wrong is tried again, because what stopped would find what is deleted."""
        own = self._tenants.setdefault(name, _Tenant(name))
        pause = _FIRST_PAUSE_SECONDS
        while True:
            before = own.generation
            try:
                await self._apply_all(own)
            except CursorExpired:  # the log was trimmed past us
                _log.info("keywords read anew", tenant=own.name)
                own.generation = -1
            except Failure as failure:
                _log.warning("keywords held up", tenant=own.name, reason=failure.reason)
            except Exception:  # noqa: BLE001  a bug here must not leave old keywords for good
                _log.exception("keywords held up", tenant=own.name)
            pause = _FIRST_PAUSE_SECONDS if own.generation > before else pause * 2
            await asyncio.sleep(min(pause, _LONGEST_PAUSE_SECONDS))

    async def _apply_all(self, own: _Tenant) -> None:
        if own.generation < 0:
            await self._load(own)
        followed = self._parts.log.follow(own.name, KEYWORDS, own.generation)
        async with aclosing(followed) as records:
            async for first in records:
                if first.position > own.generation:  # else it was in the batch of one before it
                    later = await self._parts.log.read(own.name, KEYWORDS, first.position, _EVENTS - 1)
                    payloads = [record.payload for record in (first, *later)]
                    await self._apply(own, payloads, first.position + len(later))

    async def _load(self, own: _Tenant) -> None:
        """Builds the index aside, as of one snapshot, and switches to it."""
        found: list[Keyword] = []
        async with self._parts.database.read() as tx:
            generation = (await store.keyword_set(tx, own.name)).generation
            after = ""
            while page := await store.page(tx, own.name, after, _PAGE):
                found += (stored.content for stored in page)
                after = page[-1].id
        count = len(found)
        own.index = await self._in_thread(partial(_index, own.name, self._own(found)))
        del found
        own.tell(generation)
        _log.info("keywords loaded", tenant=own.name, keywords=count, generation=generation)

    async def _apply(self, own: _Tenant, payloads: Sequence[bytes], generation: int) -> None:
        """Changes the index as events tell. What is read may be newer than they are; those to come then find it done."""
        ids = list({change.keyword_id for payload in payloads for change in events.decode(payload)})
        async with self._parts.database.read() as tx:
            present = await store.some(tx, own.name, ids)
        contents = self._own([stored.content for stored in present.values()])
        gone = [key for key in ids if key not in present]
        await self._in_thread(partial(_change, own.name, own.index, contents, gone))
        own.tell(generation)

    def _own(self, keywords: Sequence[Keyword]) -> list[Keyword]:
        """Returns those that no keyword of the file stands in the way of."""
        return [keyword for keyword in keywords if keyword.id not in self._parts.file]

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._parts.workers, work)


def _index(tenant: str, keywords: Sequence[Keyword]) -> KeywordIndex:
    return KeywordIndex(_usable(tenant, keywords))


def _change(tenant: str, index: KeywordIndex, keywords: Sequence[Keyword], gone: Sequence[str]) -> None:
    index.put(_usable(tenant, keywords))
    index.remove(gone)


def _usable(tenant: str, keywords: Sequence[Keyword]) -> list[Keyword]:
    """Returns the keywords that can be searched for; another version of RE2 may have taken a pattern that this one refuses."""
    found: list[Keyword] = []
    for keyword in keywords:
        try:
            for pattern in keyword.patterns:
                compile_pattern(pattern)
        except PatternRefused as refused:
            _log.error("keyword not looked for", tenant=tenant, keyword=keyword.id, problem=str(refused))
            continue
        found.append(keyword)
    return found
