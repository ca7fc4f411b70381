"""What a transaction promises, on both databases."""

import asyncio
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError
from tests.fakes.migrations_example.tables import links, notes
from tests.integration.kit.steps import (
    PATIENCE_SECONDS,
    TENANT,
    GivenUp,
    add_note,
    given_up,
    note_ids,
    opened,
    stays_pending,
)

from balie.kit.database import Database, TransactionSpoiled
from balie.kit.errors import DatabaseUnavailable


async def test_tells_its_dialect(database: Database, database_url: str) -> None:
    assert database.dialect == database_url.partition("+")[0]
    await database.check()


async def test_keeps_what_was_committed(database_url: str) -> None:
    async with opened(database_url) as database, database.write() as tx:
        await add_note(tx, "a")
    async with opened(database_url) as database:
        assert await note_ids(database) == ["a"]


async def test_an_exception_rolls_everything_back(database: Database) -> None:
    async with given_up(database) as tx:
        await add_note(tx, "a")
    assert await note_ids(database) == []


async def test_a_reader_sees_one_snapshot(database: Database) -> None:
    count = sa.select(sa.func.count()).select_from(notes)

    async def write() -> None:
        async with database.write() as tx:
            await add_note(tx, "a")

    async with database.read() as snapshot:
        assert await snapshot.scalar(count) == 0
        await asyncio.create_task(write())
        assert await snapshot.scalar(count) == 0
    assert await note_ids(database) == ["a"]


async def test_readers_do_not_see_or_wait_for_a_writer(database: Database) -> None:
    async with database.write() as tx:
        await add_note(tx, "a")
        assert await asyncio.create_task(note_ids(database)) == []


async def test_a_reader_cannot_write(database: Database) -> None:
    async with database.read() as tx:
        with pytest.raises(DBAPIError):
            await add_note(tx, "a")
    async with database.read() as tx:
        with pytest.raises(RuntimeError, match="no commit"):
            tx.after_commit(lambda: None)
    assert await note_ids(database) == []


async def test_sixty_four_writers_lose_no_update(database: Database) -> None:
    async with database.write() as tx:
        await add_note(tx, "a")

    async def step() -> None:
        async with database.write() as tx:
            row = await tx.one(sa.select(notes.c.version).where(notes.c.id == "a").with_for_update())
            assert row is not None
            await tx.execute(sa.update(notes).where(notes.c.id == "a").values(version=row.version + 1))

    async with asyncio.timeout(PATIENCE_SECONDS):
        await asyncio.gather(*(step() for _ in range(64)))
    async with database.read() as tx:
        assert await tx.scalar(sa.select(notes.c.version)) == 65


async def test_returns_rows_and_values(database: Database) -> None:
    async with database.write() as tx:
        assert await tx.one(sa.select(notes.c.id)) is None
        assert await tx.scalar(sa.select(notes.c.id)) is None
        assert list(await tx.all(sa.select(notes.c.id))) == []
        await tx.execute(
            sa.insert(notes), [{"tenant": TENANT, "id": name, "version": 1} for name in ("a", "b", "c")]
        )
        changed = await tx.execute(sa.update(notes).where(notes.c.id != "c").values(version=2))
        assert changed.rowcount == 2
        assert await tx.one(sa.select(notes.c.id, notes.c.version).where(notes.c.id == "b")) == ("b", 2)
        assert await tx.scalar(sa.select(sa.func.count()).select_from(notes)) == 3
        assert await tx.scalar(sa.select(sa.bindparam("x", type_=sa.Integer)).params(x=5)) == 5


async def test_inserts_or_changes_or_leaves_alone(database: Database) -> None:
    async with database.write() as tx:
        for version in (1, 2):
            statement = tx.insert(notes).values(tenant=TENANT, id="a", version=version)
            await tx.execute(
                statement.on_conflict_do_update(
                    index_elements=[notes.c.tenant, notes.c.id], set_={"version": statement.excluded.version}
                )
            )
        for name, expected in (("a", None), ("b", "b")):
            ignoring = tx.insert(notes).values(tenant=TENANT, id=name, version=9)
            assert (
                await tx.scalar(
                    ignoring.on_conflict_do_nothing(index_elements=[notes.c.tenant, notes.c.id]).returning(
                        notes.c.id
                    )
                )
                == expected
            )
    async with database.read() as tx:
        rows = await tx.all(sa.select(notes.c.id, notes.c.version).order_by(notes.c.id))
    assert [tuple(row) for row in rows] == [("a", 2), ("b", 9)]


async def test_actions_run_after_the_commit_and_only_then(database: Database) -> None:
    told: list[str] = []
    async with database.write() as tx:
        await add_note(tx, "a")
        tx.after_commit(lambda: told.append("one"))
        tx.after_commit(lambda: told.append("two"))
        assert told == []
    assert told == ["one", "two"]
    async with given_up(database) as tx:
        tx.after_commit(lambda: told.append("never"))
    assert told == ["one", "two"]


async def test_an_action_that_fails_does_not_undo_the_commit(database: Database) -> None:
    told: list[str] = []

    def fail() -> None:
        raise GivenUp

    async with database.write() as tx:
        await add_note(tx, "a")
        tx.after_commit(fail)
        tx.after_commit(lambda: told.append("next"))
    assert told == ["next"]
    assert await note_ids(database) == ["a"]


async def test_a_broken_constraint_comes_through(database: Database) -> None:
    async with given_up(database) as tx:
        await add_note(tx, "a")
        with pytest.raises(IntegrityError):
            await add_note(tx, "a")


