"""NLU with an engine that is served elsewhere: what a message is understood as when that engine is away."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import numpy as np
import pytest
import pytest_asyncio
from tests.fakes.remote_engine import Answer, RunningEngine
from tests.nlu_settings import settings_in

from balie.api.common.v1 import language_pb2
from balie.api.nlu.v1 import nlu_service_pb2, nlu_service_pb2_grpc
from balie.kit.testing import Served, serve
from balie.nlu.app import lifespan
from balie.nlu.settings import NluSettings

pytestmark = pytest.mark.asyncio(loop_scope="module")

Request = nlu_service_pb2.AnalyzeRequest
Understanding = nlu_service_pb2.Understanding
TIMEOUT = 30.0
TEXT = "ik wil graag weten of mijn fiets nog mee mag"
UNAVAILABLE = nlu_service_pb2.NO_MATCH_REASON_ENGINE_UNAVAILABLE


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("nlu")


@pytest.fixture(scope="module")
def engine(folder: Path) -> RunningEngine:
    (folder / "engine").mkdir()
    return RunningEngine(folder / "engine")


@pytest.fixture(scope="module")
def settings(folder: Path, engine: RunningEngine) -> NluSettings:
    options = {"address": engine.address, "timeout_ms": "1000", "failures": "3", "pause_ms": "200"}
    return settings_in(folder, engine="remote", engine_options=options)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(settings: NluSettings) -> AsyncIterator[Served]:
    async with serve(lifespan(settings)) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def stub(served: Served, engine: RunningEngine) -> AsyncIterator[nlu_service_pb2_grpc.NluServiceStub]:
    stub = nlu_service_pb2_grpc.NluServiceStub(served.channel)
    await until_ranked(stub)
    yield stub
    engine.engine.gate.set()
    engine.engine.spoils = lambda answer: answer


async def analyze(stub: nlu_service_pb2_grpc.NluServiceStub, text: str, **more: object) -> Understanding:
    reply = await stub.Analyze(Request(text=text, **more), timeout=TIMEOUT)  # type: ignore[arg-type]
    return reply.understanding


async def until_ranked(stub: nlu_service_pb2_grpc.NluServiceStub) -> Understanding:
    """Returns how the text is understood once the engine is asked again."""
    async with asyncio.timeout(TIMEOUT):
        while not (found := await analyze(stub, TEXT)).intents:
            await asyncio.sleep(0.05)
    return found


def assert_degraded(found: Understanding) -> None:
    assert found.verdict == language_pb2.VERDICT_NO_MATCH
    assert found.no_match_reason == UNAVAILABLE
    assert not found.intents
    assert found.language == "nl"
    assert found.language_confidence > 0.6
    assert [match.keyword_id for match in found.keywords] == ["topic-bicycle"]
    assert found.signals.character_count == len(TEXT)
    assert found.model_version
    assert found.calibration_version


async def test_messages_are_understood_with_its_rankings(stub: nlu_service_pb2_grpc.NluServiceStub) -> None:
    found = await analyze(stub, TEXT)
    assert found.intents[0].name == "bicycle_information"
    assert found.no_match_reason != UNAVAILABLE


async def test_one_that_hangs_leaves_a_message_without_intents(
    stub: nlu_service_pb2_grpc.NluServiceStub, engine: RunningEngine
) -> None:
    engine.engine.gate.clear()
    found = await analyze(stub, TEXT, want_embedding=True)
    assert not engine.engine.gate.is_set()
    assert_degraded(found)
    assert float(np.linalg.norm(found.embedding.values)) == pytest.approx(1.0, abs=1e-5)


async def test_one_that_hangs_holds_up_nobody(
    stub: nlu_service_pb2_grpc.NluServiceStub, engine: RunningEngine
) -> None:
    engine.engine.gate.clear()
    for found in await asyncio.gather(*(analyze(stub, TEXT) for _ in range(100))):
        assert_degraded(found)


async def test_messages_wait_for_it_side_by_side(
    stub: nlu_service_pb2_grpc.NluServiceStub, engine: RunningEngine
) -> None:
    engine.engine.gate.clear()
    while engine.engine.asked.acquire(blocking=False):
        pass
    calls = asyncio.gather(*(analyze(stub, TEXT) for _ in range(4)))
    for _ in range(4):
        assert await asyncio.to_thread(engine.engine.asked.acquire, timeout=TIMEOUT)
    engine.engine.gate.set()
    assert [found.intents[0].name for found in await calls] == ["bicycle_information"] * 4


async def test_one_that_answers_nonsense_leaves_a_message_without_intents(
    stub: nlu_service_pb2_grpc.NluServiceStub, engine: RunningEngine
) -> None:
    def spoil(answer: Answer) -> Answer:
        answer.rankings[0].scores[0] = float("nan")
        return answer

    engine.engine.spoils = spoil
    assert_degraded(await analyze(stub, TEXT))


async def test_a_batch_is_understood_without_intents_too(
    stub: nlu_service_pb2_grpc.NluServiceStub, engine: RunningEngine
) -> None:
    engine.engine.gate.clear()
    request = nlu_service_pb2.BatchAnalyzeRequest(items=[Request(text=TEXT)] * 3)
    for found in (await stub.BatchAnalyze(request, timeout=TIMEOUT)).understandings:
        assert_degraded(found)


async def test_a_keyword_that_is_all_of_the_message_matches_all_the_same(
    stub: nlu_service_pb2_grpc.NluServiceStub, engine: RunningEngine
) -> None:
    engine.engine.gate.clear()
    found = await analyze(stub, "Fiets!")
    assert found.verdict == language_pb2.VERDICT_MATCH
    assert [(intent.name, intent.score) for intent in found.intents] == [("bicycle_information", 1.0)]
    assert found.no_match_reason == nlu_service_pb2.NO_MATCH_REASON_UNSPECIFIED


async def test_an_example_that_is_all_of_the_message_matches_all_the_same(
    stub: nlu_service_pb2_grpc.NluServiceStub, engine: RunningEngine
) -> None:
    engine.engine.gate.clear()
    found = await analyze(stub, "vraagje: wat de openingstijden zijn")
    assert found.verdict == language_pb2.VERDICT_MATCH
    assert (found.intents[0].name, found.intents[0].score) == ("opening_hours", 1.0)


async def test_one_that_goes_away_in_the_middle_of_a_message_and_comes_back(
    stub: nlu_service_pb2_grpc.NluServiceStub, engine: RunningEngine
) -> None:
    engine.engine.gate.clear()
    while engine.engine.asked.acquire(blocking=False):
        pass
    call = asyncio.ensure_future(analyze(stub, TEXT))
    assert await asyncio.to_thread(engine.engine.asked.acquire, timeout=TIMEOUT)
    await asyncio.to_thread(engine.stop)
    assert_degraded(await call)
    engine.start()
    assert (await until_ranked(stub)).intents[0].name == "bicycle_information"


async def test_nlu_starts_without_it_and_takes_it_up_when_it_is_there(
    settings: NluSettings, served: Served, engine: RunningEngine
) -> None:
    await asyncio.to_thread(engine.stop)
    try:
        async with serve(lifespan(settings)) as running:
            stub = nlu_service_pb2_grpc.NluServiceStub(running.channel)
            assert_degraded(await analyze(stub, TEXT))
            engine.start()
            assert (await until_ranked(stub)).intents[0].name == "bicycle_information"
    finally:
        await asyncio.to_thread(engine.stop)
        engine.start()


async def test_nlu_refuses_to_train_with_one_that_is_not_there(settings: NluSettings, tmp_path: Path) -> None:
    from balie.nlu.errors import TrainingFailed

    away = settings.model_copy(
        update={
            "database_url": f"sqlite+aiosqlite:///{tmp_path / 'nlu.sqlite3'}",
            "model_folder": tmp_path / "models",
            "engine_options": {"address": "127.0.0.1:1"},
        }
    )
    with pytest.raises(TrainingFailed, match=r"at 127\.0\.0\.1:1 does not answer .*is the address right\?"):
        async with serve(lifespan(away)):
            pass


async def test_status_codes_of_the_engine_are_never_those_of_nlu(
    stub: nlu_service_pb2_grpc.NluServiceStub, engine: RunningEngine
) -> None:
    for code in (grpc.StatusCode.INTERNAL, grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.DATA_LOSS):
        engine.engine.fails = [code]
        assert_degraded(await analyze(stub, TEXT))
        await until_ranked(stub)
