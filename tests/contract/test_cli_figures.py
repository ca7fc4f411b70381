"""`balie figures` against the real service."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from tests.databases import sqlite_databases
from tests.unit.handoff.figures.samples import Past, clock, decide, put, rate, suggest, transfer
from tests.unit.handoff.served import Handoffs, settings
from typer.testing import CliRunner, Result

from balie.cli.app import app
from balie.cli.console import console
from balie.handoff.app import MIGRATIONS, lifespan
from balie.handoff.clocks import ClockKind
from balie.handoff.domain import HandoffState
from balie.kit.database import Database
from balie.kit.testing import serve

pytestmark = pytest.mark.asyncio(loop_scope="module")

MONDAY = datetime(2026, 10, 26, 9, tzinfo=UTC)


@dataclass(frozen=True)
class Addressed(Handoffs):
    """Calls to a service, and where it listens."""

    address: str


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def at(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Addressed]:
    given = settings(sqlite_databases(tmp_path_factory.mktemp("figures"))())
    async with serve(lifespan(given), settings=given) as running:
        service = Addressed(running.channel, running.address)
        await service.queue("service")
        await service.queue("webshop")
        async with Database.open(given.database_url, migrations=MIGRATIONS) as database:
            await fill(database)
        yield service


async def fill(database: Database) -> None:
    solved = Past(
        MONDAY,
        "service",
        state=HandoffState.RESOLVED,
        accepted=MONDAY + timedelta(seconds=75),
        replied=MONDAY + timedelta(seconds=90),
        ended=MONDAY + timedelta(hours=1),
        clocks=(clock(ClockKind.FIRST_REPLY, kept=1), clock(ClockKind.NEXT_REPLY, kept=2, broken=1)),
    )
    await put(database, solved, Past(MONDAY, "webshop", state=HandoffState.CANCELLED, ended=MONDAY))
    await transfer(database, solved, MONDAY, queue="service")
    await rate(database, solved, 4, MONDAY)
    await suggest(database, solved, 1, MONDAY)
    await decide(database, (solved.id, MONDAY), ("talk", MONDAY), ("talk", MONDAY))


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "_width", 140)  # whatever the terminal is that tests run in


async def balie(at: Addressed, *arguments: str) -> Result:
    command = ["figures", *arguments, "--handoff", at.address]
    return await asyncio.to_thread(CliRunner().invoke, app, command)


def words(result: Result) -> list[str]:
    return [" ".join(line.split()) for line in result.output.splitlines()]


OCTOBER = ("--since", "2026-10-26", "--until", "2026-10-27")


async def test_figures_of_all_queues_as_a_table(at: Addressed) -> None:
    done = await balie(at, *OCTOBER)
    assert done.exit_code == 0
    lines = words(done)
    assert "Mon 26 Oct 2026 00:00 to Tue 27 Oct 2026 00:00, UTC" in lines
    assert "all service webshop" in lines
    assert "asked for 2 1 1" in lines
    assert "cancelled 1 0 1" in lines
    assert "wait p90 1 min 15 s 1 min 15 s -" in lines
    assert "first reply as promised 100.0% 100.0% -" in lines
    assert "next replies as promised 66.7% 66.7% -" in lines
    assert "ratings 1 2 3 4 5 0 0 0 1 0 0 0 0 1 0 -" in lines
    assert "suggestions used 1 1 -" in lines
    assert not [line for line in lines if line.startswith("resolved as promised")]
    assert "the bot contained 1 of 2 conversations, 50.0%" in lines


async def test_figures_of_a_queue_by_the_day_of_a_zone(at: Addressed) -> None:
    done = await balie(
        at,
        "service",
        "--since",
        "2026-10-25",
        "--until",
        "2026-10-27",
        "--by",
        "day",
        "--zone",
        "Europe/Amsterdam",
    )
    assert done.exit_code == 0
    lines = words(done)
    assert "asked for 1" in lines
    assert "from asked accepted resolved released wait p50 wait p90 reply p50 rating contained" in lines
    assert "Sun 25 Oct 00:00 0 0 0 0 - - - - -" in lines
    assert "Mon 26 Oct 00:00 1 1 1 0 1 min 15 s 1 min 15 s 1 min 30 s 4.00 50.0%" in lines


async def test_figures_as_json_have_counts_of_nothing_and_no_measures_of_it(at: Addressed) -> None:
    done = await balie(
        at, "--since", "2026-01-01", "--until", "2026-01-02T12:00+01:00", "--by", "day", "--json"
    )
    (told,) = [json.loads(line) for line in done.output.splitlines() if line.startswith('{"')]
    assert (told["start_time"], told["end_time"]) == ("2026-01-01T00:00:00Z", "2026-01-02T11:00:00Z")
    assert (told["total"]["asked"], told["total"]["waiting"]) == (0, 0)
    assert "wait" not in told["total"]
    assert told["bot"] == {"routed": 0, "contained": 0}
    assert len(told["buckets"]) == 2


@pytest.mark.parametrize(
    ("arguments", "code", "problem"),
    [
        (("nowhere",), 1, "queue nowhere does not exist"),
        (("--since", "yesterday"), 2, "'yesterday' is no moment"),
        (("--zone", "Europe/Amsterdm"), 2, "Europe/Amsterdm is no time zone"),
        (("--since", "2026-10-27", "--until", "2026-10-26"), 1, "it ends no later than it begins"),
    ],
)
async def test_what_cannot_be_asked_is_explained(
    at: Addressed, arguments: tuple[str, ...], code: int, problem: str
) -> None:
    done = await balie(at, *arguments)
    assert done.exit_code == code
    assert problem in " ".join(done.output.replace("│", " ").split())
