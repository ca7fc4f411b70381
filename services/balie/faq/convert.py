"""Between the contract of searches and the domain; checks every documented bound on the way in."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from balie.api.faq.v1 import entry_pb2, faq_service_pb2
from balie.faq.domain import Answers, Embedding, Filter, Question
from balie.kit import bounds
from balie.kit.errors import FieldRequired, TooManyItems

TEXT_CHARACTERS = 4096
FINGERPRINT_CHARACTERS = 128
EMBEDDING_VALUES = 4096
TOP_K = 50
TOP_K_DEFAULT = 5
ENTRY_IDS = 10
GENERATION = (1 << 63) - 1
TAGS = 50
WORD_CHARACTERS = 64
AUDIENCES = 20
MARKETS = 20
METADATA_PAIRS = 50
METADATA_KEY_CHARACTERS = 64
METADATA_VALUE_CHARACTERS = 1024
_PARTS = ("question", "phrasings", "answer", "letters", "stems")


def question_from_proto(request: faq_service_pb2.SearchAnswersRequest) -> Question:
    """Returns what a search asks."""
    found = Question(
        collection_id=bounds.identifier("collection_id", request.collection_id),
        text=bounds.text("text", request.text, TEXT_CHARACTERS, required=False).strip(),
        embedding=_embedding_from_proto(request) if request.HasField("embedding") else None,
        language=bounds.language("language", request.language),
        top_k=bounds.number("top_k", request.top_k, 1, TOP_K) if request.HasField("top_k") else TOP_K_DEFAULT,
        entry_ids=tuple(dict.fromkeys(bounds.items("entry_ids", request.entry_ids, ENTRY_IDS))),
        min_generation=bounds.number("min_generation", request.min_generation, 0, GENERATION),
        filter=_filter_from_proto(request.filter),
        want_parts=request.want_parts,
    )
    for pinned in found.entry_ids:
        bounds.identifier("entry_ids", pinned)
    if not found.text and found.embedding is None and not found.entry_ids:
        raise FieldRequired("text")
    return found


def _embedding_from_proto(request: faq_service_pb2.SearchAnswersRequest) -> Embedding:
    message = request.embedding
    fingerprint = bounds.text("embedding.fingerprint", message.fingerprint, FINGERPRINT_CHARACTERS)
    return Embedding(
        fingerprint, bounds.items("embedding.values", message.values, EMBEDDING_VALUES, minimum=1)
    )


def _filter_from_proto(message: faq_service_pb2.SearchFilter) -> Filter:
    return Filter(
        tags_any=frozenset(words("filter.tags_any", message.tags_any, TAGS)),
        tags_all=frozenset(words("filter.tags_all", message.tags_all, TAGS)),
        audience=frozenset(words("filter.audience", message.audience, AUDIENCES)),
        market=frozenset(words("filter.market", message.market, MARKETS)),
        metadata=frozenset(pairs("filter.metadata", message.metadata).items()),
    )


def words(field: str, values: Sequence[str], maximum: int) -> tuple[str, ...]:
    """Returns tags, audiences or markets: none blank, at most `maximum`."""
    for value in bounds.items(field, values, maximum):
        bounds.text(field, value, WORD_CHARACTERS)
    return tuple(values)


def pairs(field: str, values: Mapping[str, str]) -> dict[str, str]:
    """Returns metadata: keys not blank, values perhaps empty."""
    if len(values) > METADATA_PAIRS:
        raise TooManyItems(field, limit=METADATA_PAIRS, actual=len(values))
    for key, value in values.items():
        bounds.text(field, key, METADATA_KEY_CHARACTERS)
        bounds.text(field, value, METADATA_VALUE_CHARACTERS, required=False)
    return dict(values)


def answers_to_proto(found: Answers) -> faq_service_pb2.SearchAnswersResponse:
    """Returns a search's result as it is sent."""
    return faq_service_pb2.SearchAnswersResponse(
        answers=[
            entry_pb2.Answer(
                answer_id=answer.answer_id,
                entry_id=answer.entry_id,
                language=answer.language,
                question=answer.question,
                answer=answer.answer,
                score=answer.score,
                above_threshold=answer.above_threshold,
                source=entry_pb2.AnswerSource.ValueType(answer.source.value),
                is_fallback_language=answer.is_fallback_language,
                parts=entry_pb2.AnswerParts(**dict(zip(_PARTS, answer.parts, strict=True)))
                if answer.parts
                else None,
            )
            for answer in found.answers
        ],
        no_answer_reason=faq_service_pb2.NoAnswerReason.ValueType(found.no_answer.value),
        threshold=found.state.calibration.threshold,
        index_generation=found.state.generation,
        as_of=timestamp(found.state.as_of),
        encoder_fingerprint=found.state.fingerprint,
        calibration_version=found.state.calibration.version,
    )


def timestamp(moment: datetime) -> Timestamp:
    """Returns a moment as it is sent."""
    message = Timestamp()
    message.FromDatetime(moment)
    return message
