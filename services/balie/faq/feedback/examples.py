"""What is shown of groups beside their rows: languages, reasons, and some of their questions with what was said."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import sqlalchemy as sa

from balie.faq.feedback.domain import Fault, QuestionGroup, Reason, ReviewQuestion, Verdict
from balie.faq.feedback.store import Key, of, question_of
from balie.faq.tables import entries, feedback, questions
from balie.kit.database import Transaction

_Rating = tuple[str, Fault, str]
"""Whose answer it was, what is wrong with it, and the author's own words."""


async def kinds_of(
    tx: Transaction, key: Key, groups: Sequence[QuestionGroup]
) -> Mapping[str, tuple[list[str], list[Reason]]]:
    """Returns the languages and the reasons of groups, by group id, each in order."""
    query = sa.select(questions.c.group_id, questions.c.language, questions.c.reason).distinct()
    rows = await tx.all(
        query.where(*of(questions, key), questions.c.group_id.in_([group.id for group in groups]))
    )
    return {
        group.id: (
            sorted({row.language for row in rows if row.group_id == group.id and row.language}),
            sorted({Reason(row.reason) for row in rows if row.group_id == group.id}),
        )
        for group in groups
    }


async def examples_of(
    tx: Transaction, key: Key, groups: Sequence[QuestionGroup], limit: int
) -> Mapping[str, list[ReviewQuestion]]:
    """Returns questions of groups, by group id: the leader, then the newest of the others, at most `limit` of each."""
    found: dict[str, list[ReviewQuestion]] = {}
    for group in groups:
        query = (
            sa.select(questions)
            .where(*of(questions, key), questions.c.group_id == group.id)
            .order_by(
                sa.case((questions.c.id == group.leader_id, 0), else_=1),
                questions.c.asked_at.desc(),
                questions.c.id.desc(),
            )
        )
        found[group.id] = [question_of(row) for row in await tx.all(query.limit(limit))]
    said = await _ratings(tx, key, [one.nonce for some in found.values() for one in some])
    return {group_id: [_rated(one, said) for one in some] for group_id, some in found.items()}


def _rated(question: ReviewQuestion, said: Mapping[int, _Rating]) -> ReviewQuestion:
    if question.nonce not in said:
        return question
    entry_id, fault, comment = said[question.nonce]
    return replace(question, rated_entry_id=entry_id, fault=fault, comment=comment)


async def _ratings(tx: Transaction, key: Key, nonces: Sequence[int]) -> Mapping[int, _Rating]:
    """Returns what was said last of answers that did not help, by their nonce."""
    joined = feedback.join(
        entries, sa.and_(entries.c.tenant == feedback.c.tenant, entries.c.number == feedback.c.number)
    )
    query = (
        sa.select(feedback.c.nonce, feedback.c.fault, feedback.c.comment, entries.c.id)
        .select_from(joined)
        .where(
            feedback.c.tenant == key[0],
            feedback.c.nonce.in_(nonces),
            feedback.c.verdict == Verdict.NOT_HELPFUL.value,
        )
    )
    rows = await tx.all(query.order_by(feedback.c.given_at))
    return {row.nonce: (row.id, Fault(row.fault), row.comment) for row in rows}
