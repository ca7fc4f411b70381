"""A replica that learns from use, without its server; its background work is done when a test says so."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from tests.fakes.words_encoder import WordsEncoder
from tests.integration.faq.replicas import FERRY, TENANT, Replica, replica, write

from balie.faq.domain import Answers, Question
from balie.faq.feedback.domain import (
    Fault,
    GroupPage,
    GroupView,
    Kind,
    NewPhrasing,
    QuestionGroup,
    Said,
    Spoken,
    State,
    Verdict,
)
from balie.faq.feedback.forgetting import Forgetting
from balie.faq.feedback.grouping import Grouping
from balie.faq.feedback.ratings import Ratings
from balie.faq.feedback.remembering import Remembering
from balie.faq.feedback.reviewing import Review
from balie.faq.feedback.store import QuestionStore
from balie.faq.knowledge.writing import EntryWriter
from balie.faq.tables import questions
from balie.kit.ids import new_id
from balie.kit.ledger import Write

START = datetime(2026, 5, 1, 12, tzinfo=UTC)
OPEN = (State.NEW, State.PENDING)


@dataclass
class Learner:
    """The parts that learn, and short words for what is done with them."""

    one: Replica
    store: QuestionStore
    grouping: Grouping
    remembering: Remembering
    ratings: Ratings
    review: Review
    forgetting: Forgetting
    asked: int = 0

    async def ask(self, text: str, **changes: Any) -> Answers:
        """Returns what a search finds that is remembered, a second after the one before."""
        call_id = changes.pop("call_id", None) or new_id()
        moment = changes.pop("at", START + timedelta(seconds=self.asked))
        tenant = changes.pop("tenant", TENANT)
        self.asked += 1
        found = await self.one.search(text, tenant=tenant, **changes)
        values: dict[str, Any] = {"collection_id": FERRY, "language": "en", **changes}
        question = Question(
            values["collection_id"], text, None, values["language"], 5, tuple(values.get("entry_ids", ())), 0
        )
        self.remembering.remember(tenant, call_id, question, found, moment)
        return found

    async def settle(self) -> None:
        """Returns when everything that was remembered is written and grouped."""
        await self.remembering.close()
        while await self.grouping.once():
            pass

    async def rate(
        self, answer_id: str, verdict: Verdict, fault: Fault = Fault.UNSAID, comment: str = "", **key: Any
    ) -> Spoken:
        """Returns whose answer was rated, by a contact."""
        said = Said(answer_id, Kind.RATING, verdict, fault, comment)
        return await self.ratings.submit(by(**key), said)

    async def page(self, *states: State, **changes: Any) -> GroupPage:
        """Returns a page of groups."""
        values: dict[str, Any] = {"examples": 3, "limit": 20, "token": "", "tenant": TENANT} | changes
        tenant = values.pop("tenant")
        return await self.review.groups(tenant, FERRY, states or OPEN, **values)

    async def groups(self, *states: State) -> list[GroupView]:
        """Returns the groups of a page."""
        return list((await self.page(*states)).groups)

    async def texts(self) -> dict[str, str]:
        """Returns the group of every question that is kept, by its text; empty for none."""
        async with self.one.database.read() as tx:
            rows = await tx.all(sa.select(questions.c.text, questions.c.group_id))
        return {row.text: row.group_id or "" for row in rows}

    async def mark(self, group: QuestionGroup, state: State, etag: str = "") -> QuestionGroup:
        """Returns a group after giving it a state."""
        return await self.review.set_state(write(), FERRY, group.id, state, etag)

    async def phrase(self, question_id: str, entry_id: str, **changes: Any) -> Any:
        """Returns an entry that has a question among its phrasings."""
        return await self.review.add_phrasing(
            changes.pop("write", None) or write(), NewPhrasing(FERRY, question_id, entry_id, **changes)
        )


def by(author: str = "contact:anna", tenant: str = TENANT, request_id: str | None = None) -> Write:
    """Returns a write of somebody."""
    return Write(tenant, author, "/SubmitFeedback", request_id or new_id(), "")


def learner_of(one: Replica, *, likeness: float = 0.5, days: int = 30, switched_on: bool = True) -> Learner:
    """Returns the parts that learn, of a replica."""
    store = QuestionStore()
    grouping = Grouping(one.database, one.store, store, lambda: one.encoder, likeness=likeness)
    remembering = Remembering(one.database, one.store, store, grouping, switched_on=switched_on)
    writer = EntryWriter(one.store, one.log, one.vectors)
    return Learner(
        one,
        store,
        grouping,
        remembering,
        Ratings(one.database, one.ledger, one.store, store, grouping),
        Review(one.database, one.ledger, one.store, store, writer, one.searching, remembering),
        Forgetting(one.database, one.store, days=days),
    )


@asynccontextmanager
async def learner(url: str, encoder: WordsEncoder | None = None, **changes: Any) -> AsyncIterator[Learner]:
    """Opens a replica with two entries that learns."""
    async with replica(url, encoder, delay_seconds=60) as one:
        if not (await one.knowledge.collections(TENANT, 5, ""))[0]:
            await one.collect()
            await one.put("dogs", "may my dog come aboard the boat")
            last = await one.put("cats", "how much does a cat cost")
            await one.search("warm", min_generation=last.generation)
        yield learner_of(one, **changes)
