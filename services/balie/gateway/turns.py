"""The steps of a turn on disk, each one transaction: taken up, found out, ended, or put off.

A replica works on a conversation's turns while it holds its lease, one turn at a time, in the order of their
messages. A lease that was lost is noticed at the next step, which then changes nothing.
"""

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from balie.gateway import conversation_store, message_store, turn_store
from balie.gateway.conversation_store import Locked, Work
from balie.gateway.domain import Conversation, Message, OwnerKind, TurnState
from balie.gateway.errors import ConversationClosed, StaleOwnerEpoch
from balie.gateway.handoff_book import HandoffBook
from balie.gateway.happenings import TurnChanged
from balie.gateway.journal import Journal
from balie.gateway.languages import first_known
from balie.gateway.messages import Messages
from balie.gateway.pipeline import Findings
from balie.gateway.replies import Outcome, Replies
from balie.gateway.stages import Stages
from balie.gateway.turn_store import Claim
from balie.kit.database import Database, Transaction

_MOST_DOUBLINGS = 16

_log = structlog.get_logger()


class LeaseLost(Exception):
    """Another replica works on the turn now, or it has ended: what this one worked out is dropped."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How long things take.

    Attributes:
        lease: how long a conversation stays a replica's that does not renew it.
        retry: the first pause before a turn is tried again; it doubles with each try.
        longest_retry: the longest pause.
        delay_notice: how long a contact waits before they are told that it takes longer.
    """

    lease: timedelta
    retry: timedelta
    longest_retry: timedelta
    delay_notice: timedelta


