"""Canned replies in the database: how they are read and written."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from balie.handoff.canned_replies.errors import CannedReplyNotFound
from balie.handoff.canned_replies.reply import CannedReply
from balie.handoff.tables import canned_replies, canned_reply_queues
from balie.kit.database import Transaction

_COLUMNS = ("shortcut", "language", "title", "text", "updated_at")
_LAST_CHARACTER = "\x7f"  # after every character that a shortcut may have


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which replies are wanted; what is empty does not matter."""

    language: str = ""
    queue_id: str = ""
    shortcut_prefix: str = ""


async def reply(tx: Transaction, tenant: str, reply_id: str) -> CannedReply:
    """Returns a canned reply.

    Raises:
        CannedReplyNotFound: there is none.
    """
    found = await _with_queues(tx, tenant, _replies(tenant).where(canned_replies.c.id == reply_id))
    if not found:
        raise CannedReplyNotFound(reply_id)
    return found[0]


async def holder(tx: Transaction, tenant: str, shortcut: str, language: str) -> str:
    """Returns the reply that has a shortcut in a language; empty when none has."""
    columns = canned_replies.c
    return (
        await tx.scalar(
            sa.select(columns.id).where(
                columns.tenant == tenant, columns.language == language, columns.shortcut == shortcut
            )
        )
        or ""
    )


async def listed(
    tx: Transaction, tenant: str, wanted: Wanted, *, after: tuple[str, str] | None, limit: int
) -> list[CannedReply]:
    """Returns replies by shortcut, then language, those after one."""
    columns = canned_replies.c
    page = _replies(tenant).order_by(columns.shortcut, columns.language).limit(limit)
    if wanted.language:
        page = page.where(columns.language == wanted.language)
    if wanted.queue_id:
        page = page.where(_is_for(wanted.queue_id))
    if prefix := wanted.shortcut_prefix:
        page = page.where(columns.shortcut >= prefix, columns.shortcut < prefix + _LAST_CHARACTER)
    if after is not None:
        place = sa.tuple_(*(sa.literal(part, columns.shortcut.type) for part in after))
        page = page.where(sa.tuple_(columns.shortcut, columns.language) > place)
    return await _with_queues(tx, tenant, page)


async def put(tx: Transaction, tenant: str, given: CannedReply, *, now: datetime) -> CannedReply:
    """Stores a reply in place of the one of this id, and returns it as it is stored."""
    stored = replace(given, updated_at=now)
    values = {name: getattr(stored, name) for name in _COLUMNS}
    statement = tx.insert(canned_replies).values(tenant=tenant, id=given.id, **values)
    await tx.execute(
        statement.on_conflict_do_update(
            index_elements=[canned_replies.c.tenant, canned_replies.c.id],
            set_={name: statement.excluded[name] for name in _COLUMNS},
        )
    )
    await _put_queues(tx, tenant, given.id, given.queue_ids)
    return stored


async def delete(tx: Transaction, tenant: str, reply_id: str) -> None:
    """Deletes a reply."""
    await _put_queues(tx, tenant, reply_id, ())
    columns = canned_replies.c
    await tx.execute(sa.delete(canned_replies).where(columns.tenant == tenant, columns.id == reply_id))


async def _put_queues(tx: Transaction, tenant: str, reply_id: str, queue_ids: Iterable[str]) -> None:
    links = canned_reply_queues.c
    await tx.execute(
        sa.delete(canned_reply_queues).where(links.tenant == tenant, links.canned_reply_id == reply_id)
    )
    rows = [
        {"tenant": tenant, "canned_reply_id": reply_id, "place": place, "queue_id": queue_id}
        for place, queue_id in enumerate(queue_ids)
    ]
    if rows:
        await tx.execute(sa.insert(canned_reply_queues), rows)


def _is_for(queue_id: str) -> sa.ColumnElement[bool]:
    links = canned_reply_queues.c
    mine = sa.exists().where(
        links.tenant == canned_replies.c.tenant, links.canned_reply_id == canned_replies.c.id
    )
    return sa.or_(~mine, mine.where(links.queue_id == queue_id))


def _replies(tenant: str) -> sa.Select[Any]:
    return sa.select(canned_replies).where(canned_replies.c.tenant == tenant)


async def _with_queues(tx: Transaction, tenant: str, statement: sa.Select[Any]) -> list[CannedReply]:
    rows: Sequence[sa.Row[Any]] = await tx.all(statement)
    links = canned_reply_queues.c
    queues: dict[str, list[str]] = {row.id: [] for row in rows}
    linked = (
        sa.select(links.canned_reply_id, links.queue_id)
        .where(links.tenant == tenant, links.canned_reply_id.in_(queues))
        .order_by(links.canned_reply_id, links.place)
    )
    for link in await tx.all(linked):
        queues[link.canned_reply_id].append(link.queue_id)
    return [
        CannedReply(
            row.id, row.shortcut, row.language, row.title, row.text, tuple(queues[row.id]), row.updated_at
        )
        for row in rows
    ]
