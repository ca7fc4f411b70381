"""`balie calendar` against the real service."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from tests.databases import sqlite_databases
from tests.unit.handoff.served import TIMEOUT, Handoffs, settings
from typer.testing import CliRunner, Result

from balie.api.handoff.v1 import calendar_service_pb2, queue_service_pb2
from balie.cli.app import app
from balie.cli.desk import SAMPLE
from balie.handoff.app import lifespan
from balie.kit.testing import serve

pytestmark = pytest.mark.asyncio(loop_scope="module")

ALWAYS = "zone: Europe/Amsterdam\nhours: {mon-sun: ['00:00-24:00']}\n"


@dataclass(frozen=True)
class Addressed(Handoffs):
    """Calls to a service, and where it listens."""

    address: str


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def at(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Addressed]:
    given = settings(sqlite_databases(tmp_path_factory.mktemp("calendars"))())
    async with serve(lifespan(given), settings=given) as running:
        yield Addressed(running.channel, running.address)


async def balie(at: Addressed, *arguments: object) -> Result:
    command = ["calendar", *map(str, arguments), "--handoff", at.address]
    return await asyncio.to_thread(CliRunner().invoke, app, command, env={"COLUMNS": "160"})


def objects(result: Result) -> list[dict[str, Any]]:
    """Returns the JSON that a command printed; the service in this process writes its log there as well."""
    printed = [json.loads(line) for line in result.output.splitlines() if line.startswith("{")]
    return [one for one in printed if "time_zone" in one]


async def test_calendars_are_put_listed_shown_attached_and_deleted(at: Addressed, tmp_path: Path) -> None:
    always = tmp_path / "always.yaml"
    always.write_text(ALWAYS, encoding="utf-8")
    done = await balie(at, "put", SAMPLE / "calendars/office.yaml", always)
    assert done.exit_code == 0
    assert "office is stored: " in done.output
    assert "always is stored: open for good" in done.output

    await at.queue("service")
    await at.queue("webshop", max_wait=90)
    done = await balie(at, "attach", "always", "service", "webshop")
    assert "webshop is open when always says so" in done.output
    request = queue_service_pb2.GetQueueRequest(queue_id="webshop")
    queue = (await at.queues.GetQueue(request, timeout=TIMEOUT)).queue
    assert (queue.calendar_id, queue.max_wait.seconds) == ("always", 90)

    listed = (await balie(at, "list")).output
    assert "2 calendars" in listed
    assert "always Europe/Amsterdam open for good service, webshop" in " ".join(listed.split())
    assert {
        one["id"]: len(one.get("holidays", [])) for one in objects(await balie(at, "list", "--json"))
    } == {
        "always": 0,
        "office": 11,
    }
    shown = await balie(at, "show", "always", "--days", 3)
    assert "always, Europe/Amsterdam, no holidays" in shown.output
    assert shown.output.count("00:00-24:00") == 3
    (one,) = objects(await balie(at, "show", "office", "--json"))
    get = calendar_service_pb2.GetCalendarRequest(calendar_id="office")
    stored = (await at.calendars.GetCalendar(get, timeout=TIMEOUT)).calendar
    assert (one["display_name"], len(one["weekdays"])) == (stored.display_name, 6)

    refused = await balie(at, "delete", "always")
    assert refused.exit_code == 1
    assert "CALENDAR_IN_USE" in refused.output
    assert "service is always open" in (await balie(at, "detach", "service", "webshop")).output
    assert "always is deleted" in (await balie(at, "delete", "always")).output
    gone = await balie(at, "show", "always")
    assert (gone.exit_code, "calendar always does not exist" in gone.output) == (1, True)
    missing = await balie(at, "attach", "always", "service")
    assert (missing.exit_code, "calendar always does not exist" in missing.output) == (1, True)


async def test_nothing_is_stored_when_a_file_has_a_mistake(at: Addressed, tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole.yaml", tmp_path / "broken.yaml"
    whole.write_text(ALWAYS, encoding="utf-8")
    broken.write_text("zone: Europe/Amsterdam\nhours:\n  mon: ['9-17']\n", encoding="utf-8")
    done = await balie(at, "put", whole, broken)
    assert done.exit_code == 1
    assert f"{broken}:3: hours of mon: '9-17' must be" in done.output
    assert "calendar whole does not exist" in (await balie(at, "show", "whole")).output


async def test_nobody_who_answers_is_told() -> None:
    command = ["calendar", "list", "--handoff", "127.0.0.1:1"]
    done = await asyncio.to_thread(CliRunner().invoke, app, command)
    assert (done.exit_code, "Nothing answers on 127.0.0.1:1" in done.output) == (1, True)
