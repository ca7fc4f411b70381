"""Review: the groups of open questions as they are shown, and what becomes of them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import sqlalchemy as sa

from balie.faq.domain import Embedding, Question
from balie.faq.errors import (
    CollectionNotFound,
    EntryLanguageInvalid,
    EntryNotFound,
    QuestionGroupNotFound,
    QuestionNotFound,
)
from balie.faq.feedback.domain import (
    GroupPage,
    GroupView,
    Nearest,
    NewPhrasing,
    QuestionGroup,
    ReviewQuestion,
    State,
)
from balie.faq.feedback.examples import examples_of, kinds_of
from balie.faq.feedback.membership import forget
from balie.faq.feedback.remembering import Remembering
from balie.faq.feedback.store import Key, QuestionStore
from balie.faq.knowledge.domain import PHRASING_CHARACTERS, PHRASINGS, Entry, EntryText
from balie.faq.knowledge.store import Store
from balie.faq.knowledge.writing import EntryWriter
from balie.faq.retrieval.search import Search
from balie.faq.tables import questions
from balie.kit.database import Database, Transaction
from balie.kit.errors import CursorMalformed, EtagMismatch, FieldRequired, FieldTooLong, TooManyItems
from balie.kit.ledger import Ledger, Write
from balie.kit.paging import decode_page, encode_page

NEAREST = 3


@dataclass(frozen=True)
class Deleted:
    """Says how many questions went."""

    count: int


class Review:
    """Shows and changes groups of questions.

    Args:
        database: where they are.
        ledger: sees that each change is made once.
        collections: reads entries.
        store: reads and writes questions and groups.
        writer: writes entries, as every other write of them.
        search: finds entries near to a question.
        remembering: may still hold what is to be deleted.
    """

    def __init__(
        self,
        database: Database,
        ledger: Ledger,
        collections: Store,
        store: QuestionStore,
        writer: EntryWriter,
        search: Search,
        remembering: Remembering,
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._collections = collections
        self._store = store
        self._writer = writer
        self._search = search
        self._remembering = remembering

    async def groups(
        self,
        tenant: str,
        collection_id: str,
        states: Sequence[State],
        *,
        examples: int,
        limit: int,
        token: str,
    ) -> GroupPage:
        """Returns a page of a collection's groups, most asked first, as they are shown.

        Raises:
            CollectionNotFound: there is no such collection.
            CursorMalformed: the token is none of this list's.
        """
        key = (tenant, collection_id)
        scope = ("question groups", *key, *sorted(state.name for state in states))
        after = _place(decode_page(scope, token))
        async with self._database.read() as tx:
            if await self._collections.collection(tx, tenant, collection_id) is None:
                raise CollectionNotFound(collection_id)
            found = await self._store.list_groups(tx, key, states, after, limit + 1)
            shown = found[:limit]
            kinds = await kinds_of(tx, key, shown)
            some = await examples_of(tx, key, shown, examples)
            vectors = await self._store.embeddings(tx, key, [group.leader_id for group in shown])
        state = await self._search.state(tenant, collection_id)
        views = []
        for group in shown:
            leader = some[group.id][0]
            near = await self._nearest(key, leader, vectors.get(leader.id), state.fingerprint)
            views.append(GroupView(group, *kinds[group.id], some[group.id], near))
        rest = encode_page(scope, f"{shown[-1].size}:{shown[-1].id}") if len(found) > limit else ""
        return GroupPage(views, rest, state.generation)

    async def set_state(
        self, write: Write, collection_id: str, group_id: str, state: State, etag: str
    ) -> QuestionGroup:
        """Returns a group as stored, after giving it a state.

        Raises:
            CollectionNotFound: there is no such collection.
            QuestionGroupNotFound: it has no such group.
            EtagMismatch: the state changed since the etag was read.
        """
        key = (write.tenant, collection_id)

        async def work() -> QuestionGroup:
            await self._writer.locked(tx, *key)
            group = await self._store.group(tx, key, group_id)
            if group is None:
                raise QuestionGroupNotFound(collection_id, group_id)
            _check_etag(etag, group.etag)
            now = datetime.now(UTC)
            await self._store.save_state(tx, key, group_id, state, now)
            return replace(group, state=state, revision=group.revision + 1, updated_at=now)

        async with self._database.write() as tx:
            return await self._ledger.once(tx, write, QuestionGroup, work)

    async def add_phrasing(self, write: Write, new: NewPhrasing) -> Entry:
        """Returns an entry that has a question's text among its phrasings; the question's group is done.

        Raises:
            CollectionNotFound: there is no such collection.
            QuestionNotFound: it has no such question.
            EntryNotFound: it has no such entry.
            EtagMismatch: the entry changed since its etag was read.
            EntryLanguageInvalid: the entry has no texts in the language.
            FieldRequired: neither the request nor the question says a language.
            FieldTooLong: the text is too long for a phrasing.
            TooManyItems: the entry has as many phrasings as may be.
        """
        key = (write.tenant, new.collection_id)

        async def work() -> Entry:
            collection = await self._writer.locked(tx, *key)
            question = await self._store.one(tx, key, new.question_id)
            if question is None:
                raise QuestionNotFound(new.collection_id, new.question_id)
            entry = await self._entry(tx, write.tenant, new)
            language = new.language or question.language
            if not language:
                raise FieldRequired("language")
            texts = _with_phrasing(entry.content.texts, language, (new.text or question.text).strip())
            if texts != entry.content.texts:
                content = replace(entry.content, texts=texts)
                [entry] = await self._writer.write(
                    tx, write.tenant, collection, [(content, entry)], by=write.caller
                )
            if question.group_id:
                await self._store.save_state(tx, key, question.group_id, State.DONE, datetime.now(UTC))
            return entry

        async with self._database.write() as tx:
            return await self._ledger.once(tx, write, Entry, work)

    async def delete(
        self, write: Write, collection_id: str, question_ids: Sequence[str], call_ids: Sequence[str]
    ) -> int:
        """Returns how many questions were deleted: those named, and those of the calls named.

        Raises:
            CollectionNotFound: there is no such collection.
        """
        await self._remembering.flush()  # what is still to be written would otherwise come after its deletion
        key = (write.tenant, collection_id)

        async def work() -> Deleted:
            await self._writer.locked(tx, *key)
            named = sa.or_(questions.c.id.in_(question_ids), questions.c.call_id.in_(call_ids))
            return Deleted(await forget(tx, key, (named,)))

        async with self._database.write() as tx:
            return (await self._ledger.once(tx, write, Deleted, work)).count

    async def _entry(self, tx: Transaction, tenant: str, new: NewPhrasing) -> Entry:
        found = await self._collections.entries(tx, tenant, new.collection_id, [new.entry_id])
        if new.entry_id not in found:
            raise EntryNotFound(new.collection_id, new.entry_id)
        entry = found[new.entry_id]
        _check_etag(new.etag, entry.etag)
        return entry

    async def _nearest(
        self, key: Key, leader: ReviewQuestion, vector: Embedding | None, fingerprint: str
    ) -> list[Nearest]:
        """Returns the entries nearest to a leader now; none while its vector is still to be made.

        It is never made here: a page would take as many turns of the encoder as it has groups.
        """
        if vector is None or vector.fingerprint != fingerprint:
            return []
        tenant, collection_id = key
        asked = Question(collection_id, leader.text, vector, leader.language, NEAREST, (), 0)
        found = await self._search.answers(tenant, asked, wait_seconds=math.inf)
        return [
            Nearest(answer.entry_id, answer.question, answer.score, answer.above_threshold)
            for answer in found.answers
        ]


def _with_phrasing(texts: tuple[EntryText, ...], language: str, phrasing: str) -> tuple[EntryText, ...]:
    """Returns an entry's texts with one more phrasing in a language, unless it is there already."""
    own = next((text for text in texts if text.language.lower() == language.lower()), None)
    if own is None:
        known = [text.language for text in texts]
        raise EntryLanguageInvalid(language, problem="is none the entry has texts in", known=known)
    if phrasing in own.asked():
        return texts
    if len(phrasing) > PHRASING_CHARACTERS:
        raise FieldTooLong("text", limit=PHRASING_CHARACTERS, actual=len(phrasing))
    if len(own.phrasings) >= PHRASINGS:
        raise TooManyItems("entry.texts.phrasings", limit=PHRASINGS, actual=len(own.phrasings) + 1)
    more = replace(own, phrasings=(*own.phrasings, phrasing))
    return tuple(more if text is own else text for text in texts)


def _check_etag(etag: str, current: str) -> None:
    if etag and etag != current:
        raise EtagMismatch(etag, current)


def _place(key: str) -> tuple[int, str] | None:
    """Returns size and id of the group that a page's key names; None for the beginning."""
    if not key:
        return None
    size, _, group_id = key.partition(":")
    if not size.isdigit():
        raise CursorMalformed("page_token")
    return int(size), group_id
