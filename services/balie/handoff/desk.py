"""What is done with handoffs: asked for, accepted, turned down, given back, solved, withdrawn, and read."""

from dataclasses import dataclass
from datetime import timedelta

from balie.handoff import waiting
from balie.handoff.chats import chatting
from balie.handoff.confirmations import Confirmations
from balie.handoff.domain import Asked, Handoff, HandoffState, ReleaseReason
from balie.handoff.errors import AgentAtCapacity, AgentNotOnline, HandoffOfAnotherAgent
from balie.handoff.floor import Filter, Floor, Place
from balie.handoff.journal import Journal
from balie.handoff.machine import Step, target
from balie.handoff.rules import Rules
from balie.handoff.staffing.profiles import Presence, WaitAction
from balie.kit.ids import new_id
from balie.kit.ledger import Write


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


@dataclass(frozen=True, slots=True)
class Ending:
    """How an agent ends a handoff.

    Attributes:
        step: RELEASE or RESOLVE.
        outcome: in a code of the operator's own.
        reason: how the bot goes on; NONE for what follows from the step.
    """

    step: Step
    outcome: str = ""
    reason: ReleaseReason = ReleaseReason.NONE


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
        rules = await self._journal.rules(floor, asked.queue_id)
        since = now - rules.queue.last_agent_window
        preferred = await floor.last_agent(asked.contact_id, since=since)
        change = waiting.queued(new_id(), asked, rules, preferred_agent_id=preferred, now=now)
        handoff = await self._journal.record(floor, change)
        if not rules.hours.is_open(now):
            return await self._closed(floor, handoff, rules)
        return await self._drawn(floor, handoff)

    async def _closed(self, floor: Floor, handoff: Handoff, rules: Rules) -> Handoff:
        """Returns what becomes of a handoff that is asked for while its queue is closed."""
        now = handoff.updated_at
        match rules.queue.when_closed:
            case WaitAction.WAIT:
                return await self._drawn(floor, handoff)
            case WaitAction.CALL_BACK if promise := rules.call_back(now):
                return await self._journal.record(floor, waiting.promised(handoff, promise, rules, now=now))
            case _:
                taken = waiting.ended_waiting(handoff, Step.TAKE_MESSAGE, rules, now=now)
                return await self._journal.record(floor, taken)

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
            HandoffStateInvalid: it does not wait, or waits again since the gateway was so long in confirming it.
            HandoffOfAnotherAgent: it is offered to somebody else.
            AgentNotOnline: the agent is away or offline.
            AgentAtCapacity: the agent has as many chats as they may.
            OwnerNotConfirmed: it is theirs, and the gateway has not confirmed it within `wait`.
        """

        async def work(floor: Floor) -> Handoff:
            handoff = await floor.handoff(handoff_id)
            agent = await floor.agent(agent_id)
            target(handoff, Step.RESERVE)
            now = self._journal.now()
            whose = handoff.agent_id or (handoff.wanted_agent_id if handoff.is_wanted_at(now) else "")
            if whose not in ("", agent_id):
                raise HandoffOfAnotherAgent(handoff_id, agent_id=whose)
            if agent.presence is not Presence.ONLINE:
                raise AgentNotOnline(agent_id, presence=agent.presence.name)
            if handoff.agent_id != agent_id and not agent.takes_more:
                raise AgentAtCapacity(agent_id, limit=agent.profile.max_chats)
            rules = await self._journal.rules(floor, handoff.asked.queue_id)
            return await self._journal.record(floor, waiting.reserved(handoff, agent_id, rules, now=now))

        handoff = await self._journal.once(write, Handoff, work)
        taken = await self._confirmations.wait(
            write.tenant,
            handoff.id,
            lambda now: now.state is not HandoffState.RESERVED,
            at_most=wait,
        )
        target(taken, Step.CONFIRM)  # it may have been taken from them while nobody confirmed it
        return taken

    async def confirm_owner(
        self, tenant: str, handoff_id: str, epoch: int, *, agent_id: str | None = None
    ) -> Handoff:
        """Takes the gateway's word that the owner which follows from the handoff's state is in place.

        Args:
            tenant: whose desk.
            handoff_id: which one.
            epoch: the conversation's, since which the owner is in place.
            agent_id: who that is, empty for the bot; None for whoever follows from the state.

        Raises:
            HandoffNotFound: there is no such handoff.
            HandoffStateInvalid: no owner follows from its state.
            OwnerEpochPassed: a later epoch was confirmed before.
        """
        async with self._journal.writing(tenant) as floor:
            handoff = await floor.handoff(handoff_id)
            change = chatting.confirmed(handoff, epoch, agent_id=agent_id, now=self._journal.now())
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
            target(handoff, Step.REJECT)
            if handoff.agent_id != agent_id:
                raise HandoffOfAnotherAgent(handoff_id, agent_id=handoff.agent_id)
            change = waiting.passed(handoff, Step.REJECT, now=self._journal.now())
            passed = await self._journal.record(floor, change)
            return await self._drawn(floor, passed)

        return await self._journal.once(write, Handoff, work)

    async def give_back(
        self, write: Write, handoff_id: str, ending: Ending, *, agent_id: str, wait: timedelta
    ) -> Handoff:
        """Ends a handoff (RELEASE or RESOLVE), and returns it once the bot owns the conversation again.

        Args:
            write: what was asked.
            handoff_id: which one.
            ending: how it ends.
            agent_id: who ends it, and must have it; empty for those who may end anybody's.
            wait: how long to wait for the gateway.

        Raises:
            HandoffNotFound: there is no such handoff.
            HandoffStateInvalid: no agent has it.
            HandoffOfAnotherAgent: another agent has it.
            OwnerNotConfirmed: it has ended, and the gateway has not confirmed the bot within `wait`.
        """

        async def work(floor: Floor) -> Handoff:
            handoff = await floor.handoff(handoff_id)
            target(handoff, ending.step)
            if agent_id not in ("", handoff.agent_id):
                raise HandoffOfAnotherAgent(handoff_id, agent_id=handoff.agent_id)
            rules = await self._journal.rules(floor, handoff.asked.queue_id)
            change = chatting.given_back(
                handoff,
                ending.step,
                rules,
                outcome=ending.outcome,
                release_reason=ending.reason,
                now=self._journal.now(),
            )
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
            rules = await self._journal.rules(floor, handoff.asked.queue_id)
            change = waiting.ended_waiting(handoff, Step.CANCEL, rules, now=self._journal.now())
            cancelled = await self._journal.record(floor, change)
            return await self._drawn(floor, cancelled)

        return await self._journal.once(write, Handoff, work)

    async def _drawn(self, floor: Floor, handoff: Handoff) -> Handoff:
        await self._journal.draw(floor)
        return await floor.handoff(handoff.id)
