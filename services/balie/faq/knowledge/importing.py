"""Imports of entries, each batch in a transaction of its own."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial

from balie.faq.domain import Collection, Entry, EntryContent
from balie.faq.errors import CollectionNotFound
from balie.faq.knowledge.store import Store
from balie.faq.knowledge.writing import EntryWriter, check_languages
from balie.kit.database import Database, Transaction
from balie.kit.errors import Failure
from balie.kit.imports.plan import Plan, digest_of
from balie.kit.imports.progress import ImportProgress, Problem
from balie.kit.imports.running import ImportRun, Written

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
    pretended: dict[str, bytes] = field(default_factory=dict)


class Importer:
    """Writes the entries of imports."""

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
        """Yields progress after each batch, and last when everything is done; see `ImportRun`.

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
        write = partial(self._write, _Import(tenant, collection_id, dry_run))
        run = ImportRun(parts, write, generation=collection.generation)
        async with aclosing(run.progress()) as messages:
            async for message in messages:
                yield message

    async def _write(self, state: _Import, batch: Sequence[Numbered]) -> Written:
        if state.dry_run:
            async with self._database.read() as tx:
                collection = await self._store.collection(tx, state.tenant, state.collection_id)
                if collection is None:
                    raise CollectionNotFound(state.collection_id)
                plan = await self._plan(tx, state, collection, batch)
            state.pretended |= {content.id: digest_of(content) for content, _ in plan.changes}
            generation = collection.generation
        else:
            async with self._database.write() as tx:
                collection = await self._writer.locked(tx, state.tenant, state.collection_id)
                plan = await self._plan(tx, state, collection, batch)
                generation = collection.generation
                if plan.changes:
                    written = await self._writer.write(tx, state.tenant, collection, plan.changes)
                    generation = written[-1].generation
        return Written(plan.created, plan.updated, plan.unchanged, generation, plan.problems)

    async def _plan(
        self, tx: Transaction, state: _Import, collection: Collection, batch: Sequence[Numbered]
    ) -> Plan[EntryContent, Entry]:
        ids = list({content.id for _, content in batch})
        stored = await self._store.entries(tx, state.tenant, collection.id, ids)
        present = {key: digest_of(entry.content) for key, entry in stored.items()}
        present |= {key: state.pretended[key] for key in ids if key in state.pretended}
        plan: Plan[EntryContent, Entry] = Plan(stored, present)
        for number, content in batch:
            try:
                check_languages(collection, content)
            except Failure as failure:
                plan.problems.append(Problem(number, content.id, failure.reason, failure.message))
                continue
            plan.add(content)
        return plan
