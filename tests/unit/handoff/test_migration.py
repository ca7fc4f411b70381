"""Handoffs that were under way before they had courses go on: each that is open has a next step."""

import importlib
from datetime import UTC, datetime, timedelta
from importlib.resources import as_file, files

import sqlalchemy as sa
from alembic import command
from sqlalchemy import Connection
from tests.unit.handoff.desks import TENANT, Clock, desks

from balie.handoff import tables
from balie.handoff.app import MIGRATIONS
from balie.handoff.domain import HandoffState, Speaker
from balie.kit import engines, migrations
from balie.kit import tables as kit_tables
from balie.kit.columns import Json, UtcDateTime

BEFORE = importlib.import_module(f"{MIGRATIONS}.versions.0005_courses").down_revision
STATES = {name: HandoffState[name] for name in ("QUEUED", "OFFERED", "ACCEPTED", "RESOLVED")}
ASKED = datetime(2025, 5, 1, 11, 55, tzinfo=UTC)


async def test_what_was_open_goes_on(database_url: str) -> None:
    await migrated_until_courses(database_url)
    clock = Clock()
    clock.time = datetime.now(UTC)  # an upgrade gives agents their time from the moment it is made
    async with desks(database_url, clock) as at:
        found = {one.asked.conversation_id: one for one in await at.all()}
        assert {name: one.state for name, one in found.items()} == STATES
        assert {name for name, one in found.items() if one.next_step_at is None} == {"RESOLVED"}
        assert found["RESOLVED"].course.ended_at == ASKED
        assert found["QUEUED"].next_step_at == found["QUEUED"].deadline_at
        chat = found["ACCEPTED"]
        assert chat.talk.contact_waits
        assert chat.agent_due_at is not None
        assert timedelta(minutes=9) < chat.agent_due_at - clock.time < timedelta(minutes=15)
        assert (await at.says(chat, Speaker.AGENT, 5)).talk.contact_waits is False
        agent = await at.staff.agent(TENANT, "els")
        assert (agent.profile.hold_weight, agent.profile.max_open, agent.open_chats) == (0.2, None, 2)
        assert not (await at.staff.queue(TENANT, "desk")).is_paused
    assert await migrations.drift(database_url, tables.metadata, kit_tables.metadata) == []


async def migrated_until_courses(url: str) -> None:
    """Makes the database as it was before, with a handoff in each of some states."""

    def migrate(connection: Connection) -> None:
        with as_file(files(MIGRATIONS).joinpath("versions")) as versions:
            config = migrations._config(versions)
            config.attributes["connection"] = connection
            command.upgrade(config, BEFORE)

    engine = engines.migrating(engines.parse(url))
    async with engine.begin() as connection:
        await connection.run_sync(migrate)
        await connection.execute(sa.insert(_table("queues")), [_QUEUE])
        await connection.execute(sa.insert(_table("agents")), [_AGENT])
        rows = [_handoff(name, state) for name, state in STATES.items()]
        await connection.execute(sa.insert(_table("handoffs")), rows)
    await engine.dispose()


_QUEUE = {
    "tenant": TENANT,
    "id": "desk",
    "display_name": "Desk",
    "max_wait_seconds": 600.0,
    "offer_timeout_seconds": 30.0,
    "rings": [],
    "priority_per_minute": 0.0,
    "last_agent_seconds": 0.0,
    "calendar_id": "",
}
_AGENT = {
    "tenant": TENANT,
    "id": "els",
    "display_name": "Els",
    "queue_ids": ["desk"],
    "languages": [],
    "max_chats": 2,
    "skills": {},
    "presence": 1,
    "idle_since": ASKED,
}


def _handoff(name: str, state: HandoffState) -> dict[str, object]:
    return {
        "tenant": TENANT,
        "id": f"h-{name}",
        "conversation_id": name,
        "turn_id": "",
        "contact_id": "anna",
        "channel": "web",
        "language": "nl",
        "queue_id": "desk",
        "state": int(state),
        "priority": 0,
        "agent_id": "" if state is HandoffState.QUEUED else "els",
        "reasons": [],
        "suggested_answer_ids": [],
        "passed_agent_ids": [],
        "owner_epoch": 2 if name in ("ACCEPTED", "RESOLVED") else 0,
        "owner_confirmed": name == "ACCEPTED",
        "revision": 3,
        "created_at": ASKED,
        "updated_at": ASKED,
        "offer_expires_at": ASKED + timedelta(seconds=30) if name == "OFFERED" else None,
        "deadline_at": ASKED + timedelta(minutes=10),
        "outcome": "",
        "skills": [],
        "rank": 0.0,
        "preferred_agent_id": "",
    }


def _table(name: str) -> sa.TableClause:
    """Returns a table with the columns of before."""
    row = {"queues": _QUEUE, "agents": _AGENT}.get(name) or _handoff("QUEUED", HandoffState.QUEUED)
    moments = {"idle_since", "created_at", "updated_at", "offer_expires_at", "deadline_at"}
    columns = [
        sa.column(key, UtcDateTime if key in moments else Json if isinstance(value, list | dict) else None)
        for key, value in row.items()
    ]
    return sa.table(name, *columns)
