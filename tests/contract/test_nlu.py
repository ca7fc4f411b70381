"""NLU over gRPC, by its real composition root: results, every documented error, every bound."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import numpy as np
import pytest
import pytest_asyncio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from structlog.testing import capture_logs
from tests.nlu_settings import settings_in
from threadpoolctl import threadpool_info

from balie.api.common.v1 import language_pb2
from balie.api.nlu.v1 import nlu_service_pb2, nlu_service_pb2_grpc
from balie.client import CallError, error_of
from balie.kit.testing import Served, serve
from balie.nlu.app import lifespan
from balie.nlu.errors import DataFileWrong
from balie.nlu.settings import NluSettings

pytestmark = pytest.mark.asyncio(loop_scope="module")

Request = nlu_service_pb2.AnalyzeRequest
Batch = nlu_service_pb2.BatchAnalyzeRequest
Understanding = nlu_service_pb2.Understanding
TIMEOUT = 30.0


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> NluSettings:
    return settings_in(tmp_path_factory.mktemp("nlu"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(settings: NluSettings) -> AsyncIterator[Served]:
    async with serve(lifespan(settings)) as running:
        yield running


async def test_a_product_of_matrices_takes_one_core_while_messages_are_served(served: Served) -> None:
    assert {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"} == {1}


@pytest.fixture
def stub(served: Served) -> nlu_service_pb2_grpc.NluServiceStub:
    return nlu_service_pb2_grpc.NluServiceStub(served.channel)


async def analyze(stub: nlu_service_pb2_grpc.NluServiceStub, text: str, **more: object) -> Understanding:
    reply = await stub.Analyze(Request(text=text, **more), timeout=TIMEOUT)  # type: ignore[arg-type]
    return reply.understanding


async def refusal(stub: nlu_service_pb2_grpc.NluServiceStub, request: Request | Batch) -> CallError:
    call = stub.Analyze if isinstance(request, Request) else stub.BatchAnalyze
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call(request, timeout=TIMEOUT)  # type: ignore[arg-type]
    return error_of(raised.value)


@pytest.mark.parametrize(
    ("text", "language", "intent"),
    [
        ("ik wil graag weten of mijn fiets mee mag op de boot", "nl", "bicycle_information"),
        ("können sie mir sagen wo meine erstattung bleibt", "de", "refund_request"),
        ("could you tell me when the desk opens", "en", "opening_hours"),
    ],
)
async def test_understands_three_languages(
    stub: nlu_service_pb2_grpc.NluServiceStub, text: str, language: str, intent: str
) -> None:
    found = await analyze(stub, text)
    assert found.language == language
    assert 0.6 <= found.language_confidence <= 1
    assert found.intents[0].name == intent
    assert all(0 <= one.score <= 1 for one in found.intents)
    assert found.verdict != language_pb2.VERDICT_UNSPECIFIED
    assert found.signals.character_count == len(text)
    assert 0 <= found.threshold <= 1
    assert found.model_version
    assert found.calibration_version


async def test_a_keyword_says_where_it_stands_and_what_it_points_at(
    stub: nlu_service_pb2_grpc.NluServiceStub,
) -> None:
    text = "😀👍 heb je wv 1042?"
    (match,) = (await analyze(stub, text)).keywords
    assert match == language_pb2.KeywordMatch(
        keyword_id="article-WV-1042",
        rule=language_pb2.KEYWORD_RULE_NORMALISED,
        start_char=10,
        end_char=17,
        faq_entry_id="product-model-ferry",
    )
    assert text[match.start_char : match.end_char] == "wv 1042"


async def test_a_single_keyword_matches(stub: nlu_service_pb2_grpc.NluServiceStub) -> None:
    article, topic = await analyze(stub, "WV-1042"), await analyze(stub, "Fiets!")
    assert article.verdict == topic.verdict == language_pb2.VERDICT_MATCH
    assert article.no_match_reason == topic.no_match_reason == nlu_service_pb2.NO_MATCH_REASON_UNSPECIFIED
    assert article.keywords[0].whole_message
    assert article.keywords[0].rule == language_pb2.KEYWORD_RULE_EXACT
    assert (topic.intents[0].name, topic.intents[0].score) == ("bicycle_information", 1.0)


async def test_hears_the_request_for_a_person(stub: nlu_service_pb2_grpc.NluServiceStub) -> None:
    assert (await analyze(stub, "Ik wil een medewerker spreken!")).signals.asks_for_person
    assert not (await analyze(stub, "wat kost het per persoon?")).signals.asks_for_person


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("Mijn pakket is beschadigd aangekomen", language_pb2.FRUSTRATION_NONE),
        ("I have been waiting for three weeks", language_pb2.FRUSTRATION_MILD),
        ("Das ist eine Frechheit!!!", language_pb2.FRUSTRATION_STRONG),
    ],
)
async def test_hears_how_frustrated_a_message_sounds(
    stub: nlu_service_pb2_grpc.NluServiceStub, text: str, level: "language_pb2.Frustration.ValueType"
) -> None:
    signals = (await analyze(stub, text)).signals
    assert signals.frustration == level
    assert bool(signals.frustration_signs) is (level > language_pb2.FRUSTRATION_NONE)


async def test_says_when_it_does_not_know(stub: nlu_service_pb2_grpc.NluServiceStub) -> None:
    found = await analyze(stub, "hoe bak ik pannenkoeken")
    assert found.verdict == language_pb2.VERDICT_NO_MATCH
    assert found.no_match_reason == nlu_service_pb2.NO_MATCH_REASON_BELOW_THRESHOLD


async def test_the_embedding_comes_only_when_asked(stub: nlu_service_pb2_grpc.NluServiceStub) -> None:
    assert not (await analyze(stub, "waar is mijn geld")).HasField("embedding")
    found = (await analyze(stub, "waar is mijn geld", want_embedding=True)).embedding
    assert found.fingerprint.startswith("minilm")
    assert float(np.linalg.norm(found.values)) == pytest.approx(1.0, abs=1e-5)


async def test_a_hint_of_a_configured_language_is_taken(stub: nlu_service_pb2_grpc.NluServiceStub) -> None:
    assert (await analyze(stub, "waar is mijn fiets", language_hint="de")).language == "de"
    assert (await analyze(stub, "ok", language_hint="nl-BE")).language == "nl"
    assert (await analyze(stub, "waar is mijn fiets", language_hint="fr")).language == "nl"


@pytest.mark.parametrize(
    "text",
    [
        "😀" * 4096,
        "a" * 4096,
        "woord " * 682,
        "👩‍👩‍👧‍👦🏳️‍🌈 🇳🇱",
        "Привет мой велосипед Fahrrad 自転車 bicycle دراجة",
        "\u202eabc\u200b\ufeff\u0301\u0301",
        "?" * 4096,
        "\ud7ff\ue000\U0010ffff",
        ".",
        "é" * 2048 + "e\u0301" * 1024,
    ],
)
async def test_any_text_within_the_limit_is_understood(
    stub: nlu_service_pb2_grpc.NluServiceStub, text: str
) -> None:
    found = await analyze(stub, text, want_embedding=True)
    assert found.signals.character_count == len(text)
    assert np.isfinite([one.score for one in found.intents]).all()
    assert np.isfinite(found.embedding.values).all()


@pytest.mark.parametrize(
    ("request_", "reason", "metadata"),
    [
        (Request(), "FIELD_REQUIRED", {"field": "text"}),
        (Request(text=" \n "), "FIELD_REQUIRED", {"field": "text"}),
        (
            Request(text="😀" * 4097),
            "FIELD_TOO_LONG",
            {"field": "text", "limit": "4096", "actual": "4097", "unit": "characters"},
        ),
        (Request(text="a\0b"), "FIELD_MALFORMED", {"field": "text"}),
        (Request(text="a", language_hint="nl_NL"), "FIELD_MALFORMED", {"field": "language_hint"}),
        (
            Request(text="a", language_hint="nl-" + "a2345678-" * 4),
            "FIELD_TOO_LONG",
            {"field": "language_hint", "limit": "35", "actual": "39"},
        ),
        (Batch(), "FIELD_REQUIRED", {"field": "items"}),
        (
            Batch(items=[Request(text="a")] * 65),
            "TOO_MANY_ITEMS",
            {"field": "items", "limit": "64", "actual": "65"},
        ),
        (Batch(items=[Request(text="a"), Request()]), "FIELD_REQUIRED", {"field": "items[1].text"}),
        (
            Batch(items=[Request(text="a" * 4097)]),
            "FIELD_TOO_LONG",
            {"field": "items[0].text", "limit": "4096", "actual": "4097"},
        ),
        (
            Batch(items=[Request(text="a"), Request(text="b", language_hint="-")]),
            "FIELD_MALFORMED",
            {"field": "items[1].language_hint"},
        ),
    ],
)
async def test_what_is_outside_the_bounds_is_refused_with_its_reason(
    stub: nlu_service_pb2_grpc.NluServiceStub,
    request_: Request | Batch,
    reason: str,
    metadata: dict[str, str],
) -> None:
    error = await refusal(stub, request_)
    assert (error.code, error.reason) == (grpc.StatusCode.INVALID_ARGUMENT, reason)
    assert metadata.items() <= error.metadata.items()


async def test_a_batch_of_sixty_four_comes_back_in_order(stub: nlu_service_pb2_grpc.NluServiceStub) -> None:
    texts = [f"bericht {number} " + "lang " * (number % 7) for number in range(64)]
    items = [Request(text=text, want_embedding=number % 2 == 0) for number, text in enumerate(texts)]
    reply = await stub.BatchAnalyze(Batch(items=items), timeout=TIMEOUT)
    assert [found.signals.character_count for found in reply.understandings] == [len(text) for text in texts]
    assert [found.HasField("embedding") for found in reply.understandings] == [True, False] * 32
    one = await analyze(stub, texts[40], want_embedding=True)
    assert float(np.dot(one.embedding.values, reply.understandings[40].embedding.values)) > 0.9999


async def test_a_batch_of_the_longest_texts_leaves_health_alone(served: Served) -> None:
    stub = nlu_service_pb2_grpc.NluServiceStub(served.channel)
    batch = asyncio.ensure_future(
        stub.BatchAnalyze(
            Batch(items=[Request(text=f"{n} " + "woord " * 680) for n in range(16)]), timeout=60
        )
    )
    health = health_pb2_grpc.HealthStub(served.channel)
    answers = 0
    while not batch.done():
        reply = await health.Check(health_pb2.HealthCheckRequest(service="liveness"), timeout=5)
        assert reply.status == health_pb2.HealthCheckResponse.SERVING
        answers += 1
        await asyncio.sleep(0.02)
    assert len((await batch).understandings) == 16
    assert answers > 3


async def test_calls_at_once_are_all_answered(stub: nlu_service_pb2_grpc.NluServiceStub) -> None:
    texts = [f"waar is pakket {number}" for number in range(100)]
    found = await asyncio.gather(*(analyze(stub, text) for text in texts))
    assert [one.signals.character_count for one in found] == [len(text) for text in texts]


async def test_is_ready_once_it_serves(served: Served) -> None:
    health = health_pb2_grpc.HealthStub(served.channel)
    for _ in range(500):
        reply = await health.Check(health_pb2.HealthCheckRequest(service=""), timeout=5)
        if reply.status == health_pb2.HealthCheckResponse.SERVING:
            return
        await asyncio.sleep(0.02)
    pytest.fail("never ready")


async def test_logs_hold_no_word_of_a_message(stub: nlu_service_pb2_grpc.NluServiceStub) -> None:
    with capture_logs() as lines:
        await analyze(stub, "kanariepiet mijn fiets wv1042")
        await refusal(stub, Request(text="kanariepiet\0"))
        await refusal(stub, Request(text="kanariepiet", language_hint="kanariepiet!"))
        async with asyncio.timeout(10):  # a call is logged once it has ended, which its caller may see before
            while len(calls := [line for line in lines if line["event"] == "call"]) < 3:
                await asyncio.sleep(0.01)
    assert [line["code"] for line in calls] == ["OK", "INVALID_ARGUMENT", "INVALID_ARGUMENT"]
    assert calls[0]["language"] == "nl"
    assert "kanariepiet" not in json.dumps(lines, default=str)
    assert "wv1042" not in json.dumps(lines, default=str)


async def test_too_many_texts_are_refused_as_busy(
    settings: NluSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BALIE_ENCODER_WORKERS", "1")
    monkeypatch.setenv("BALIE_ENCODER_QUEUE_TEXTS", "1")
    monkeypatch.setenv("BALIE_ENCODER_BATCH_TEXTS", "1")
    async with serve(lifespan(settings)) as running:
        stub = nlu_service_pb2_grpc.NluServiceStub(running.channel)
        calls = [analyze(stub, f"{number} " + "woord " * 200) for number in range(24)]
        found = await asyncio.gather(*calls, return_exceptions=True)
    errors = [error_of(one) for one in found if isinstance(one, grpc.RpcError)]
    assert errors
    assert len(errors) < 24
    for error in errors:
        assert (error.code, error.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "ENCODER_BUSY")
        assert error.metadata["limit"] == "1"


async def test_without_keywords_it_serves_all_else(settings: NluSettings) -> None:
    async with serve(lifespan(settings.model_copy(update={"keywords_file": None}))) as running:
        found = await analyze(nlu_service_pb2_grpc.NluServiceStub(running.channel), "Fiets")
    assert not found.keywords
    assert found.intents


async def test_learns_from_a_folder_of_files_of_any_kind(settings: NluSettings, tmp_path: Path) -> None:
    shop = Path(__file__).parents[2] / "examples" / "training-data"
    for name in ("shop-rasa.yml", "shop.csv"):
        (tmp_path / name).write_bytes((shop / name).read_bytes())
    (tmp_path / "stories.yml").write_text("stories: []\n")
    changed = {
        "database_url": f"sqlite+aiosqlite:///{tmp_path / 'nlu.sqlite3'}",
        "intents_file": tmp_path,
        "model_folder": tmp_path / "models",
        "languages": ("nl", "en"),
    }
    async with serve(lifespan(settings.model_copy(update=changed))) as running:
        stub = nlu_service_pb2_grpc.NluServiceStub(running.channel)
        found = await analyze(stub, "I want to send this jacket back!")
    assert (found.language, found.intents[0].name) == ("en", "return_item")
    assert found.intents[0].score > 0.99


@pytest.mark.parametrize("field", ["intents_file", "keywords_file"])
async def test_a_file_that_is_wrong_refuses_the_start(
    settings: NluSettings, tmp_path: Path, field: str
) -> None:
    (tmp_path / "wrong.yaml").write_text("- nothing\n")
    with pytest.raises(DataFileWrong, match=r"wrong\.yaml:1: the file must be a mapping"):
        async with lifespan(settings.model_copy(update={field: tmp_path / "wrong.yaml"})):
            pass


async def test_a_refused_start_is_one_line_and_a_code(settings: NluSettings, tmp_path: Path) -> None:
    environment = {
        "PATH": "/usr/bin:/bin",
        "BALIE_NLU_LISTEN": "127.0.0.1:0",
        "BALIE_NLU_DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path / 'nlu.sqlite3'}",
        "BALIE_NLU_INTENTS_FILE": str(tmp_path / "absent.yaml"),
        "BALIE_NLU_MODEL_FOLDER": str(tmp_path),
    }
    ran = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "balie.nlu"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 1
    assert ran.stderr == f"nlu: {tmp_path / 'absent.yaml'}: cannot be read: No such file or directory\n"


async def test_importing_the_service_loads_no_model_library() -> None:
    heavy = ("spacy", "sklearn", "scipy", "torch", "onnxruntime", "tokenizers", "py3langid")
    program = (
        f"import sys, balie.nlu.service, balie.nlu.app; print([n for n in {heavy!r} if n in sys.modules])"
    )
    ran = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", program], capture_output=True, text=True, timeout=60
    )
    assert ran.stdout.strip() == "[]", ran.stderr
