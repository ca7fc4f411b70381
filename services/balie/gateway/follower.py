"""Follows the handoffs of every tenant, and makes their conversations follow them.

A cursor is stored once its event was applied and confirmed, so a crash anywhere means that the event comes again,
which changes nothing. Every replica follows: whoever is first applies an event, the others find it done.
"""

import asyncio
from collections.abc import Coroutine
from contextlib import aclosing
from contextvars import Context
from datetime import timedelta
from typing import Any

import structlog

from balie.gateway import conversation_store
from balie.gateway.domain import BOT, HELD_BY_AGENT, HandoffState, Owner, OwnerKind
from balie.gateway.errors import ConversationNotFound
from balie.gateway.handoff_book import Applied, HandoffBook
from balie.gateway.ports import CursorGone, Handoffs, InternalMistake, ServiceDown
from balie.gateway.said import HandoffEventKind, HandoffNow
from balie.kit.database import Database, Transaction
from balie.kit.errors import Failure
from balie.kit.eventlog import FollowerCursors

_FOLLOWER, _SOURCE = "gateway", "handoffs"
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 2.0
# Epochs told of a conversation that is not here: of its agent, and of the bot after them, as the later has to be higher.
_AGENTS_EPOCH, _BOTS_EPOCH = 1, 2
_MOVES_NOTHING = frozenset({HandoffEventKind.SPOKE, HandoffEventKind.CLOCK})

_log = structlog.get_logger()


