"""Vectors in PostgreSQL with pgvector, once for all replicas; only which versions this replica holds is kept here."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from balie.faq.index.codes import to_unit_length
from balie.faq.index.pgvector_edition import UNUSED, Edition, drop, make, version_of
from balie.faq.index.pgvector_server import SCHEMA, VectorServer
from balie.faq.index.port import SLOTS, Kind, Snapshot
from balie.faq.index.searching import SearchedIndex, ids_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from balie.faq.index.indexed_entry import IndexedEntry

    Vector = NDArray[np.float32]
    Ids = NDArray[np.int64]

_ENTRY_BYTES = 200  # of what is kept here of an entry: two dictionaries
_OPENING_LOCK = 4_051_867_215
_SPARE = 8  # rows asked for beyond those wanted: some may be of versions that this replica does not hold


class PgVectorIndex(SearchedIndex):
    """An edition as one replica sees it.

    Args:
        edition: where the vectors are.
        graph_from: vectors from which on they are laid out in a graph.
    """

    kind: ClassVar[Kind] = Kind.PGVECTOR
    wear: ClassVar[float] = 0.0
    efforts: ClassVar[int] = 2
    first: ClassVar[int] = 3  # those that are not needed are sent all the same
    pick_from: ClassVar[int] = 5000

    def __init__(self, edition: Edition, *, graph_from: int) -> None:
        super().__init__(edition.dimensions)
        self._edition = edition
        self._graph_from = graph_from
        self._versions: dict[int, int] = {}
        self._staged: dict[int, tuple[int, int]] = {}
        self._generation = edition.generation

    @property
    def generation(self) -> int:
        """Returns the latest generation that any replica had put there when this index was opened."""
        return self._edition.generation

    @property
    def size_bytes(self) -> int:
        """Returns what is kept of its vectors in this process, about."""
        return _ENTRY_BYTES * max(1, len(self._counts))

    def adopt(self, entries: "Iterable[IndexedEntry]") -> dict[int, str]:
        """Takes over those entries whose vectors are there already, and returns their digests by number."""
        wanted = {entry.number: entry for entry in entries}
        there = self._edition.counts(list(wanted))
        found = {}
        for number, entry in wanted.items():
            version, count = _version(entry), entry.slots[-1]
            if there.get((number, version)) == count:
                self._hold({number: (version, count)})
                found[number] = entry.digest
        return found

    def stage(self, entries: "Mapping[IndexedEntry, Sequence[Vector]]", generation: int) -> None:
        """Puts vectors there without finding them yet; what is there already is not written again."""
        there = self._edition.counts([entry.number for entry in entries])
        versions = {
            entry.number: (_version(entry), len(rows)) for entry, rows in entries.items() if len(rows)
        }
        missing = {
            (entry.number, versions[entry.number][0]): rows
            for entry, rows in entries.items()
            if len(rows) and there.get((entry.number, versions[entry.number][0])) != len(rows)
        }
        self._edition.change((), missing, generation)
        self._generation = generation
        self._staged = versions

    def replace(self, removed: Iterable[int], added: "Mapping[int, Sequence[Vector]]") -> None:
        """Removes the vectors of entries, then adds those of others or of the same ones."""
        coming = {
            number: self._staged.get(number) or (version_of(*map(_bytes, rows)), len(rows))
            for number, rows in added.items()
            if len(rows)
        }
        going = {number: self._versions[number] for number in {*removed, *added} & self._versions.keys()}
        self._edition.change(
            [pair for pair in going.items() if coming.get(pair[0], (None,))[0] != pair[1]],
            {
                (number, version): added[number]
                for number, (version, _) in coming.items()
                if number not in self._staged
            },
            self._generation,
        )
        self._staged = {}
        for number in going:
            self._total -= self._counts.pop(number)
            del self._versions[number]
        self._hold(coming)

    def settle(self, generation: int) -> None:
        """Says that it is whole: what is left over from replicas that fell over is deleted, and the graph built."""
        self._generation = generation
        self._edition.settle(self._versions, generation)
        if len(self) >= self._graph_from:
            self._edition.build_graph()

    def keep(self) -> bool:
        """Returns whether its vectors are still there, after saying that they are used."""
        if not self._edition.keep():
            return False
        if len(self) >= self._graph_from:
            self._edition.build_graph()
        return True

    def ids(self) -> list[int]:
        """Returns the ids of all vectors, rising."""
        found: list[int] = np.sort(ids_of(self._counts)).tolist()
        return found

    def snapshot(self) -> Snapshot:
        """Returns a copy of everything, in the order of ids."""
        ids, versions, rows = self._edition.everything()
        held = self._are_held(ids, versions)
        return Snapshot(ids[held] // SLOTS, to_unit_length(rows[held]))

    def rows(self, ids: "Ids") -> "Vector":
        """Returns the vectors of ids, in their order; zeros for those that another replica has replaced already."""
        wanted = np.asarray(ids, np.int64)
        found = np.zeros((len(wanted), self.dimensions), np.float32)
        if not len(wanted):
            return found
        there, versions, rows = self._edition.rows(np.unique(wanted // SLOTS).tolist())
        held = self._are_held(there, versions)
        there, rows = there[held], to_unit_length(rows[held])
        places = np.minimum(np.searchsorted(there, wanted), max(0, len(there) - 1))
        if len(there):
            met = there[places] == wanted
            found[met] = rows[places[met]]
        return found

    def write(self, path: Path) -> None:
        """Writes nothing: the vectors are where they belong."""

    def _nearest(self, query: "Vector", wanted: int, effort: int, only: "Ids | None") -> "tuple[Vector, Ids]":
        numbers = None if only is None else np.unique(only // SLOTS).tolist()
        limit = wanted + _SPARE
        while True:
            found = self._edition.nearest(query[0], limit, exact=effort > 0, only=numbers)
            held = [row for row in found if self._versions.get(row[0] // SLOTS) == row[1]][:wanted]
            if len(held) == wanted or len(found) < limit:
                scores = np.asarray([row[2] for row in held], np.float32)
                return scores, np.asarray([row[0] for row in held], np.int64)
            limit *= 4

    def _hold(self, versions: Mapping[int, tuple[int, int]]) -> None:
        for number, (version, count) in versions.items():
            self._total += count - self._counts.get(number, 0)
            self._versions[number], self._counts[number] = version, count

    def _are_held(self, ids: "Ids", versions: "Ids") -> "NDArray[np.bool_]":
        pairs = zip((ids // SLOTS).tolist(), versions.tolist(), strict=True)
        return np.fromiter(
            (self._versions.get(number) == version for number, version in pairs), bool, len(ids)
        )


class PgVectorIndexes:
    """The editions of all collections in one database.

    Args:
        server: where they are.
        graph_from: vectors from which on those of a collection are laid out in a graph.
    """

    def __init__(self, server: VectorServer, *, graph_from: int = 10_000) -> None:
        self._server = server
        self._graph_from = graph_from

    def open(
        self, tenant: str, collection_id: str, fingerprint: str, dimensions: int, *, anew: bool
    ) -> PgVectorIndex:
        """Returns a collection's index of an encoder's vectors, of which it finds none yet."""

        async def work(connection: Any) -> tuple[int, int]:
            async with connection.transaction():
                await connection.execute("SELECT pg_advisory_xact_lock($1)", _OPENING_LOCK)
                of = (tenant, collection_id, fingerprint, dimensions)
                found = await connection.fetchrow(
                    f"UPDATE {SCHEMA}.editions SET used_at = now() WHERE number = (SELECT number FROM "
                    f"{SCHEMA}.editions WHERE tenant = $1 AND collection_id = $2 AND fingerprint = $3 AND "
                    "dimensions = $4 AND NOT $5 ORDER BY is_whole DESC, number DESC LIMIT 1) "
                    "RETURNING number, generation",
                    *of,
                    anew,
                )
                if found is None:
                    found = await connection.fetchrow(
                        f"INSERT INTO {SCHEMA}.editions (tenant, collection_id, fingerprint, dimensions) "
                        "VALUES ($1, $2, $3, $4) RETURNING number, generation",
                        *of,
                    )
                    await make(connection, found["number"], dimensions)
                return found["number"], found["generation"]

        number, generation = self._server.run(work)
        edition = Edition(self._server, number, dimensions, generation)
        return PgVectorIndex(edition, graph_from=self._graph_from)

    def forget(self, tenant: str, collection_id: str) -> None:
        """Deletes all vectors of a collection that is gone."""
        self._server.run(
            lambda connection: drop(connection, "tenant = $1 AND collection_id = $2", tenant, collection_id)
        )

    def keep_only(self, collections: Collection[tuple[str, str]]) -> None:
        """Deletes the vectors of any other collection, once nobody uses them."""
        self._server.run(
            lambda connection: drop(
                connection,
                f"NOT (tenant, collection_id) IN (SELECT * FROM unnest($1::text[], $2::text[])) AND {UNUSED}",
                [tenant for tenant, _ in collections],
                [collection_id for _, collection_id in collections],
            )
        )


def _version(entry: "IndexedEntry") -> int:
    return version_of(entry.revision, entry.digest)


def _bytes(vector: "Vector") -> bytes:
    return vector.tobytes()
