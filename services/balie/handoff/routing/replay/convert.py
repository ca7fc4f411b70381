"""Between the contract and recorded decisions: what a decision was made from, both ways, and what is made of it again."""

from datetime import UTC, datetime, timedelta

from balie.api.common.v1 import language_pb2
from balie.api.handoff.v1 import handoff_pb2, router_service_pb2
from balie.handoff.convert import reasons_to_proto
from balie.handoff.domain import HandoffState
from balie.handoff.events import timestamp
from balie.handoff.reasons import Reason, ReasonCode
from balie.handoff.routing.convert import choice_to_proto, decision_to_proto, inputs_from_proto
from balie.handoff.routing.decisions import Recorded
from balie.handoff.routing.history import MOST_REPLIES
from balie.handoff.routing.policy_file import MAX_BYTES
from balie.handoff.routing.replay.replaying import Replayed
from balie.handoff.routing.turns import (
    AnswerChoice,
    Decision,
    DecisionKind,
    FollowUp,
    Inputs,
    Ruling,
    Target,
    Understanding,
)
from balie.kit import bounds
from balie.kit.errors import FieldTooLong

VERSION_CHARACTERS = 128
LIMIT = 1_000_000
LIMIT_DEFAULT = 100_000
SECONDS = (1 << 31) - 1
_A_DAY = timedelta(days=1)


def policy_yaml(content: bytes) -> bytes:
    """Returns a policy that was sent, empty when none was."""
    if len(content) > MAX_BYTES:
        raise FieldTooLong("policy_yaml", limit=MAX_BYTES, actual=len(content))
    return content


def policy_version(version: str) -> str:
    """Returns a policy's version, empty for the one in use."""
    return bounds.text("policy_version", version, VERSION_CHARACTERS, required=False)


def span(request: router_service_pb2.ReplayTurnsRequest, *, now: datetime) -> tuple[datetime, datetime]:
    """Returns from when until when decisions are made again."""
    until = bounds.moment("until_time", request.until_time) if request.HasField("until_time") else now
    since = (
        bounds.moment("since_time", request.since_time) if request.HasField("since_time") else until - _A_DAY
    )
    return since, until


def limit(request: router_service_pb2.ReplayTurnsRequest) -> int:
    """Returns how many decisions are made again at most."""
    wanted = request.limit if request.HasField("limit") else LIMIT_DEFAULT
    return bounds.number("limit", wanted, 1, LIMIT)


def replayed_to_proto(replayed: Replayed) -> router_service_pb2.ReplayTurnsResponse:
    """Returns a turn decided again, in short."""
    decided = [passed.rule for passed in replayed.passed if passed.decided]
    return router_service_pb2.ReplayTurnsResponse(
        turn=recorded_to_proto(replayed.recorded),
        decision=_made_again(replayed),
        differs=replayed.differs,
        rule=decided[-1],
    )


def explained_to_proto(replayed: Replayed) -> router_service_pb2.ExplainResponse:
    """Returns a turn decided again, with what became of each rule."""
    return router_service_pb2.ExplainResponse(
        turn=recorded_to_proto(replayed.recorded),
        decision=_made_again(replayed),
        differs=replayed.differs,
        rules=[
            router_service_pb2.RuleOutcome(rule=one.rule, decided=one.decided, why=one.why)
            for one in replayed.passed
        ],
    )


def _made_again(replayed: Replayed) -> handoff_pb2.Decision:
    recorded, ruling = replayed.recorded, replayed.ruling
    return handoff_pb2.Decision(
        turn_id=recorded.decision.turn_id,
        kind=handoff_pb2.DecisionKind.ValueType(ruling.kind),
        reasons=reasons_to_proto(ruling.reasons),
        answer=choice_to_proto(ruling.answer) if ruling.answer else None,
        options=[choice_to_proto(option) for option in ruling.options],
        queue_id=ruling.queue_id,
        policy_version=replayed.policy_version,
        decide_time=timestamp(recorded.decision.decided_at),
        silent=ruling.is_silent,
    )


