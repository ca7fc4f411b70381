"""Decides turns: asks the policy, opens the handoff that an escalation announces, and stores both in one transaction."""

from dataclasses import replace

import structlog

from balie.handoff.desk import Desk
from balie.handoff.domain import Asked, Handoff
from balie.handoff.journal import Journal
from balie.handoff.routing import decisions, evidence
from balie.handoff.routing.looking_back import look_back
from balie.handoff.routing.policies import Policies
from balie.handoff.routing.policy import Policy
from balie.handoff.routing.turns import AnswerChoice, Decision, DecisionKind, Inputs, Ruling, Turn
from balie.handoff.storage.sql import SqlFloor
from balie.kit.ids import new_id

_log = structlog.get_logger()


class Router:
    """The use case of deciding a turn."""

    def __init__(self, journal: Journal[SqlFloor], desk: Desk, policies: Policies) -> None:
        self._journal = journal
        self._desk = desk
        self._policies = policies

    async def route(self, tenant: str, turn: Turn) -> tuple[Decision, Handoff | None]:
        """Returns what is done on a turn, and the handoff it names as it is now.

        The same turn again gets the first decision. An escalation goes to the queue that the policy names, to the default
        queue when there is no such queue, and the default queue is made when there is none: whatever is configured wrong,
        the contact waits where somebody can see it.

        Raises:
            TurnAlreadyRouted: it was decided as one of another conversation.
        """
        policy = self._policies.current
        async with self._journal.writing(tenant) as floor:
            decided = await decisions.of_turn(floor.tx, tenant, turn.id, turn.conversation_id)
            if decided is not None:
                named = decided.handoff_id
                return decided, await floor.handoff(named) if named else None
            made = await self._decide(floor, turn, policy)
        self._policies.kept(tenant, policy)
        return made

    async def _decide(self, floor: SqlFloor, turn: Turn, policy: Policy) -> tuple[Decision, Handoff | None]:
        handoff = await floor.open_handoff(turn.conversation_id)
        now = self._journal.now()
        told = turn.inputs.history
        inputs = replace(
            turn.inputs,
            handoff_state=handoff.state if handoff else None,
            history=await look_back(floor.tx, floor.tenant, turn.conversation_id, told, now=now),
            at=now,
        )
        ruling = policy.route(inputs)
        await self._policies.keep(floor.tx, floor.tenant, policy, now=now)
        if ruling.kind is DecisionKind.ESCALATE:
            suggested = evidence.options(inputs, policy.limits)
            handoff = handoff or await self._escalate(floor, turn, ruling, suggested)
        elif ruling.kind is not DecisionKind.ASSIST:
            handoff = None
        decision = Decision(
            id=new_id(),
            turn_id=turn.id,
            ruling=replace(ruling, queue_id=handoff.asked.queue_id if handoff else ""),
            handoff_id=handoff.id if handoff else "",
            policy_version=policy.version,
            decided_at=now,
        )
        await decisions.add(floor.tx, floor.tenant, decision, turn.conversation_id, inputs)
        return decision, handoff

    async def _escalate(
        self, floor: SqlFloor, turn: Turn, ruling: Ruling, suggested: tuple[AnswerChoice, ...]
    ) -> Handoff:
        asked = Asked(
            conversation_id=turn.conversation_id,
            contact_id=turn.contact_id,
            channel=turn.channel,
            language=turn.language,
            queue_id=await self._existing_queue(floor, ruling.queue_id, turn.inputs),
            reasons=ruling.reasons,
            turn_id=turn.id,
            priority=ruling.priority,
            skills=ruling.skills,
            suggested_answer_ids=tuple(choice.answer_id for choice in suggested),
        )
        return await self._desk.open(floor, asked)

    async def _existing_queue(self, floor: SqlFloor, queue_id: str, inputs: Inputs) -> str:
        if not await floor.missing_queues([queue_id]):
            return queue_id
        default = inputs.default_queue_id
        made = await floor.ensure_queue(default)
        _log.warning(
            "queue missing", tenant=floor.tenant, queue_id=queue_id, used_queue_id=default, made=made
        )
        return default
