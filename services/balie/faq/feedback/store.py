"""Questions for review and their groups in SQL. Every method works in the transaction of its caller."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import sqlalchemy as sa

from balie.faq.domain import Embedding
from balie.faq.feedback.domain import Asked, QuestionGroup, Reason, ReviewQuestion, State, Verdict
from balie.faq.index.vectors import text_hash
from balie.faq.tables import feedback, question_groups, questions
from balie.kit.database import Transaction
from balie.kit.ids import new_id

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ROWS = 500  # ids named in one statement
_STORED = np.dtype("<f4")

T = TypeVar("T")

Key = tuple[str, str]
"""Tenant and collection."""


class QuestionStore:
    """Reads and writes questions and groups; knows no rule about them."""

    async def keep(self, tx: Transaction, asked: Sequence[Asked]) -> None:
        """Writes questions; one that is kept already, because its call was sent again, takes the new answers' nonce."""
        statement = tx.insert(questions)
        statement = statement.on_conflict_do_update(
            index_elements=[
                questions.c.tenant,
                questions.c.collection_id,
                questions.c.call_id,
                questions.c.text_hash,
            ],
            set_={"nonce": statement.excluded.nonce},
        )
        await tx.execute(statement, [_row(one) for one in asked])

    async def open_rated(self, tx: Transaction, tenant: str, nonces: Sequence[int]) -> int:
        """Opens those questions whose answer is rated not helpful, and returns how many that are."""
        rated = sa.exists().where(
            feedback.c.tenant == questions.c.tenant,
            feedback.c.nonce == questions.c.nonce,
            feedback.c.verdict == Verdict.NOT_HELPFUL.value,
        )
        opened = 0
        for some in slices(nonces):
            statement = sa.update(questions).where(
                questions.c.tenant == tenant,
                questions.c.nonce.in_(some),
                questions.c.reason == Reason.ANSWERED.value,
                rated,
            )
            opened += (await tx.execute(statement.values(reason=Reason.NOT_HELPFUL.value))).rowcount
        return opened

    async def waiting(self, tx: Transaction, limit: int) -> list[tuple[Key, str, str]]:
        """Returns collection, id and text of open questions without a group, oldest first."""
        query = (
            sa.select(questions.c.tenant, questions.c.collection_id, questions.c.id, questions.c.text)
            .where(questions.c.group_id.is_(None), questions.c.reason > 0)
            .order_by(questions.c.asked_at, questions.c.id)
        )
        rows = await tx.all(query.limit(limit))
        return [((row.tenant, row.collection_id), row.id, row.text) for row in rows]

    async def ungrouped(self, tx: Transaction, key: Key, ids: Sequence[str]) -> list[tuple[str, datetime]]:
        """Returns id and moment of those of some questions that still have no group, oldest first."""
        query = sa.select(questions.c.id, questions.c.asked_at).where(
            *of(questions, key), questions.c.id.in_(ids), questions.c.group_id.is_(None)
        )
        rows = await tx.all(query.order_by(questions.c.asked_at, questions.c.id))
        return [(row.id, row.asked_at) for row in rows]

    async def leaders(self, tx: Transaction, key: Key) -> Sequence[sa.Row[Any]]:
        """Returns each group's id, state, updated_at, and its leader's leader_id, text, fingerprint and vector.

        In the order in which the groups were founded.
        """
        joined = question_groups.join(
            questions,
            sa.and_(
                questions.c.tenant == question_groups.c.tenant,
                questions.c.collection_id == question_groups.c.collection_id,
                questions.c.id == question_groups.c.leader_id,
            ),
        )
        query = sa.select(
            question_groups.c.id,
            question_groups.c.state,
            question_groups.c.updated_at,
            question_groups.c.leader_id,
            questions.c.text,
            questions.c.fingerprint,
            questions.c.vector,
        ).select_from(joined)
        return await tx.all(query.where(*of(question_groups, key)).order_by(question_groups.c.id))

    async def embeddings(self, tx: Transaction, key: Key, ids: Sequence[str]) -> dict[str, Embedding]:
        """Returns the kept vectors of those of some leaders that have one, by id."""
        query = sa.select(questions.c.id, questions.c.fingerprint, questions.c.vector).where(
            *of(questions, key), questions.c.id.in_(ids), questions.c.vector.is_not(None)
        )
        return {
            row.id: Embedding(row.fingerprint, numbers(row.vector).tolist()) for row in await tx.all(query)
        }

    async def save_vector(
        self, tx: Transaction, key: Key, question_id: str, fingerprint: str, vector: "NDArray[np.float32]"
    ) -> None:
        """Keeps a leader's vector."""
        await tx.execute(
            sa.update(questions)
            .where(*of(questions, key), questions.c.id == question_id)
            .values(fingerprint=fingerprint, vector=vector.astype(_STORED).tobytes())
        )

    async def add_group(self, tx: Transaction, tenant: str, group: QuestionGroup) -> None:
        """Writes a new group."""
        values = asdict(group) | {"tenant": tenant, "state": group.state.value}
        await tx.execute(sa.insert(question_groups).values(**values))

    async def join(self, tx: Transaction, key: Key, question_id: str, group_id: str) -> None:
        """Puts a question into a group."""
        await tx.execute(
            sa.update(questions)
            .where(*of(questions, key), questions.c.id == question_id)
            .values(group_id=group_id)
        )

    async def group(self, tx: Transaction, key: Key, group_id: str) -> QuestionGroup | None:
        """Returns a group, None when there is none."""
        row = await tx.one(
            sa.select(question_groups).where(*of(question_groups, key), question_groups.c.id == group_id)
        )
        return _group(row) if row else None

    async def save_state(self, tx: Transaction, key: Key, group_id: str, state: State, now: datetime) -> None:
        """Gives a group another state."""
        await tx.execute(
            sa.update(question_groups)
            .where(*of(question_groups, key), question_groups.c.id == group_id)
            .values(state=state.value, revision=question_groups.c.revision + 1, updated_at=now)
        )

    async def list_groups(
        self, tx: Transaction, key: Key, states: Sequence[State], after: tuple[int, str] | None, limit: int
    ) -> list[QuestionGroup]:
        """Returns groups in some states, most asked first, ties by id, after one that is given by size and id."""
        query = sa.select(question_groups).where(
            *of(question_groups, key), question_groups.c.state.in_([state.value for state in states])
        )
        if after is not None:
            size, last = after
            query = query.where(
                sa.or_(
                    question_groups.c.size < size,
                    sa.and_(question_groups.c.size == size, question_groups.c.id > last),
                )
            )
        query = query.order_by(question_groups.c.size.desc(), question_groups.c.id)
        return [_group(row) for row in await tx.all(query.limit(limit))]

    async def one(self, tx: Transaction, key: Key, question_id: str) -> ReviewQuestion | None:
        """Returns a question, None when there is none."""
        row = await tx.one(sa.select(questions).where(*of(questions, key), questions.c.id == question_id))
        return question_of(row) if row else None


