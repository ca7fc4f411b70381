"""What is done with agents and queues: set up, read, and whether an agent takes chats."""

from balie.handoff.errors import QueueNotFound
from balie.handoff.floor import Floor
from balie.handoff.journal import Journal
from balie.handoff.staffing.presence import become
from balie.handoff.staffing.profiles import Agent, AgentProfile, Presence, Queue, QueueProfile
from balie.kit.ledger import Write


class Staff:
    """The use cases of agents and queues."""

    def __init__(self, journal: Journal[Floor]) -> None:
        self._journal = journal

    async def put_queue(self, write: Write, profile: QueueProfile) -> Queue:
        """Makes a queue or changes it; what waits in it keeps its deadline.

        Raises:
            CalendarNotFound: its calendar does not exist.
            QueueNotFound: a queue that handoffs move to from it does not exist.
        """

        async def work(floor: Floor) -> Queue:
            if profile.calendar_id:
                await floor.require_calendar(profile.calendar_id)
            missing = await floor.missing_queues(_others(profile))
            if missing:
                raise QueueNotFound(missing[0])
            await floor.put_queue(profile)
            await self._journal.draw(floor)
            return await floor.queue(profile.id)

        return await self._journal.once(write, Queue, work)

    async def pause_queue(self, write: Write, queue_id: str, *, is_paused: bool) -> Queue:
        """Stops offering what waits in a queue, or goes on with it.

        Raises:
            QueueNotFound: there is no such queue.
        """

        async def work(floor: Floor) -> Queue:
            await floor.queue(queue_id)
            await floor.pause_queue(queue_id, is_paused=is_paused)
            await self._journal.draw(floor)
            return await floor.queue(queue_id)

        return await self._journal.once(write, Queue, work)

    async def queue(self, tenant: str, queue_id: str) -> Queue:
        """Returns a queue.

        Raises:
            QueueNotFound: there is none.
        """
        async with self._journal.reading(tenant) as floor:
            return await floor.queue(queue_id)

    async def queues(self, tenant: str, *, after: str, size: int) -> tuple[list[Queue], str]:
        """Returns a page of queues by id, and the id after which the next one begins, empty on the last."""
        async with self._journal.reading(tenant) as floor:
            found = await floor.queues(after=after, limit=size + 1)
        return found[:size], found[size - 1].profile.id if len(found) > size else ""

    async def put_agent(self, write: Write, profile: AgentProfile) -> Agent:
        """Makes an agent, offline, or changes one, whose presence and chats stay.

        Raises:
            QueueNotFound: one of their queues does not exist.
        """

        async def work(floor: Floor) -> Agent:
            missing = await floor.missing_queues(profile.queue_ids)
            if missing:
                raise QueueNotFound(missing[0])
            await floor.put_agent(profile, now=self._journal.now())
            await self._journal.draw(floor)
            return await floor.agent(profile.id)

        return await self._journal.once(write, Agent, work)

    async def agent(self, tenant: str, agent_id: str) -> Agent:
        """Returns an agent.

        Raises:
            AgentNotFound: there is none.
        """
        async with self._journal.reading(tenant) as floor:
            return await floor.agent(agent_id)

    async def agents(self, tenant: str, *, after: str, size: int) -> tuple[list[Agent], str]:
        """Returns a page of agents by id, and the id after which the next one begins, empty on the last."""
        async with self._journal.reading(tenant) as floor:
            found = await floor.agents(after=after, limit=size + 1)
        return found[:size], found[size - 1].id if len(found) > size else ""

    async def set_presence(self, write: Write, agent_id: str, presence: Presence) -> Agent:
        """Says whether an agent takes chats.

        Who comes online is offered what waits at once. Who is no longer online gives back what is offered to them, and
        keeps the chats they have accepted.

        Raises:
            AgentNotFound: there is no such agent.
        """

        async def work(floor: Floor) -> Agent:
            await become(self._journal, floor, agent_id, presence)
            await self._journal.draw(floor)
            return await floor.agent(agent_id)

        return await self._journal.once(write, Agent, work)


def _others(profile: QueueProfile) -> list[str]:
    """Returns the queues that a queue names, itself aside."""
    named = (profile.overflow_queue_id, profile.on_breach.queue_id if profile.on_breach else "")
    return [queue_id for queue_id in dict.fromkeys(named) if queue_id not in ("", profile.id)]