class Turns:
    """Moves turns on.

    Attributes:
        replica: names this process among those that share the database.
        is_stopping: whether no further turn is taken up.
    """

    def __init__(
        self,
        database: Database,
        messages: Messages,
        journal: Journal,
        book: HandoffBook,
        replies: Replies,
        rhythm: Rhythm,
        replica: str,
    ) -> None:
        self._database = database
        self._messages = messages
        self._journal = journal
        self._book = book
        self._replies = replies
        self._rhythm = rhythm
        self.replica = replica
        self.is_stopping = False

    async def begin(
        self, tx: Transaction, held: Locked, turn_id: str, message: Message, *, take: bool
    ) -> Claim | None:
        """Returns the claim of a new turn when this replica works on it at once; None when it waits for its place.

        Args:
            tx: the transaction that appended the message.
            held: the conversation.
            turn_id: of the new turn.
            message: that begins it.
            take: whether a worker is free for it.
        """
        turn = turn_store.new_turn(turn_id, message)
        now = datetime.now(UTC)
        if held.work.due_at is not None or not take or self.is_stopping:
            await turn_store.insert(tx, held.conversation.tenant, turn)
            held.work = replace(held.work, due_at=held.work.due_at or now)
            return None
        epoch = held.conversation.owner_epoch
        turn = replace(turn, state=TurnState.WORKING, attempts=1, owner_epoch=epoch)
        await turn_store.insert(tx, held.conversation.tenant, turn)
        held.work = Work(now, self.replica, now + self._rhythm.lease)
        same_before = await message_store.same_before(
            tx, held.conversation.tenant, held.conversation.id, message.seq, message.text
        )
        return Claim(
            held.conversation,
            turn,
            message.text,
            turn.created_at,
            attachments=len(message.attachments),
            same_before=same_before,
        )

    async def claim(self, tenant: str, conversation_id: str) -> Claim | None:
        """Returns the first open turn of a conversation, taken up by this replica; None when there is none to take."""
        now = datetime.now(UTC)
        async with (
            self._database.write() as tx,
            conversation_store.locked(tx, tenant, conversation_id) as held,
        ):
            work = held.work
            if work.due_at is None or work.due_at > now or work.is_held_by_other(self.replica, now):
                return None
            return await self._take_first(tx, held)

    async def keep(self, claim: Claim, findings: Findings, stages: Stages, follow_ups: str) -> None:
        """Stores what was found out, before anybody decides on it.

        Raises:
            LeaseLost: the turn is no longer this replica's.
        """
        values = self._found(findings, stages) | {
            "versions": turn_store.stored_versions(findings.versions(follow_ups)),
            "services_down": _joined(claim.turn.services_down, findings.services_down),
        }
        async with self._database.write() as tx:
            if not await turn_store.update(tx, claim, values):
                raise LeaseLost

    async def end(self, claim: Claim, findings: Findings, outcome: Outcome, stages: Stages) -> Claim | None:
        """Says what the turn came to, ends it, and returns the claim of the conversation's next one, if there is one.

        Replies, decision, end and the next claim are one transaction. When somebody else speaks meanwhile, the
        replies are refused and kept as suggestions.

        Raises:
            LeaseLost: the turn is no longer this replica's; nothing was said.
        """
        try:
            return await self._end(claim, findings, outcome, stages, TurnState.DONE)
        except (StaleOwnerEpoch, ConversationClosed) as refusal:
            _log.info("replies came too late", turn_id=claim.turn.id, reason=refusal.reason)
            late = replace(outcome, drafts=(), suggestions=outcome.unsent)
            return await self._end(claim, findings, late, stages, TurnState.SUPERSEDED)

    async def put_off(self, claim: Claim, service: str, stages: Stages) -> None:
        """Lets a turn wait for a service to come back, longer each time, and tells the contact once when it takes long.

        Args:
            claim: the turn.
            service: what it waits for; empty when the mistake is the gateway's own.
            stages: of this try.

        Raises:
            LeaseLost: the turn is no longer this replica's.
        """
        tenant, conversation_id = claim.key
        now = datetime.now(UTC)
        async with (
            self._database.write() as tx,
            conversation_store.locked(tx, tenant, conversation_id) as held,
        ):
            self._check_lease(held)
            told = claim.delay_told
            notice_at = claim.turn.created_at + self._rhythm.delay_notice
            if not told and now >= notice_at and held.conversation.owner.kind == OwnerKind.BOT:
                await self._messages.append(tx, held, self._replies.delayed(claim))
                told = True
            next_at = now + self._pause(claim.turn.attempts)
            if not told and now < notice_at:
                next_at = min(next_at, notice_at)
            values = {
                "state": TurnState.WAITING,
                "next_attempt_at": next_at,
                "delay_told": told,
                "timings": turn_store.stored_timings(stages.timings),
                "services_down": _joined(claim.turn.services_down, (service,) if service else ()),
            }
            if not await turn_store.update(tx, claim, values):
                raise LeaseLost
            held.work = Work(due_at=next_at)
            if claim.due_at == claim.turn.created_at or told != claim.delay_told:
                await self._tell(tx, held.conversation, claim.turn.id, TurnState.WAITING)

    async def _end(
        self, claim: Claim, findings: Findings, outcome: Outcome, stages: Stages, state: TurnState
    ) -> Claim | None:
        tenant, conversation_id = claim.key
        started = time.perf_counter()
        async with (
            self._database.write() as tx,
            conversation_store.locked(tx, tenant, conversation_id) as held,
        ):
            self._check_lease(held)
            replies = [(await self._messages.append(tx, held, draft))[0].id for draft in outcome.drafts]
            if outcome.handoff is not None:
                await self._book.announce(tx, held, outcome.handoff)
            conversation = held.conversation
            held.change(language=first_known(outcome.language, conversation.language))
            if state == TurnState.DONE:
                held.change(history=outcome.remembered(conversation.history))
            stages.add("append", time.perf_counter() - started, ok=state == TurnState.DONE)
            values = self._found(findings, stages) | {
                "state": state,
                "decision": outcome.decision or None,
                "reply_message_ids": replies or None,
                "suggestions": list(outcome.suggestions) or None,
                "versions": turn_store.stored_versions(outcome.versions),
                "services_down": _joined(claim.turn.services_down, findings.services_down),
                "ended_at": datetime.now(UTC),
            }
            if not await turn_store.update(tx, claim, values):
                raise LeaseLost
            await self._tell(tx, held.conversation, claim.turn.id, state)
            return await self._take_first(tx, held)

    async def _take_first(self, tx: Transaction, held: Locked) -> Claim | None:
        """Returns the conversation's first open turn, taken up; frees the conversation when there is none to take."""
        now = datetime.now(UTC)
        found = await turn_store.first_open(tx, held.conversation)
        if found is None or self.is_stopping:
            held.work = Work(due_at=None if found is None else now)
            return None
        held.work = Work(now, self.replica, now + self._rhythm.lease)
        return await turn_store.begin(tx, found)

    def _check_lease(self, held: Locked) -> None:
        if held.work.holder != self.replica:
            raise LeaseLost

    def _pause(self, attempts: int) -> timedelta:
        doubled: timedelta = self._rhythm.retry * (1 << min(attempts - 1, _MOST_DOUBLINGS))
        return min(doubled, self._rhythm.longest_retry)

    def _found(self, findings: Findings, stages: Stages) -> dict[str, Any]:
        found: dict[str, Any] = {"timings": turn_store.stored_timings(stages.timings)}
        if findings.understanding is not None:
            found["understanding"] = findings.understanding.wire
        if findings.answers is not None:
            found["answers"] = findings.answers.wire
        return found

    async def _tell(
        self, tx: Transaction, conversation: Conversation, turn_id: str, state: TurnState
    ) -> None:
        await self._journal.add(tx, conversation.tenant, conversation.id, TurnChanged(turn_id, state))


def _joined(before: tuple[str, ...], now: tuple[str, ...]) -> list[str] | None:
    return list(dict.fromkeys((*before, *now))) or None
