"""Handoffs and what became of them, put into a database as they are: faster than living through them."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from tests.unit.handoff.desks import TENANT

from balie.handoff.clocks import Clock, ClockKind, ClockState
from balie.handoff.domain import HandoffState
from balie.handoff.notes.note import NoteKind
from balie.handoff.storage.rows import _CLOCKS
from balie.handoff.tables import decisions, handoffs, notes, ratings, suggestions
from balie.kit.database import Database
from balie.kit.ids import new_id

HOUR = timedelta(hours=1)
ENDED = (
    HandoffState.RESOLVED,
    HandoffState.RELEASED,
    HandoffState.CANCELLED,
    HandoffState.MESSAGE_TAKEN,
    HandoffState.EXPIRED,
)


@dataclass
class Past:
    """A handoff as it lies in the table."""

    asked: datetime
    queue: str = "desk"
    conversation: str = ""
    state: HandoffState = HandoffState.QUEUED
    accepted: datetime | None = None
    replied: datetime | None = None
    ended: datetime | None = None
    called_back: datetime | None = None
    clocks: tuple[Clock, ...] = ()
    tenant: str = TENANT
    id: str = field(default_factory=new_id)

    def row(self) -> dict[str, Any]:
        return {
            "tenant": self.tenant,
            "id": self.id,
            "conversation_id": self.conversation or self.id,
            "turn_id": "",
            "contact_id": "anna",
            "channel": "web",
            "language": "nl",
            "queue_id": self.queue,
            "state": self.state,
            "priority": 0,
            "agent_id": "els" if self.accepted else "",
            "reasons": [],
            "suggested_answer_ids": [],
            "passed_agent_ids": [],
            "owner_epoch": 0,
            "owner_confirmed": False,
            "revision": 1,
            "created_at": self.asked,
            "updated_at": self.ended or self.asked,
            "deadline_at": self.asked + HOUR,
            "outcome": "",
            "skills": [],
            "rank": 0.0,
            "preferred_agent_id": "",
            "contact_waits": True,
            "waits_since": self.asked,
            "spoke_seq": 0,
            "waiting_since": self.asked,
            "accepted_at": self.accepted,
            "replied_at": self.replied,
            "ended_at": self.ended,
            "clocks": _CLOCKS.dump_python(self.clocks, mode="json"),
            "call_back_start_at": self.called_back,
            "release_reason": 0,
            "wanted_agent_id": "",
            "transfers": 0,
            "past_queue_ids": [],
            "told_position": 0,
        }


def clock(kind: ClockKind, *, kept: int = 0, broken: int = 0) -> Clock:
    return Clock(kind, ClockState.KEPT if kept else ClockState.BROKEN, HOUR, kept=kept, broken=broken)


async def put(database: Database, *found: Past) -> None:
    await _insert(database, handoffs, [one.row() for one in found])


async def transfer(database: Database, handoff: Past, at: datetime, queue: str = "desk") -> None:
    row = {
        "tenant": handoff.tenant,
        "handoff_id": handoff.id,
        "id": new_id(),
        "kind": NoteKind.TRANSFER,
        "author": "agent:els",
        "created_at": at,
        "text": "",
        "from_agent_id": "els",
        "from_queue_id": queue,
        "to_agent_id": "",
        "to_queue_id": "webshop",
    }
    await _insert(database, notes, [row, row | {"id": new_id(), "kind": NoteKind.WRITTEN}])


async def rate(database: Database, handoff: Past, rating: int, at: datetime) -> None:
    row = {
        "tenant": handoff.tenant,
        "conversation_id": handoff.conversation or handoff.id,
        "handoff_id": handoff.id,
        "queue_id": handoff.queue,
        "agent_id": "els",
        "rating": rating,
        "given_at": at,
    }
    await _insert(database, ratings, [row])


async def suggest(database: Database, handoff: Past, outcome: int, at: datetime) -> None:
    row = {
        "tenant": handoff.tenant,
        "handoff_id": handoff.id,
        "answer_id": new_id(),
        "outcome": outcome,
        "agent_id": "els",
        "told_at": at,
    }
    await _insert(database, suggestions, [row])


async def decide(database: Database, *told: tuple[str, datetime], tenant: str = TENANT) -> None:
    rows = [
        {
            "tenant": tenant,
            "turn_id": new_id(),
            "id": new_id(),
            "conversation_id": conversation,
            "handoff_id": "",
            "policy_version": "1",
            "inputs": {},
            "ruling": {},
            "kind": 1,
            "answered_entry_id": "",
            "is_silent": False,
            "decided_at": at,
        }
        for conversation, at in told
    ]
    await _insert(database, decisions, rows)


async def _insert(database: Database, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    async with database.write() as tx:
        await tx.execute(sa.insert(table), rows)


def random_pasts(source: random.Random, since: datetime, until: datetime, count: int) -> list[Past]:
    """Returns handoffs of all kinds, with moments to the microsecond, of few conversations."""
    span = (until - since) // timedelta(microseconds=1)

    def some(after: datetime, most: timedelta) -> datetime:
        return after + timedelta(microseconds=source.randrange(most // timedelta(microseconds=1)))

    found = []
    for number in range(count):
        asked = since + timedelta(microseconds=source.randrange(span))
        one = Past(asked, source.choice(("desk", "webshop", "late")), f"talk-{source.randrange(count)}")
        if source.random() < 0.7:
            one.accepted = some(asked, 3 * HOUR)
            one.replied = some(one.accepted, HOUR) if source.random() < 0.8 else None
            one.called_back = some(asked, 4 * HOUR) if source.random() < 0.3 else None
        one.state, one.ended = source.choice(ENDED), some(one.accepted or asked, 20 * HOUR)
        one.clocks = tuple(
            clock(kind, kept=source.randrange(3), broken=source.randrange(2))
            for kind in ClockKind
            if source.random() < 0.5
        )
        one.id = f"{number:05}"
        found.append(one)
    return found