def numbers(stored: bytes) -> "NDArray[np.float32]":
    """Returns a vector from its stored form."""
    return np.frombuffer(stored, _STORED).astype(np.float32)


def of(table: sa.Table, key: Key) -> tuple[sa.ColumnElement[bool], ...]:
    """Returns what narrows a table to a collection."""
    return table.c.tenant == key[0], table.c.collection_id == key[1]


def slices(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yields items in as many as one statement names."""
    for start in range(0, len(items), _ROWS):
        yield items[start : start + _ROWS]


def question_of(row: sa.Row[Any]) -> ReviewQuestion:
    """Returns the question of a row."""
    return ReviewQuestion(
        id=row.id,
        call_id=row.call_id,
        text=row.text,
        language=row.language,
        nonce=row.nonce,
        reason=Reason(row.reason),
        group_id=row.group_id or "",
        asked_at=row.asked_at,
    )


def _row(asked: Asked) -> Mapping[str, object]:
    return {
        "tenant": asked.tenant,
        "collection_id": asked.collection_id,
        "id": new_id(),
        "call_id": asked.call_id,
        "text_hash": text_hash(asked.text),
        "text": asked.text,
        "language": asked.language,
        "nonce": asked.nonce,
        "reason": asked.reason.value,
        "asked_at": asked.asked_at,
    }


def _group(row: sa.Row[Any]) -> QuestionGroup:
    return QuestionGroup(
        collection_id=row.collection_id,
        id=row.id,
        leader_id=row.leader_id,
        state=State(row.state),
        revision=row.revision,
        size=row.size,
        first_at=row.first_at,
        last_at=row.last_at,
        updated_at=row.updated_at,
    )
