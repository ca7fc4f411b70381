"""Keyword work over gRPC, by NLU's real composition root: each result, each documented error, each bound."""

from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path

import grpc
import pytest
import pytest_asyncio
from structlog.testing import capture_logs
from tests.nlu_settings import settings_in

from balie.api.common.v1 import language_pb2
from balie.api.nlu.v1 import (
    keyword_pb2,
    keyword_service_pb2,
    keyword_service_pb2_grpc,
    nlu_service_pb2,
    nlu_service_pb2_grpc,
)
from balie.client import CallError, error_of
from balie.kit.caller import ACT_AS, TENANT
from balie.kit.ids import new_id
from balie.kit.testing import Served, serve
from balie.nlu.app import lifespan
from balie.nlu.keywords import catalogue
from balie.nlu.settings import NluSettings

pytestmark = pytest.mark.asyncio(loop_scope="module")

TIMEOUT = 30.0
INVALID = grpc.StatusCode.INVALID_ARGUMENT
PRECONDITION = grpc.StatusCode.FAILED_PRECONDITION
STRANGE = "x"

Keyword = keyword_pb2.Keyword
Terms = keyword_pb2.KeywordTerms
Pattern = keyword_pb2.KeywordPattern
Upsert = keyword_service_pb2.UpsertKeywordRequest
Delete = keyword_service_pb2.DeleteKeywordRequest
Get = keyword_service_pb2.GetKeywordRequest
List = keyword_service_pb2.ListKeywordsRequest
Import = keyword_service_pb2.ImportKeywordsRequest
Lookup = keyword_service_pb2.LookupKeywordsRequest
Stub = keyword_service_pb2_grpc.KeywordServiceStub


def settings_of(folder: Path) -> NluSettings:
    return settings_in(folder, intents_file=None, poll_seconds=0.02)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with serve(lifespan(settings_of(tmp_path_factory.mktemp("nlu")))) as running:
        yield running


