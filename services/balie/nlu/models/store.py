"""Models and activations in SQL: the truth. Every method works in the transaction of its caller."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import ValidationError

from balie.kit.database import Transaction
from balie.nlu.artifacts import Manifest
from balie.nlu.jobs import Task
from balie.nlu.models.domain import Activation, FailureReason, Key, Model, ModelState, TrainingFailure
from balie.nlu.tables import activations, models, training_chunks


async def add(
    tx: Transaction, key: Key, display_name: str, task: Task, now: datetime, state: ModelState
) -> bool:
    """Returns whether this transaction made the model; if not, there is one of that version already.

    Of two transactions that make the same one at once, the second waits until the first has ended.
    """
    statement = tx.insert(models).values(
        tenant=key[0],
        version=key[1],
        display_name=display_name,
        state=state.name,
        engine=task.engine,
        options=task.options,
        languages=list(task.languages),
        promise=asdict(task.promise),
        example_count=0,
        step="",
        share=0.0,
        attempts=0,
        size_bytes=0,
        created_at=now,
        updated_at=now,
    )
    made = await tx.one(
        statement.on_conflict_do_nothing(index_elements=list(models.primary_key)).returning(models.c.version)
    )
    return made is not None


async def model(tx: Transaction, key: Key, *, lock: bool = False) -> Model | None:
    """Returns a model, None when there is none.

    Args:
        tx: the transaction to look in.
        key: its tenant and version.
        lock: whether other writers of the model wait until this transaction ends.
    """
    query = sa.select(models).where(*_is(key))
    row = await tx.one(query.with_for_update() if lock else query)
    return _model(row) if row else None


async def page(
    tx: Transaction, tenant: str, before: tuple[datetime, str] | None, limit: int
) -> Sequence[Model]:
    """Returns the tenant's models that were asked for before one, newest first, at most `limit`."""
    query = sa.select(models).where(models.c.tenant == tenant, models.c.state != ModelState.RECEIVING.name)
    if before is not None:
        moment, version = before
        query = query.where(
            sa.or_(
                models.c.created_at < moment,
                sa.and_(models.c.created_at == moment, models.c.version < version),
            )
        )
    rows = await tx.all(query.order_by(models.c.created_at.desc(), models.c.version.desc()).limit(limit))
    return [_model(row) for row in rows]


async def count(tx: Transaction, tenant: str, *states: ModelState) -> int:
    """Returns how many of the tenant's models are in one of these states."""
    query = sa.select(sa.func.count()).select_from(models)
    names = [state.name for state in states]
    return int(await tx.scalar(query.where(models.c.tenant == tenant, models.c.state.in_(names))))


async def add_examples(tx: Transaction, key: Key, place: int, data: bytes) -> None:
    """Stores a chunk of what a model is trained from."""
    values = {"tenant": key[0], "version": key[1], "place": place, "data": data}
    await tx.execute(sa.insert(training_chunks).values(values))


async def examples(tx: Transaction, key: Key, place: int) -> bytes | None:
    """Returns a chunk of what a model is trained from, None after the last."""
    found = await tx.scalar(
        sa.select(training_chunks.c.data).where(
            training_chunks.c.tenant == key[0],
            training_chunks.c.version == key[1],
            training_chunks.c.place == place,
        )
    )
    return None if found is None else bytes(found)


async def copy_examples(tx: Transaction, source: Key, target: Key) -> None:
    """Gives a model the examples of another of its tenant's."""
    same = training_chunks.c.tenant == source[0], training_chunks.c.version == source[1]
    columns = ["tenant", "version", "place", "data"]
    chosen = sa.select(
        training_chunks.c.tenant, sa.literal(target[1]), training_chunks.c.place, training_chunks.c.data
    ).where(*same)
    await tx.execute(sa.insert(training_chunks).from_select(columns, chosen))


