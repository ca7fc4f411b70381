"""The column types give back what was put in, in the same order, on both databases."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import StatementError
from tests.fakes.migrations_example.tables import notes
from tests.integration.kit.steps import TENANT

from balie.kit.database import Database


async def stored(database: Database, column: str, values: list[Any]) -> list[Any]:
    async with database.write() as tx:
        await tx.execute(
            sa.insert(notes),
            [
                {"tenant": TENANT, "id": f"{number:03}", "version": 1, column: value}
                for number, value in enumerate(values)
            ],
        )
    async with database.read() as tx:
        return [row[0] for row in await tx.all(sa.select(notes.c[column]).order_by(notes.c.id))]


async def test_a_moment_is_the_same_moment_and_in_utc(database: Database) -> None:
    moments = [
        datetime(2026, 3, 1, 12, 0, 0, 0, tzinfo=UTC),
        datetime(2026, 3, 1, 12, 0, 0, 1, tzinfo=UTC),
        datetime(2026, 10, 25, 2, 30, tzinfo=timezone(timedelta(hours=2))),
        datetime(2026, 3, 1, 23, 59, 59, 999999, tzinfo=timezone(timedelta(hours=-9, minutes=-30))),
        datetime(1900, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    ]
    read = await stored(database, "noted_at", [*moments, None])
    assert read == [*moments, None]
    assert all(moment.tzinfo is UTC for moment in read[:-1])


async def test_moments_compare_and_sort_by_time(database: Database) -> None:
    east, west = timezone(timedelta(hours=9)), timezone(timedelta(hours=-9))
    early, middle, late = (
        datetime(2026, 3, 1, 20, 0, tzinfo=east),
        datetime(2026, 3, 1, 12, 0, tzinfo=UTC),
        datetime(2026, 3, 1, 4, 0, 0, 1, tzinfo=west),
    )
    await stored(database, "noted_at", [late, early, middle])
    async with database.read() as tx:
        rows = await tx.all(sa.select(notes.c.noted_at).order_by(notes.c.noted_at))
        assert [row[0] for row in rows] == [early, middle, late]
        assert await tx.scalar(sa.select(sa.func.count()).where(notes.c.noted_at < middle)) == 1
        assert (
            await tx.scalar(sa.select(sa.func.count()).where(notes.c.noted_at == late.astimezone(east))) == 1
        )
        assert await tx.scalar(sa.select(sa.func.max(notes.c.noted_at))) == late


async def test_a_naive_datetime_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="aware"):
        await stored(database, "noted_at", [datetime(2026, 3, 1, 12, 0)])  # noqa: DTZ001


async def test_json_comes_back_as_it_was(database: Database) -> None:
    values = [
        {"b": 1, "a": [1, 2.5, 1e20, 0.1, -0.0, True, None, "zoë", "\x00"], "": {}},
        [],
        "text",
        0,
        False,
        None,
        {"id": 2**62},
    ]
    read = await stored(database, "body", values)
    assert read == values
    assert [type(value) for value in read[0]["a"]] == [
        int,
        float,
        float,
        float,
        float,
        bool,
        type(None),
        str,
        str,
    ]
    assert list(read[0]) == ["b", "a", ""]


async def test_no_json_is_null(database: Database) -> None:
    await stored(database, "body", [None, {}])
    async with database.read() as tx:
        assert await tx.scalar(sa.select(sa.func.count()).where(notes.c.body.is_(None))) == 1


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
async def test_a_number_that_json_does_not_have_is_refused(database: Database, number: float) -> None:
    with pytest.raises(StatementError, match="JSON compliant"):
        await stored(database, "body", [{"score": number}])


async def test_text_sorts_by_code_point(database: Database) -> None:
    names = ["Z", "_", "a", "a-b", "a.b", "aB", "ab", "b", "é", "ÿ", "€", "𝄞"]
    assert names == sorted(names)
    async with database.write() as tx:
        await tx.execute(
            sa.insert(notes), [{"tenant": TENANT, "id": name, "version": 1} for name in reversed(names)]
        )
    async with database.read() as tx:
        rows = await tx.all(sa.select(notes.c.id).order_by(notes.c.id))
        assert [row.id for row in rows] == names
        later = await tx.all(sa.select(notes.c.id).where(notes.c.id > "a.b").order_by(notes.c.id).limit(2))
        assert [row.id for row in later] == ["aB", "ab"]
        assert await tx.scalar(sa.select(sa.func.count()).where(notes.c.id == "A")) == 0


async def test_large_whole_numbers_fit(database: Database) -> None:
    assert await stored(database, "version", [2**63 - 1, -(2**63)]) == [2**63 - 1, -(2**63)]
