"""A process killed in the middle of writing loses nothing it acknowledged, and leaves nothing half done."""

import asyncio
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.integration.kit.busy_writer import write
from tests.integration.kit.steps import PATIENCE_SECONDS, TENANT, TOPIC, note_ids, opened

from balie.kit.database import Database
from balie.kit.eventlog import EventLog
from balie.kit.ledger import Ledger

ROOT = Path(__file__).parents[3]


async def killed_after(url: str, acknowledgements: int) -> dict[int, int]:
    """Starts a writer, kills it after so many acknowledgements, and returns all that it gave: positions by number."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.integration.kit.busy_writer",
        url,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    lines = [await process.stdout.readline() for _ in range(acknowledgements)]
    process.kill()
    rest, errors = await process.communicate()
    assert process.returncode == -9, errors.decode()
    whole = [line for line in (*lines, *rest.splitlines(keepends=True)) if line.endswith(b"\n")]
    return {int(number): int(position) for number, position in (line.split() for line in whole)}


async def settle(database: Database) -> None:
    """Waits until PostgreSQL has noticed that the writer is gone: what it had sent last may still be committed."""
    others = sa.text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid() AND application_name = 'tests.fakes.migrations_example' AND state <> 'idle'"
    )
    while database.dialect == "postgresql":
        async with database.read() as tx:
            if await tx.scalar(others) == 0:
                return
        await asyncio.sleep(0.01)


@pytest.mark.slow
async def test_a_killed_writer_loses_nothing_it_acknowledged(database_url: str) -> None:
    acknowledged: dict[int, int] = {}
    async with asyncio.timeout(PATIENCE_SECONDS * 3):
        for acknowledgements in (1, 25, 60):  # each starts on what the one before left
            acknowledged |= await killed_after(database_url, acknowledgements)
    async with opened(database_url) as database:
        await settle(database)
        log, ledger = EventLog(database), Ledger()
        records = await log.read(TENANT, TOPIC, 0, 10_000)
        assert [record.position for record in records] == list(range(1, len(records) + 1))
        found = {int(record.payload): record.position for record in records}
        assert len(found) == len(records)
        assert acknowledged.items() <= found.items()
        # The tables and the log say the same, also of writes whose acknowledgement was never heard.
        assert await note_ids(database) == sorted(f"{number:06}" for number in found)
        # A client that asks again gets what was done, or has it done now, once.
        for number in range(max(found) + 3):
            assert await write(database, log, ledger, number) == found.get(number, len(records) + 1)
            if number not in found:
                records = await log.read(TENANT, TOPIC, 0, 10_000)
        assert len(await note_ids(database)) == max(found) + 3


@pytest.mark.slow
async def test_a_writer_starts_again_right_after_the_kill(database_url: str) -> None:
    await killed_after(database_url, 20)
    async with opened(database_url) as database:
        log, ledger = EventLog(database, poll_seconds=0.02), Ledger()
        async with asyncio.timeout(PATIENCE_SECONDS):  # no lock of the dead one is in the way
            head = await log.head(TENANT, TOPIC)
            assert await write(database, log, ledger, 1_000_000) >= head + 1