async def submit(tx: Transaction, key: Key, example_count: int, now: datetime) -> None:
    """Lets a model be trained, from its beginning."""
    await tx.execute(
        sa.update(models)
        .where(*_is(key))
        .values(
            state=ModelState.TRAINING.name,
            example_count=example_count,
            step="waiting",
            share=0.0,
            attempts=0,
            lease_holder=None,
            lease_until=None,
            failure_reason=None,
            failure=None,
            manifest=None,
            updated_at=now,
            ended_at=None,
        )
    )


async def succeed(tx: Transaction, key: Key, manifest: Manifest, size_bytes: int, now: datetime) -> None:
    """Makes a model ready."""
    await tx.execute(
        sa.update(models)
        .where(*_is(key))
        .values(
            state=ModelState.READY.name,
            manifest=manifest.model_dump(mode="json"),
            size_bytes=size_bytes,
            step="done",
            share=1.0,
            lease_holder=None,
            lease_until=None,
            updated_at=now,
            ended_at=now,
        )
    )


async def fail(tx: Transaction, key: Key, failure: TrainingFailure, now: datetime) -> None:
    """Makes a model failed."""
    await tx.execute(
        sa.update(models)
        .where(*_is(key))
        .values(
            state=ModelState.FAILED.name,
            failure_reason=failure.reason.name,
            failure=failure.message,
            lease_holder=None,
            lease_until=None,
            updated_at=now,
            ended_at=now,
        )
    )


async def delete(tx: Transaction, key: Key) -> None:
    """Deletes a model with everything that is its own."""
    await tx.execute(sa.delete(models).where(*_is(key)))


async def delete_unreceived(tx: Transaction, before: datetime) -> int:
    """Returns how many models were deleted whose examples stopped coming before a moment."""
    stale = sa.delete(models).where(models.c.state == ModelState.RECEIVING.name, models.c.updated_at < before)
    return (await tx.execute(stale)).rowcount


async def touch(tx: Transaction, key: Key, now: datetime) -> None:
    """Notes that examples still come."""
    await tx.execute(sa.update(models).where(*_is(key)).values(updated_at=now))


async def active(tx: Transaction, tenant: str) -> Activation | None:
    """Returns the tenant's newest activation, None when there was none."""
    found = await history(tx, tenant, 1)
    return found[0] if found else None


async def history(tx: Transaction, tenant: str, limit: int) -> Sequence[Activation]:
    """Returns the tenant's activations, newest first, at most `limit`."""
    query = sa.select(activations).where(activations.c.tenant == tenant)
    rows = await tx.all(query.order_by(activations.c.number.desc()).limit(limit))
    return [Activation(row.tenant, row.number, row.version, row.activated_at) for row in rows]


async def activate(tx: Transaction, activation: Activation) -> None:
    """Stores an activation."""
    await tx.execute(sa.insert(activations).values(asdict(activation)))


async def tenants(tx: Transaction) -> Sequence[str]:
    """Returns every tenant that ever activated a model."""
    return [row.tenant for row in await tx.all(sa.select(activations.c.tenant).distinct())]


def _is(key: Key) -> tuple[sa.ColumnElement[bool], ...]:
    return models.c.tenant == key[0], models.c.version == key[1]


def _model(row: sa.Row[Any]) -> Model:
    failure = None
    if row.failure_reason is not None:
        failure = TrainingFailure(FailureReason[row.failure_reason], row.failure)
    task = {"engine": row.engine, "options": row.options, "languages": row.languages, "promise": row.promise}
    return Model(
        tenant=row.tenant,
        version=row.version,
        display_name=row.display_name,
        state=ModelState[row.state],
        task=Task.model_validate(task),
        example_count=row.example_count,
        step=row.step,
        share=row.share,
        failure=failure,
        manifest=_manifest(row.manifest),
        created_at=row.created_at,
        updated_at=row.updated_at,
        ended_at=row.ended_at,
    )


def _manifest(stored: object) -> Manifest | None:
    """Returns a manifest; None when there is none, or it is none of this version of the service."""
    try:
        return None if stored is None else Manifest.model_validate(stored)
    except ValidationError:
        return None
