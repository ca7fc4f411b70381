"""What is done with agents and queues: set up, read, and whether an agent takes chats."""

from balie.handoff import states, store
from balie.handoff.calendars import store as calendars
from balie.handoff.domain import Agent, AgentProfile, HandoffState, Presence, Queue, QueueProfile
from balie.handoff.errors import QueueNotFound
from balie.handoff.journal import Journal
from balie.handoff.staffing import directory
from balie.handoff.states import Step
from balie.handoff.store import Filter
from balie.kit.database import Transaction
from balie.kit.ledger import Write


class Staff:
    """The use cases of agents and queues."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def put_queue(self, write: Write, profile: QueueProfile) -> Queue:
        """Makes a queue or changes it; what waits in it keeps its deadline.

        Raises:
            CalendarNotFound: its calendar does not exist.
        """

        async def work(tx: Transaction) -> Queue:
            if profile.calendar_id:
                await calendars.calendar(tx, write.tenant, profile.calendar_id)
            await directory.put_queue(tx, write.tenant, profile)
            await self._journal.draw(tx, write.tenant)
            return await directory.queue(tx, write.tenant, profile.id)

        return await self._journal.once(write, Queue, work)

    async def queue(self, tenant: str, queue_id: str) -> Queue:
        """Returns a queue.

        Raises:
            QueueNotFound: there is none.
        """
        async with self._journal.database.read() as tx:
            return await directory.queue(tx, tenant, queue_id)

    async def queues(self, tenant: str, *, after: str, size: int) -> tuple[list[Queue], str]:
        """Returns a page of queues by id, and the id after which the next one begins, empty on the last."""
        async with self._journal.database.read() as tx:
            found = await directory.all_queues(tx, tenant, after=after, limit=size + 1)
        return found[:size], found[size - 1].profile.id if len(found) > size else ""

    async def put_agent(self, write: Write, profile: AgentProfile) -> Agent:
        """Makes an agent, offline, or changes one, whose presence and chats stay.

        Raises:
            QueueNotFound: one of their queues does not exist.
        """

        async def work(tx: Transaction) -> Agent:
            missing = await directory.missing_queues(tx, write.tenant, profile.queue_ids)
            if missing:
                raise QueueNotFound(missing[0])
            await directory.put_agent(tx, write.tenant, profile, now=self._journal.now())
            await self._journal.draw(tx, write.tenant)
            return await directory.agent(tx, write.tenant, profile.id)

        return await self._journal.once(write, Agent, work)

    async def agent(self, tenant: str, agent_id: str) -> Agent:
        """Returns an agent.

        Raises:
            AgentNotFound: there is none.
        """
        async with self._journal.database.read() as tx:
            return await directory.agent(tx, tenant, agent_id)

    async def agents(self, tenant: str, *, after: str, size: int) -> tuple[list[Agent], str]:
        """Returns a page of agents by id, and the id after which the next one begins, empty on the last."""
        async with self._journal.database.read() as tx:
            found = await directory.all_agents(tx, tenant, after=after, limit=size + 1)
        return found[:size], found[size - 1].id if len(found) > size else ""

    async def set_presence(self, write: Write, agent_id: str, presence: Presence) -> Agent:
        """Says whether an agent takes chats.

        Who comes online is offered what waits at once. Who is no longer online gives back what is offered to them, and
        keeps the chats they have accepted.

        Raises:
            AgentNotFound: there is no such agent.
        """

        async def work(tx: Transaction) -> Agent:
            before = await directory.agent(tx, write.tenant, agent_id)
            await directory.put_presence(tx, write.tenant, agent_id, presence)
            if presence is not Presence.ONLINE:
                await self._give_back_offers(tx, write.tenant, agent_id)
            elif before.presence is not Presence.ONLINE:
                await directory.touch(tx, write.tenant, agent_id, now=self._journal.now())
            await self._journal.draw(tx, write.tenant)
            return await directory.agent(tx, write.tenant, agent_id)

        return await self._journal.once(write, Agent, work)

    async def _give_back_offers(self, tx: Transaction, tenant: str, agent_id: str) -> None:
        offered = Filter((HandoffState.OFFERED,), agent_id=agent_id)
        for handoff in await store.listed(tx, tenant, offered):
            await self._journal.record(
                tx, tenant, states.passed(handoff, Step.REJECT, now=self._journal.now())
            )
