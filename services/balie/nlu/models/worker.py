"""Trains the models that wait for it, one at a time, and takes up what a replica that fell left behind."""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import structlog

from balie.encoders.settings import EncoderSettings
from balie.kit.cancellation import see_through
from balie.kit.database import Database, Transaction
from balie.kit.errors import Failure
from balie.kit.eventlog import EventLog
from balie.kit.ids import new_id
from balie.nlu.artifacts import Manifest
from balie.nlu.jobs import Job
from balie.nlu.models import events, files, leases, store
from balie.nlu.models.domain import FailureReason, Key, ModelChange, ModelState, TrainingFailure
from balie.nlu.models.process import training
from balie.nlu.topics import MODELS
from balie.nlu.training import Line

_ATTEMPTS = 3
"""Times that a service may fall while it trains a model, before the model counts as what fells it."""

_SWEEP_SECONDS = 1.0
_TELLING_SECONDS = 0.5
_ASKING_SECONDS = 2.0
"""How soon it is noticed that a training was cancelled."""

_RENEWALS = 3  # of a lease within its time, so that two may fail

_log = structlog.get_logger()


class LeaseLost(Exception):
    """The model is somebody else's to train, or nobody's: it was cancelled or deleted."""


@dataclass(frozen=True)
class Training:
    """How models are trained here.

    Attributes:
        folder: where they are put together.
        encoder: how to open the encoder.
        lease: how long a model stays a replica's that does not renew its lease.
        log_format: form of the log lines of the process that trains.
    """

    folder: Path
    encoder: EncoderSettings
    lease: timedelta
    log_format: Literal["json", "console"]


