"""Keywords in SQL: the truth. Every function works in the transaction of its caller."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from balie.kit.database import Transaction
from balie.nlu.domain import Target, TargetKind
from balie.nlu.keywords.keyword import Keyword, Pattern
from balie.nlu.keywords.stored import KeywordSet, StoredKeyword
from balie.nlu.tables import keyword_sets, keywords

_REPLACED = ("revision", "generation", "content", "updated_at")


async def tenants(tx: Transaction) -> list[str]:
    """Returns every tenant that ever had keywords."""
    return [row.tenant for row in await tx.all(sa.select(keyword_sets.c.tenant))]


async def keyword_set(tx: Transaction, tenant: str) -> KeywordSet:
    """Returns how many keywords a tenant has, and of which generation."""
    row = await tx.one(sa.select(keyword_sets).where(keyword_sets.c.tenant == tenant))
    return _set(row) if row else KeywordSet(tenant)


async def locked(tx: Transaction, tenant: str) -> KeywordSet:
    """Returns the same; other writers of the tenant's keywords wait until this transaction ends."""
    empty = tx.insert(keyword_sets).values(tenant=tenant, generation=0, keyword_count=0, pattern_count=0)
    await tx.execute(empty.on_conflict_do_nothing(index_elements=[keyword_sets.c.tenant]))
    query = sa.select(keyword_sets).where(keyword_sets.c.tenant == tenant).with_for_update()
    (row,) = await tx.all(query)
    return _set(row)


async def save_set(tx: Transaction, changed: KeywordSet) -> None:
    """Writes how many keywords a tenant has; the row is there."""
    await tx.execute(
        sa.update(keyword_sets)
        .where(keyword_sets.c.tenant == changed.tenant)
        .values(
            generation=changed.generation,
            keyword_count=changed.keywords,
            pattern_count=changed.patterns,
        )
    )


async def some(tx: Transaction, tenant: str, ids: Sequence[str]) -> dict[str, StoredKeyword]:
    """Returns those of some keywords that exist, by id."""
    query = sa.select(keywords).where(keywords.c.tenant == tenant, keywords.c.id.in_(ids))
    return {row.id: _stored(row) for row in await tx.all(query)}


async def page(tx: Transaction, tenant: str, after: str, limit: int) -> list[StoredKeyword]:
    """Returns a tenant's keywords after an id, by id, at most `limit`."""
    query = sa.select(keywords).where(keywords.c.tenant == tenant, keywords.c.id > after)
    return [_stored(row) for row in await tx.all(query.order_by(keywords.c.id).limit(limit))]


async def save(tx: Transaction, tenant: str, changed: Sequence[StoredKeyword]) -> None:
    """Writes keywords whole, new ones and ones that are there."""
    statement = tx.insert(keywords)
    statement = statement.on_conflict_do_update(
        index_elements=list(keywords.primary_key),
        set_={name: statement.excluded[name] for name in _REPLACED},
    )
    await tx.execute(statement, [_row(tenant, stored) for stored in changed])


async def delete(tx: Transaction, tenant: str, keyword_id: str) -> None:
    """Deletes a keyword."""
    await tx.execute(sa.delete(keywords).where(keywords.c.tenant == tenant, keywords.c.id == keyword_id))


def _set(row: sa.Row[Any]) -> KeywordSet:
    return KeywordSet(row.tenant, row.generation, row.keyword_count, row.pattern_count)


def _stored(row: sa.Row[Any]) -> StoredKeyword:
    content = row.content
    return StoredKeyword(
        content=Keyword(
            id=row.id,
            target=Target(TargetKind(content["target"]["kind"]), content["target"]["name"]),
            terms={language: tuple(ways) for language, ways in content["terms"].items()},
            patterns=tuple(Pattern(**pattern) for pattern in content["patterns"]),
            literal=content["literal"],
        ),
        revision=row.revision,
        generation=row.generation,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _row(tenant: str, stored: StoredKeyword) -> Mapping[str, object]:
    content = stored.content
    return {
        "tenant": tenant,
        "id": stored.id,
        "revision": stored.revision,
        "generation": stored.generation,
        "content": {
            "target": {"kind": content.target.kind.value, "name": content.target.name},
            "terms": {language: list(ways) for language, ways in content.terms.items()},
            "patterns": [
                {"expression": pattern.expression, "check": pattern.check} for pattern in content.patterns
            ],
            "literal": content.literal,
        },
        "created_at": stored.created_at,
        "updated_at": stored.updated_at,
    }
