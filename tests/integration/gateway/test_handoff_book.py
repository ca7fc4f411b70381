"""Changes of handoffs on a database, applied as several replicas may come to apply them."""

from collections.abc import AsyncIterator
from datetime import UTC, timedelta
from typing import Any

import pytest

from balie.gateway import conversation_store
from balie.gateway.conversations import Creation, _new
from balie.gateway.domain import BOT, Conversation, HandoffState, Owner, OwnerKind, ReleaseReason
from balie.gateway.events import ProtoCodec
from balie.gateway.handoff_book import Applied, HandoffBook
from balie.gateway.handoff_notices import HandoffNotices
from balie.gateway.handoff_words import HandoffWords
from balie.gateway.journal import Journal
from balie.gateway.messages import Messages
from balie.gateway.outbox import Outbox
from balie.gateway.ratings import Ratings
from balie.gateway.said import HandoffNow
from balie.gateway.wording import Wording
from balie.kit.database import Database
from balie.kit.eventlog import EventLog
from balie.kit.ledger import Ledger

ELS = Owner(OwnerKind.AGENT, "els")


class Desk:
    """A conversation and the book that applies handoffs to it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.conversation = _new("default", "anna", Creation("anna", "web", "nl"))
        journal = Journal(EventLog(database), ProtoCodec())
        reports: Any = None  # nobody is told here
        pause = timedelta(seconds=1)
        outbox = Outbox(database, reports, sweep=pause, retry=pause, longest_retry=pause)
        words = HandoffWords(Wording.load(None, ("nl",)), UTC)
        messages = Messages(journal, outbox)
        ratings = Ratings(database, Ledger(), messages, outbox, Wording.load(None, ("nl",)))
        self.book = HandoffBook(journal, HandoffNotices(messages, words), ratings)

    async def open(self) -> None:
        async with self.database.write() as tx:
            await conversation_store.insert(tx, self.conversation)

    async def apply(
        self, handoff: str, state: HandoffState, revision: int, agent: str = "", **more: Any
    ) -> Applied:
        now = HandoffNow(handoff, self.conversation.id, state, agent, revision, 0, **more)
        async with (
            self.database.write() as tx,
            conversation_store.locked(tx, "default", self.conversation.id) as held,
        ):
            return await self.book.apply(tx, held, now, "")

    async def now(self) -> Conversation:
        async with self.database.read() as tx:
            return await conversation_store.find(tx, "default", self.conversation.id)


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    async with Database.open(database_url, migrations="balie.gateway.migrations") as database:
        made = Desk(database)
        await made.open()
        yield made


async def test_a_late_replica_does_not_confirm_an_owner_for_the_next_one(desk: Desk) -> None:
    """Els accepts and passes on, Jan accepts: a replica that comes late with Els must not confirm Jan, who is no owner yet."""
    await desk.apply("h1", HandoffState.RESERVED, 2, "els")
    on_time = await desk.apply("h1", HandoffState.RESERVED, 2, "els")
    assert (on_time.is_past, on_time.owner_epoch) == (False, 2)
    await desk.apply("h1", HandoffState.QUEUED, 4, "els")
    assert (await desk.apply("h1", HandoffState.RESERVED, 2, "els")).is_past
    assert (await desk.now()).owner == BOT
    await desk.apply("h1", HandoffState.RESERVED, 5, "jan")
    assert (await desk.apply("h1", HandoffState.RESERVED, 2, "els")).is_past
    await desk.apply("h1", HandoffState.ON_HOLD, 7, "jan")
    jan = await desk.apply("h1", HandoffState.RESERVED, 5, "jan")
    assert (jan.is_past, jan.owner_epoch) == (False, 4)


async def test_a_handoff_that_is_shown_before_the_end_of_the_one_before_leaves_it_its_end(desk: Desk) -> None:
    """Pages of a snapshot are read one after another, so the next handoff may be shown before the last one's end."""
    await desk.apply("h1", HandoffState.RESERVED, 2, "els")
    await desk.apply("h2", HandoffState.QUEUED, 1)
    assert (await desk.now()).owner == ELS
    await desk.apply("h1", HandoffState.RELEASED, 4, "els")
    now = await desk.now()
    assert (now.owner, now.handoff_id, now.handoff_state) == (BOT, "h2", HandoffState.QUEUED)


async def test_the_end_of_one_handoff_does_not_end_the_next_ones_owner(desk: Desk) -> None:
    await desk.apply("h1", HandoffState.RESERVED, 2, "els")
    await desk.apply("h2", HandoffState.ACCEPTED, 3, "els")
    await desk.apply("h1", HandoffState.RELEASED, 4, "els")
    now = await desk.now()
    assert (now.owner, now.handoff_id) == (ELS, "h2")


async def test_nobody_is_asked_for_a_rating_while_the_next_person_speaks(desk: Desk) -> None:
    await desk.apply("h1", HandoffState.RESERVED, 2, "els")
    await desk.apply("h1", HandoffState.RESOLVED, 4, "els")
    await desk.apply("h2", HandoffState.RESERVED, 2, "jan")
    await desk.apply("h1", HandoffState.RESOLVED, 5, "els", release_reason=ReleaseReason.SURVEY)
    assert (await desk.now()).survey_seq == 0
    await desk.apply("h2", HandoffState.RESOLVED, 4, "jan", release_reason=ReleaseReason.SURVEY)
    now = await desk.now()
    assert (now.survey_seq, now.helped_handoff_id) == (now.last_seq, "h2")
