"""The outbox in the database: what the handoff service is still to be told."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Row

from balie.gateway.ports import Report, ReportKind
from balie.gateway.tables import outbox
from balie.kit.database import Transaction

_KEY = (outbox.c.tenant, outbox.c.conversation_id, outbox.c.seq, outbox.c.kind)


async def insert(tx: Transaction, report: Report) -> None:
    """Stores what is to be told; the conversation is locked."""
    await tx.execute(tx.insert(outbox).values(asdict(report)))


async def first(tx: Transaction, limit: int) -> Sequence[Report]:
    """Returns what is to be told, each conversation's in order and without a gap, at most `limit`."""
    return [_report(row) for row in await tx.all(sa.select(outbox).order_by(*_KEY).limit(limit))]


async def delete(tx: Transaction, reports: Sequence[Report]) -> None:
    """Forgets what was told."""
    keys = [(report.tenant, report.conversation_id, report.seq, report.kind) for report in reports]
    await tx.execute(sa.delete(outbox).where(sa.tuple_(*_KEY).in_(keys)))


def _report(row: Row[Any]) -> Report:
    return Report(
        tenant=row.tenant,
        conversation_id=row.conversation_id,
        seq=row.seq,
        kind=ReportKind(row.kind),
        handoff_id=row.handoff_id,
        happened_at=row.happened_at,
        rating=row.rating,
    )