class Desk:
    """The service for a tenant that has nothing yet."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.channel = channel
        self.stub = keyword_service_pb2_grpc.KeywordServiceStub(channel)
        self.nlu = nlu_service_pb2_grpc.NluServiceStub(channel)
        self.metadata = [(TENANT, f"t{new_id()[-12:]}")]

    async def put(self, keyword: Keyword, **fields: str) -> keyword_service_pb2.UpsertKeywordResponse:
        request = Upsert(keyword=keyword, **({"request_id": new_id()} | fields))  # type: ignore[arg-type]
        return await self.stub.UpsertKeyword(request, metadata=self.metadata, timeout=TIMEOUT)

    async def lookup(self, text: str, **fields: object) -> keyword_service_pb2.LookupKeywordsResponse:
        request = Lookup(text=text, **fields)  # type: ignore[arg-type]
        return await self.stub.LookupKeywords(request, metadata=self.metadata, timeout=TIMEOUT)

    async def take(self, parts: Iterable[Import]) -> list[keyword_service_pb2.ImportKeywordsResponse]:
        call = self.stub.ImportKeywords(iter(parts), metadata=self.metadata, timeout=TIMEOUT)
        return [step async for step in call]


@pytest.fixture
def desk(served: Served) -> Desk:
    return Desk(served.channel)


def dog(**fields: object) -> Keyword:
    given = {"id": "dog", "intent": "dog_information", "terms": [Terms(language="nl", terms=["hond"])]}
    return Keyword(**(given | fields))  # type: ignore[arg-type]


async def refusal(call: object) -> CallError:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call  # type: ignore[misc]
    return error_of(raised.value)


async def test_a_keyword_is_written_read_found_and_deleted(desk: Desk) -> None:
    given = Keyword(
        id="booking",
        value="booking",
        terms=[Terms(language="nl", terms=["boeking"]), Terms(language="any", terms=["PNR"])],
        patterns=[Pattern(expression="BK[ -]?(?P<number>[0-9]{8})", check="luhn")],
        literal=True,
    )
    made = await desk.put(given)
    assert made.keyword.revision == 1
    assert made.keyword.source == keyword_pb2.KEYWORD_SOURCE_STORED
    assert made.keyword.HasField("create_time")
    stored = Keyword()
    stored.CopyFrom(made.keyword)
    for name in ("revision", "etag", "create_time", "update_time", "source"):
        stored.ClearField(name)  # type: ignore[arg-type]
    assert stored == given
    read = await desk.stub.GetKeyword(Get(keyword_id="booking"), metadata=desk.metadata, timeout=TIMEOUT)
    assert read.keyword == made.keyword

    text = "😀 mijn bk-12345674"
    found = await desk.lookup(text, min_generation=made.generation)
    assert found.generation == made.generation
    assert list(found.keywords) == [
        language_pb2.KeywordMatch(
            keyword_id="booking",
            rule=language_pb2.KEYWORD_RULE_PATTERN,
            start_char=7,
            end_char=18,
            value="booking",
        )
    ]
    gone = await desk.stub.DeleteKeyword(
        Delete(keyword_id="booking", request_id="r-1"), metadata=desk.metadata, timeout=TIMEOUT
    )
    assert (await desk.lookup(text, min_generation=gone.generation)).keywords == []
    error = await refusal(
        desk.stub.GetKeyword(Get(keyword_id="booking"), metadata=desk.metadata, timeout=TIMEOUT)
    )
    assert (error.code, error.reason) == (grpc.StatusCode.NOT_FOUND, "KEYWORD_NOT_FOUND")
    assert error.metadata["keyword_id"] == "booking"


async def test_analyze_finds_the_tenants_own_keywords_and_names_their_generation(desk: Desk) -> None:
    made = await desk.put(dog())
    await desk.lookup("x", min_generation=made.generation)
    own = nlu_service_pb2.ContactTerms(id="trip", terms=["Texel zaterdag"], value="t-1")
    request = nlu_service_pb2.AnalyzeRequest(
        text="mogen de hondjes mee op Texel zaterdag, en de fiets?", language_hint="nl", contact_terms=[own]
    )
    reply = await desk.nlu.Analyze(request, metadata=desk.metadata, timeout=TIMEOUT)
    found = reply.understanding
    assert found.keyword_generation == made.generation
    assert {(one.keyword_id, language_pb2.KeywordRule.Name(one.rule)) for one in found.keywords} == {
        ("trip", "KEYWORD_RULE_EXACT"),
        ("topic-bicycle", "KEYWORD_RULE_EXACT"),
        ("dog", "KEYWORD_RULE_FORM"),
    }
    others = await Desk(desk.channel).lookup("mogen de hondjes mee")
    assert list(others.keywords) == []


async def test_the_same_request_is_done_once(desk: Desk) -> None:
    first = await desk.put(dog(), request_id="r-1")
    assert await desk.put(dog(), request_id="r-1") == first
    error = await refusal(desk.put(dog(intent="other"), request_id="r-1"))
    assert (error.code, error.reason) == (grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED")


async def test_an_etag_that_has_passed_is_refused(desk: Desk) -> None:
    made = (await desk.put(dog())).keyword
    changed = (await desk.put(dog(etag=made.etag, intent="other"))).keyword
    error = await refusal(desk.put(dog(etag=made.etag)))
    assert (error.code, error.reason) == (PRECONDITION, "ETAG_MISMATCH")
    assert (error.metadata["etag"], error.metadata["current_etag"]) == (made.etag, changed.etag)
    late = Delete(keyword_id="dog", etag=made.etag, request_id=new_id())
    error = await refusal(desk.stub.DeleteKeyword(late, metadata=desk.metadata, timeout=TIMEOUT))
    assert error.reason == "ETAG_MISMATCH"


async def test_keywords_of_the_file_are_listed_and_read_only(desk: Desk) -> None:
    await desk.put(dog())
    listed = await desk.stub.ListKeywords(List(page_size=3), metadata=desk.metadata, timeout=TIMEOUT)
    assert [one.id for one in listed.keywords] == ["article-WV-1042", "dog", "ship-wulp"]
    assert [one.source == keyword_pb2.KEYWORD_SOURCE_FILE for one in listed.keywords] == [True, False, True]
    rest = await desk.stub.ListKeywords(
        List(page_token=listed.next_page_token), metadata=desk.metadata, timeout=TIMEOUT
    )
    assert [one.id for one in rest.keywords] == ["topic-bicycle", "topic-motorcycle"]
    assert rest.next_page_token == ""
    error = await refusal(desk.put(dog(id="ship-wulp")))
    assert (error.code, error.reason) == (PRECONDITION, "KEYWORD_READ_ONLY")
    gone = Delete(keyword_id="ship-wulp", request_id=new_id())
    error = await refusal(desk.stub.DeleteKeyword(gone, metadata=desk.metadata, timeout=TIMEOUT))
    assert (error.reason, error.metadata["keyword_id"]) == ("KEYWORD_READ_ONLY", "ship-wulp")


async def test_an_import_tells_how_it_goes(desk: Desk) -> None:
    header = Import(header=keyword_service_pb2.ImportKeywordsHeader())
    many = [
        Import(keyword=dog(id=f"k{number}", terms=[Terms(language="any", terms=[f"AB-{number:05}"])]))
        for number in range(500)
    ]
    bad = Import(keyword=Keyword(id="bad", value="v"))
    steps = await desk.take([header, *many[:300], bad, *many[300:]])
    last = steps[-1]
    assert last.done
    assert (last.received, last.created, last.refused) == (501, 500, 1)
    (problem,) = [problem for step in steps for problem in step.problems]
    assert (problem.number, problem.keyword_id, problem.reason) == (301, "bad", "FIELD_REQUIRED")
    assert problem.message == "keyword.terms is required"
    found = await desk.lookup("heb je ab 00499?", min_generation=last.generation)
    assert [one.keyword_id for one in found.keywords] == ["k499"]
    again = (await desk.take([header, *many]))[-1]
    assert (again.unchanged, again.generation) == (500, last.generation)


async def test_a_dry_run_changes_nothing(desk: Desk) -> None:
    header = Import(header=keyword_service_pb2.ImportKeywordsHeader(dry_run=True))
    last = (await desk.take([header, Import(keyword=dog())]))[-1]
    assert (last.created, last.generation) == (1, 0)
    error = await refusal(
        desk.stub.GetKeyword(Get(keyword_id="dog"), metadata=desk.metadata, timeout=TIMEOUT)
    )
    assert error.reason == "KEYWORD_NOT_FOUND"


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [Import(keyword=dog())],
        [Import()],
        [Import(header=keyword_service_pb2.ImportKeywordsHeader())] * 2,
    ],
)
async def test_an_import_out_of_order_is_refused(desk: Desk, parts: list[Import]) -> None:
    error = await refusal(desk.take(parts))
    assert (error.code, error.reason) == (INVALID, "IMPORT_OUT_OF_ORDER")


def some(count: int, text: str = "x") -> list[str]:
    return [f"{text}{number}" for number in range(count)]


@pytest.mark.parametrize(
    ("keyword", "reason", "field"),
    [
        (dog(id=""), "FIELD_REQUIRED", "keyword.id"),
        (dog(id="a b"), "FIELD_MALFORMED", "keyword.id"),
        (dog(id="x" * 129), "FIELD_TOO_LONG", "keyword.id"),
        (Keyword(id="k", terms=[Terms(language="nl", terms=["x"])]), "FIELD_REQUIRED", "keyword.target"),
        (dog(intent=""), "FIELD_REQUIRED", "keyword.intent"),
        (dog(value="v" * 129), "FIELD_TOO_LONG", "keyword.value"),
        (dog(faq_entry_id="a\0"), "FIELD_MALFORMED", "keyword.faq_entry_id"),
        (dog(terms=[]), "FIELD_REQUIRED", "keyword.terms"),
        (dog(terms=[Terms(language="nl")]), "FIELD_REQUIRED", "keyword.terms.terms"),
        (dog(terms=[Terms(terms=["x"])]), "FIELD_REQUIRED", "keyword.terms.language"),
        (dog(terms=[Terms(language="dutch!", terms=["x"])]), "FIELD_MALFORMED", "keyword.terms.language"),
        (dog(terms=[Terms(language="nl", terms=["x"])] * 2), "FIELD_MALFORMED", "keyword.terms.language"),
        (dog(terms=[Terms(language="nl", terms=[" "])]), "FIELD_REQUIRED", "keyword.terms.terms"),
        (dog(terms=[Terms(language="nl", terms=["x" * 201])]), "FIELD_TOO_LONG", "keyword.terms.terms"),
        (dog(terms=[Terms(language="nl", terms=some(201))]), "TOO_MANY_ITEMS", "keyword.terms.terms"),
        (
            dog(terms=[Terms(language="nl", terms=some(101)), Terms(language="de", terms=some(100))]),
            "TOO_MANY_ITEMS",
            "keyword.terms.terms",
        ),
        (
            dog(terms=[Terms(language=f"a{chr(97 + n)}", terms=["x"]) for n in range(17)]),
            "TOO_MANY_ITEMS",
            "keyword.terms",
        ),
        (dog(patterns=[Pattern(expression="a")] * 11), "TOO_MANY_ITEMS", "keyword.patterns"),
        (dog(patterns=[Pattern()]), "FIELD_REQUIRED", "keyword.patterns[0].expression"),
        (dog(patterns=[Pattern(expression="a" * 257)]), "FIELD_TOO_LONG", "keyword.patterns[0].expression"),
        (
            dog(patterns=[Pattern(expression="a"), Pattern(expression="(")]),
            "PATTERN_INVALID",
            "keyword.patterns[1].expression",
        ),
        (dog(patterns=[Pattern(expression="a*")]), "PATTERN_INVALID", "keyword.patterns[0].expression"),
        (dog(patterns=[Pattern(expression=r"(a)\1")]), "PATTERN_INVALID", "keyword.patterns[0].expression"),
        (
            dog(patterns=[Pattern(expression="a", check="crc")]),
            "FIELD_UNKNOWN_VALUE",
            "keyword.patterns[0].check",
        ),
        (
            dog(patterns=[Pattern(expression="a", check="c" * 65)]),
            "FIELD_TOO_LONG",
            "keyword.patterns[0].check",
        ),
        (dog(etag="e" * 65), "FIELD_TOO_LONG", "etag"),
    ],
)
async def test_refuses_keywords_outside_their_bounds(
    desk: Desk, keyword: Keyword, reason: str, field: str
) -> None:
    error = await refusal(desk.put(keyword))
    assert (error.code, error.reason, error.metadata["field"]) == (INVALID, reason, field)


async def test_takes_keywords_of_exactly_the_limits(desk: Desk) -> None:
    largest = Keyword(
        id="x" * 128,
        value="v" * 128,
        terms=[Terms(language="nl", terms=["x" * 200, *some(199, "😀")])],
        patterns=[Pattern(expression=f"Z{number}[0-9]{{4}}".ljust(256, "y")) for number in range(10)],
    )
    made = await desk.put(largest)
    assert len(made.keyword.terms[0].terms) == 200


Ask = Callable[[Stub, list[tuple[str, str]]], object]


@pytest.mark.parametrize(
    ("ask", "reason", "field"),
    [
        (lambda s, m: s.UpsertKeyword(Upsert(keyword=dog()), metadata=m), "FIELD_REQUIRED", "request_id"),
        (lambda s, m: s.GetKeyword(Get(), metadata=m), "FIELD_REQUIRED", "keyword_id"),
        (lambda s, m: s.GetKeyword(Get(keyword_id="a b"), metadata=m), "FIELD_MALFORMED", "keyword_id"),
        (lambda s, m: s.DeleteKeyword(Delete(request_id="r"), metadata=m), "FIELD_REQUIRED", "keyword_id"),
        (lambda s, m: s.DeleteKeyword(Delete(keyword_id="k"), metadata=m), "FIELD_REQUIRED", "request_id"),
        (lambda s, m: s.ListKeywords(List(page_size=501), metadata=m), "FIELD_OUT_OF_RANGE", "page_size"),
        (
            lambda s, m: s.ListKeywords(List(page_token=STRANGE), metadata=m),
            "CURSOR_MALFORMED",
            "page_token",
        ),
        (lambda s, m: s.LookupKeywords(Lookup(), metadata=m), "FIELD_REQUIRED", "text"),
        (lambda s, m: s.LookupKeywords(Lookup(text="x" * 4097), metadata=m), "FIELD_TOO_LONG", "text"),
        (
            lambda s, m: s.LookupKeywords(Lookup(text="x", language_hint="?"), metadata=m),
            "FIELD_MALFORMED",
            "language_hint",
        ),
        (
            lambda s, m: s.LookupKeywords(Lookup(text="x", min_generation=-1), metadata=m),
            "FIELD_OUT_OF_RANGE",
            "min_generation",
        ),
        (
            lambda s, m: s.LookupKeywords(
                Lookup(
                    text="x",
                    contact_terms=[nlu_service_pb2.ContactTerms(id="a", terms=["x"], value="v")] * 51,
                ),
                metadata=m,
            ),
            "TOO_MANY_ITEMS",
            "contact_terms",
        ),
    ],
)
async def test_refuses_requests_outside_their_bounds(desk: Desk, ask: Ask, reason: str, field: str) -> None:
    error = await refusal(ask(desk.stub, desk.metadata))
    assert (error.code, error.reason, error.metadata["field"]) == (INVALID, reason, field)


async def test_more_patterns_than_may_be_are_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "TENANT_PATTERNS", 1)
    error = await refusal(desk.put(dog(patterns=[Pattern(expression="A1"), Pattern(expression="A2")])))
    assert (error.code, error.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "KEYWORDS_FULL")
    assert (error.metadata["what"], error.metadata["limit"]) == ("patterns", "1")


async def test_waits_for_a_generation_as_long_as_the_deadline_allows(desk: Desk) -> None:
    made = await desk.put(dog())
    asked = Lookup(text="hond", min_generation=made.generation + 1)
    error = await refusal(desk.stub.LookupKeywords(asked, metadata=desk.metadata, timeout=1.0))
    assert (error.code, error.reason) == (grpc.StatusCode.UNAVAILABLE, "KEYWORDS_BEHIND")
    assert error.metadata["asked"] == str(made.generation + 1)
    assert error.metadata["generation"] == str(made.generation)


@pytest.mark.parametrize("role", ["agent:els", "contact:anna"])
async def test_only_administrators_and_services_write(desk: Desk, role: str) -> None:
    metadata = [*desk.metadata, (ACT_AS, role)]
    header = Import(header=keyword_service_pb2.ImportKeywordsHeader())
    calls = [
        desk.stub.UpsertKeyword(Upsert(keyword=dog(), request_id="r"), metadata=metadata, timeout=TIMEOUT),
        desk.stub.DeleteKeyword(Delete(keyword_id="k", request_id="r"), metadata=metadata, timeout=TIMEOUT),
        desk.stub.ImportKeywords(iter([header]), metadata=metadata, timeout=TIMEOUT).read(),
    ]
    for call in calls:
        error = await refusal(call)
        assert (error.code, error.reason) == (grpc.StatusCode.PERMISSION_DENIED, "CALLER_FORBIDDEN")
    assert (await desk.stub.ListKeywords(List(), metadata=metadata, timeout=TIMEOUT)).keywords


async def test_no_text_of_a_contact_is_logged(desk: Desk) -> None:
    with capture_logs() as lines:
        await desk.lookup(
            "zeldzaamwoord hond",
            contact_terms=[
                nlu_service_pb2.ContactTerms(id="a", terms=["zeldzaamwoord"], value="zeldzamewaarde")
            ],
        )
    assert lines
    assert "zeldza" not in str(lines)
