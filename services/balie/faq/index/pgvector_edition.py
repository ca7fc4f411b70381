"""One collection's vectors in PostgreSQL: a table of its own, so that no other collection's are looked through.

A vector's row is named by entry, slot and version. Versions tell one wording of an entry from the next: replicas that
have not come equally far read and write beside each other without seeing each other's.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from balie.faq.index.pgvector_server import SCHEMA, VectorServer
from balie.faq.index.port import SLOTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]
    Ids = NDArray[np.int64]

LEASE_SECONDS = 3600.0
"""An edition that no replica said it uses for so long is deleted."""

_NUMBER = np.dtype(">f2")  # as PostgreSQL sends a number of a halfvec, after two 16-bit fields
_HEAD_BYTES = 4
_GONE_AT_ONCE = 10_000
_LONG_SECONDS = 86_400.0  # of what looks at all vectors
_WRITTEN_AT_ONCE = 500  # a graph takes some milliseconds for each, and a statement has a deadline
_GRAPH_LOCK = 405_186_721

Version = tuple[int, int]
"""An entry's number, and which of its wordings."""


def version_of(*parts: object) -> int:
    """Returns a number for what vectors were made from."""
    found = hashlib.blake2b(digest_size=8)
    for part in parts:
        encoded = part if isinstance(part, bytes) else str(part).encode()
        found.update(len(encoded).to_bytes(4, "big") + encoded)
    return int.from_bytes(found.digest(), "big", signed=True)


def encoded(vector: "Vector") -> bytes:
    """Returns a vector as PostgreSQL takes a halfvec."""
    return len(vector).to_bytes(2, "big") + b"\0\0" + vector.astype(_NUMBER).tobytes()


def decoded(values: Sequence[bytes], dimensions: int) -> "Vector":
    """Returns vectors, shape (values, dimensions)."""
    joined = b"".join(value[_HEAD_BYTES:] for value in values)
    return np.frombuffer(joined, _NUMBER).astype(np.float32).reshape(-1, dimensions)


