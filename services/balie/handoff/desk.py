"""What is done with handoffs: asked for, accepted, turned down, given back, solved, withdrawn, and read."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from balie.handoff import states
from balie.handoff.confirmations import Confirmations
from balie.handoff.domain import Asked, Handoff, HandoffState, Presence, QueueProfile
from balie.handoff.errors import AgentAtCapacity, AgentNotOnline, HandoffOfAnotherAgent
from balie.handoff.floor import Filter, Floor, Place
from balie.handoff.journal import Journal
from balie.handoff.states import Step
from balie.kit.ids import new_id
from balie.kit.ledger import Write

_BEGINNING = datetime(2025, 1, 1, tzinfo=UTC)
"""From when minutes are counted, so that their fractions are not lost."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of handoffs.

    Attributes:
        handoffs: oldest first.
        after: where the next page begins; None on the last one.
        head: position of the log's last event in the same snapshot.
    """

    handoffs: list[Handoff]
    after: Place | None
    head: int


def rank(priority: int, queue: QueueProfile, now: datetime) -> float:
    """Returns a new handoff's place among those of its queue, which does not change while all of them grow alike."""
    minutes = (now - _BEGINNING).total_seconds() / 60
    return priority - queue.priority_per_minute * minutes


class Desk:
    """The use cases of handoffs."""

    def __init__(self, journal: Journal[Floor], confirmations: Confirmations) -> None:
        self._journal = journal
        self._confirmations = confirmations

    async def request(self, write: Write, asked: Asked) -> Handoff:
        """Asks for a person; returns the conversation's open handoff when it has one.

        Raises:
            QueueNotFound: the queue does not exist.
        """

        async def work(floor: Floor) -> Handoff:
            await floor.queue(asked.queue_id)
            return await self.open(floor, asked)

        return await self._journal.once(write, Handoff, work)

    async def open(self, floor: Floor, asked: Asked) -> Handoff:
        """Returns the conversation's open handoff, a new one when it has none, offered at once when somebody is free.

        Args:
            floor: a transaction that holds the tenant's desk.
            asked: what is asked for, in a queue that exists.
        """
        already = await floor.open_handoff(asked.conversation_id)
        if already is not None:
            return already
        now = self._journal.now()
        queue = await floor.queue(asked.queue_id)
        since = now - queue.profile.last_agent_window
        change = states.queued(
            new_id(),
            asked,
            deadline_at=now + queue.profile.max_wait,
            rank=rank(asked.priority, queue.profile, now),
            preferred_agent_id=await floor.last_agent(asked.contact_id, since=since),
            now=now,
        )
        handoff = await self._journal.record(floor, change)
        return await self._drawn(floor, handoff)

    async def get(self, tenant: str, handoff_id: str) -> Handoff:
        """Returns a handoff.

        Raises:
            HandoffNotFound: there is none.
        """
        async with self._journal.reading(tenant) as floor:
            return await floor.handoff(handoff_id)

    async def page(self, tenant: str, wanted: Filter, *, after: Place | None, size: int) -> Page:
        """Returns a page of handoffs and the log's head, of one snapshot."""
        async with self._journal.reading(tenant) as floor:
            found = await floor.listed(wanted, after=after, limit=size + 1)
            head = await floor.head()
        page = found[:size]
        more = len(found) > size
        return Page(page, Place(page[-1].created_at, page[-1].id) if more else None, head)

    async def accept(self, write: Write, handoff_id: str, agent_id: str, *, wait: timedelta) -> Handoff:
        """Takes a handoff for an agent, and returns it once the gateway has made them the owner.

        Raises:
            HandoffNotFound: there is no such handoff.
            AgentNotFound: there is no such agent.
            HandoffStateInvalid: it does not wait.
            HandoffOfAnotherAgent: it is offered to somebody else.
            AgentNotOnline: the agent is away or offline.
            AgentAtCapacity: the agent has as many chats as they may.
            OwnerNotConfirmed: it is theirs, and the gateway has not confirmed it within `wait`.
        """

        async def work(floor: Floor) -> Handoff:
            handoff = await floor.handoff(handoff_id)
            agent = await floor.agent(agent_id)
            states.target(handoff, Step.RESERVE)
            if handoff.agent_id not in ("", agent_id):
                raise HandoffOfAnotherAgent(handoff_id, agent_id=handoff.agent_id)
            if agent.presence is not Presence.ONLINE:
                raise AgentNotOnline(agent_id, presence=agent.presence.name)
            others = agent.open_chats - (handoff.agent_id == agent_id)
            if others >= agent.profile.max_chats:
                raise AgentAtCapacity(agent_id, limit=agent.profile.max_chats)
            change = states.reserved(handoff, agent_id, now=self._journal.now())
            return await self._journal.record(floor, change)

        handoff = await self._journal.once(write, Handoff, work)
        return await self._confirmations.wait(
            write.tenant,
            handoff.id,
            lambda now: now.state is not HandoffState.RESERVED,
            at_most=wait,
        )

    async def confirm_owner(self, tenant: str, handoff_id: str, epoch: int) -> Handoff:
        """Takes the gateway's word that the owner which follows from the handoff's state is in place.

        Raises:
            HandoffNotFound: there is no such handoff.
            HandoffStateInvalid: no owner follows from its state.
            OwnerEpochPassed: a later epoch was confirmed before.
        """
        async with self._journal.writing(tenant) as floor:
            handoff = await floor.handoff(handoff_id)
            change = states.confirmed(handoff, epoch, now=self._journal.now())
            return await self._journal.record(floor, change) if change else handoff

    async def reject(self, write: Write, handoff_id: str, agent_id: str) -> Handoff:
        """Turns an offer down for its agent; returns the handoff, which may be offered again already.

        Raises:
            HandoffNotFound: there is no such handoff.
            AgentNotFound: there is no such agent.
            HandoffStateInvalid: it is not offered.
            HandoffOfAnotherAgent: it is offered to somebody else.
        """

        async def work(floor: Floor) -> Handoff:
            handoff = await floor.handoff(handoff_id)
            await floor.agent(agent_id)
            states.target(handoff, Step.REJECT)
            if handoff.agent_id != agent_id:
                raise HandoffOfAnotherAgent(handoff_id, agent_id=handoff.agent_id)
            change = states.passed(handoff, Step.REJECT, now=self._journal.now())
            passed = await self._journal.record(floor, change)
            return await self._drawn(floor, passed)

        return await self._journal.once(write, Handoff, work)

    async def give_back(
        self, write: Write, handoff_id: str, step: Step, *, agent_id: str, outcome: str, wait: timedelta
    ) -> Handoff:
        """Ends a handoff (RELEASE or RESOLVE), and returns it once the bot owns the conversation again.

        Args:
            write: what was asked.
            handoff_id: which one.
            step: how it ends.
            agent_id: who ends it, and must have it; empty for those who may end anybody's.
            outcome: how it ended, in a code of the operator's own.
            wait: how long to wait for the gateway.

        Raises:
            HandoffNotFound: there is no such handoff.
            HandoffStateInvalid: no agent has it.
            HandoffOfAnotherAgent: another agent has it.
            OwnerNotConfirmed: it has ended, and the gateway has not confirmed the bot within `wait`.
        """

        async def work(floor: Floor) -> Handoff:
            handoff = await floor.handoff(handoff_id)
            change = states.given_back(handoff, step, outcome=outcome, now=self._journal.now())
            if agent_id not in ("", handoff.agent_id):
                raise HandoffOfAnotherAgent(handoff_id, agent_id=handoff.agent_id)
            ended = await self._journal.record(floor, change)
            return await self._drawn(floor, ended)

        handoff = await self._journal.once(write, Handoff, work)
        return await self._confirmations.wait(
            write.tenant, handoff.id, lambda now: now.owner_confirmed, at_most=wait
        )

    async def cancel(self, write: Write, handoff_id: str) -> Handoff:
        """Withdraws a handoff that no agent has.

        Raises:
            HandoffNotFound: there is no such handoff.
            HandoffStateInvalid: an agent has it, or it has ended.
        """

        async def work(floor: Floor) -> Handoff:
            handoff = await floor.handoff(handoff_id)
            change = states.ended_waiting(handoff, Step.CANCEL, now=self._journal.now())
            cancelled = await self._journal.record(floor, change)
            return await self._drawn(floor, cancelled)

        return await self._journal.once(write, Handoff, work)

    async def _drawn(self, floor: Floor, handoff: Handoff) -> Handoff:
        await self._journal.draw(floor)
        return await floor.handoff(handoff.id)
