import pytest
from hypothesis import given
from hypothesis import strategies as st

from balie.api.common.v1 import language_pb2
from balie.api.nlu.v1 import encoder_service_pb2, nlu_service_pb2
from balie.kit.errors import Failure, FieldMalformed, FieldRequired, FieldTooLong, TooManyItems
from balie.nlu import convert
from balie.nlu.domain import (
    ContactTerms,
    Detection,
    Embedding,
    EncodedTexts,
    Frustration,
    FrustrationSign,
    KeywordMatch,
    NoMatchReason,
    Rule,
    ScoredIntent,
    Signals,
    Target,
    TargetKind,
    Understanding,
    Utterance,
    Verdict,
)

Request = nlu_service_pb2.AnalyzeRequest
Batch = nlu_service_pb2.BatchAnalyzeRequest
Encode = encoder_service_pb2.EncodeRequest

texts = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=60
).filter(str.strip)


@given(texts, st.sampled_from(["", "nl", "pt-BR", "zh-Hant-TW"]), st.booleans())
def test_takes_over_what_is_asked(text: str, hint: str, want: bool) -> None:
    request = Request(text=text, language_hint=hint, want_embedding=want)
    assert convert.utterance_from_proto(request) == Utterance(text, hint, want)


def test_takes_texts_of_exactly_the_limit_in_code_points() -> None:
    text = "😀" * 4096
    assert convert.utterance_from_proto(Request(text=text)).text == text


@pytest.mark.parametrize(
    ("request_", "failure", "field"),
    [
        (Request(), FieldRequired, "text"),
        (Request(text=" \n\t "), FieldRequired, "text"),
        (Request(text="😀" * 4097), FieldTooLong, "text"),
        (Request(text=" " * 4097), FieldTooLong, "text"),
        (Request(text="a\0b"), FieldMalformed, "text"),
        (Request(text="a", language_hint="n"), FieldMalformed, "language_hint"),
        (Request(text="a", language_hint="nl_NL"), FieldMalformed, "language_hint"),
        (Request(text="a", language_hint=" nl"), FieldMalformed, "language_hint"),
        (Request(text="a", language_hint="nl-" + "abcdefgh-" * 4), FieldTooLong, "language_hint"),
    ],
)
def test_refuses_what_is_outside_the_bounds(request_: Request, failure: type[Exception], field: str) -> None:
    with pytest.raises(failure) as raised:
        convert.utterance_from_proto(request_)
    assert raised.value.metadata["field"] == field  # type: ignore[attr-defined]
    items = [Request(text="goed")] * 3 + [request_]
    with pytest.raises(failure) as raised:
        convert.utterances_from_proto(Batch(items=items))
    assert raised.value.metadata["field"] == f"items[3].{field}"  # type: ignore[attr-defined]


def test_a_batch_has_one_to_sixty_four_items() -> None:
    item = Request(text="goed")
    assert len(convert.utterances_from_proto(Batch(items=[item] * 64))) == 64
    with pytest.raises(FieldRequired) as missing:
        convert.utterances_from_proto(Batch())
    assert missing.value.metadata["field"] == "items"
    with pytest.raises(TooManyItems) as many:
        convert.utterances_from_proto(Batch(items=[item] * 65))
    assert many.value.metadata == {"field": "items", "limit": "64", "actual": "65"}


@given(st.lists(texts, min_size=1, max_size=6), st.sampled_from(["", "minilm.fp32.1", "f" * 128]))
def test_takes_over_what_is_to_be_encoded(some: list[str], expected: str) -> None:
    request = Encode(texts=some, expected_fingerprint=expected)
    assert convert.texts_from_proto(request) == some
    assert convert.expected_fingerprint(request) == expected


@pytest.mark.parametrize(
    ("texts", "failure", "field"),
    [
        ([], FieldRequired, "texts"),
        (["a"] * 129, TooManyItems, "texts"),
        (["a", " \t"], FieldRequired, "texts[1]"),
        (["😀" * 4097], FieldTooLong, "texts[0]"),
        (["a", "b", "c\0"], FieldMalformed, "texts[2]"),
    ],
)
def test_refuses_texts_outside_the_bounds(texts: list[str], failure: type[Exception], field: str) -> None:
    with pytest.raises(failure) as raised:
        convert.texts_from_proto(Encode(texts=texts))
    assert raised.value.metadata["field"] == field  # type: ignore[attr-defined]


@pytest.mark.parametrize(("expected", "failure"), [("f" * 129, FieldTooLong), ("f\0", FieldMalformed)])
def test_refuses_what_cannot_be_a_fingerprint(expected: str, failure: type[Exception]) -> None:
    with pytest.raises(failure) as raised:
        convert.expected_fingerprint(Encode(texts=["a"], expected_fingerprint=expected))
    assert raised.value.metadata["field"] == "expected_fingerprint"  # type: ignore[attr-defined]


def test_vectors_are_told_in_order_each_with_its_encoder() -> None:
    import numpy as np

    vectors = np.array([[0.5, -0.5, 0.25], [1.0, 0.0, 0.0]], np.float32)
    told = convert.encoded_to_proto(EncodedTexts(vectors, "minilm.fp32.1", 256, "minilm"))
    assert [list(embedding.values) for embedding in told.embeddings] == vectors.tolist()
    assert {embedding.fingerprint for embedding in told.embeddings} == {told.fingerprint} == {"minilm.fp32.1"}
    assert (told.dimensions, told.max_tokens, told.encoder_name) == (3, 256, "minilm")


