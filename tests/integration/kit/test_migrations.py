"""Databases are brought up to date once, all at once, whoever starts."""

import asyncio
import logging
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.fakes.migrations_example.tables import links, metadata, notes
from tests.integration.kit.steps import MIGRATIONS, TENANT, add_note, note_ids, opened

from balie.kit import tables
from balie.kit.database import Database
from balie.kit.migrations import SchemaUnknown, drift

ROOT = Path(__file__).parents[3]

Revisions = Callable[..., str]


@pytest.fixture
def revisions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Revisions:
    """Makes a package of migrations whose revisions have the given bodies, numbered from 1."""
    monkeypatch.syspath_prepend(tmp_path)

    def make(name: str, *bodies: str) -> str:
        package = f"{name}_{abs(hash(request.node.nodeid))}"
        folder = tmp_path / package / "versions"
        folder.mkdir(parents=True)
        (folder.parent / "__init__.py").write_text("")
        for number, body in enumerate(bodies, start=1):
            before = f'"{number - 1:04}"' if number > 1 else "None"
            lines = "".join(f"    {line}\n" for line in body.splitlines())
            (folder / f"{number:04}_step.py").write_text(
                "import sqlalchemy as sa\nfrom alembic import op\n"
                "from balie.kit.migrations import create_kit_tables\n"
                f'revision = "{number:04}"\ndown_revision = {before}\n\ndef upgrade():\n{lines}'
            )
        return package

    return make


async def table_names(url: str) -> set[str]:
    """Returns what exists, seen by a service that brings no tables but the kit's."""
    engine = sa.ext.asyncio.create_async_engine(url)  # type: ignore[attr-defined]
    try:
        async with engine.connect() as connection:
            return set(await connection.run_sync(lambda sync: sa.inspect(sync).get_table_names()))
    finally:
        await engine.dispose()


async def test_the_migrated_tables_are_those_the_code_declares(database_url: str) -> None:
    async with opened(database_url):
        pass
    assert await drift(database_url, tables.metadata, metadata) == []


async def test_drift_is_seen(database_url: str) -> None:
    async with opened(database_url):
        pass
    other = sa.MetaData()
    sa.Table("extra", other, sa.Column("id", sa.BigInteger, primary_key=True))
    found = "\n".join(await drift(database_url, tables.metadata, metadata, other))
    assert "add_table" in found
    assert "extra" in found


async def test_replicas_that_start_at_once_migrate_once(database_url: str) -> None:
    async def start(name: str) -> None:
        async with opened(database_url) as database, database.write() as tx:
            await add_note(tx, name)

    await asyncio.gather(*(start(f"{number}") for number in range(6)))
    async with opened(database_url) as database:
        assert await note_ids(database) == sorted(f"{number}" for number in range(6))


async def test_a_new_file_that_another_connection_is_switching_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "new.sqlite3"
    switching = sqlite3.connect(path, isolation_level=None)
    switching.execute("CREATE TABLE other (id)")
    switching.execute(
        "BEGIN IMMEDIATE"
    )  # the lock of a switch under way: SQLite refuses another without waiting
    starting = asyncio.create_task(_open_and_close(f"sqlite+aiosqlite:///{path}"))
    await asyncio.sleep(0.3)
    assert not starting.done()
    switching.execute("COMMIT")
    switching.close()
    async with asyncio.timeout(30):
        await starting


async def _open_and_close(url: str) -> None:
    async with opened(url):
        pass


async def test_processes_that_start_at_once_migrate_once(database_url: str) -> None:
    code = (
        "import asyncio, sys\n"
        "from tests.integration.kit.steps import add_note, opened\n"
        "async def main():\n"
        "    async with opened(sys.argv[1]) as database, database.write() as tx:\n"
        "        await add_note(tx, sys.argv[2])\n"
        "asyncio.run(main())\n"
    )
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, database_url, f"{number}", cwd=ROOT, stderr=asyncio.subprocess.PIPE
        )
        for number in range(3)
    ]
    for process in processes:
        _, errors = await process.communicate()
        assert process.returncode == 0, errors.decode()
    async with opened(database_url) as database:
        assert await note_ids(database) == ["0", "1", "2"]


