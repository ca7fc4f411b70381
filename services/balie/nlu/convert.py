"""Turns requests into utterances, checking every documented bound, and understandings into replies."""

from balie.api.common.v1 import language_pb2
from balie.api.nlu.v1 import encoder_service_pb2, keyword_service_pb2, nlu_service_pb2
from balie.kit import bounds
from balie.nlu.domain import (
    Embedding,
    EncodedTexts,
    Frustration,
    FrustrationSign,
    NoMatchReason,
    ScoredIntent,
    Understanding,
    Utterance,
    Verdict,
)
from balie.nlu.keywords.convert import contact_terms_from_proto, match_to_proto

TEXT_CHARACTERS = 4096
BATCH_ITEMS = 64
ENCODE_TEXTS = 128  # of 4096 characters of 4 bytes each, or vectors of 4096 numbers: half of gRPC's 4 MiB
FINGERPRINT_CHARACTERS = 128

_VERDICTS = {
    Verdict.MATCH: language_pb2.VERDICT_MATCH,
    Verdict.AMBIGUOUS: language_pb2.VERDICT_AMBIGUOUS,
    Verdict.NO_MATCH: language_pb2.VERDICT_NO_MATCH,
}
_NO_MATCH_REASONS = {
    None: nlu_service_pb2.NO_MATCH_REASON_UNSPECIFIED,
    NoMatchReason.ENGINE_UNAVAILABLE: nlu_service_pb2.NO_MATCH_REASON_ENGINE_UNAVAILABLE,
    NoMatchReason.BELOW_THRESHOLD: nlu_service_pb2.NO_MATCH_REASON_BELOW_THRESHOLD,
    NoMatchReason.NO_MODEL: nlu_service_pb2.NO_MATCH_REASON_NO_MODEL,
}
_FRUSTRATION = {
    Frustration.UNKNOWN: language_pb2.FRUSTRATION_UNSPECIFIED,
    Frustration.NONE: language_pb2.FRUSTRATION_NONE,
    Frustration.MILD: language_pb2.FRUSTRATION_MILD,
    Frustration.STRONG: language_pb2.FRUSTRATION_STRONG,
}
_SIGNS = {
    FrustrationSign.ABUSE: language_pb2.FRUSTRATION_SIGN_ABUSE,
    FrustrationSign.ANGER: language_pb2.FRUSTRATION_SIGN_ANGER,
    FrustrationSign.DISPLEASURE: language_pb2.FRUSTRATION_SIGN_DISPLEASURE,
    FrustrationSign.REPETITION: language_pb2.FRUSTRATION_SIGN_REPETITION,
    FrustrationSign.NO_REPLY: language_pb2.FRUSTRATION_SIGN_NO_REPLY,
    FrustrationSign.NOT_HELPED: language_pb2.FRUSTRATION_SIGN_NOT_HELPED,
    FrustrationSign.SHOUTING: language_pb2.FRUSTRATION_SIGN_SHOUTING,
    FrustrationSign.PUNCTUATION: language_pb2.FRUSTRATION_SIGN_PUNCTUATION,
    FrustrationSign.EMOJI: language_pb2.FRUSTRATION_SIGN_EMOJI,
}


def utterance_from_proto(request: nlu_service_pb2.AnalyzeRequest, within: str = "") -> Utterance:
    """Returns the message of a request.

    Args:
        request: as it came.
        within: what stands before its fields' names in errors, such as `items[3].`.

    Raises:
        FieldRequired: the text is blank.
        FieldTooLong: the text or the hint is over its limit.
        FieldMalformed: the text holds a NUL character, or the hint is no language tag.
    """
    return Utterance(
        text=bounds.text(f"{within}text", request.text, TEXT_CHARACTERS),
        language_hint=bounds.language(f"{within}language_hint", request.language_hint),
        want_embedding=request.want_embedding,
        contact_terms=contact_terms_from_proto(f"{within}contact_terms", request.contact_terms),
    )


