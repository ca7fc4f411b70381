"""The models of the database on this replica's disk: fetched once, verified each time, and fetched anew when damaged."""

import asyncio
import os
import re
import shutil
import time
from collections.abc import Collection
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from balie.kit.database import Database
from balie.nlu.artifacts import VERSION_CHARACTERS, Manifest, verified, write_manifest
from balie.nlu.errors import ModelDamaged
from balie.nlu.models import files
from balie.nlu.models.domain import Model
from balie.nlu.models.errors import ModelCorrupt, ModelUnusable

_VERSION = re.compile(rf"[0-9a-f]{{{VERSION_CHARACTERS}}}")
_WORK_PREFIXES = (".fetching-", ".training-", ".removing-")
_STALE_SECONDS = 24 * 3600.0
"""Younger ones may be another service's, which shares the folder."""

_log = structlog.get_logger()


class ArtifactCache:
    """A folder of models, a folder each, named after their versions.

    Args:
        database: where models are.
        folder: made when absent; losing it costs time only.
    """

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self.folder = folder

    async def open(self) -> None:
        """Makes the folder, and clears away what an earlier life left half done.

        Raises:
            OSError: it cannot be made.
        """
        await asyncio.to_thread(self._open)

    async def get(self, model: Model) -> Path:
        """Returns the folder of a ready model, verified.

        Raises:
            ModelCorrupt: what is stored is not what was written.
            ModelUnusable: the folder cannot be written.
        """
        if model.manifest is None:
            raise ModelCorrupt(
                model.version, "manifest.json", "is no manifest of this version of the service"
            )
        home = self.folder / model.version
        if home.exists():
            problem = await asyncio.to_thread(_problem, home, model.manifest)
            if problem is None:
                return home
            _log.warning("damaged copy of a model, fetched anew", model=model.version, problem=problem)
        try:
            await self._fetch(model, model.manifest, home)
        except OSError as error:
            raise ModelUnusable(
                model.version, f"cannot be written to the model folder: {error.strerror}"
            ) from None
        return home

    async def tidy(self, used: Collection[str], *, keep: int) -> list[str]:
        """Removes the copies that were used longest ago, and returns their versions.

        Args:
            used: versions that are in use, and stay.
            keep: how many others stay.
        """
        return await asyncio.to_thread(self._tidy, used, keep)

    def _open(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        old = time.time() - _STALE_SECONDS
        for path in self.folder.iterdir():
            if path.name.startswith(_WORK_PREFIXES) and path.stat().st_mtime < old:
                shutil.rmtree(path, ignore_errors=True)

    async def _fetch(self, model: Model, manifest: Manifest, home: Path) -> None:
        work = await asyncio.to_thread(_temporary, self.folder, ".fetching-")
        with work as name:
            built = Path(name) / "new"
            built.mkdir(mode=0o755)
            await files.fetch(self._database, model.key, built, manifest)
            await asyncio.to_thread(write_manifest, built, manifest)
            try:
                await asyncio.to_thread(verified, built)
            except ModelDamaged as damaged:
                file = damaged.file.relative_to(built).as_posix()
                raise ModelCorrupt(model.version, file, damaged.problem) from None
            await asyncio.to_thread(_put_in_place, built, home, Path(name) / "old")

    def _tidy(self, used: Collection[str], keep: int) -> list[str]:
        found = [path for path in self.folder.iterdir() if _VERSION.fullmatch(path.name) and path.is_dir()]
        for path in found:
            if path.name in used:
                os.utime(path)
        others = [path for path in found if path.name not in used]
        others.sort(key=lambda path: path.stat().st_mtime)
        old = others[: max(0, len(others) - keep)]
        for path in old:
            with _temporary(self.folder, ".removing-") as work:
                path.rename(Path(work) / "old")  # gone at once: nobody finds half of it
        return [path.name for path in old]


def _temporary(folder: Path, prefix: str) -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix=prefix, dir=folder)


def _problem(home: Path, manifest: Manifest) -> str | None:
    """Returns what is wrong with a copy, None when it is what the database says."""
    try:
        return None if verified(home) == manifest else "belongs to another model"
    except ModelDamaged as damaged:
        return f"{damaged.file.name} {damaged.problem}"


def _put_in_place(built: Path, home: Path, aside: Path) -> None:
    if home.exists():
        home.rename(aside)
    built.rename(home)