class TrainingWorker:
    """Works on trainings until it is cancelled; what it was at is then given back, and taken up by the next."""

    def __init__(self, database: Database, log: EventLog, training: Training) -> None:
        self._database = database
        self._log = log
        self._training = training
        self._replica = new_id()
        self._renewal_seconds = min(_ASKING_SECONDS, training.lease.total_seconds() / _RENEWALS)
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Lets it look for work at once."""
        self._woken.set()

    async def run(self) -> None:
        """Trains what waits, again and again. On SQLite, which one process alone uses, nobody else holds a lease."""
        if self._database.dialect == "sqlite":
            async with self._database.write() as tx:
                await leases.drop_all(tx)
        while True:
            self._woken.clear()
            try:
                while await self._one():
                    pass
            except Failure as failure:
                _log.warning("training held up", reason=failure.reason)
            except Exception:  # noqa: BLE001  a bug of ours must not end the worker
                _log.exception("training held up")
            try:
                async with asyncio.timeout(_SWEEP_SECONDS):
                    await self._woken.wait()
            except TimeoutError:
                pass

    async def _one(self) -> bool:
        """Returns whether there was a model to train."""
        now = datetime.now(UTC)
        async with self._database.write() as tx:
            claimed = await leases.claim(tx, self._replica, now, now + self._training.lease)
        if claimed is None:
            return False
        key, attempt = claimed
        _log.info("training a model", tenant=key[0], model=key[1], attempt=attempt)
        try:
            if attempt > _ATTEMPTS:
                problem = f"the service fell {_ATTEMPTS} times while it trained this model"
                await self._fail(key, TrainingFailure(FailureReason.ABANDONED, problem))
            else:
                await self._train(key)
        except LeaseLost:
            _log.info("training dropped", tenant=key[0], model=key[1])
        except (asyncio.CancelledError, Failure):
            await see_through(self._release(key))
            raise
        except OSError as error:
            problem = f"the model cannot be written: {error.strerror or type(error).__name__}"
            await self._fail(key, TrainingFailure(FailureReason.CANNOT_WRITE, problem))
        return True

    async def _train(self, key: Key) -> None:
        telling = _Telling()
        tasks = {
            asyncio.create_task(self._trained(key, telling)),
            asyncio.create_task(self._keep(key, telling)),
        }
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _trained(self, key: Key, telling: "_Telling") -> None:
        work = await asyncio.to_thread(_temporary, self._training.folder)
        with work as name:
            job = await self._job(key, Path(name))
            async with training(job, Path(name) / "job.json") as lines, aclosing(lines):
                async for line in lines:
                    telling.line = line
            outcome = telling.line
            if outcome.failure is not None:
                await self._fail(key, outcome.failure)
            elif outcome.manifest is not None:
                await self._store(key, job.folder, outcome.manifest)

    async def _job(self, key: Key, work: Path) -> Job:
        """Returns what to train, its examples beside it on disk."""
        async with self._database.read() as tx:
            model = await store.model(tx, key)
        if model is None:
            raise LeaseLost
        paths: list[Path] = []
        while True:
            async with self._database.read() as tx:
                chunk = await store.examples(tx, key, len(paths))
            if chunk is None:
                break
            paths.append(work / f"examples-{len(paths):04}")
            await asyncio.to_thread(paths[-1].write_bytes, chunk)
        folder = work / "model"
        folder.mkdir(mode=0o755)
        return Job(
            version=model.version,
            task=model.task,
            examples=tuple(paths),
            folder=folder,
            encoder=self._training.encoder,
            log_format=self._training.log_format,
        )

    async def _keep(self, key: Key, telling: "_Telling") -> None:
        """Renews the lease and stores the progress, until the lease is lost."""
        renewed = asyncio.get_running_loop().time()
        told: tuple[str, float] | None = None
        while True:
            await asyncio.sleep(_TELLING_SECONDS)
            loop_time = asyncio.get_running_loop().time()
            line = telling.line
            # The last line tells the outcome, and no step: what was told before it stays until that is stored.
            now_told = (line.step, line.share) if line.step else told
            due = loop_time - renewed >= self._renewal_seconds
            if not due and now_told == told:
                continue
            now = datetime.now(UTC)
            try:
                async with self._database.write() as tx:
                    until = now + self._training.lease
                    step, share = now_told or ("starting", 0.0)
                    if not await leases.renew(tx, key, self._replica, until, now, step, share):
                        raise LeaseLost
            except Failure as failure:
                _log.warning("lease not renewed", model=key[1], reason=failure.reason)
                continue
            renewed, told = loop_time, now_told

    async def _store(self, key: Key, folder: Path, manifest: Manifest) -> None:
        await files.store(self._database, key, folder, manifest, lambda tx: self._guard(tx, key))
        now = datetime.now(UTC)
        async with self._database.write() as tx:
            await self._guard(tx, key)
            await store.succeed(tx, key, manifest, manifest.size_bytes, now)
            await self._tell(tx, key, ModelState.READY)
        _log.info("model trained", tenant=key[0], model=key[1], **manifest.figures)

    async def _fail(self, key: Key, failure: TrainingFailure) -> None:
        async with self._database.write() as tx:
            await self._guard(tx, key)
            await store.fail(tx, key, failure, datetime.now(UTC))
            await self._tell(tx, key, ModelState.FAILED)
        _log.error(
            "training failed",
            tenant=key[0],
            model=key[1],
            failure=failure.reason.name,
            problem=failure.message,
        )

    async def _guard(self, tx: Transaction, key: Key) -> None:
        if not await leases.hold(tx, key, self._replica):
            raise LeaseLost

    async def _tell(self, tx: Transaction, key: Key, state: ModelState) -> None:
        await self._log.append(tx, key[0], MODELS, events.encode(ModelChange(key[1], state)))

    async def _release(self, key: Key) -> None:
        try:
            async with self._database.write() as tx:
                await leases.release(tx, key, self._replica)
        except Failure:  # it runs out by itself
            _log.info("lease not given back", model=key[1])


class _Telling:
    """The newest line of a training."""

    def __init__(self) -> None:
        self.line = Line()


def _temporary(folder: Path) -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix=".training-", dir=folder)
