"""Writes of keywords, as single calls and imports share them: rows, counts and one event together."""

from collections.abc import Sequence
from dataclasses import replace

from balie.kit.database import Transaction
from balie.kit.eventlog import EventLog
from balie.nlu.keywords import events, store
from balie.nlu.keywords.keyword import Keyword
from balie.nlu.keywords.stored import KeywordChange, KeywordSet, StoredKeyword
from balie.nlu.topics import KEYWORDS

Change = tuple[Keyword, StoredKeyword | None]
"""What a keyword shall be, and the one that is there."""


class KeywordWriter:
    """Changes keywords in the transaction of its caller, which holds the row of the tenant's set."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    async def write(
        self, tx: Transaction, before: KeywordSet, changes: Sequence[Change]
    ) -> list[StoredKeyword]:
        """Returns keywords as they are now stored.

        Args:
            tx: the writing transaction.
            before: as `store.locked` returned it.
            changes: at least one, no keyword twice, each different from what is there.
        """
        told = [KeywordChange(content.id, old.revision + 1 if old else 1) for content, old in changes]
        record = await self._log.append(tx, before.tenant, KEYWORDS, events.encode(told))
        written = [
            StoredKeyword(
                content=content,
                revision=change.revision,
                generation=record.position,
                created_at=old.created_at if old else record.recorded_at,
                updated_at=record.recorded_at,
            )
            for (content, old), change in zip(changes, told, strict=True)
        ]
        await store.save(tx, before.tenant, written)
        now = before
        for content, old in changes:
            now = grown_by(now, content, old.content if old else None)
        await store.save_set(tx, replace(now, generation=record.position))
        return written

    async def delete(self, tx: Transaction, before: KeywordSet, gone: StoredKeyword) -> int:
        """Deletes a keyword and returns the generation from which on it is gone."""
        change = KeywordChange(gone.id, gone.revision + 1, deleted=True)
        record = await self._log.append(tx, before.tenant, KEYWORDS, events.encode([change]))
        await store.delete(tx, before.tenant, gone.id)
        left = replace(
            before,
            generation=record.position,
            keywords=before.keywords - 1,
            patterns=before.patterns - len(gone.content.patterns),
        )
        await store.save_set(tx, left)
        return record.position


def grown_by(before: KeywordSet, content: Keyword, old: Keyword | None) -> KeywordSet:
    """Returns how many keywords and patterns there are once a keyword is written, in the place of another or of none."""
    return replace(
        before,
        keywords=before.keywords + (old is None),
        patterns=before.patterns + len(content.patterns) - (len(old.patterns) if old else 0),
    )
