"""A small engine behind `EngineService`, served by a real server; it can be told to misbehave.

`python -m tests.fakes.remote_engine ADDRESS FOLDER` serves it in a process of its own, which a test may kill. It says where it
listens, and `asked` for every ranking; told `shut` or `open`, it holds rankings back or lets them go, and says `done`.
"""

# ruff: noqa: N802  RPC names are PascalCase

import hashlib
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc

from balie.api.nlu.v1 import engine_service_pb2 as wire
from balie.api.nlu.v1 import engine_service_pb2_grpc
from balie.nlu.engines.keyword import KeywordEngine
from balie.nlu.engines.port import Example, Lesson, Message, OptionWrong

Answer = wire.RankIntentsResponse
_INTENTS_FILE = "intents"


class FakeRemoteEngine(engine_service_pb2_grpc.EngineServiceServicer):
    """Learns by counting, keeps models in a folder, and ranks in an order of its own: backwards.

    Args:
        folder: where models are kept.

    Attributes:
        spoils: changes every ranking before it is sent.
        model_spoils: changes every model before it is told.
        gate: while it is not set, rankings are held back.
        asked: is released whenever a ranking is asked for, before the gate.
        fails: codes of the next rankings, which are refusals.
        train_fails: codes and sentences of the next trainings.
        needs_vectors: what it says of itself.
        specs: of all trainings.
        parts: how many examples each part of a training held.
        vectors: how many numbers came with each message.
        ranked: how often a ranking was asked for.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.spoils: Callable[[Answer], Answer] = lambda answer: answer
        self.model_spoils: Callable[[wire.EngineModel], wire.EngineModel | None] = lambda model: model
        self.gate = threading.Event()
        self.gate.set()
        self.asked = threading.Semaphore(0)
        self.fails: list[grpc.StatusCode] = []
        self.train_fails: list[tuple[grpc.StatusCode, str]] = []
        self.needs_vectors = False
        self.specs: list[wire.EngineTrainingSpec] = []
        self.parts: list[int] = []
        self.vectors: set[int] = set()
        self.ranked = 0

    @property
    def models(self) -> list[str]:
        """Returns the ids of the models that are kept."""
        return sorted(path.name for path in self._folder.iterdir())

    def DescribeEngine(self, request: Any, context: Any) -> wire.DescribeEngineResponse:
        return wire.DescribeEngineResponse(
            name="counting",
            version="1",
            needs_vectors=self.needs_vectors,
            options=[wire.EngineOption(name="longest", description="Words of the longest phrase, 0 to 5.")],
        )

    def TrainEngine(
        self, requests: Iterator[wire.TrainEngineRequest], context: Any
    ) -> Iterator[wire.TrainEngineResponse]:
        spec = next(requests).spec
        self.specs.append(spec)
        examples: list[Example] = []
        for request in requests:
            self.parts.append(len(request.examples.examples))
            for one in request.examples.examples:
                self.vectors.add(len(one.vector))
                examples.append(Example(one.intent, one.language, one.text))
        if self.train_fails:
            context.abort(*self.train_fails.pop(0))
        assert len(examples) == spec.example_count
        try:
            engine = KeywordEngine.from_options(dict(spec.options))
        except OptionWrong as wrong:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(wrong))
        yield _progress("counting", 0.5)
        yield _progress("", float("nan"))
        model = self._trained(engine, Lesson(examples, list(spec.intents)))
        told = self.model_spoils(
            wire.EngineModel(model_id=model, intents=list(spec.intents)[::-1], description="counted")
        )
        if told is not None:
            yield wire.TrainEngineResponse(model=told)

    def RankIntents(self, request: wire.RankIntentsRequest, context: Any) -> Answer:
        self.ranked += 1
        self.asked.release()
        while not self.gate.wait(0.02) and context.is_active():
            pass
        if not context.is_active():  # it waited in line until nobody wanted it: that uses up no refusal
            return Answer()
        if self.fails:
            context.abort(self.fails.pop(0), f"a badly mannered server repeats: {request.messages[0].text}")
        home = self._folder / request.model_id
        if not request.model_id or not home.is_dir():
            context.abort(grpc.StatusCode.NOT_FOUND, "no such model")
        self.vectors |= {len(message.vector) for message in request.messages}
        intents = (home / _INTENTS_FILE).read_text(encoding="utf-8").split("\n")
        ranking = (
            KeywordEngine.from_options({})
            .load(home, intents)
            .rank([Message(message.text, message.language) for message in request.messages])
        )
        assert ranking.out_of_scope is not None
        rankings = [
            wire.EngineRanking(scores=row[::-1].tolist(), out_of_scope=float(missed))
            for row, missed in zip(ranking.scores, ranking.out_of_scope, strict=True)
        ]
        return self.spoils(Answer(model_id=request.model_id, rankings=rankings))

    def DeleteEngineModel(
        self, request: wire.DeleteEngineModelRequest, context: Any
    ) -> wire.DeleteEngineModelResponse:
        shutil.rmtree(self._folder / request.model_id, ignore_errors=True)
        return wire.DeleteEngineModelResponse()

    def _trained(self, engine: KeywordEngine, lesson: Lesson) -> str:
        with tempfile.TemporaryDirectory(dir=self._folder.parent) as work:
            folder = Path(work)
            engine.train(lesson, folder, lambda _step, _share: None)
            (folder / _INTENTS_FILE).write_text("\n".join(lesson.intents), encoding="utf-8")
            model = hashlib.sha256((folder / "rules.json").read_bytes()).hexdigest()[:16]
            shutil.copytree(folder, self._folder / model, dirs_exist_ok=True)
        return model


class RunningEngine:
    """The engine behind a server, which can be stopped and started again at the same address.

    Args:
        folder: an empty one.
        credentials: of an encrypted line.
    """

    def __init__(self, folder: Path, credentials: grpc.ServerCredentials | None = None) -> None:
        (folder / "models").mkdir(exist_ok=True)
        self.engine = FakeRemoteEngine(folder / "models")
        self.address = "127.0.0.1:0"
        self._credentials = credentials
        self.start()

    def start(self) -> None:
        """Listens, at the address of before when there was one."""
        self._server = grpc.server(ThreadPoolExecutor(16), options=[("grpc.so_reuseport", 0)])
        engine_service_pb2_grpc.add_EngineServiceServicer_to_server(self.engine, self._server)
        if self._credentials is None:
            port = self._server.add_insecure_port(self.address)
        else:
            port = self._server.add_secure_port(self.address, self._credentials)
        self.address = f"127.0.0.1:{port}"
        self._server.start()

    def stop(self) -> None:
        """Goes away, and leaves calls under way without an answer."""
        self._server.stop(None).wait()
        self.engine.gate.set()


class OwnProcess:
    """The engine in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.fakes.remote_engine", "127.0.0.1:0", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def heard(self) -> str:
        """Returns the next line that it says."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def told(self, word: str) -> None:
        """Tells it something, and waits until it is done; what it said before is passed over."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()
        while self.heard() != "done":
            pass

    def kill(self) -> None:
        """Ends it at once."""
        self._process.kill()
        self._process.wait()


@contextmanager
def own_process(folder: Path) -> Iterator[OwnProcess]:
    """Yields the engine in a process of its own, and ends it."""
    process = OwnProcess(folder)
    try:
        yield process
    finally:
        process.kill()
        for stream in (process._process.stdin, process._process.stdout):
            if stream is not None:
                stream.close()


def _progress(step: str, share: float) -> wire.TrainEngineResponse:
    return wire.TrainEngineResponse(progress=wire.EngineProgress(step=step, share=share))


def main() -> None:
    address, folder = sys.argv[1], Path(sys.argv[2])
    (folder / "models").mkdir(exist_ok=True)
    server = grpc.server(ThreadPoolExecutor(4))
    engine = _Loud(folder / "models")
    engine_service_pb2_grpc.add_EngineServiceServicer_to_server(engine, server)
    port = server.add_insecure_port(address)
    server.start()
    _say(f"127.0.0.1:{port}")
    for line in sys.stdin:
        engine.gate.clear() if line.strip() == "shut" else engine.gate.set()
        _say("done")


class _Loud(FakeRemoteEngine):
    """Says so when it is asked."""

    def RankIntents(self, request: wire.RankIntentsRequest, context: Any) -> Answer:
        _say("asked")
        return super().RankIntents(request, context)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