def looked_up_from_proto(request: keyword_service_pb2.LookupKeywordsRequest) -> Utterance:
    """Returns the text in which keywords are to be found; raises as `utterance_from_proto` does."""
    return Utterance(
        text=bounds.text("text", request.text, TEXT_CHARACTERS),
        language_hint=bounds.language("language_hint", request.language_hint),
        contact_terms=contact_terms_from_proto("contact_terms", request.contact_terms),
    )


def utterances_from_proto(request: nlu_service_pb2.BatchAnalyzeRequest) -> list[Utterance]:
    """Returns the messages of a batch.

    Raises:
        TooManyItems: there are more than 64.
        FieldRequired: there is none, or a text is blank.
        FieldTooLong: a text or a hint is over its limit.
        FieldMalformed: a text holds a NUL character, or a hint is no language tag.
    """
    items = bounds.items("items", request.items, BATCH_ITEMS, minimum=1)
    return [utterance_from_proto(item, f"items[{place}].") for place, item in enumerate(items)]


def texts_from_proto(request: encoder_service_pb2.EncodeRequest) -> list[str]:
    """Returns the texts to encode.

    Raises:
        TooManyItems: there are more than 128.
        FieldRequired: there is none, or one is blank.
        FieldTooLong: one is over its limit.
        FieldMalformed: one holds a NUL character.
    """
    texts = bounds.items("texts", request.texts, ENCODE_TEXTS, minimum=1)
    return [bounds.text(f"texts[{place}]", text, TEXT_CHARACTERS) for place, text in enumerate(texts)]


def expected_fingerprint(request: encoder_service_pb2.EncodeRequest) -> str:
    """Returns the fingerprint of the encoder that is meant, empty when any will do.

    Raises:
        FieldTooLong: it is over its limit.
        FieldMalformed: it holds a NUL character.
    """
    return bounds.text(
        "expected_fingerprint", request.expected_fingerprint, FINGERPRINT_CHARACTERS, required=False
    )


def encoded_to_proto(encoded: EncodedTexts) -> encoder_service_pb2.EncodeResponse:
    """Returns vectors as the contract has them."""
    return encoder_service_pb2.EncodeResponse(
        embeddings=[
            language_pb2.Embedding(fingerprint=encoded.fingerprint, values=values)
            for values in encoded.vectors.tolist()
        ],
        fingerprint=encoded.fingerprint,
        dimensions=encoded.vectors.shape[1],
        max_tokens=encoded.max_tokens,
        encoder_name=encoded.encoder_name,
    )


def understanding_to_proto(understanding: Understanding) -> nlu_service_pb2.Understanding:
    """Returns an understanding as the contract has it."""
    embedding = understanding.embedding
    return nlu_service_pb2.Understanding(
        language=understanding.detection.language,
        language_confidence=understanding.detection.confidence,
        keywords=[match_to_proto(match) for match in understanding.keywords],
        intents=[_intent_to_proto(intent) for intent in understanding.intents],
        verdict=_VERDICTS[understanding.verdict],
        threshold=understanding.threshold,
        signals=language_pb2.Signals(
            asks_for_person=understanding.signals.asks_for_person,
            question_count=understanding.signals.question_count,
            character_count=understanding.signals.character_count,
            frustration=_FRUSTRATION[understanding.signals.frustration],
            frustration_signs=sorted(map(_SIGNS.__getitem__, understanding.signals.frustration_signs)),
        ),
        embedding=None if embedding is None else _embedding_to_proto(embedding),
        model_version=understanding.model_version,
        calibration_version=understanding.calibration_version,
        keyword_generation=understanding.keyword_generation,
        no_match_reason=_NO_MATCH_REASONS[understanding.no_match_reason],
    )


def _intent_to_proto(intent: ScoredIntent) -> language_pb2.ScoredIntent:
    return language_pb2.ScoredIntent(name=intent.name, score=intent.score)


def _embedding_to_proto(embedding: Embedding) -> language_pb2.Embedding:
    return language_pb2.Embedding(fingerprint=embedding.fingerprint, values=embedding.values.tolist())
