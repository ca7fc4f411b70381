"""What a database works out of moments and of JSON, the same on SQLite and on PostgreSQL."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class seconds(FunctionElement[int]):  # noqa: N801 - a function, as SQL has it
    """Whole seconds since 1970 of a moment, rounded down."""

    name = "seconds"
    type = sa.BigInteger()
    inherit_cache = True


class microseconds(FunctionElement[int]):  # noqa: N801
    """Microseconds since 1970 of a moment, exact."""

    name = "microseconds"
    type = sa.BigInteger()
    inherit_cache = True


class json_items(FunctionElement[Any]):  # noqa: N801
    """The items of a JSON array, as rows with a `value`."""

    name = "json_items"
    inherit_cache = True


class json_number(FunctionElement[int]):  # noqa: N801
    """A whole number of a JSON object, by its key, which is no one's input."""

    name = "json_number"
    type = sa.BigInteger()
    inherit_cache = True


def _arguments(element: FunctionElement[Any], compiler: SQLCompiler, **options: Any) -> list[str]:
    return [compiler.process(clause, **options) for clause in element.clauses]


@compiles(seconds, "sqlite")
def _seconds_sqlite(element: seconds, compiler: SQLCompiler, **options: Any) -> str:
    (moment,) = _arguments(element, compiler, **options)
    # Without the fraction, which SQLite would round: what is stored is `YYYY-MM-DD HH:MM:SS.ffffff`.
    return f"CAST(strftime('%s', substr({moment}, 1, 19)) AS INTEGER)"


@compiles(seconds, "postgresql")
def _seconds_postgresql(element: seconds, compiler: SQLCompiler, **options: Any) -> str:
    (moment,) = _arguments(element, compiler, **options)
    return f"CAST(floor(extract(epoch FROM {moment})) AS BIGINT)"


@compiles(microseconds, "sqlite")
def _microseconds_sqlite(element: microseconds, compiler: SQLCompiler, **options: Any) -> str:
    (moment,) = _arguments(element, compiler, **options)
    whole = f"CAST(strftime('%s', substr({moment}, 1, 19)) AS INTEGER)"
    return f"({whole} * 1000000 + CAST(substr({moment}, 21, 6) AS INTEGER))"


@compiles(microseconds, "postgresql")
def _microseconds_postgresql(element: microseconds, compiler: SQLCompiler, **options: Any) -> str:
    (moment,) = _arguments(element, compiler, **options)
    return f"CAST(extract(epoch FROM {moment}) * 1000000 AS BIGINT)"


@compiles(json_items, "sqlite")
def _json_items_sqlite(element: json_items, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_each({', '.join(_arguments(element, compiler, **options))})"


@compiles(json_items, "postgresql")
def _json_items_postgresql(element: json_items, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_array_elements({', '.join(_arguments(element, compiler, **options))})"


@compiles(json_number, "sqlite")
def _json_number_sqlite(element: json_number, compiler: SQLCompiler, **options: Any) -> str:
    value, key = _arguments(element, compiler, **options)
    return f"json_extract({value}, '$.' || {key})"


@compiles(json_number, "postgresql")
def _json_number_postgresql(element: json_number, compiler: SQLCompiler, **options: Any) -> str:
    value, key = _arguments(element, compiler, **options)
    return f"CAST({value} ->> {key} AS BIGINT)"
