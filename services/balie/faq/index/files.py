"""Indexes on disk, so that a restart reads vectors from a file. A cache: what does not match is thrown away.

Each collection has a folder of its own with three files: the vectors, the entries that they belong to, and a manifest
that names the other two with their checksums. New files come under new names, and the manifest takes the old one's
place in one step: whoever falls over in between leaves the old index whole, and what is left over goes with the next.
"""

import hashlib
import os
import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

import structlog
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from balie.faq.index import kinds
from balie.faq.index.indexed_entry import IndexedEntry
from balie.faq.index.kinds import IndexDamaged
from balie.faq.index.port import Kind, VectorIndex
from balie.kit.ids import new_id

FORMAT: Literal[1] = 1
_MANIFEST = "manifest.json"
_NEW_MANIFEST = "manifest.json.new"
_ENTRIES = TypeAdapter(list[IndexedEntry])
_LINE = 10_000  # entries on a line of their file
_FOLDER_CHARACTERS = 32

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose index it is, and which encoder's vectors it holds."""

    tenant: str
    collection_id: str
    fingerprint: str
    dimensions: int


@dataclass(frozen=True, slots=True)
class Saved:
    """An index as it was saved.

    Attributes:
        generation: of the collection that it held.
        event_id: of the event with that generation; empty when it was not known.
        entries: that it held.
    """

    index: VectorIndex
    generation: int
    event_id: str
    entries: list[IndexedEntry]


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    size_bytes: int
    sha256: str


class Manifest(BaseModel):
    """What a folder's files hold."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1]
    tenant: str
    collection_id: str
    fingerprint: str
    dimensions: int
    kind: Kind
    generation: int
    event_id: str
    vectors: int
    index: _File
    entries: _File


class IndexFiles:
    """Reads and writes the indexes of one replica; its methods block.

    Args:
        folder: of this replica alone; made when it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(
        self,
        owner: Owner,
        generation: int,
        event_id: str,
        index: VectorIndex,
        held: Collection[IndexedEntry],
    ) -> None:
        """Saves an index in place of the one that is there.

        Args:
            owner: whose it is.
            generation: of the collection that it holds.
            event_id: of the event with that generation, by which it is known that the store has the same past.
            index: its vectors.
            held: its entries.

        Raises:
            OSError: it could not be written; what was there is there still.
        """
        folder = self._of(owner.tenant, owner.collection_id)
        folder.mkdir(parents=True, exist_ok=True)
        token = new_id()
        vectors, entries = folder / f"vectors-{token}.faiss", folder / f"entries-{token}.jsonl"
        index.write(vectors)
        with entries.open("wb") as file:
            for part in _parts(held):
                file.write(_ENTRIES.dump_json(part) + b"\n")
        manifest = Manifest(
            format=FORMAT,
            tenant=owner.tenant,
            collection_id=owner.collection_id,
            fingerprint=owner.fingerprint,
            dimensions=owner.dimensions,
            kind=index.kind,
            generation=generation,
            event_id=event_id,
            vectors=len(index),
            index=_described(vectors),
            entries=_described(entries),
        )
        new = folder / _NEW_MANIFEST
        new.write_text(manifest.model_dump_json(indent=2), encoding="utf-8")
        for path in (vectors, entries, new, folder):
            _to_disk(path)
        new.replace(folder / _MANIFEST)
        _to_disk(folder)
        self._sweep(folder, {_MANIFEST, vectors.name, entries.name})

    def read(self, owner: Owner) -> Saved | None:
        """Returns an index as it was saved; None when there is none, or what is there was thrown away."""
        folder = self._of(owner.tenant, owner.collection_id)
        if not (folder / _MANIFEST).exists():
            return None
        try:
            manifest = _checked(folder, owner)
            with (folder / manifest.entries.name).open("rb") as file:
                held = [entry for line in file for entry in _ENTRIES.validate_json(line)]
            index = kinds.read(manifest.kind, manifest.dimensions, folder / manifest.index.name)
            if len(index) != manifest.vectors:
                raise IndexDamaged("the number of vectors is another")
        except ValidationError:
            self.throw_away(owner, "its entries are in another form")
            return None
        except (IndexDamaged, OSError) as error:
            self.throw_away(owner, str(error))
            return None
        return Saved(index, manifest.generation, manifest.event_id, held)

    def throw_away(self, owner: Owner, why: str) -> None:
        """Deletes what is saved of an index, and says why."""
        _log.warning(
            "saved index thrown away", tenant=owner.tenant, collection_id=owner.collection_id, why=why
        )
        self.forget(owner.tenant, owner.collection_id)

    def forget(self, tenant: str, collection_id: str) -> None:
        """Deletes what is saved of a collection's index, if anything."""
        folder = self._of(tenant, collection_id)
        (folder / _MANIFEST).unlink(missing_ok=True)  # first: what a kill leaves then is no index
        shutil.rmtree(folder, ignore_errors=True)

    def keep(self, collections: Collection[tuple[str, str]]) -> None:
        """Deletes what is saved of any other collection."""
        kept = {self._of(*key).name for key in collections}
        if not self._folder.is_dir():
            return
        for folder in self._folder.iterdir():
            if folder.name not in kept and (folder / _MANIFEST).exists():
                _log.info("saved index of a collection that is gone thrown away", folder=folder.name)
                shutil.rmtree(folder, ignore_errors=True)

    def _of(self, tenant: str, collection_id: str) -> Path:
        # Ids are no names of files: they may be as long as names may be, or `..`.
        digest = hashlib.sha256(f"{tenant}\0{collection_id}".encode()).hexdigest()
        return self._folder / digest[:_FOLDER_CHARACTERS]

    @staticmethod
    def _sweep(folder: Path, kept: Collection[str]) -> None:
        for path in folder.iterdir():
            if path.name not in kept:
                path.unlink(missing_ok=True)


def _checked(folder: Path, owner: Owner) -> Manifest:
    """Returns the manifest of a folder whose files are as they were written and hold the owner's index.

    Raises:
        IndexDamaged: says what is wrong.
        OSError: a file cannot be read.
    """
    try:
        manifest = Manifest.model_validate_json((folder / _MANIFEST).read_bytes())
    except ValidationError:
        raise IndexDamaged("the manifest is none of this version") from None
    if (manifest.tenant, manifest.collection_id) != (owner.tenant, owner.collection_id):
        raise IndexDamaged("it is another collection's")
    if manifest.fingerprint != owner.fingerprint:
        raise IndexDamaged(f"its vectors are those of the encoder {manifest.fingerprint}")
    if manifest.dimensions != owner.dimensions:
        raise IndexDamaged(f"its vectors have {manifest.dimensions} dimensions")
    for file in (manifest.index, manifest.entries):
        if Path(file.name).name != file.name or _described(folder / file.name) != file:
            raise IndexDamaged(f"{file.name} does not match its checksum")
    return manifest


def _parts(held: Collection[IndexedEntry]) -> Iterator[list[IndexedEntry]]:
    left = iter(held)
    while part := list(islice(left, _LINE)):
        yield part


def _described(path: Path) -> _File:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return _File(name=path.name, size_bytes=file.tell(), sha256=digest)


def _to_disk(path: Path) -> None:
    """Waits until a file, or a folder's list of files, is on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
