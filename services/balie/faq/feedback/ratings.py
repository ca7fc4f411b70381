"""What is said of answers: stored once for each author and answer, and counted for each entry.

It changes no ranking: whoever looks after the entries reads it and decides.
"""

from datetime import UTC, datetime
from enum import IntEnum

import sqlalchemy as sa

from balie.faq.errors import AnswerNotFound, CollectionNotFound
from balie.faq.feedback.domain import EntryFeedback, Fault, Kind, Said, Spoken, Verdict
from balie.faq.feedback.grouping import Grouping
from balie.faq.feedback.store import QuestionStore
from balie.faq.knowledge.store import Store
from balie.faq.retrieval.answer_ids import AnswerId
from balie.faq.tables import entries, feedback
from balie.kit.database import Database, Transaction
from balie.kit.ledger import Ledger, Write
from balie.kit.paging import decode_page, encode_page


class Ratings:
    """Keeps and counts what is said of answers.

    Args:
        database: where it is kept.
        ledger: sees that it is kept once.
        collections: knows which collections there are.
        questions: opens the questions whose answer did not help.
        grouping: is woken when one was opened.
    """

    def __init__(
        self,
        database: Database,
        ledger: Ledger,
        collections: Store,
        questions: QuestionStore,
        grouping: Grouping,
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._collections = collections
        self._questions = questions
        self._grouping = grouping

    async def submit(self, write: Write, said: Said) -> Spoken:
        """Returns whose answer it was, after storing what its author, the caller, says of it.

        Raises:
            FieldMalformed: the id is no answer's.
            AnswerNotFound: the tenant never gave this answer, or its entry is deleted.
        """
        answer = AnswerId.decode(said.answer_id, write.tenant)

        async def work() -> Spoken:
            spoken = await self._entry(tx, write.tenant, answer, said)
            await self._save(tx, write, answer, said)
            if said.verdict is Verdict.NOT_HELPFUL and await self._questions.open_rated(
                tx, write.tenant, [answer.nonce]
            ):
                tx.after_commit(self._grouping.wake)
            return spoken

        async with self._database.write() as tx:
            return await self._ledger.once(tx, write, Spoken, work)

    async def counts(
        self, tenant: str, collection_id: str, *, limit: int, token: str
    ) -> tuple[list[EntryFeedback], str]:
        """Returns a page of the counts of a collection's entries by id, and the token of the next; empty at the end.

        Raises:
            CollectionNotFound: there is no such collection.
            CursorMalformed: the token is none of this list's.
        """
        scope = ("feedback", tenant, collection_id)
        after = decode_page(scope, token)
        query = (
            sa.select(
                entries.c.id,
                *(_count(feedback.c.verdict, verdict) for verdict in Verdict),
                *(_count(feedback.c.fault, fault) for fault in Fault if fault),
                *(_count(feedback.c.kind, kind) for kind in Kind),
            )
            .select_from(
                entries.join(
                    feedback,
                    sa.and_(feedback.c.tenant == entries.c.tenant, feedback.c.number == entries.c.number),
                )
            )
            .where(entries.c.tenant == tenant, entries.c.collection_id == collection_id, entries.c.id > after)
            .group_by(entries.c.id)
            .order_by(entries.c.id)
        )
        async with self._database.read() as tx:
            if await self._collections.collection(tx, tenant, collection_id) is None:
                raise CollectionNotFound(collection_id)
            rows = await tx.all(query.limit(limit + 1))
        found = [
            EntryFeedback(
                entry_id=row.id,
                helpful=row.HELPFUL,
                not_helpful=row.NOT_HELPFUL,
                faults={fault: getattr(row, fault.name) for fault in Fault if fault},
                shown=row.SHOWN,
                clicked=row.CLICKED,
            )
            for row in rows[:limit]
        ]
        return found, encode_page(scope, found[-1].entry_id) if len(rows) > limit else ""

    async def _entry(self, tx: Transaction, tenant: str, answer: AnswerId, said: Said) -> Spoken:
        """Returns the entry an answer was given from, which stays until the transaction ends."""
        query = sa.select(entries.c.collection_id, entries.c.id, entries.c.revision).where(
            entries.c.tenant == tenant, entries.c.number == answer.number
        )
        row = await tx.one(query.with_for_update(read=True, key_share=True))
        if row is None or answer.revision > row.revision:
            raise AnswerNotFound(said.answer_id)
        return Spoken(row.collection_id, row.id)

    async def _save(self, tx: Transaction, write: Write, answer: AnswerId, said: Said) -> None:
        values = {
            "revision": answer.revision,
            "language": answer.language,
            "verdict": said.verdict.value if said.verdict else 0,
            "fault": said.fault.value,
            "comment": said.comment,
            "given_at": datetime.now(UTC),
        }
        statement = tx.insert(feedback).values(
            tenant=write.tenant,
            number=answer.number,
            nonce=answer.nonce,
            author=write.caller,
            kind=said.kind.value,
            **values,
        )
        await tx.execute(
            statement.on_conflict_do_update(index_elements=list(feedback.primary_key), set_=values)
        )


def _count(column: sa.Column[int], value: IntEnum) -> sa.Label[int]:
    """Returns how many rows hold a value, under the value's name."""
    return sa.func.sum(sa.case((column == value.value, 1), else_=0)).label(value.name)
