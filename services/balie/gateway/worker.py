"""The workers: they take up turns as messages come, and what another replica or an earlier life left behind.

A new message wakes them within the process, so nothing is polled for in the usual case. The sweep finds the rest:
turns whose pause is over, and those of replicas that are gone.
"""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import structlog

from balie.gateway import turn_store
from balie.gateway.pipeline import NOTHING_FOUND, Pipeline
from balie.gateway.ports import InternalMistake, ServiceDown
from balie.gateway.stages import Stages
from balie.gateway.turn_store import Claim, Key
from balie.gateway.turns import LeaseLost, Turns
from balie.kit.database import Database
from balie.kit.errors import Failure

_RENEWALS = 3  # of a lease within its time, so that two may fail
_TRIES = 3  # of a turn that meets a mistake of ours, before a person is asked

_log = structlog.get_logger()


class Workers:
    """Works on turns, many conversations at a time and each one's turns in order.

    Args:
        database: where the turns are.
        turns: their steps.
        pipeline: what is done for one.
        count: conversations at a time.
        sweep: how often it is looked for turns that nobody woke a worker for.
        lease: how long a conversation stays ours without a renewal.
    """

    def __init__(
        self,
        database: Database,
        turns: Turns,
        pipeline: Pipeline,
        *,
        count: int,
        sweep: timedelta,
        lease: timedelta,
    ) -> None:
        self._database = database
        self._turns = turns
        self._pipeline = pipeline
        self._count = count
        self._sweep = sweep
        self._lease = lease
        self._waiting: asyncio.Queue[tuple[Key, Claim | None]] = asyncio.Queue()
        self._active: set[Key] = set()  # at work, or about to be
        self._again: dict[Key, Claim | None] = {}  # woken while it was active
        self._room = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._is_router_away = False

    @property
    def have_room(self) -> bool:
        """Returns whether a worker is free for one conversation more."""
        return len(self._active) < self._count

    def wake(self, key: Key, claim: Claim | None = None) -> None:
        """Lets a worker look after a conversation: for a turn that is claimed already, or for whatever is due."""
        if key in self._active:
            self._again[key] = claim or self._again.get(key)
            return
        self._active.add(key)
        self._waiting.put_nowait((key, claim))

    async def start(self) -> None:
        """Begins to work. On SQLite, which one process alone uses, nobody else can hold a lease: all are dropped."""
        if self._database.dialect == "sqlite":
            async with self._database.write() as tx:
                await turn_store.free(tx)
        jobs = [self._work() for _ in range(self._count)]
        names = [f"turn worker {number}" for number in range(self._count)]
        jobs += [self._look_for_work(), self._keep_leases()]
        names += ["turn sweep", "lease keeper"]
        self._tasks = [asyncio.create_task(job, name=name) for job, name in zip(jobs, names, strict=True)]

    async def stop(self) -> None:
        """Stops at once and frees what was at work; it is on disk, and the next replica takes it up."""
        self._turns.is_stopping = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(Failure):  # leases run out by themselves
            async with self._database.write() as tx:
                await turn_store.free(tx, self._turns.replica)

    async def _work(self) -> None:
        while True:
            key, claim = await self._waiting.get()
            following: Claim | None = None
            try:
                claim = claim or await self._turns.claim(*key)
                following = None if claim is None else await self._guarded(claim)
            except LeaseLost:
                _log.info("turn is somebody else's now", tenant=key[0], conversation_id=key[1])
            except Failure as failure:
                _log.warning("turn step failed", conversation_id=key[1], reason=failure.reason)
                await asyncio.sleep(self._sweep.total_seconds())  # the sweep finds it again
            except Exception:  # noqa: BLE001  a mistake of ours must not end the worker
                _log.exception("turn failed", tenant=key[0], conversation_id=key[1])
                await asyncio.sleep(self._sweep.total_seconds())
            self._leave(key, following)

    def _leave(self, key: Key, following: Claim | None) -> None:
        self._active.discard(key)
        was_woken = key in self._again
        claim = following or self._again.pop(key, None)
        if claim is not None or was_woken:
            self.wake(key, claim)  # behind the others: a long conversation keeps nobody waiting
        self._room.set()

    async def _guarded(self, claim: Claim) -> Claim | None:
        """As `_one`; when that has a mistake, the turn is tried again, and a person asked when it fails each time."""
        try:
            return await self._one(claim)
        except (LeaseLost, Failure):
            raise
        except Exception:  # noqa: BLE001  whatever our mistake is, the contact is not left alone with it
            _log.exception("turn failed", turn_id=claim.turn.id, attempts=claim.turn.attempts)
        stages = Stages(claim)
        if claim.turn.attempts < _TRIES:
            await self._turns.put_off(claim, "", stages)
            return None
        try:
            outcome = await self._pipeline.give_up(claim, stages)
        except (ServiceDown, InternalMistake) as refused:
            await self._turns.put_off(claim, refused.service, stages)
            return None
        return await self._turns.end(claim, NOTHING_FOUND, outcome, stages)

    async def _one(self, claim: Claim) -> Claim | None:
        """Works on one turn; returns the conversation's next one, if it was taken up with the end of this one."""
        stages = Stages(claim)
        try:
            findings = await self._pipeline.find(claim, stages)
            if findings.are_new:
                await self._turns.keep(claim, findings, stages, self._pipeline.follow_ups.version)
            outcome = await self._pipeline.settle(claim, findings, stages)
        except ServiceDown as down:
            self._is_router_away = True
            _log.warning("turn waits", turn_id=claim.turn.id, dependency=down.service)
            await self._turns.put_off(claim, down.service, stages)
            return None
        except InternalMistake as mistake:
            _log.error(
                "turn waits", turn_id=claim.turn.id, dependency=mistake.service, refusal=mistake.refusal
            )
            await self._turns.put_off(claim, mistake.service, stages)
            return None
        self._is_router_away = False
        return await self._turns.end(claim, findings, outcome, stages)

    async def _look_for_work(self) -> None:
        """Wakes workers for what is due; only as many as are free, so that other replicas find the rest."""
        while True:
            free = self._count - len(self._active)
            # While the router is away, one turn at a time finds out whether it is back.
            limit = min(free, 1) if self._is_router_away else free
            found = await self._wake_due(limit) if limit > 0 else 0
            if found and found == limit and not self._is_router_away:
                self._room.clear()
                await self._room.wait()  # there may be more than workers: the next as soon as one is free
            else:
                await asyncio.sleep(self._sweep.total_seconds())

    async def _wake_due(self, limit: int) -> int:
        try:
            async with self._database.read() as tx:
                now = datetime.now(UTC)
                keys = await turn_store.due(tx, now, self._turns.replica, limit, besides=list(self._active))
        except Failure as failure:
            _log.warning("sweep failed", reason=failure.reason)
            return 0
        for key in keys:
            self.wake(key)
        return len(keys)

    async def _keep_leases(self) -> None:
        while True:
            await asyncio.sleep(self._lease.total_seconds() / _RENEWALS)
            if not self._active:
                continue
            try:
                async with self._database.write() as tx:
                    await turn_store.renew(tx, self._turns.replica, datetime.now(UTC) + self._lease)
            except Failure as failure:
                _log.warning("leases not renewed", reason=failure.reason)