class Edition:
    """The rows of one edition.

    Args:
        server: where they are.
        number: of the edition.
        dimensions: length of a vector.
        generation: that the edition held when it was opened.
    """

    def __init__(self, server: VectorServer, number: int, dimensions: int, generation: int) -> None:
        self.generation = generation
        self.dimensions = dimensions
        self._server = server
        self._number = number
        self._table = f"{SCHEMA}.edition_{number}"
        self._graph = f"edition_{number}_graph"

    def nearest(
        self, query: "Vector", limit: int, *, exact: bool, only: Sequence[int] | None
    ) -> list[tuple[int, int, float]]:
        """Returns id, version and similarity of the nearest vectors of any version, best first.

        Args:
            query: shape (dimensions,).
            limit: most of them.
            exact: whether to compare with all of them.
            only: numbers of the entries to compare with; implies `exact`.
        """
        nearness = "vector <#> $1"
        order = (
            f"({nearness}) + 0" if exact or only is not None else nearness
        )  # no graph is laid out for a sum
        where = "" if only is None else "WHERE number = ANY($2)"
        statement = (
            f"SELECT number * {SLOTS} + slot, version, -({nearness}) FROM {self._table} {where} "
            f"ORDER BY {order} LIMIT {limit}"
        )
        arguments = [encoded(query)] if only is None else [encoded(query), only]
        found = self._server.run(lambda connection: connection.fetch(statement, *arguments))
        return [tuple(row) for row in found]

    def rows(self, numbers: Sequence[int]) -> tuple["Ids", "Ids", "Vector"]:
        """Returns ids, versions and vectors of entries."""
        return self._rows("WHERE number = ANY($1)", numbers)

    def everything(self) -> tuple["Ids", "Ids", "Vector"]:
        """Returns ids, versions and vectors of all entries."""
        return self._rows("")

    def counts(self, numbers: Sequence[int]) -> dict[Version, int]:
        """Returns how many vectors each version of entries has."""
        statement = (
            f"SELECT number, version, count(*) FROM {self._table} WHERE number = ANY($1) GROUP BY 1, 2"
        )
        found = self._server.run(lambda connection: connection.fetch(statement, numbers))
        return {(number, version): count for number, version, count in found}

    def change(
        self, removed: Iterable[Version], added: "Mapping[Version, Sequence[Vector]]", generation: int
    ) -> None:
        """Deletes versions of entries and puts others there, in one transaction; what is there already stays."""
        gone = list(removed)
        rows = [
            (number, slot, version, generation, encoded(vector))
            for (number, version), vectors in sorted(added.items(), key=lambda pair: pair[0])
            for slot, vector in enumerate(vectors)
        ]

        async def work(connection: Any) -> None:
            async with connection.transaction():
                # In the order of the key, so that two replicas that write the same wait for each other in turn.
                for start in range(0, len(rows), _WRITTEN_AT_ONCE):
                    await connection.executemany(
                        f"INSERT INTO {self._table} (number, slot, version, born, vector) "
                        "VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
                        rows[start : start + _WRITTEN_AT_ONCE],
                    )
                await self._delete(connection, gone)
                await self._at(connection, generation)

        if rows or gone:
            self._server.run(work)

    def settle(self, held: Mapping[int, int], generation: int) -> None:
        """Says that the edition is whole, and deletes what no replica asks for any more.

        Args:
            held: the version of each entry of the generation.
            generation: rows of later ones are another replica's, and stay.
        """

        async def work(connection: Any) -> None:
            async with connection.transaction():
                gone = [
                    (number, version)
                    async for number, version in connection.cursor(
                        f"SELECT DISTINCT number, version FROM {self._table} WHERE born <= $1",
                        generation,
                        prefetch=_GONE_AT_ONCE,
                    )
                    if held.get(number) != version
                ]
                for start in range(0, len(gone), _GONE_AT_ONCE):
                    await self._delete(connection, gone[start : start + _GONE_AT_ONCE])
                await self._at(connection, generation, whole=True)

        self._server.run(work)

    def build_graph(self) -> None:
        """Returns when the vectors have a graph of neighbours, unless another replica is at it; may take hours."""

        async def work(connection: Any) -> None:
            if await connection.fetchval(
                "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass($1)",
                f"{SCHEMA}.{self._graph}",
            ):
                return
            if not await connection.fetchval(
                "SELECT pg_try_advisory_lock($1, $2)", _GRAPH_LOCK, self._number
            ):
                return
            try:
                # What is left of an attempt that failed finds nothing, and is in the way of the next.
                await connection.execute(f"DROP INDEX IF EXISTS {SCHEMA}.{self._graph}")
                await connection.execute(
                    f"CREATE INDEX CONCURRENTLY {self._graph} ON {self._table} USING hnsw (vector halfvec_ip_ops)",
                    timeout=_LONG_SECONDS,
                )
            finally:
                await connection.execute("SELECT pg_advisory_unlock($1, $2)", _GRAPH_LOCK, self._number)

        self._server.run(work)

    def keep(self) -> bool:
        """Returns whether the edition is there still, after saying that it is used and deleting unused ones beside it."""

        async def work(connection: Any) -> bool:
            mine = f"SELECT tenant, collection_id FROM {SCHEMA}.editions WHERE number = $1"
            kept = await connection.execute(
                f"UPDATE {SCHEMA}.editions SET used_at = now() WHERE number = $1", self._number
            )
            await drop(
                connection,
                f"number <> $1 AND (tenant, collection_id) IN ({mine}) AND {UNUSED}",
                self._number,
            )
            return str(kept) == "UPDATE 1"

        return self._server.run(work)

    def _rows(self, where: str, *arguments: object) -> tuple["Ids", "Ids", "Vector"]:
        statement = f"SELECT number * {SLOTS} + slot, version, vector FROM {self._table} {where} ORDER BY 1"
        found = self._server.run(
            lambda connection: connection.fetch(statement, *arguments, timeout=_LONG_SECONDS)
        )
        return (
            np.asarray([row[0] for row in found], np.int64),
            np.asarray([row[1] for row in found], np.int64),
            decoded([row[2] for row in found], self.dimensions),
        )

    async def _delete(self, connection: Any, gone: Sequence[Version]) -> None:
        if gone:
            await connection.execute(
                f"DELETE FROM {self._table} AS held USING unnest($1::bigint[], $2::bigint[]) AS gone (number, version) "
                "WHERE held.number = gone.number AND held.version = gone.version",
                [number for number, _ in gone],
                [version for _, version in gone],
            )

    async def _at(self, connection: Any, generation: int, *, whole: bool = False) -> None:
        await connection.execute(
            f"UPDATE {SCHEMA}.editions SET generation = greatest(generation, $2), is_whole = is_whole OR $3, "
            "used_at = now() WHERE number = $1",
            self._number,
            generation,
            whole,
        )


UNUSED = f"used_at < now() - interval '{LEASE_SECONDS:.0f} seconds'"


async def make(connection: Any, number: int, dimensions: int) -> None:
    """Makes an edition's table."""
    await connection.execute(
        f"CREATE TABLE {SCHEMA}.edition_{number} (number bigint NOT NULL, slot smallint NOT NULL, "
        f"version bigint NOT NULL, born bigint NOT NULL, vector halfvec({dimensions}) NOT NULL, "
        "PRIMARY KEY (number, version, slot) INCLUDE (born))"
    )
    # Beside the other columns: rows of long vectors would be compressed and moved away, and each read twice.
    await connection.execute(f"ALTER TABLE {SCHEMA}.edition_{number} ALTER vector SET STORAGE PLAIN")


async def drop(connection: Any, where: str, *arguments: object) -> None:
    """Deletes editions."""
    async with connection.transaction():
        found = await connection.fetch(
            f"SELECT number FROM {SCHEMA}.editions WHERE {where} FOR UPDATE SKIP LOCKED", *arguments
        )
        for [number] in found:
            await connection.execute(f"DROP TABLE IF EXISTS {SCHEMA}.edition_{number}")
            await connection.execute(f"DELETE FROM {SCHEMA}.editions WHERE number = $1", number)
