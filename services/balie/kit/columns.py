"""Column types that hold and order the same things on SQLite and PostgreSQL.

The plain SQLAlchemy types differ between the two where it hurts: SQLite drops a time's zone, PostgreSQL orders text by
the collation of the server, and its `jsonb` gives back other numbers than were put in.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, TypeDecorator
from sqlalchemy import Text as PlainText
from sqlalchemy.types import TypeEngine


class UtcDateTime(TypeDecorator[datetime]):
    """A point in time with microseconds: takes any aware datetime, always yields one in UTC.

    Stored as `timestamptz` on PostgreSQL and as text that sorts by time on SQLite. A naive datetime is refused:
    nobody can tell which moment it means.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Returns the moment in UTC, in the form the driver takes."""
        if value is None:
            return None
        if value.utcoffset() is None:
            raise ValueError("a stored datetime must be aware of its zone")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Returns the moment, aware and in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Text(TypeDecorator[str]):
    """Text of any length, compared and ordered by code point.

    On PostgreSQL the column gets the collation "C"; otherwise a page of names would come in another order than on
    SQLite, and ids with hyphens would not sort as they were made.
    """

    impl = PlainText
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Returns the dialect's text type with the order of code points."""
        return dialect.type_descriptor(PlainText(collation="C" if dialect.name == "postgresql" else None))


class Json(TypeDecorator[Any]):
    """Objects, arrays, strings, finite numbers and booleans as JSON text; None is NULL.

    `json` rather than `jsonb` on PostgreSQL: it gives back what was put in, 1e20 as a float and keys in their order,
    as SQLite does. It cannot be compared or grouped by; what a query needs is a column of its own.
    """

    impl = JSON(none_as_null=True)
    cache_ok = True
