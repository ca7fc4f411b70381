"""Whether an agent takes chats, and what follows for those they have or are offered."""

from balie.handoff import waiting
from balie.handoff.domain import HandoffState
from balie.handoff.floor import Filter, Floor
from balie.handoff.journal import Journal
from balie.handoff.machine import Step
from balie.handoff.staffing.profiles import Presence


async def become(journal: Journal[Floor], floor: Floor, agent_id: str, presence: Presence) -> None:
    """Stores an agent's presence; who is no longer online gives back what is offered to them, and keeps their chats.

    What can be offered by this has yet to be drawn.

    Raises:
        AgentNotFound: there is no such agent.
    """
    before = await floor.agent(agent_id)
    await floor.put_presence(agent_id, presence)
    if presence is Presence.ONLINE:
        if before.presence is not Presence.ONLINE:
            await floor.touch(agent_id, now=journal.now())
        return
    for handoff in await floor.listed(Filter((HandoffState.OFFERED,), agent_id=agent_id)):
        await journal.record(floor, waiting.passed(handoff, Step.REJECT, now=journal.now()))
