"""Bounds and conversions: what the contract says of each field, and nothing lost on the way."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from balie.api.faq.v1 import entry_pb2, faq_service_pb2, knowledge_service_pb2
from balie.faq import convert as searches
from balie.faq.domain import Filter, Question
from balie.faq.knowledge import convert
from balie.faq.knowledge.domain import (
    Collection,
    CollectionContent,
    Entry,
    EntryContent,
    EntryState,
    EntryText,
    ImportOrder,
    Prune,
)
from balie.kit.errors import Failure, ImportOutOfOrder
from balie.kit.imports.progress import Problem

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
IDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:@+-]{0,127}", fullmatch=True)
LANGUAGES = st.lists(st.sampled_from(["nl", "de", "en", "pt-BR", "fy"]), min_size=1, max_size=5, unique=True)


def words() -> st.SearchStrategy[str]:
    text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=40)
    return text.filter(lambda value: bool(value.strip()))


TEXTS = LANGUAGES.flatmap(
    lambda languages: st.tuples(
        *[
            st.builds(EntryText, st.just(name), words(), st.lists(words(), max_size=4).map(tuple), words())
            for name in languages
        ]
    )
)
MOMENTS = st.datetimes(datetime(1, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
CONTENTS = st.builds(
    EntryContent,
    id=IDS,
    texts=TEXTS,
    tags=st.lists(words(), max_size=5).map(tuple),
    metadata=st.dictionaries(words(), st.just("") | words(), max_size=5),
    state=st.sampled_from(EntryState),
    valid_from=st.none() | MOMENTS,
    valid_until=st.none() | st.just(datetime(2100, 1, 1, tzinfo=UTC)),
    audience=st.lists(words(), max_size=3).map(tuple),
    market=st.lists(words(), max_size=3).map(tuple),
)


def text(**changes: Any) -> entry_pb2.EntryText:
    values: dict[str, Any] = {"language": "nl", "question": "Mag mijn hond mee?", "answer": "Ja."}
    return entry_pb2.EntryText(**(values | changes))


def entry(**changes: Any) -> entry_pb2.Entry:
    values: dict[str, Any] = {"collection_id": "ferry", "id": "dogs", "texts": [text()]}
    return entry_pb2.Entry(**(values | changes))


def collection(**changes: Any) -> entry_pb2.Collection:
    return entry_pb2.Collection(**({"id": "ferry", "languages": ["nl"]} | changes))


def question(**changes: Any) -> faq_service_pb2.SearchAnswersRequest:
    return faq_service_pb2.SearchAnswersRequest(**({"collection_id": "ferry", "text": "hond"} | changes))


def embedding(**changes: Any) -> dict[str, Any]:
    return {"fingerprint": "words.v1", "values": [1.0]} | changes


def refused(convert_it: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(Failure) as caught:
        convert_it()
    return caught.value.reason, caught.value.metadata.get("field", "")


@given(CONTENTS)
def test_an_entry_comes_back_as_it_was_sent(content: EntryContent) -> None:
    stored = Entry("ferry", content, 7, 2, 12, NOON, NOON)
    sent = entry_pb2.Entry.FromString(convert.entry_to_proto(stored).SerializeToString())
    assert convert.entry_from_proto(sent) == content
    assert (sent.revision, sent.etag, sent.collection_id) == (2, "12", "ferry")
    assert sent.create_time.ToDatetime(UTC) == NOON


@given(IDS, words(), LANGUAGES)
def test_a_collection_comes_back_as_it_was_sent(name: str, shown: str, languages: list[str]) -> None:
    content = CollectionContent(name, shown, tuple(languages), tuple(reversed(languages[1:])))
    sent = convert.collection_to_proto(Collection(content, 3, 9, 4, NOON, NOON, NOON))
    assert convert.collection_from_proto(sent) == content
    assert (sent.etag, sent.entry_count) == ("3", 4)


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"id": ""}, "FIELD_REQUIRED", "collection.id"),
        ({"id": "a b"}, "FIELD_MALFORMED", "collection.id"),
        ({"id": "a" * 129}, "FIELD_TOO_LONG", "collection.id"),
        ({"display_name": "x" * 201}, "FIELD_TOO_LONG", "collection.display_name"),
        ({"languages": []}, "FIELD_REQUIRED", "collection.languages"),
        ({"languages": [f"a{chr(97 + n)}" for n in range(21)]}, "TOO_MANY_ITEMS", "collection.languages"),
        ({"languages": ["n"]}, "FIELD_MALFORMED", "collection.languages"),
        ({"languages": [""]}, "FIELD_REQUIRED", "collection.languages"),
        ({"languages": ["nl", "de", "NL"]}, "ENTRY_LANGUAGE_INVALID", ""),
        ({"fallback": ["nl", "NL"]}, "ENTRY_LANGUAGE_INVALID", ""),
        ({"fallback": ["de"]}, "ENTRY_LANGUAGE_INVALID", ""),
        ({"fallback": ["nl"] * 21}, "TOO_MANY_ITEMS", "collection.fallback"),
        ({"fallback": ["n"]}, "FIELD_MALFORMED", "collection.fallback"),
        ({"fallback": [""]}, "FIELD_REQUIRED", "collection.fallback"),
    ],
)
def test_refuses_a_collection_outside_its_bounds(changes: dict[str, Any], reason: str, field: str) -> None:
    assert refused(lambda: convert.collection_from_proto(collection(**changes))) == (reason, field)


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "a" * 128},
        {"display_name": "x" * 200},
        {"languages": [f"a{chr(97 + n)}" for n in range(20)]},
    ],
)
def test_takes_a_collection_at_its_bounds(changes: dict[str, Any]) -> None:
    sent = collection(**changes)
    found = convert.collection_from_proto(sent)
    assert (found.id, found.display_name, list(found.languages)) == (
        sent.id,
        sent.display_name,
        list(sent.languages),
    )


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"id": ""}, "FIELD_REQUIRED", "entry.id"),
        ({"id": "-a"}, "FIELD_MALFORMED", "entry.id"),
        ({"texts": []}, "FIELD_REQUIRED", "entry.texts"),
        ({"texts": [text(language=f"a{chr(97 + n)}") for n in range(21)]}, "TOO_MANY_ITEMS", "entry.texts"),
        ({"texts": [text(language="")]}, "FIELD_REQUIRED", "entry.texts.language"),
        ({"texts": [text(language="nl_NL")]}, "FIELD_MALFORMED", "entry.texts.language"),
        ({"texts": [text(), text(language="NL")]}, "ENTRY_LANGUAGE_INVALID", ""),
        ({"texts": [text(question=" \n")]}, "FIELD_REQUIRED", "entry.texts.question"),
        ({"texts": [text(question="x" * 1001)]}, "FIELD_TOO_LONG", "entry.texts.question"),
        ({"texts": [text(question="a\0b")]}, "FIELD_MALFORMED", "entry.texts.question"),
        ({"texts": [text(phrasings=["x"] * 101)]}, "TOO_MANY_ITEMS", "entry.texts.phrasings"),
        ({"texts": [text(phrasings=[""])]}, "FIELD_REQUIRED", "entry.texts.phrasings"),
        ({"texts": [text(phrasings=["x" * 1001])]}, "FIELD_TOO_LONG", "entry.texts.phrasings"),
        ({"texts": [text(answer="")]}, "FIELD_REQUIRED", "entry.texts.answer"),
        ({"texts": [text(answer="x" * 10_001)]}, "FIELD_TOO_LONG", "entry.texts.answer"),
        ({"tags": ["x"] * 51}, "TOO_MANY_ITEMS", "entry.tags"),
        ({"tags": ["x" * 65]}, "FIELD_TOO_LONG", "entry.tags"),
        ({"tags": [""]}, "FIELD_REQUIRED", "entry.tags"),
        ({"metadata": {str(n): "x" for n in range(51)}}, "TOO_MANY_ITEMS", "entry.metadata"),
        ({"metadata": {"x" * 65: "x"}}, "FIELD_TOO_LONG", "entry.metadata"),
        ({"metadata": {"": "x"}}, "FIELD_REQUIRED", "entry.metadata"),
        ({"metadata": {"x": "x" * 1025}}, "FIELD_TOO_LONG", "entry.metadata"),
        ({"metadata": {"x": "\0"}}, "FIELD_MALFORMED", "entry.metadata"),
        ({"state": 9}, "FIELD_UNKNOWN_VALUE", "entry.state"),
        ({"valid_from": Timestamp(seconds=-(10**12))}, "FIELD_MALFORMED", "entry.valid_from"),
        ({"valid_until": Timestamp(seconds=10**12)}, "FIELD_MALFORMED", "entry.valid_until"),
        ({"valid_until": Timestamp(seconds=1, nanos=-5)}, "FIELD_MALFORMED", "entry.valid_until"),
        (
            {"valid_from": Timestamp(seconds=7), "valid_until": Timestamp(seconds=7)},
            "FIELD_MALFORMED",
            "entry.valid_until",
        ),
        ({"audience": ["x"] * 21}, "TOO_MANY_ITEMS", "entry.audience"),
        ({"audience": ["x" * 65]}, "FIELD_TOO_LONG", "entry.audience"),
        ({"audience": [" "]}, "FIELD_REQUIRED", "entry.audience"),
        ({"market": ["x"] * 21}, "TOO_MANY_ITEMS", "entry.market"),
        ({"market": ["x" * 65]}, "FIELD_TOO_LONG", "entry.market"),
        ({"market": ["a\0"]}, "FIELD_MALFORMED", "entry.market"),
    ],
)
def test_refuses_an_entry_outside_its_bounds(changes: dict[str, Any], reason: str, field: str) -> None:
    assert refused(lambda: convert.entry_from_proto(entry(**changes))) == (reason, field)


@pytest.mark.parametrize(
    "changes",
    [
        {"texts": [text(language=f"a{chr(97 + n)}") for n in range(20)]},
        {"texts": [text(question="x" * 1000, phrasings=["🛳" * 1000] * 100, answer="x" * 10_000)]},
        {"tags": ["x" * 64] * 50},
        {"metadata": {f"{n:064}": "x" * 1024 for n in range(50)}},
        {"audience": ["x" * 64] * 20, "market": ["x" * 64] * 20},
        {"valid_from": Timestamp(seconds=7), "valid_until": Timestamp(seconds=7, nanos=1000)},
    ],
)
def test_takes_an_entry_at_its_bounds(changes: dict[str, Any]) -> None:
    sent = entry(**changes)
    found = convert.entry_from_proto(sent)
    assert (found.id, len(found.texts), list(found.tags), dict(found.metadata)) == (
        sent.id,
        len(sent.texts),
        list(sent.tags),
        dict(sent.metadata),
    )
    assert (list(found.audience), list(found.market)) == (list(sent.audience), list(sent.market))


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"collection_id": ""}, "FIELD_REQUIRED", "collection_id"),
        ({"collection_id": "a/b"}, "FIELD_MALFORMED", "collection_id"),
        ({"text": ""}, "FIELD_REQUIRED", "text"),
        ({"text": " \t "}, "FIELD_REQUIRED", "text"),
        ({"text": "x" * 4097}, "FIELD_TOO_LONG", "text"),
        ({"text": "a\0"}, "FIELD_MALFORMED", "text"),
        ({"language": "dutch-"}, "FIELD_MALFORMED", "language"),
        ({"top_k": 0}, "FIELD_OUT_OF_RANGE", "top_k"),
        ({"top_k": -1}, "FIELD_OUT_OF_RANGE", "top_k"),
        ({"top_k": 51}, "FIELD_OUT_OF_RANGE", "top_k"),
        ({"entry_ids": ["x"] * 11}, "TOO_MANY_ITEMS", "entry_ids"),
        ({"entry_ids": ["a", ""]}, "FIELD_REQUIRED", "entry_ids"),
        ({"entry_ids": ["a b"]}, "FIELD_MALFORMED", "entry_ids"),
        ({"min_generation": -1}, "FIELD_OUT_OF_RANGE", "min_generation"),
        ({"embedding": embedding(fingerprint="")}, "FIELD_REQUIRED", "embedding.fingerprint"),
        ({"embedding": embedding(fingerprint="x" * 129)}, "FIELD_TOO_LONG", "embedding.fingerprint"),
        ({"embedding": embedding(values=[])}, "FIELD_REQUIRED", "embedding.values"),
        ({"embedding": embedding(values=[0.0] * 4097)}, "TOO_MANY_ITEMS", "embedding.values"),
        ({"filter": {"tags_any": ["x"] * 51}}, "TOO_MANY_ITEMS", "filter.tags_any"),
        ({"filter": {"tags_any": [""]}}, "FIELD_REQUIRED", "filter.tags_any"),
        ({"filter": {"tags_all": ["x"] * 51}}, "TOO_MANY_ITEMS", "filter.tags_all"),
        ({"filter": {"tags_all": ["x" * 65]}}, "FIELD_TOO_LONG", "filter.tags_all"),
        ({"filter": {"audience": ["x"] * 21}}, "TOO_MANY_ITEMS", "filter.audience"),
        ({"filter": {"audience": ["a\0"]}}, "FIELD_MALFORMED", "filter.audience"),
        ({"filter": {"market": ["x"] * 21}}, "TOO_MANY_ITEMS", "filter.market"),
        ({"filter": {"market": ["x" * 65]}}, "FIELD_TOO_LONG", "filter.market"),
        (
            {"filter": {"metadata": {str(n): "x" for n in range(51)}}},
            "TOO_MANY_ITEMS",
            "filter.metadata",
        ),
        ({"filter": {"metadata": {"x": "x" * 1025}}}, "FIELD_TOO_LONG", "filter.metadata"),
        ({"filter": {"metadata": {"": "x"}}}, "FIELD_REQUIRED", "filter.metadata"),
    ],
)
def test_refuses_a_search_outside_its_bounds(changes: dict[str, Any], reason: str, field: str) -> None:
    assert refused(lambda: searches.question_from_proto(question(**changes))) == (reason, field)


def test_takes_a_search_at_its_bounds_and_fills_in_what_is_left_out() -> None:
    plain = searches.question_from_proto(question())
    assert (plain.top_k, plain.min_generation, plain.language, plain.embedding) == (5, 0, "", None)
    large = question(
        text="🛳" * 4096, top_k=50, entry_ids=[*"abcdefghij"], min_generation=2**63 - 1, language="nl-BE"
    )
    assert searches.question_from_proto(large).top_k == 50
    assert plain.filter == Filter()
    named = question(text="", entry_ids=["b", "a", "b"])
    assert searches.question_from_proto(named).entry_ids == ("b", "a")


def part(**changes: Any) -> knowledge_service_pb2.ImportEntriesRequest:
    return knowledge_service_pb2.ImportEntriesRequest(**changes)


def test_an_import_begins_with_its_header_and_goes_on_with_entries() -> None:
    header = part(header=knowledge_service_pb2.ImportHeader(collection_id="ferry", dry_run=True))
    assert convert.import_order(header) == ImportOrder("ferry", dry_run=True)
    pruning = knowledge_service_pb2.ImportHeader(
        collection_id="ferry", prune=knowledge_service_pb2.PRUNE_MODE_ARCHIVE
    )
    assert convert.import_order(part(header=pruning)).prune is Prune.ARCHIVE
    for wrong in (None, part(), part(entry=entry())):
        with pytest.raises(ImportOutOfOrder) as caught:
            convert.import_order(wrong)
        assert caught.value.metadata == {"expected": "header"}
    for late in (header, part()):
        with pytest.raises(ImportOutOfOrder) as caught:
            convert.import_entry(1, late, "ferry")
        assert caught.value.metadata == {"expected": "entry"}


def test_an_entry_of_an_import_that_is_refused_becomes_a_problem() -> None:
    assert isinstance(convert.import_entry(3, part(entry=entry(collection_id="")), "ferry"), EntryContent)
    found = convert.import_entry(3, part(entry=entry(id="x" * 500)), "ferry")
    assert isinstance(found, Problem)
    assert (found.number, found.item_id, found.reason) == (3, "x" * 128, "FIELD_TOO_LONG")
    elsewhere = convert.import_entry(4, part(entry=entry(collection_id="other")), "ferry")
    assert isinstance(elsewhere, Problem)
    assert (elsewhere.reason, elsewhere.item_id) == ("FIELD_MALFORMED", "dogs")


ANYTHING = st.builds(
    faq_service_pb2.SearchAnswersRequest,
    collection_id=st.text(max_size=10) | st.just("ferry"),
    text=st.text(max_size=20),
    language=st.text(max_size=5),
    top_k=st.none() | st.integers(-(2**31), 2**31 - 1),
    entry_ids=st.lists(st.text(max_size=5), max_size=12),
    min_generation=st.none() | st.integers(-(2**63), 2**63 - 1),
    embedding=st.none()
    | st.builds(dict, fingerprint=st.text(max_size=3), values=st.lists(st.floats(width=32), max_size=3)),
)


@given(ANYTHING)
def test_whatever_comes_is_a_question_or_refused_with_a_reason(
    request: faq_service_pb2.SearchAnswersRequest,
) -> None:
    found: object
    try:
        found = searches.question_from_proto(request)
    except Failure as failure:
        found = failure.reason
    if isinstance(found, str):
        assert found.startswith(("FIELD_", "TOO_MANY_ITEMS"))
    else:
        assert isinstance(found, Question)
        assert 1 <= found.top_k <= 50
        assert found.text or found.embedding or found.item_ids
