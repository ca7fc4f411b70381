"""What is done with suggestions: what agents made of them is kept."""

from balie.handoff.domain import HELD
from balie.handoff.errors import HandoffOfAnotherAgent, HandoffStateInvalid
from balie.handoff.journal import Journal
from balie.handoff.storage.sql import SqlFloor
from balie.handoff.suggestions.suggestion import Outcome, Suggestion
from balie.handoff.tables import suggestions
from balie.kit.database import Transaction
from balie.kit.ledger import Write


class Suggestions:
    """The use case of suggestions."""

    def __init__(self, journal: Journal[SqlFloor]) -> None:
        self._journal = journal

    async def record(
        self, write: Write, handoff_id: str, answer_id: str, outcome: Outcome, *, agent_id: str
    ) -> Suggestion:
        """Keeps what the agent who has a handoff made of an answer, in place of what was told before.

        Args:
            write: what was asked.
            handoff_id: the handoff.
            answer_id: the answer.
            outcome: what became of it.
            agent_id: who must have the handoff; empty when it may be anybody's.

        Raises:
            HandoffNotFound: there is no such handoff.
            HandoffStateInvalid: no agent has it.
            HandoffOfAnotherAgent: another agent has it.
        """

        async def work(floor: SqlFloor) -> Suggestion:
            handoff = await floor.handoff(handoff_id)
            if handoff.state not in HELD:
                allowed = [state.name for state in sorted(HELD)]
                raise HandoffStateInvalid(handoff_id, state=handoff.state.name, allowed=allowed)
            if agent_id not in ("", handoff.agent_id):
                raise HandoffOfAnotherAgent(handoff_id, agent_id=handoff.agent_id)
            told = Suggestion(handoff_id, answer_id, outcome, handoff.agent_id, self._journal.now())
            await _put(floor.tx, write.tenant, told)
            return told

        return await self._journal.once(write, Suggestion, work)


async def _put(tx: Transaction, tenant: str, told: Suggestion) -> None:
    values = {"outcome": told.outcome, "agent_id": told.agent_id, "told_at": told.told_at}
    columns = suggestions.c
    statement = tx.insert(suggestions).values(
        tenant=tenant, handoff_id=told.handoff_id, answer_id=told.answer_id, **values
    )
    await tx.execute(
        statement.on_conflict_do_update(
            index_elements=[columns.tenant, columns.handoff_id, columns.answer_id], set_=values
        )
    )
