"""The example of an engine in another language: through the suite for engines, and stopped and killed under NLU."""

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.e2e.node_example import installed_example
from tests.nlu_settings import settings_in

from balie.api.common.v1 import language_pb2
from balie.api.nlu.v1 import nlu_service_pb2, nlu_service_pb2_grpc
from balie.kit.testing import serve
from balie.kit.testing.engines import EngineSuite
from balie.nlu.app import lifespan
from balie.nlu.engines import port
from balie.nlu.engines.registry import open_engine
from balie.nlu.settings import NluSettings

pytestmark = [pytest.mark.node, pytest.mark.slow, pytest.mark.timeout(300)]

Stub = nlu_service_pb2_grpc.NluServiceStub
TEXT = "ik wil graag weten of mijn fiets nog mee mag"
TIMEOUT = 30.0


@dataclass(frozen=True)
class NodeEngine:
    """The example, running."""

    address: str
    process: "subprocess.Popen[str]"

    def hang(self) -> None:
        """Stops it where it is; its line stays open."""
        os.kill(self.process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        os.kill(self.process.pid, signal.SIGCONT)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def running(example: Path, models: Path, address: str = "127.0.0.1:0") -> Iterator[NodeEngine]:
    process = subprocess.Popen(
        ["node", "server.js", address, str(models)], cwd=example, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        yield NodeEngine(line.removeprefix("listening on ").strip(), process)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installed_example("remote-engine-node", tmp_path_factory.mktemp("node"))


@pytest.fixture(scope="class")
def addressed(
    request: pytest.FixtureRequest, example: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Tells a class of tests where the example listens."""
    with running(example, tmp_path_factory.mktemp("models")) as node:
        request.cls.address = node.address
        yield


@pytest.mark.usefixtures("addressed")
class TestNodeEngine(EngineSuite):
    port = port
    address = ""

    def engine(self) -> port.Engine:
        return open_engine("remote", {"address": self.address})


def test_it_lists_its_options_when_one_is_unknown(example: Path, tmp_path: Path) -> None:
    with running(example, tmp_path) as node:
        engine = open_engine("remote", {"address": node.address, "server.smoothin": "1"})
        with pytest.raises(port.OptionWrong, match=r"it knows: server\.smoothing"):
            engine.train(
                port.Lesson([port.Example("a", "en", "x")], ("a",)), tmp_path, lambda _step, _share: None
            )


def settings_for(node: NodeEngine, folder: Path) -> NluSettings:
    options = {"address": node.address, "timeout_ms": "1000", "pause_ms": "300"}
    return settings_in(folder, engine="remote", engine_options=options)


@asynccontextmanager
async def nlu(node: NodeEngine, folder: Path) -> AsyncIterator[Stub]:
    async with serve(lifespan(settings_for(node, folder))) as served:
        yield Stub(served.channel)


async def analyze(stub: Stub, text: str = TEXT) -> nlu_service_pb2.Understanding:
    reply = await stub.Analyze(nlu_service_pb2.AnalyzeRequest(text=text), timeout=TIMEOUT)
    return reply.understanding


async def until_ranked(stub: Stub) -> None:
    async with asyncio.timeout(TIMEOUT):
        while not (await analyze(stub)).intents:
            await asyncio.sleep(0.1)


def assert_degraded(found: nlu_service_pb2.Understanding) -> None:
    assert found.verdict == language_pb2.VERDICT_NO_MATCH
    assert found.no_match_reason == nlu_service_pb2.NO_MATCH_REASON_ENGINE_UNAVAILABLE
    assert not found.intents
    assert found.language == "nl"
    assert [match.keyword_id for match in found.keywords] == ["topic-bicycle"]


async def test_nlu_answers_without_intents_while_it_hangs_and_after_it_was_killed(
    example: Path, tmp_path: Path
) -> None:
    models = tmp_path / "node-models"
    with running(example, models) as node:
        async with nlu(node, tmp_path) as stub:
            assert (await analyze(stub)).intents[0].name == "bicycle_information"
            node.hang()
            call = asyncio.ensure_future(analyze(stub))
            await asyncio.sleep(0.2)
            assert not call.done(), "it waits for the engine"
            assert_degraded(await call)
            node.go_on()
            await until_ranked(stub)
            node.hang()
            call = asyncio.ensure_future(analyze(stub))
            await asyncio.sleep(0.2)
            node.kill()
            assert_degraded(await call)
            with running(example, models, node.address):
                await until_ranked(stub)
                assert (await analyze(stub)).intents[0].name == "bicycle_information"
