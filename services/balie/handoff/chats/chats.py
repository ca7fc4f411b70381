"""What is done with handoffs that agents have, or had: put on hold, transferred, and kept up with what is said."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from balie.handoff import waiting
from balie.handoff.chats import chatting
from balie.handoff.domain import HELD, Handoff, Speaker
from balie.handoff.errors import AgentNotOnline, HandoffNotFound, HandoffOfAnotherAgent
from balie.handoff.floor import Floor
from balie.handoff.journal import Journal
from balie.handoff.machine import Change, Step, target
from balie.handoff.notes.note import Transfer, note_transfer
from balie.handoff.rules import Rules
from balie.handoff.staffing.profiles import Presence
from balie.kit.ledger import Write


@dataclass(frozen=True, slots=True)
class Activity:
    """That somebody wrote.

    Attributes:
        handoff_id: handoff that was open then.
        seq: the message's.
        speaker: who wrote.
        at: when it was stored.
    """

    handoff_id: str
    seq: int
    speaker: Speaker
    at: datetime


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a handoff is sent.

    Attributes:
        queue_id: queue it goes to; empty for its own.
        agent_id: agent it goes to; empty for anybody.
        note: what the next agent should know.
    """

    queue_id: str = ""
    agent_id: str = ""
    note: str = ""


class Chats:
    """The use cases of handoffs that agents have."""

    def __init__(self, journal: Journal[Floor]) -> None:
        self._journal = journal

    async def hold(self, write: Write, handoff_id: str, *, agent_id: str) -> Handoff:
        """Puts a handoff on hold until its contact writes.

        Args:
            write: what was asked.
            handoff_id: which one.
            agent_id: who does, and must have it; empty for those who may do so with anybody's.

        Raises:
            HandoffNotFound: there is no such handoff.
            HandoffStateInvalid: no agent has it, or it is on hold.
            HandoffOfAnotherAgent: another agent has it.
            ContactWaits: the contact wrote last.
        """

        def change(handoff: Handoff, rules: Rules) -> Change:
            return chatting.held(handoff, rules, now=self._journal.now())

        return await self._change(write, handoff_id, Step.HOLD, agent_id, change)

    async def resume(self, write: Write, handoff_id: str, *, agent_id: str) -> Handoff:
        """Ends a hold before the contact does.

        Raises:
            HandoffNotFound: there is no such handoff.
            HandoffStateInvalid: it is not on hold.
            HandoffOfAnotherAgent: another agent has it.
        """

        def change(handoff: Handoff, rules: Rules) -> Change:
            return chatting.resumed(handoff, rules, now=self._journal.now())

        return await self._change(write, handoff_id, Step.RESUME, agent_id, change)

    async def transfer(self, write: Write, handoff_id: str, to: Destination, *, agent_id: str) -> Handoff:
        """Sends a handoff to another queue or agent; returns it, which may be offered again already.

        Args:
            write: what was asked.
            handoff_id: which one.
            to: where it goes.
            agent_id: who sends it, and must have it; empty for those who may send whatever is open.

        Raises:
            HandoffNotFound: there is no such handoff.
            QueueNotFound: there is no such queue.
            AgentNotFound: there is no such agent.
            HandoffStateInvalid: it has ended.
            HandoffOfAnotherAgent: another agent has it, or none has.
            AgentNotOnline: the agent it should go to takes no chats.
        """

        async def work(floor: Floor) -> Handoff:
            handoff = await floor.handoff(handoff_id)
            target(handoff, Step.TRANSFER)
            _check_holder(handoff, agent_id)
            origin = await self._journal.rules(floor, handoff.asked.queue_id)
            goal = await self._journal.rules(floor, to.queue_id) if to.queue_id else origin
            if to.agent_id:
                wanted = await floor.agent(to.agent_id)
                if wanted.presence is not Presence.ONLINE:
                    raise AgentNotOnline(to.agent_id, presence=wanted.presence.name)
            now = self._journal.now()
            change = waiting.transferred(handoff, origin, goal, wanted_agent_id=to.agent_id, now=now)
            await self._journal.record(floor, change)
            moved = Transfer(handoff.asked.queue_id, goal.queue.id, handoff.agent_id, to.agent_id)
            await note_transfer(floor, handoff_id, moved, author=write.caller, text=to.note, now=now)
            await self._journal.draw(floor)
            return await floor.handoff(handoff_id)

        return await self._journal.once(write, Handoff, work)

    async def report(self, tenant: str, activities: Iterable[Activity]) -> None:
        """Takes in who wrote; what was told before, or is of no handoff that an agent has, changes nothing."""
        async with self._journal.writing(tenant) as floor:
            for activity in activities:
                await self._spoke(floor, activity)
            await self._journal.draw(floor)

    async def _spoke(self, floor: Floor, activity: Activity) -> None:
        try:
            handoff = await floor.handoff(activity.handoff_id)
        except HandoffNotFound:
            return
        if handoff.state not in HELD:
            return
        rules = await self._journal.rules(floor, handoff.asked.queue_id)
        now = self._journal.now()
        change = chatting.spoke(handoff, activity.speaker, activity.seq, activity.at, rules, now=now)
        if change is not None:
            await self._journal.record(floor, change)

    async def _change(
        self,
        write: Write,
        handoff_id: str,
        step: Step,
        agent_id: str,
        change: Callable[[Handoff, Rules], Change],
    ) -> Handoff:
        async def work(floor: Floor) -> Handoff:
            handoff = await floor.handoff(handoff_id)
            target(handoff, step)
            _check_holder(handoff, agent_id)
            rules = await self._journal.rules(floor, handoff.asked.queue_id)
            await self._journal.record(floor, change(handoff, rules))
            await self._journal.draw(floor)
            return await floor.handoff(handoff_id)

        return await self._journal.once(write, Handoff, work)


def _check_holder(handoff: Handoff, agent_id: str) -> None:
    """Raises HandoffOfAnotherAgent unless the agent has the handoff; nobody named may do so with anybody's."""
    is_theirs = handoff.state in HELD and handoff.agent_id == agent_id
    if agent_id and not is_theirs:
        raise HandoffOfAnotherAgent(handoff.id, agent_id=handoff.agent_id)
