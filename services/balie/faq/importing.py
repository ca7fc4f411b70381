"""Imports: entries in a stream, written in batches, with progress that a slow reader cannot hold up."""

import asyncio
import hashlib
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass, field, replace

from balie.faq.domain import Collection, Entry, EntryContent, ImportCounts, ImportProgress, Problem
from balie.faq.errors import CollectionNotFound
from balie.faq.mailbox import Mailbox
from balie.faq.store import Store
from balie.faq.writing import EntryWriter, check_languages
from balie.kit.database import Database, Transaction
from balie.kit.errors import Failure

BATCH_ENTRIES = 100
_BATCH_CHARACTERS = 2_000_000
"""A batch ends here as well, so that entries of the greatest size do not fill the memory."""

Numbered = tuple[int, EntryContent]


@dataclass
class _Import:
    """One import while it runs.

    Attributes:
        pretended: what a dry run would have written, as digests by entry id.
    """

    tenant: str
    collection_id: str
    dry_run: bool
    counts: ImportCounts = field(default_factory=ImportCounts)
    pretended: dict[str, bytes] = field(default_factory=dict)


class Importer:
    """Writes the entries of imports, each batch in a transaction of its own."""

    def __init__(self, database: Database, store: Store, writer: EntryWriter) -> None:
        self._database = database
        self._store = store
        self._writer = writer

    async def run(
        self,
        tenant: str,
        collection_id: str,
        parts: AsyncGenerator[EntryContent | Problem, None],
        *,
        dry_run: bool = False,
    ) -> AsyncGenerator[ImportProgress, None]:
        """Yields progress after each batch, and last when everything is done.

        Entries are read and written whether or not anybody reads the progress: what was not read yet is joined to
        one message. When the caller leaves, whole batches stay written and nothing else.

        Args:
            tenant: whose collection it is.
            collection_id: the collection.
            parts: the entries in order; a problem stands for one that is refused already.
            dry_run: whether to write nothing.

        Raises:
            CollectionNotFound: there is no such collection, or it went meanwhile.
        """
        async with self._database.read() as tx:
            collection = await self._store.collection(tx, tenant, collection_id)
        if collection is None:
            raise CollectionNotFound(collection_id)
        state = _Import(tenant, collection_id, dry_run, ImportCounts(generation=collection.generation))
        mailbox = Mailbox()
        work = asyncio.create_task(self._work(state, parts, mailbox))
        try:
            async with aclosing(mailbox.messages()) as messages:
                async for progress in messages:
                    yield progress
            await work
            yield ImportProgress(state.counts, (), done=True)
        finally:
            work.cancel()
            await asyncio.wait({work})
            if not work.cancelled():
                work.exception()  # raised above, or the caller has left: retrieved, or asyncio would report it

    async def _work(
        self, state: _Import, parts: AsyncGenerator[EntryContent | Problem, None], mailbox: Mailbox
    ) -> None:
        try:
            batch: list[Numbered] = []
            problems: list[Problem] = []
            characters = 0
            async with aclosing(parts):
                async for part in parts:
                    state.counts = replace(state.counts, received=state.counts.received + 1)
                    if isinstance(part, Problem):
                        problems.append(part)
                    else:
                        batch.append((state.counts.received, part))
                        characters += part.size()
                    if len(batch) + len(problems) >= BATCH_ENTRIES or characters >= _BATCH_CHARACTERS:
                        await self._flush(state, batch, problems, mailbox)
                        batch, problems, characters = [], [], 0
            if batch or problems:
                await self._flush(state, batch, problems, mailbox)
        finally:
            mailbox.close()

    async def _flush(
        self, state: _Import, batch: Sequence[Numbered], problems: list[Problem], mailbox: Mailbox
    ) -> None:
        if batch:
            problems += await self._write(state, batch)
        problems.sort(key=lambda problem: problem.number)
        state.counts = replace(state.counts, refused=state.counts.refused + len(problems))
        await mailbox.put(state.counts, problems)

    async def _write(self, state: _Import, batch: Sequence[Numbered]) -> list[Problem]:
        """Writes a batch, counts it, and returns what was refused of it."""
        if state.dry_run:
            async with self._database.read() as tx:
                collection = await self._store.collection(tx, state.tenant, state.collection_id)
                if collection is None:
                    raise CollectionNotFound(state.collection_id)
                plan = await self._plan(tx, state, collection, batch)
            state.pretended |= {content.id: _digest(content) for content, _ in plan.changes}
            generation = collection.generation
        else:
            async with self._database.write() as tx:
                collection = await self._writer.locked(tx, state.tenant, state.collection_id)
                plan = await self._plan(tx, state, collection, batch)
                generation = collection.generation
                if plan.changes:
                    written = await self._writer.write(tx, state.tenant, collection, plan.changes)
                    generation = written[-1].generation
        state.counts = replace(
            state.counts,
            created=state.counts.created + plan.created,
            updated=state.counts.updated + plan.updated,
            unchanged=state.counts.unchanged + plan.unchanged,
            generation=generation,
        )
        return plan.problems

    async def _plan(
        self, tx: Transaction, state: _Import, collection: Collection, batch: Sequence[Numbered]
    ) -> "_Plan":
        """Returns what a batch changes; an entry that comes twice in it counts twice and is written once."""
        ids = list({content.id for _, content in batch})
        stored = await self._store.entries(tx, state.tenant, collection.id, ids)
        present = {key: _digest(entry.content) for key, entry in stored.items()}
        present |= {key: state.pretended[key] for key in ids if key in state.pretended}
        plan = _Plan(before=stored, digests=dict(present))
        for number, content in batch:
            try:
                check_languages(collection, content)
            except Failure as failure:
                plan.problems.append(Problem(number, content.id, failure.reason, failure.message))
                continue
            plan.add(content)
        plan.drop_undone(present)
        return plan


@dataclass
class _Plan:
    """What a batch changes, and how that is counted.

    Attributes:
        before: the entries that are there, by id.
        digests: what each entry holds after the batch so far.
    """

    before: dict[str, Entry]
    digests: dict[str, bytes]
    contents: dict[str, EntryContent] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    created: int = 0
    updated: int = 0
    unchanged: int = 0

    @property
    def changes(self) -> list[tuple[EntryContent, Entry | None]]:
        """Returns what is to be written."""
        return [(content, self.before.get(key)) for key, content in self.contents.items()]

    def add(self, content: EntryContent) -> None:
        """Counts an entry, and plans to write it when it differs from what is there."""
        digest = _digest(content)
        if self.digests.get(content.id) == digest:
            self.unchanged += 1
            return
        if content.id in self.digests:
            self.updated += 1
        else:
            self.created += 1
        self.digests[content.id] = digest
        self.contents[content.id] = content

    def drop_undone(self, present: dict[str, bytes]) -> None:
        """Drops what a later entry of the batch has set back to what is there."""
        for key in [key for key in self.contents if present.get(key) == self.digests[key]]:
            del self.contents[key]


def _digest(content: EntryContent) -> bytes:
    return hashlib.sha256(json.dumps(asdict(content), sort_keys=True).encode()).digest()