def recorded_to_proto(recorded: Recorded) -> router_service_pb2.RecordedTurn:
    """Returns a decision with what it was made from."""
    inputs, history = recorded.inputs, recorded.inputs.history
    request = router_service_pb2.RouteRequest(
        turn_id=recorded.decision.turn_id,
        conversation_id=recorded.conversation_id,
        channel=inputs.channel,
        owner_agent_id=inputs.owner_agent_id,
        language=inputs.language,
        follow_ups=[_follow_up(one) for one in inputs.follow_ups],
        history=router_service_pb2.TurnHistory(
            clarified_in_a_row=history.clarified_in_a_row,
            bot_replies=history.bot_replies,
            same_message_in_a_row=history.same_message_in_a_row,
        ),
        default_queue_id=inputs.default_queue_id,
        contact_attributes=inputs.contact,
        attachment_count=inputs.attachments,
    )
    if inputs.understanding is not None:
        request.understanding.CopyFrom(_understanding(inputs.understanding))
    if inputs.answers is not None:
        request.answers.SetInParent()
        request.answers.ambiguous = inputs.answers.ambiguous
        request.answers.threshold = inputs.answers.threshold
        for one in inputs.answers.candidates:
            request.answers.candidates.add(
                answer_id=one.answer_id,
                entry_id=one.entry_id,
                score=one.score,
                above_threshold=one.above_threshold,
                pinned=one.pinned,
            )
    return router_service_pb2.RecordedTurn(
        request=request,
        memory=router_service_pb2.RouterMemory(
            handoff_state=handoff_pb2.HandoffState.ValueType(inputs.handoff_state or 0),
            failed_in_a_row=history.failed_in_a_row,
            answered_entry_ids=history.answered_entries,
            reply_ages_s=history.reply_ages,
            released_ago_s=history.released_ago,
        ),
        decision=decision_to_proto(recorded.decision),
    )


def recorded_from_proto(turn: router_service_pb2.RecordedTurn) -> Recorded:
    """Returns a recorded decision from a file that was saved; what it says is checked as if it came from outside."""
    decided, memory = turn.decision, turn.memory
    told = inputs_from_proto(turn.request)
    history = type(told.history)(
        clarified_in_a_row=told.history.clarified_in_a_row,
        bot_replies=told.history.bot_replies,
        same_message_in_a_row=told.history.same_message_in_a_row,
        failed_in_a_row=bounds.number("memory.failed_in_a_row", memory.failed_in_a_row, 0, SECONDS),
        answered_entries=tuple(
            bounds.items("memory.answered_entry_ids", memory.answered_entry_ids, MOST_REPLIES)
        ),
        reply_ages=tuple(bounds.items("memory.reply_ages_s", memory.reply_ages_s, MOST_REPLIES)),
        released_ago=memory.released_ago_s if memory.HasField("released_ago_s") else None,
    )
    decided_at = decided.decide_time.ToDatetime(UTC)
    inputs = Inputs(
        default_queue_id=told.default_queue_id,
        owner_agent_id=told.owner_agent_id,
        understanding=told.understanding,
        answers=told.answers,
        follow_ups=told.follow_ups,
        history=history,
        handoff_state=HandoffState(memory.handoff_state) if memory.handoff_state else None,
        channel=told.channel,
        language=told.language,
        contact=told.contact,
        attachments=told.attachments,
        at=decided_at,
    )
    decision = Decision(
        id=decided.id,
        turn_id=bounds.identifier("decision.turn_id", decided.turn_id),
        ruling=Ruling(
            kind=bounds.enum("decision.kind", decided.kind, DecisionKind),
            reasons=tuple(_reason(one) for one in decided.reasons),
            answer=_choice(decided.answer) if decided.HasField("answer") else None,
            options=tuple(map(_choice, decided.options)),
            queue_id=decided.queue_id,
            is_silent=decided.silent,
        ),
        handoff_id=decided.handoff_id,
        policy_version=decided.policy_version,
        decided_at=decided_at,
    )
    return Recorded(decision, turn.request.conversation_id, inputs)


def _reason(message: handoff_pb2.Reason) -> Reason:
    return Reason(
        bounds.enum("decision.reasons.code", message.code, ReasonCode),
        message.subject,
        message.score if message.HasField("score") else None,
        message.threshold if message.HasField("threshold") else None,
    )


def _choice(message: handoff_pb2.AnswerChoice) -> AnswerChoice:
    return AnswerChoice(message.answer_id, message.reply)


def _understanding(one: Understanding) -> router_service_pb2.TurnUnderstanding:
    return router_service_pb2.TurnUnderstanding(
        verdict=language_pb2.Verdict.ValueType(one.verdict),
        intents=[language_pb2.ScoredIntent(name=intent.name, score=intent.score) for intent in one.intents],
        keywords=[
            language_pb2.KeywordMatch(
                keyword_id=keyword.id,
                rule=language_pb2.KeywordRule.ValueType(keyword.rule),
                whole_message=keyword.whole_message,
            )
            for keyword in one.keywords
        ],
        signals=language_pb2.Signals(
            asks_for_person=one.asks_for_person,
            question_count=one.question_count,
            character_count=one.character_count,
            frustration=language_pb2.Frustration.ValueType(one.frustration),
        ),
        threshold=one.threshold,
    )


def _follow_up(one: FollowUp) -> router_service_pb2.FollowUp:
    message = router_service_pb2.FollowUp(
        source=router_service_pb2.FollowUpSource.ValueType(one.source), name=one.name
    )
    match one.kind:
        case Target.FAQ_ENTRY:
            message.faq_entry_id = one.target
        case Target.REPLY:
            message.reply = one.target
        case Target.QUEUE:
            message.queue_id = one.target
        case Target.NOTHING:
            message.nothing = True
    return message
