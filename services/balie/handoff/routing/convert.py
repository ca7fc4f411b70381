"""Between the contract and the domain: turns and decisions; checks every documented bound on the way in."""

from balie.api.common.v1 import language_pb2
from balie.api.handoff.v1 import handoff_pb2, router_service_pb2
from balie.handoff.convert import OWNER_EPOCH, reasons_to_proto
from balie.handoff.events import timestamp
from balie.handoff.routing.history import History
from balie.handoff.routing.turns import (
    AnswerChoice,
    Answers,
    Candidate,
    Decision,
    FollowUp,
    FollowUpSource,
    Frustration,
    Inputs,
    Intent,
    Keyword,
    KeywordRule,
    Target,
    Turn,
    Understanding,
    Verdict,
)
from balie.kit import bounds, call
from balie.kit.errors import FieldRequired

INTENTS = 10
KEYWORDS = 16
CANDIDATES = 50
FOLLOW_UPS = 16
NAME_CHARACTERS = 128
ANSWER_ID_CHARACTERS = 256
REPLY_CHARACTERS = 128
ATTRIBUTES = 20
ATTRIBUTE_NAME_CHARACTERS = 64
ATTRIBUTE_VALUE_CHARACTERS = 256
COUNT = (1 << 31) - 1


def turn_from_proto(request: router_service_pb2.RouteRequest) -> Turn:
    """Returns the turn that is to be decided."""
    bounds.number("owner_epoch", request.owner_epoch, 1, OWNER_EPOCH)
    turn = Turn(
        id=bounds.identifier("turn_id", request.turn_id),
        conversation_id=bounds.identifier("conversation_id", request.conversation_id),
        contact_id=bounds.identifier("contact_id", request.contact_id),
        channel=bounds.identifier("channel", request.channel),
        language=bounds.language("language", request.language, required=True),
        inputs=inputs_from_proto(request),
    )
    call.log(turn_id=turn.id, conversation_id=turn.conversation_id)
    return turn


def decision_to_proto(decision: Decision) -> handoff_pb2.Decision:
    """Returns a decision as it is sent."""
    ruling = decision.ruling
    return handoff_pb2.Decision(
        id=decision.id,
        turn_id=decision.turn_id,
        kind=handoff_pb2.DecisionKind.ValueType(ruling.kind),
        reasons=reasons_to_proto(ruling.reasons),
        answer=choice_to_proto(ruling.answer) if ruling.answer else None,
        options=[choice_to_proto(option) for option in ruling.options],
        handoff_id=decision.handoff_id,
        queue_id=ruling.queue_id,
        policy_version=decision.policy_version,
        decide_time=timestamp(decision.decided_at),
        silent=ruling.is_silent,
    )


def choice_to_proto(choice: AnswerChoice) -> handoff_pb2.AnswerChoice:
    """Returns what an answer is made of, as it is sent."""
    if choice.reply:
        return handoff_pb2.AnswerChoice(reply=choice.reply)
    return handoff_pb2.AnswerChoice(answer_id=choice.answer_id)


def inputs_from_proto(request: router_service_pb2.RouteRequest) -> Inputs:
    """Returns what the policy looks at, as far as the caller knows it."""
    follow_ups = bounds.items("follow_ups", request.follow_ups, FOLLOW_UPS)
    history = request.history
    return Inputs(
        default_queue_id=bounds.identifier("default_queue_id", request.default_queue_id),
        owner_agent_id=bounds.identifier("owner_agent_id", request.owner_agent_id, required=False),
        understanding=_understanding(request.understanding) if request.HasField("understanding") else None,
        answers=_answers(request.answers) if request.HasField("answers") else None,
        follow_ups=tuple(_follow_up(one) for one in follow_ups),
        history=History(
            clarified_in_a_row=_count("history.clarified_in_a_row", history.clarified_in_a_row),
            bot_replies=_count("history.bot_replies", history.bot_replies),
            same_message_in_a_row=_count("history.same_message_in_a_row", history.same_message_in_a_row),
        ),
        channel=bounds.identifier("channel", request.channel, required=False),
        language=bounds.language("language", request.language, required=True),
        contact=bounds.pairs(
            "contact_attributes",
            request.contact_attributes,
            ATTRIBUTES,
            key_characters=ATTRIBUTE_NAME_CHARACTERS,
            value_characters=ATTRIBUTE_VALUE_CHARACTERS,
        ),
        attachments=_count("attachment_count", request.attachment_count),
    )


def _understanding(message: router_service_pb2.TurnUnderstanding) -> Understanding:
    intents = bounds.items("understanding.intents", message.intents, INTENTS)
    keywords = bounds.items("understanding.keywords", message.keywords, KEYWORDS)
    signals = message.signals
    return Understanding(
        verdict=bounds.enum("understanding.verdict", message.verdict, Verdict),
        intents=tuple(
            Intent(
                bounds.text("understanding.intents.name", one.name, NAME_CHARACTERS),
                bounds.number("understanding.intents.score", one.score, 0, 1),
            )
            for one in intents
        ),
        keywords=tuple(_keyword(one) for one in keywords),
        asks_for_person=signals.asks_for_person,
        question_count=_count("understanding.signals.question_count", signals.question_count),
        character_count=_count("understanding.signals.character_count", signals.character_count),
        threshold=bounds.number("understanding.threshold", message.threshold, 0, 1),
        frustration=bounds.enum(
            "understanding.signals.frustration", signals.frustration, Frustration, required=False
        ),
    )


def _keyword(message: language_pb2.KeywordMatch) -> Keyword:
    return Keyword(
        id=bounds.text("understanding.keywords.keyword_id", message.keyword_id, NAME_CHARACTERS),
        rule=bounds.enum("understanding.keywords.rule", message.rule, KeywordRule),
        whole_message=message.whole_message,
    )


def _answers(message: router_service_pb2.TurnAnswers) -> Answers:
    candidates = bounds.items("answers.candidates", message.candidates, CANDIDATES)
    return Answers(
        candidates=tuple(
            Candidate(
                answer_id=bounds.text("answers.candidates.answer_id", one.answer_id, ANSWER_ID_CHARACTERS),
                entry_id=bounds.identifier("answers.candidates.entry_id", one.entry_id),
                score=bounds.number("answers.candidates.score", one.score, -1, 1),
                above_threshold=one.above_threshold,
                pinned=one.pinned,
            )
            for one in candidates
        ),
        ambiguous=message.ambiguous,
        threshold=bounds.number("answers.threshold", message.threshold, -1, 1),
    )


def _follow_up(message: router_service_pb2.FollowUp) -> FollowUp:
    source = bounds.enum("follow_ups.source", message.source, FollowUpSource)
    name = bounds.text("follow_ups.name", message.name, NAME_CHARACTERS)
    match message.WhichOneof("target"):
        case "faq_entry_id":
            entry_id = bounds.identifier("follow_ups.faq_entry_id", message.faq_entry_id)
            return FollowUp(source, name, Target.FAQ_ENTRY, entry_id)
        case "reply":
            reply = bounds.text("follow_ups.reply", message.reply, REPLY_CHARACTERS)
            return FollowUp(source, name, Target.REPLY, reply)
        case "queue_id":
            queue_id = bounds.identifier("follow_ups.queue_id", message.queue_id)
            return FollowUp(source, name, Target.QUEUE, queue_id)
        case "nothing" if message.nothing:
            return FollowUp(source, name, Target.NOTHING)
        case _:
            raise FieldRequired("follow_ups.target")


def _count(field: str, value: int) -> int:
    return bounds.number(field, value, 0, COUNT)