class Followers:
    """A follower for each tenant.

    Args:
        database: where conversations and cursors are.
        handoffs: the service that is followed.
        book: applies what it tells.
        look_for_tenants: how often it is looked for tenants that another replica met first.
    """

    def __init__(
        self, database: Database, handoffs: Handoffs, book: HandoffBook, *, look_for_tenants: timedelta
    ) -> None:
        self._database = database
        self._handoffs = handoffs
        self._book = book
        self._cursors = FollowerCursors(database)
        self._look_for_tenants = look_for_tenants
        self._tasks: set[asyncio.Task[None]] = set()
        self._tenants: set[str] = set()
        self._is_closed = False

    def start(self) -> None:
        """Begins to follow the tenants that are known, and each that comes."""
        self._run(self._find_tenants(), "tenants")

    def ensure(self, tenant: str) -> None:
        """Follows a tenant from now on, unless it is followed already."""
        if tenant not in self._tenants and not self._is_closed:
            self._tenants.add(tenant)
            self._run(self._follow(tenant), f"handoffs of {tenant}")

    def withdraw(self, tenant: str, handoff_id: str) -> None:
        """Asks the handoff service, beside everything else, to end a handoff whose conversation was closed.

        When it does not answer the handoff stays open until its next change is heard, and is withdrawn then.
        """
        if not self._is_closed:
            self._run(self._withdraw(tenant, handoff_id), f"withdrawal of {handoff_id}")

    async def close(self) -> None:
        """Stops following."""
        self._is_closed = True
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _run(self, job: Coroutine[Any, Any, None], name: str) -> None:
        # An empty context: it belongs to no call, although one of them may start it.
        task = asyncio.get_running_loop().create_task(job, name=name, context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _find_tenants(self) -> None:
        while True:
            try:
                async with self._database.read() as tx:
                    tenants = await conversation_store.all_tenants(tx)
            except Failure as failure:
                _log.warning("tenants not read", reason=failure.reason)
                tenants = ()
            for tenant in tenants:
                self.ensure(tenant)
            await asyncio.sleep(self._look_for_tenants.total_seconds())

    async def _follow(self, tenant: str) -> None:
        pause = _FIRST_PAUSE_SECONDS
        loop = asyncio.get_running_loop()
        while True:
            started = loop.time()
            try:
                await self._listen(tenant)
            except (ServiceDown, InternalMistake, Failure) as failed:
                _log.info("handoffs not followed for now", tenant=tenant, error=type(failed).__name__)
            except Exception:  # noqa: BLE001  a mistake of ours must not leave agents waiting for ever
                _log.exception("handoffs not followed for now", tenant=tenant)
            went_well = loop.time() - started > _LONGEST_PAUSE_SECONDS
            pause = _FIRST_PAUSE_SECONDS if went_well else min(pause * 2, _LONGEST_PAUSE_SECONDS)
            await asyncio.sleep(pause)

    async def _listen(self, tenant: str) -> None:
        """Applies changes as they come, until the stream ends."""
        cursor = await self._cursors.load(tenant, _FOLLOWER, _SOURCE)
        try:
            async with aclosing(self._handoffs.watch(tenant, cursor)) as changes:
                async for now, after in changes:
                    await self._follow_change(tenant, now, after)
        except CursorGone:
            _log.warning("handoffs are followed from a snapshot", tenant=tenant)
            found, after = await self._handoffs.snapshot(tenant)
            for now in found:
                await self._follow_change(tenant, now, cursor)
            async with self._database.write() as tx:
                await self._save(tx, tenant, after)

    async def _follow_change(self, tenant: str, now: HandoffNow, after: str) -> None:
        """Applies one change, tells the handoff service if it waits for that, and stores the cursor only then.

        What moves no handoff on costs nothing: those events are as many as messages, and the next other one's cursor is
        after theirs.
        """
        if now.kind in _MOVES_NOTHING:
            return
        name = ""
        if now.confirm and now.state in HELD_BY_AGENT:
            name = await self._handoffs.agent_name(tenant, _owner_of(now))
        async with self._database.write() as tx:
            applied = await self._apply(tx, tenant, now, name)
            confirms = now.confirm and applied is not None and not applied.is_past
            if not confirms:
                await self._save(tx, tenant, after)
        if applied is None:
            return
        if confirms:
            await self._confirm(tenant, now, applied.owner_epoch)
            async with self._database.write() as tx:
                await self._save(tx, tenant, after)
        if applied.is_orphan:
            self.withdraw(tenant, now.id)

    async def _apply(self, tx: Transaction, tenant: str, now: HandoffNow, name: str) -> Applied | None:
        """Returns what became of a change; None when its state is not known here.

        That of an unknown conversation, such as one that staff mistyped, changes nothing and is confirmed all the same:
        its agent could not end the handoff otherwise, which would take one of their places for good.
        """
        if now.state == HandoffState.NONE:
            return None
        try:
            async with conversation_store.locked(tx, tenant, now.conversation_id) as held:
                return await self._book.apply(tx, held, now, name)
        except ConversationNotFound:
            _log.warning("handoff of an unknown conversation", tenant=tenant, handoff_id=now.id)
            epoch = _AGENTS_EPOCH if now.state in HELD_BY_AGENT else _BOTS_EPOCH
            return Applied(owner_epoch=epoch, is_orphan=False)

    async def _confirm(self, tenant: str, now: HandoffNow, owner_epoch: int) -> None:
        try:
            await self._handoffs.confirm_owner(tenant, now.id, _owner_of(now), owner_epoch)
        except InternalMistake as mistake:  # would be refused again: the events behind it must not wait
            _log.error("owner not confirmed", tenant=tenant, handoff_id=now.id, refusal=mistake.refusal)

    async def _withdraw(self, tenant: str, handoff_id: str) -> None:
        try:
            await self._handoffs.withdraw(tenant, handoff_id)
        except (ServiceDown, InternalMistake):
            _log.warning("handoff of a closed conversation is still open", handoff_id=handoff_id)

    async def _save(self, tx: Transaction, tenant: str, cursor: str) -> None:
        await self._cursors.save(tx, tenant, _FOLLOWER, _SOURCE, cursor)


def _owner_of(now: HandoffNow) -> Owner:
    """Returns who owns the conversation of a handoff that waits for that to be confirmed."""
    return Owner(OwnerKind.AGENT, now.agent_id) if now.state in HELD_BY_AGENT else BOT