async def test_opening_again_changes_nothing(database_url: str) -> None:
    for name in ("a", "b"):
        async with opened(database_url) as database, database.write() as tx:
            await add_note(tx, name)
    async with opened(database_url) as database:
        assert await note_ids(database) == ["a", "b"]


async def test_a_database_of_a_newer_version_is_refused_and_left_alone(database_url: str) -> None:
    async with opened(database_url) as database, database.write() as tx:
        await add_note(tx, "a")
        await tx.execute(sa.text("UPDATE alembic_version SET version_num = '0099'"))
    with pytest.raises(SchemaUnknown, match=rf"0099.*{MIGRATIONS}"):
        await opened(database_url).__aenter__()
    assert "notes" in await table_names(database_url)


async def test_a_migration_that_fails_leaves_nothing_behind(database_url: str, revisions: Revisions) -> None:
    package = revisions(
        "failing", "create_kit_tables(op)", "op.execute('SELECT 1')\nraise RuntimeError('halfway')"
    )
    with pytest.raises(RuntimeError, match="halfway"):
        await Database.open(database_url, migrations=package).__aenter__()
    assert await table_names(database_url) == set()


async def test_later_revisions_are_applied_to_what_is_there(database_url: str, revisions: Revisions) -> None:
    first = "create_kit_tables(op)\nop.create_table('things', sa.Column('id', sa.Text, primary_key=True))"
    second = "op.add_column('things', sa.Column('size', sa.BigInteger, nullable=False, server_default='7'))"
    early, late = revisions("early", first), revisions("late", first, second)
    async with Database.open(database_url, migrations=early) as database, database.write() as tx:
        await tx.execute(sa.text("INSERT INTO things (id) VALUES ('a')"))
    async with Database.open(database_url, migrations=late) as database, database.read() as tx:
        assert await tx.scalar(sa.text("SELECT size FROM things WHERE id = 'a'")) == 7


def example_then(body: str) -> tuple[str, str]:
    """Returns the example's tables, with rows, as a first revision, and a second one."""
    first = (
        "from tests.fakes.migrations_example.tables import metadata\n"
        "create_kit_tables(op)\n"
        "metadata.create_all(op.get_bind())\n"
        "for name in 'ab':\n"
        "    op.execute(f\"INSERT INTO notes (tenant, id, version) VALUES ('acme', '{name}', 1)\")\n"
        "op.execute(\"INSERT INTO links (tenant, source, target) VALUES ('acme', 'a', 'b')\")\n"
    )
    return first, body


async def test_copying_a_table_keeps_the_rows_that_refer_to_it(sqlite_url: str, revisions: Revisions) -> None:
    """Altering a table of SQLite copies and drops it: enforced foreign keys would delete the links."""
    copy = "with op.batch_alter_table('notes', recreate='always') as batch:\n    batch.alter_column('body', nullable=True)"
    async with Database.open(sqlite_url, migrations=revisions("copying", *example_then(copy))) as database:
        assert await note_ids(database) == ["a", "b"]
        async with database.read() as tx:
            assert await tx.one(sa.select(links)) == (TENANT, "a", "b")


async def test_a_migration_that_leaves_dangling_rows_is_refused(
    sqlite_url: str, revisions: Revisions
) -> None:
    package = revisions("dangling", *example_then("op.execute(\"DELETE FROM notes WHERE id = 'b'\")"))
    with pytest.raises(RuntimeError, match="foreign key"):
        await Database.open(sqlite_url, migrations=package).__aenter__()
    assert await table_names(sqlite_url) == set()


async def test_migrating_leaves_logging_as_it_was(database_url: str) -> None:
    before = (
        list(logging.getLogger().handlers),
        logging.getLogger().level,
        logging.getLogger("alembic").level,
    )
    async with opened(database_url) as database, database.read() as tx:
        assert await tx.scalar(sa.select(sa.func.count()).select_from(notes)) == 0
    assert before == (
        list(logging.getLogger().handlers),
        logging.getLogger().level,
        logging.getLogger("alembic").level,
    )


@pytest.mark.parametrize("folder", ["with space", "with%percent", "with,comma"])
async def test_paths_may_hold_what_configuration_files_may_not(tmp_path: Path, folder: str) -> None:
    url = sa.URL.create("sqlite+aiosqlite", database=str(tmp_path / folder / "notes.sqlite3"))
    async with opened(url.render_as_string()) as database:
        await database.check()
