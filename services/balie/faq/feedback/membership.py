"""What becomes of groups when questions join or go, and how questions go for good."""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from balie.faq.feedback.domain import State
from balie.faq.feedback.store import Key, of, slices
from balie.faq.tables import feedback, question_groups, questions
from balie.kit.database import Transaction

GROUP_QUESTIONS = 1000
"""Most questions of a group; the oldest but the leader makes room."""

COLLECTION_GROUPS = 1000
"""Most groups of a collection; the one that was not asked for longest makes room, unless somebody is at it."""


async def forget(tx: Transaction, key: Key, which: Sequence[sa.ColumnElement[bool]]) -> int:
    """Deletes those of a collection's questions that meet some conditions, and the comments on their answers.

    Returns:
        How many they were.
    """
    rows = await tx.all(
        sa.select(questions.c.id, questions.c.nonce, questions.c.group_id).where(*of(questions, key), *which)
    )
    for some in slices(rows):
        await tx.execute(
            sa.update(feedback)
            .where(feedback.c.tenant == key[0], feedback.c.nonce.in_([row.nonce for row in some]))
            .values(comment="")
        )
        await tx.execute(
            sa.delete(questions).where(*of(questions, key), questions.c.id.in_([row.id for row in some]))
        )
    await refresh(tx, key, {row.group_id for row in rows if row.group_id})
    return len(rows)


async def refresh(tx: Transaction, key: Key, group_ids: Iterable[str]) -> None:
    """Makes groups say what their questions say; those without questions go, and a lost leader has a successor."""
    for group_id in sorted(group_ids):
        which = (*of(questions, key), questions.c.group_id == group_id)
        leader = sa.select(questions.c.id).where(*which).order_by(questions.c.asked_at, questions.c.id)
        row = await tx.one(
            sa.select(
                sa.func.count().label("size"),
                sa.func.min(questions.c.asked_at).label("first_at"),
                sa.func.max(questions.c.asked_at).label("last_at"),
            ).where(*which)
        )
        own = (*of(question_groups, key), question_groups.c.id == group_id)
        if row is None or not row.size:
            await tx.execute(sa.delete(question_groups).where(*own))
            continue
        is_led = sa.exists().where(*which, questions.c.id == question_groups.c.leader_id)
        await tx.execute(
            sa.update(question_groups)
            .where(*own)
            .values(
                size=row.size,
                first_at=row.first_at,
                last_at=row.last_at,
                leader_id=sa.case(
                    (is_led, question_groups.c.leader_id), else_=leader.limit(1).scalar_subquery()
                ),
            )
        )


async def make_room(tx: Transaction, key: Key, grown: Iterable[str]) -> None:
    """Deletes what is over the bounds, of the groups that have grown and of the collection."""
    for group_id in sorted(grown):
        led = sa.select(question_groups.c.leader_id).where(
            *of(question_groups, key), question_groups.c.id == group_id
        )
        over = (
            sa.select(questions.c.id)
            .where(
                *of(questions, key),
                questions.c.group_id == group_id,
                questions.c.id != led.scalar_subquery(),
            )
            .order_by(questions.c.asked_at.desc(), questions.c.id.desc())
            .offset(GROUP_QUESTIONS - 1)
        )
        await forget(tx, key, (questions.c.id.in_(over),))
    total = await tx.scalar(
        sa.select(sa.func.count()).select_from(question_groups).where(*of(question_groups, key))
    )
    over_by = int(total or 0) - COLLECTION_GROUPS
    if over_by > 0:
        quiet = (
            sa.select(question_groups.c.id)
            .where(*of(question_groups, key), question_groups.c.state != State.PENDING.value)
            .order_by(question_groups.c.last_at, question_groups.c.id)
            .limit(over_by)
        )
        await forget(tx, key, (questions.c.group_id.in_(quiet),))