def understanding(**changes: object) -> Understanding:
    parts: dict[str, object] = {
        "detection": Detection("nl", 0.75),
        "keywords": [],
        "intents": [ScoredIntent("a", 0.5), ScoredIntent("b", 0.25)],
        "verdict": Verdict.NO_MATCH,
        "threshold": 0.625,
        "signals": Signals(True, 2, 30),
        "embedding": None,
        "model_version": "m1",
        "calibration_version": "c1",
    }
    return Understanding(**(parts | changes))  # type: ignore[arg-type]


def test_an_understanding_is_told_in_full() -> None:
    told = convert.understanding_to_proto(understanding())
    assert (told.language, told.language_confidence) == ("nl", 0.75)
    assert [(intent.name, intent.score) for intent in told.intents] == [("a", 0.5), ("b", 0.25)]
    assert told.threshold == 0.625
    assert told.signals == language_pb2.Signals(asks_for_person=True, question_count=2, character_count=30)
    assert (told.model_version, told.calibration_version) == ("m1", "c1")
    assert not told.HasField("embedding")


def test_the_embedding_is_told_with_its_encoder() -> None:
    import numpy as np

    told = convert.understanding_to_proto(
        understanding(embedding=Embedding("minilm.fp32.1", np.array([0.5, -0.5], np.float32)))
    )
    assert told.embedding.fingerprint == "minilm.fp32.1"
    assert list(told.embedding.values) == [0.5, -0.5]


@pytest.mark.parametrize("level", Frustration)
def test_every_level_of_frustration_has_its_name(level: Frustration) -> None:
    told = convert.understanding_to_proto(understanding(signals=Signals(False, 0, 1, level))).signals
    name = "UNSPECIFIED" if level is Frustration.UNKNOWN else level.name
    assert language_pb2.Frustration.Name(told.frustration) == f"FRUSTRATION_{name}"


def test_signs_of_frustration_are_told_in_the_order_of_their_numbers() -> None:
    signals = Signals(False, 0, 1, Frustration.STRONG, frozenset(FrustrationSign))
    told = convert.understanding_to_proto(understanding(signals=signals)).signals.frustration_signs
    names = [language_pb2.FrustrationSign.Name(sign) for sign in told]
    assert names == [f"FRUSTRATION_SIGN_{sign.name}" for sign in FrustrationSign]


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_has_its_name(verdict: Verdict) -> None:
    told = convert.understanding_to_proto(understanding(verdict=verdict)).verdict
    assert language_pb2.Verdict.Name(told) == f"VERDICT_{verdict.name}"


@pytest.mark.parametrize("reason", NoMatchReason)
def test_every_reason_for_no_match_has_its_name(reason: NoMatchReason) -> None:
    told = convert.understanding_to_proto(understanding(no_match_reason=reason)).no_match_reason
    assert nlu_service_pb2.NoMatchReason.Name(told) == f"NO_MATCH_REASON_{reason.name}"


def test_a_match_gives_no_reason_for_its_absence() -> None:
    told = convert.understanding_to_proto(understanding(verdict=Verdict.MATCH))
    assert told.no_match_reason == nlu_service_pb2.NO_MATCH_REASON_UNSPECIFIED


@pytest.mark.parametrize("rule", Rule)
@pytest.mark.parametrize(
    ("kind", "field"),
    [(TargetKind.FAQ_ENTRY, "faq_entry_id"), (TargetKind.INTENT, "intent"), (TargetKind.VALUE, "value")],
)
def test_every_keyword_tells_its_rule_and_target(rule: Rule, kind: TargetKind, field: str) -> None:
    match = KeywordMatch("k", rule, 3, 7, True, Target(kind, "there"))
    (told,) = convert.understanding_to_proto(understanding(keywords=[match])).keywords
    assert language_pb2.KeywordRule.Name(told.rule) == f"KEYWORD_RULE_{rule.name}"
    assert told.WhichOneof("target") == field
    assert getattr(told, field) == "there"
    assert (told.keyword_id, told.start_char, told.end_char, told.whole_message) == ("k", 3, 7, True)


def contact(**fields: object) -> nlu_service_pb2.ContactTerms:
    return nlu_service_pb2.ContactTerms(**({"id": "b", "terms": ["x"], "value": "v"} | fields))  # type: ignore[arg-type]


def test_takes_the_terms_of_a_contact() -> None:
    given = [contact(id="b1", terms=[" TX-1 ", "Texel", "Texel"], intent="booking", value=None)]
    (found,) = convert.utterance_from_proto(Request(text="x", contact_terms=given)).contact_terms
    assert found == ContactTerms("b1", Target(TargetKind.INTENT, "booking"), ("TX-1", "Texel"))


@pytest.mark.parametrize(
    ("terms", "failure", "field"),
    [
        ([contact()] * 51, TooManyItems, "contact_terms"),
        ([contact(terms=["x"] * 9)], TooManyItems, "contact_terms.terms"),
        ([contact(terms=[])], FieldRequired, "contact_terms.terms"),
        ([contact(terms=[" "])], FieldRequired, "contact_terms.terms"),
        ([contact(terms=["x" * 201])], FieldTooLong, "contact_terms.terms"),
        ([contact(id="")], FieldRequired, "contact_terms.id"),
        ([contact(id="a b")], FieldMalformed, "contact_terms.id"),
        ([contact(), contact()], FieldMalformed, "contact_terms.id"),
        ([nlu_service_pb2.ContactTerms(id="b", terms=["x"])], FieldRequired, "contact_terms.target"),
        ([contact(value="")], FieldRequired, "contact_terms.value"),
        ([contact(value="v" * 129)], FieldTooLong, "contact_terms.value"),
    ],
)
def test_refuses_terms_of_a_contact_outside_their_bounds(
    terms: list[nlu_service_pb2.ContactTerms], failure: type[Failure], field: str
) -> None:
    with pytest.raises(failure) as raised:
        convert.utterance_from_proto(Request(text="x", contact_terms=terms))
    assert raised.value.metadata["field"] == field
