"""Works messages out by the gateway's own pipeline, each as the first of a conversation, and tells what became of them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from balie.api.handoff.v1 import handoff_pb2
from balie.api.nlu.v1 import nlu_service_pb2
from balie.cli.policy_evaluation.desk import EntriesByName, IntentDesk
from balie.cli.policy_evaluation.model import Understander
from balie.cli.policy_evaluation.neighbours import NluHere, RouterHere
from balie.gateway.domain import (
    BOT,
    UNKNOWN_LANGUAGE,
    Conversation,
    ConversationState,
    HandoffState,
    History,
    Turn,
    TurnState,
)
from balie.gateway.pipeline import Findings, Pipeline
from balie.gateway.replies import Outcome, Replies
from balie.gateway.said import DecisionKind
from balie.gateway.stages import Stages
from balie.gateway.turn_store import Claim
from balie.gateway.wording import Wording
from balie.handoff.routing.policy import Policy
from balie.kit.caller import DEFAULT_TENANT

if TYPE_CHECKING:
    from balie.nlu.engines.port import Progress
    from balie.nlu.examples import Example

_AT_ONCE = 64
"""Messages worked out together, as a busy desk would have them."""

_BEST = 3
"""As many as a contact is offered to choose from."""

_REFUSED = "refused"
"""Why a person is asked when the router refuses a turn, or decides what cannot be done."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of a message.

    Attributes:
        message: with the intent that it means.
        in_scope: whether the desk has that intent.
        kind: what was decided.
        intent: whose entry was the answer; empty without an answer.
        offered: intents whose entries were offered to choose from, best first.
        best: the intents that NLU ranked best, at most 3.
        asks_for_person: whether NLU heard a request for a person.
        reason: the first of the decision, in words.
    """

    message: "Example"
    in_scope: bool
    kind: DecisionKind
    intent: str
    offered: tuple[str, ...]
    best: tuple[str, ...]
    asks_for_person: bool
    reason: str

    @property
    def is_right(self) -> bool:
        """Returns whether the answer, or one of those offered, is what the message's own intent leads to."""
        return self.in_scope and self.message.intent in (self.intent, *self.offered)


class TurnRunner:
    """Works messages out.

    Args:
        desk: what intents lead to.
        understander: NLU with its model.
        policy: decides.
        languages: that the desk speaks, best first.
    """

    def __init__(
        self, desk: IntentDesk, understander: Understander, policy: Policy, languages: Sequence[str]
    ) -> None:
        self._desk = desk
        wording = Wording.load(None, languages)
        self._pipeline = Pipeline(
            nlu=NluHere(understander),
            faq=EntriesByName(desk),
            router=RouterHere(policy),
            follow_ups=desk.follow_ups,
            replies=Replies(wording, desk.follow_ups, UTC),
            default_language=languages[0],
        )

    async def run(self, messages: "Sequence[Example]", progress: "Progress") -> list[Judged]:
        """Returns what became of messages, in their order."""
        found: list[Judged] = []
        for start in range(0, len(messages), _AT_ONCE):
            progress("deciding", start / len(messages))
            lot = messages[start : start + _AT_ONCE]
            found += await asyncio.gather(*(self._one(at, one) for at, one in enumerate(lot, start)))
        return found

    async def _one(self, number: int, message: "Example") -> Judged:
        claim = _claim(number, message.text)
        stages = Stages(claim)
        findings = await self._pipeline.find(claim, stages)
        outcome = await self._pipeline.settle(claim, findings, stages)
        return self._judged(message, findings, outcome)

    def _judged(self, message: "Example", findings: Findings, outcome: Outcome) -> Judged:
        decision = handoff_pb2.Decision.FromString(outcome.decision)
        offered = tuple(self._intent_of(one, findings) for one in decision.options)
        return Judged(
            message=message,
            in_scope=self._desk.has(message.intent),
            kind=outcome.kind,
            intent=self._intent_of(decision.answer, findings),
            offered=tuple(filter(None, offered)),
            best=findings.understanding.intents[:_BEST] if findings.understanding else (),
            asks_for_person=_asks_for_person(findings),
            reason=_reason(decision),
        )

    def _intent_of(self, choice: handoff_pb2.AnswerChoice, findings: Findings) -> str:
        answer = findings.answers.by_id(choice.answer_id) if findings.answers else None
        return self._desk.intent_of(answer.entry_id) if answer else ""


def _asks_for_person(findings: Findings) -> bool:
    if findings.understanding is None:
        return False
    said = nlu_service_pb2.Understanding.FromString(findings.understanding.wire)
    return said.signals.asks_for_person


def _reason(decision: handoff_pb2.Decision) -> str:
    if not decision.reasons:
        return _REFUSED
    first = decision.reasons[0]
    words = handoff_pb2.ReasonCode.Name(first.code).removeprefix("REASON_CODE_").replace("_", " ").lower()
    return f"{words} {first.subject}" if first.code == handoff_pb2.REASON_CODE_RULE else words


def _claim(number: int, text: str) -> Claim:
    """Returns a contact's first message as the gateway takes it up."""
    now = datetime.now(UTC)
    conversation = Conversation(
        tenant=DEFAULT_TENANT,
        id=f"conversation-{number}",
        contact_id=f"contact-{number}",
        channel="web",
        state=ConversationState.OPEN,
        owner=BOT,
        owner_epoch=1,
        last_seq=1,
        language=UNKNOWN_LANGUAGE,
        handoff_id="",
        handoff_state=HandoffState.NONE,
        history=History(),
        created_at=now,
        updated_at=now,
    )
    turn = Turn(
        id=f"turn-{number}",
        conversation_id=conversation.id,
        message_id=f"message-{number}",
        message_seq=1,
        state=TurnState.WORKING,
        owner_epoch=1,
        created_at=now,
        attempts=1,
    )
    return Claim(conversation, turn, text, now)
