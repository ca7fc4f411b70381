"""Who trains which model, in SQL: one at a time, for as long as it renews its lease.

Every method works in the transaction of its caller.
"""

from datetime import datetime

import sqlalchemy as sa

from balie.kit.database import Transaction
from balie.nlu.models.domain import Key, ModelState
from balie.nlu.tables import models


async def claim(tx: Transaction, replica: str, now: datetime, until: datetime) -> tuple[Key, int] | None:
    """Returns a model that nobody trains, the one that waits longest, and the how manieth attempt this is.

    None when there is nothing to train. Of two that claim at once, each gets another.
    """
    row = await tx.one(
        sa.select(models.c.tenant, models.c.version)
        .where(
            models.c.state == ModelState.TRAINING.name,
            sa.or_(models.c.lease_until.is_(None), models.c.lease_until < now),
        )
        .order_by(models.c.created_at, models.c.version)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if row is None:
        return None
    attempts = await tx.scalar(
        sa.update(models)
        .where(models.c.tenant == row.tenant, models.c.version == row.version)
        .values(lease_holder=replica, lease_until=until, attempts=models.c.attempts + 1, updated_at=now)
        .returning(models.c.attempts)
    )
    return (row.tenant, row.version), int(attempts)


async def renew(
    tx: Transaction, key: Key, replica: str, until: datetime, now: datetime, step: str, share: float
) -> bool:
    """Returns whether the replica still holds the lease, which then lasts longer; notes the progress."""
    renewed = await tx.execute(
        sa.update(models)
        .where(*_held(key, replica))
        .values(lease_until=until, updated_at=now, step=step, share=share)
    )
    return bool(renewed.rowcount)


async def hold(tx: Transaction, key: Key, replica: str) -> bool:
    """Returns whether the replica holds the lease, which nobody takes until this transaction ends."""
    query = sa.select(models.c.version).where(*_held(key, replica))
    return await tx.one(query.with_for_update()) is not None


async def release(tx: Transaction, key: Key, replica: str) -> None:
    """Gives a lease back, as if the attempt had never begun."""
    await tx.execute(
        sa.update(models)
        .where(*_held(key, replica))
        .values(lease_holder=None, lease_until=None, attempts=models.c.attempts - 1)
    )


async def drop_all(tx: Transaction) -> None:
    """Takes every lease back; for a database that one process alone uses, which has just begun."""
    held = sa.update(models).where(models.c.lease_holder.is_not(None))
    await tx.execute(held.values(lease_holder=None, lease_until=None))


def _held(key: Key, replica: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        models.c.tenant == key[0],
        models.c.version == key[1],
        models.c.state == ModelState.TRAINING.name,
        models.c.lease_holder == replica,
    )