async def test_foreign_keys_hold(database: Database) -> None:
    async with given_up(database) as tx:
        with pytest.raises(IntegrityError):
            await tx.execute(sa.insert(links).values(tenant=TENANT, source="a", target="b"))


async def test_a_transaction_whose_failure_was_swallowed_cannot_be_used_or_committed(
    database: Database,
) -> None:
    """PostgreSQL would answer this commit with a silent rollback."""

    async def careless() -> None:
        async with database.write() as tx:
            await add_note(tx, "kept?")
            with pytest.raises(IntegrityError):
                await tx.execute(sa.insert(notes).values(tenant=TENANT, id="x", version=None))
            with pytest.raises(TransactionSpoiled):
                await add_note(tx, "other")

    with pytest.raises(TransactionSpoiled):
        await careless()
    assert await note_ids(database) == []


@pytest.mark.parametrize("outer", ["read", "write"])
@pytest.mark.parametrize("inner", ["read", "write"])
async def test_a_transaction_inside_a_transaction_is_refused_rather_than_hanging(
    database: Database, outer: str, inner: str
) -> None:
    async def nested() -> None:
        async with getattr(database, outer)(), getattr(database, inner)():
            pass

    with pytest.raises(RuntimeError, match="inside"):
        await nested()
    async with database.write() as tx:
        await add_note(tx, "a")
    assert await note_ids(database) == ["a"]


async def test_whoever_waits_too_long_for_a_turn_is_told(database_url: str) -> None:
    async with opened(database_url, connections=1, wait_seconds=0.1) as database:
        async with database.read():
            with pytest.raises(DatabaseUnavailable):
                await asyncio.create_task(note_ids(database))
        assert await note_ids(database) == []

        async def second_writer() -> None:
            async with database.write():
                pass

        async with database.write() as tx:
            await add_note(tx, "a")
            with pytest.raises(DatabaseUnavailable):
                await asyncio.create_task(second_writer())
        await second_writer()


async def test_closing_waits_for_running_transactions_and_refuses_new_ones(database_url: str) -> None:
    closing, going = asyncio.Event(), asyncio.Event()

    async def slow(database: Database) -> None:
        async with database.write() as tx:
            await add_note(tx, "a")
            going.set()
            await closing.wait()
            await asyncio.sleep(0.1)

    async with opened(database_url) as database:
        running = asyncio.create_task(slow(database))
        await going.wait()
        closing.set()
    assert running.done()
    await running
    for transaction in (database.read(), database.write()):
        with pytest.raises(DatabaseUnavailable):
            await transaction.__aenter__()
    async with opened(database_url) as database:
        assert await note_ids(database) == ["a"]


async def test_a_writer_waits_for_rows_that_another_locked(database: Database) -> None:
    async with database.write() as tx:
        await add_note(tx, "a")

    async def raise_version() -> None:
        async with database.write() as tx:
            await tx.execute(sa.update(notes).values(version=notes.c.version + 1))

    async with database.write() as tx:
        await tx.execute(sa.update(notes).values(version=notes.c.version + 1))
        waiting = asyncio.create_task(raise_version())
        assert await stays_pending(waiting)
    await waiting
    async with database.read() as tx:
        assert await tx.scalar(sa.select(notes.c.version)) == 3


@pytest.mark.parametrize(
    "url",
    [
        "sqlite+aiosqlite://",
        "sqlite+aiosqlite:///:memory:",
        "sqlite+aiosqlite:///file::memory:?uri=true",
        "sqlite:///notes.sqlite3",
        "postgresql://root:hunter2@127.0.0.1/notes",
        "mysql+aiomysql://root:hunter2@127.0.0.1/notes",
    ],
)
async def test_refuses_other_databases_without_repeating_their_password(url: str) -> None:
    with pytest.raises(ValueError, match="database") as failure:
        await opened(url).__aenter__()
    assert "hunter2" not in str(failure.value)


async def test_sqlite_is_set_up_to_survive_the_loss_of_power(sqlite_url: str) -> None:
    async with opened(sqlite_url) as database:
        for begin in (database.read, database.write):
            async with begin() as tx:
                assert await tx.scalar(sa.text("PRAGMA journal_mode")) == "wal"
                assert await tx.scalar(sa.text("PRAGMA synchronous")) == 2  # FULL
                assert await tx.scalar(sa.text("PRAGMA foreign_keys")) == 1


async def test_makes_the_folder_of_a_sqlite_file(sqlite_url: str) -> None:
    async with opened(sqlite_url.replace(".sqlite3", "/new/notes.sqlite3")) as database:
        await database.check()


@pytest.mark.postgres
async def test_postgresql_is_set_up_to_free_the_locks_of_a_replica_that_hangs(postgresql_url: str) -> None:
    async with opened(postgresql_url) as database:
        for begin, isolation in ((database.read, "repeatable read"), (database.write, "read committed")):
            async with begin() as tx:
                assert await tx.scalar(sa.text("SHOW idle_in_transaction_session_timeout")) == "1min"
                assert await tx.scalar(sa.text("SHOW transaction_isolation")) == isolation


async def test_times_are_read_as_they_were_written(database: Database) -> None:
    moment = datetime(2026, 7, 1, 10, 20, 30, 123456, tzinfo=UTC)
    async with database.write() as tx:
        await tx.execute(sa.insert(notes).values(tenant=TENANT, id="a", version=1, noted_at=moment))
    async with database.read() as tx:
        assert await tx.scalar(sa.select(notes.c.noted_at)) == moment
