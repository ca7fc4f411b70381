"""Imports of entries, each batch in a transaction of its own."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial

from balie.faq.errors import CollectionNotFound
from balie.faq.knowledge.domain import Collection, Entry, EntryContent, ImportOrder, Prune
from balie.faq.knowledge.pruning import Held, Pruner
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
    by: str
    order: ImportOrder
    held: Held
    pretended: dict[str, bytes] = field(default_factory=dict)


class Importer:
    """Writes the entries of imports."""

    def __init__(self, database: Database, store: Store, writer: EntryWriter) -> None:
        self._database = database
        self._store = store
        self._writer = writer
        self._pruner = Pruner(database, store, writer)

    async def run(
        self,
        tenant: str,
        order: ImportOrder,
        parts: AsyncGenerator[EntryContent | Problem, None],
        *,
        by: str,
    ) -> AsyncGenerator[ImportProgress, None]:
        """Yields progress after each batch, and last when everything is done; see `ImportRun`.

        What the import does not hold is taken out at its end, if so ordered: when something came, nothing was refused,
        and `parts` ended by itself.

        Args:
            tenant: whose collection it is.
            order: what to do.
            parts: the entries in order; a problem stands for one that is refused already.
            by: who imports, `role:id`.

        Raises:
            CollectionNotFound: there is no such collection, or it went meanwhile.
        """
        async with self._database.read() as tx:
            collection = await self._store.collection(tx, tenant, order.collection_id)
        if collection is None:
            raise CollectionNotFound(order.collection_id)
        state = _Import(tenant, by, order, Held(order.prune, since=collection.generation))
        run = ImportRun(parts, partial(self._write, state), generation=collection.generation)
        async with aclosing(run.progress()) as messages:
            async for message in messages:
                if message.done and order.prune is not Prune.NOTHING:
                    async with aclosing(self._prune(state, message)) as rest:
                        async for step in rest:
                            yield step
                else:
                    yield message

    async def _prune(self, state: _Import, done: ImportProgress) -> AsyncGenerator[ImportProgress, None]:
        """Yields progress after each batch taken out, and last that everything is done."""
        counts = done.counts
        if counts.received and not counts.refused:
            order = state.order
            steps = self._pruner.run(
                state.tenant, order.collection_id, state.held, dry_run=order.dry_run, by=state.by
            )
            async with aclosing(steps) as batches:
                async for taken, generation in batches:
                    counts = replace(
                        counts, pruned=counts.pruned + taken, generation=generation or counts.generation
                    )
                    yield ImportProgress(counts, (), done=False)
        yield replace(done, counts=counts)

    async def _write(self, state: _Import, batch: Sequence[Numbered]) -> Written:
        state.held.add(content.id for _, content in batch)
        if state.order.dry_run:
            async with self._database.read() as tx:
                collection = await self._store.collection(tx, state.tenant, state.order.collection_id)
                if collection is None:
                    raise CollectionNotFound(state.order.collection_id)
                plan = await self._plan(tx, state, collection, batch)
            state.pretended |= {content.id: digest_of(content) for content, _ in plan.changes}
            generation = collection.generation
        else:
            async with self._database.write() as tx:
                collection = await self._writer.locked(tx, state.tenant, state.order.collection_id)
                plan = await self._plan(tx, state, collection, batch)
                generation = collection.generation
                if plan.changes:
                    written = await self._writer.write(
                        tx, state.tenant, collection, plan.changes, by=state.by
                    )
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
