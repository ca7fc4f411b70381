"""Imports of keywords, each batch in a transaction of its own."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial

from balie.kit.database import Database, Transaction
from balie.kit.errors import Failure
from balie.kit.imports.plan import Plan, digest_of
from balie.kit.imports.progress import ImportProgress, Problem
from balie.kit.imports.running import ImportRun, Written
from balie.nlu.keywords import store
from balie.nlu.keywords.catalogue import FileKeywords, check_room
from balie.nlu.keywords.errors import KeywordReadOnly
from balie.nlu.keywords.keyword import Keyword
from balie.nlu.keywords.stored import KeywordSet, StoredKeyword
from balie.nlu.keywords.writing import KeywordWriter, grown_by

BATCH_KEYWORDS = 200


@dataclass
class _Import:
    """One import while it runs.

    Attributes:
        pretended: what a dry run would have written, by keyword.
        grown: how many keywords and patterns a dry run would have come to; None before its first batch.
    """

    tenant: str
    dry_run: bool
    pretended: dict[str, Keyword] = field(default_factory=dict)
    grown: KeywordSet | None = None


class KeywordImporter:
    """Writes the keywords of imports."""

    def __init__(self, database: Database, writer: KeywordWriter, file: FileKeywords) -> None:
        self._database = database
        self._writer = writer
        self._file = file

    async def run(
        self, tenant: str, parts: AsyncGenerator[Keyword | Problem, None], *, dry_run: bool = False
    ) -> AsyncGenerator[ImportProgress, None]:
        """Yields progress after each batch, and last when everything is done; see `ImportRun`.

        Args:
            tenant: whose keywords they are.
            parts: the keywords in order; a problem stands for one that is refused already.
            dry_run: whether to write nothing.
        """
        async with self._database.read() as tx:
            there = await store.keyword_set(tx, tenant)
        write = partial(self._write, _Import(tenant, dry_run))
        run = ImportRun(parts, write, generation=there.generation, batch_items=BATCH_KEYWORDS)
        async with aclosing(run.progress()) as messages:
            async for message in messages:
                yield message

    async def _write(self, state: _Import, batch: Sequence[tuple[int, Keyword]]) -> Written:
        if state.dry_run:
            async with self._database.read() as tx:
                before = state.grown or await store.keyword_set(tx, state.tenant)
                plan, state.grown = await self._plan(tx, state, before, batch)
            state.pretended |= {content.id: content for content, _ in plan.changes}
            generation = before.generation
        else:
            async with self._database.write() as tx:
                before = await store.locked(tx, state.tenant)
                plan, _ = await self._plan(tx, state, before, batch)
                generation = before.generation
                if plan.changes:
                    written = await self._writer.write(tx, before, plan.changes)
                    generation = written[-1].generation
        return Written(plan.created, plan.updated, plan.unchanged, generation, plan.problems)

    async def _plan(
        self, tx: Transaction, state: _Import, before: KeywordSet, batch: Sequence[tuple[int, Keyword]]
    ) -> tuple[Plan[Keyword, StoredKeyword], KeywordSet]:
        """Returns what a batch changes, and how many keywords there are then."""
        ids = list({content.id for _, content in batch})
        stored = await store.some(tx, state.tenant, ids)
        present = {key: one.content for key, one in stored.items()}
        present |= {key: state.pretended[key] for key in ids if key in state.pretended}
        plan: Plan[Keyword, StoredKeyword] = Plan(
            stored, {key: digest_of(content) for key, content in present.items()}
        )
        now = before
        for number, content in batch:
            grown = grown_by(now, content, present.get(content.id))
            try:
                if content.id in self._file:
                    raise KeywordReadOnly(content.id)
                check_room(grown, now)
            except Failure as failure:
                plan.problems.append(Problem(number, content.id, failure.reason, failure.message))
                continue
            plan.add(content)
            now, present[content.id] = grown, content
        return plan, now
