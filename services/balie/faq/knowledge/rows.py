"""Collections, entries and their texts as rows of tables, and back."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from balie.faq.knowledge.domain import (
    Collection,
    CollectionContent,
    Entry,
    EntryContent,
    EntryState,
    EntryText,
)

REPLACED = (
    "revision",
    "generation",
    "tags",
    "metadata",
    "state",
    "valid_from",
    "valid_until",
    "audience",
    "market",
    "updated_at",
)
"""Columns of an entry that a change replaces."""


def collection_of(row: sa.Row[Any]) -> Collection:
    """Returns the collection of a row."""
    return Collection(
        content=CollectionContent(row.id, row.display_name, tuple(row.languages), tuple(row.fallback)),
        own_generation=row.own_generation,
        generation=row.generation,
        entry_count=row.entry_count,
        created_at=row.created_at,
        updated_at=row.updated_at,
        changed_at=row.changed_at,
    )


def collection_row(tenant: str, collection: Collection) -> Mapping[str, object]:
    """Returns a collection as a row."""
    return {
        "tenant": tenant,
        "id": collection.id,
        "display_name": collection.content.display_name,
        "languages": list(collection.content.languages),
        "fallback": list(collection.content.fallback),
        "own_generation": collection.own_generation,
        "generation": collection.generation,
        "entry_count": collection.entry_count,
        "created_at": collection.created_at,
        "updated_at": collection.updated_at,
        "changed_at": collection.changed_at,
    }


def entry_of(row: sa.Row[Any], texts: tuple[EntryText, ...]) -> Entry:
    """Returns the entry of a row and its texts."""
    return Entry(
        collection_id=row.collection_id,
        content=EntryContent(
            id=row.id,
            texts=texts,
            tags=tuple(row.tags),
            metadata=dict(row.metadata),
            state=EntryState(row.state),
            valid_from=row.valid_from,
            valid_until=row.valid_until,
            audience=tuple(row.audience),
            market=tuple(row.market),
        ),
        number=row.number,
        revision=row.revision,
        generation=row.generation,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def entry_row(tenant: str, entry: Entry) -> Mapping[str, object]:
    """Returns an entry as a row."""
    return {
        "tenant": tenant,
        "collection_id": entry.collection_id,
        "id": entry.id,
        "number": entry.number,
        "revision": entry.revision,
        "generation": entry.generation,
        "tags": list(entry.content.tags),
        "metadata": dict(entry.content.metadata),
        "state": entry.content.state.value,
        "valid_from": entry.content.valid_from,
        "valid_until": entry.content.valid_until,
        "audience": list(entry.content.audience),
        "market": list(entry.content.market),
        "created_at": entry.created_at,
        "updated_at": entry.updated_at,
    }


def text_rows(tenant: str, entry: Entry) -> list[Mapping[str, object]]:
    """Returns an entry's texts as rows, in their order."""
    return [
        {
            "tenant": tenant,
            "number": entry.number,
            "place": place,
            "language": text.language,
            "question": text.question,
            "phrasings": list(text.phrasings),
            "answer": text.answer,
        }
        for place, text in enumerate(entry.content.texts)
    ]
