"""The engine `remote` against real servers: sound ones, hung ones, killed ones, and ones that answer nonsense."""

import json
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import numpy as np
import pytest
from structlog.testing import capture_logs
from tests.fakes.remote_engine import Answer, RunningEngine, own_process

from balie.api.nlu.v1 import engine_service_pb2 as wire
from balie.kit.testing import free_address
from balie.nlu.engines.port import (
    EngineUnavailable,
    Example,
    Lesson,
    Message,
    OptionWrong,
    Ranking,
    TrainingFailed,
)
from balie.nlu.engines.registry import open_engine
from balie.nlu.engines.remote.engine import MODEL_FILE
from balie.nlu.engines.remote.ranker import RemoteRanker

QUICK = {"timeout_ms": "300", "failures": "2", "pause_ms": "100"}
WORDS = {"bike": "fiets", "hours": "open", "refund": "geld", "oos": "brood"}


def lesson(per_intent: int = 6, *, vectors: bool = False) -> Lesson:
    examples = sorted(
        Example(intent, "nl", f"{word} vraag {number}")
        for intent, word in WORDS.items()
        for number in range(per_intent)
    )
    rows = np.eye(4, dtype=np.float32)[[number % 4 for number in range(len(examples))]] if vectors else None
    return Lesson(examples, ("bike", "hours", "refund"), rows)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "model"
    made.mkdir()
    return made


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningEngine]:
    (tmp_path / "server").mkdir()
    running = RunningEngine(tmp_path / "server")
    yield running
    running.stop()


def train(
    server: RunningEngine, folder: Path, taught: Lesson | None = None, **options: str
) -> Ranking | None:
    engine = open_engine("remote", {"address": server.address, **options})
    return engine.train(taught or lesson(), folder, lambda _step, _share: None)


@pytest.fixture
def ranker(server: RunningEngine, folder: Path) -> Iterator[RemoteRanker]:
    """A ranker that soon gives up."""
    train(server, folder)
    loaded = open_engine("remote", {"address": server.address, **QUICK}).load(folder, lesson().intents)
    assert isinstance(loaded, RemoteRanker)
    yield loaded
    loaded.close()


def asked(ranker: RemoteRanker, *texts: str) -> Ranking:
    return ranker.rank([Message(text, "nl") for text in texts or ("mijn fiets",)])


def refusal(ranker: RemoteRanker, *texts: str) -> str:
    with pytest.raises(EngineUnavailable) as raised:
        asked(ranker, *texts)
    return str(raised.value)


class TestTraining:
    def test_the_folder_holds_the_way_to_the_model_and_no_more(
        self, server: RunningEngine, folder: Path
    ) -> None:
        train(server, folder)
        (file,) = folder.iterdir()
        stored = json.loads(file.read_text(encoding="utf-8"))
        assert file.name == MODEL_FILE
        assert stored == {
            "format": 1,
            "address": server.address,
            "model_id": server.engine.models[0],
            "intents": ["refund", "hours", "bike"],
            "description": "counted",
            "engine": "counting 1",
        }

    def test_models_of_parts_are_asked_and_deleted(self, server: RunningEngine, folder: Path) -> None:
        held_out = train(server, folder, folds="3")
        counts = [spec.example_count for spec in server.engine.specs]
        assert len(counts) == 4
        assert counts[3] == sum(counts[:3]) / 2 == 24
        assert len(server.engine.models) == 1
        assert held_out is not None
        assert held_out.scores.shape == (24, 3)
        assert held_out.out_of_scope is not None

    def test_they_are_deleted_when_asking_fails_too(self, server: RunningEngine, folder: Path) -> None:
        server.engine.fails = [grpc.StatusCode.INTERNAL]
        with pytest.raises(EngineUnavailable):
            train(server, folder)
        assert server.engine.models == []

    def test_progress_goes_through_all_models_and_is_never_nonsense(
        self, server: RunningEngine, folder: Path
    ) -> None:
        told: list[tuple[str, float]] = []
        engine = open_engine("remote", {"address": server.address, "folds": "2"})
        engine.train(lesson(), folder, lambda step, share: told.append((step, share)))
        assert [step for step, _ in told] == ["counting", "training"] * 3
        assert [share for _, share in told] == pytest.approx([1 / 6, 1 / 6, 3 / 6, 3 / 6, 5 / 6, 5 / 6])

    def test_examples_come_in_parts(self, server: RunningEngine, folder: Path) -> None:
        train(server, folder, lesson(150), folds="2")
        assert server.engine.parts[-3:] == [256, 256, 88]
        long = [Example("bike", "nl", f"{number} " + "😀" * 4000) for number in range(70)]
        train(server, folder, Lesson([*long, *lesson().examples], lesson().intents), folds="2")
        assert max(server.engine.parts[-2:]) < 70, "a part is a megabyte at most"
        assert sum(server.engine.parts[-2:]) == 94

    def test_the_server_is_given_its_own_options(self, server: RunningEngine, folder: Path) -> None:
        train(server, folder, None, **{"server.longest": "1"})
        assert all(dict(spec.options) == {"longest": "1"} for spec in server.engine.specs)

    def test_an_option_that_the_server_does_not_know_lists_its_own(
        self, server: RunningEngine, folder: Path
    ) -> None:
        with pytest.raises(OptionWrong) as raised:
            train(server, folder, None, **{"server.depth": "1"})
        assert str(raised.value) == (
            "engine remote: option 'server.depth' is none of counting's; it knows: server.longest"
        )
        assert not server.engine.specs

    def test_what_the_server_refuses_is_told_in_its_words(self, server: RunningEngine, folder: Path) -> None:
        with pytest.raises(
            TrainingFailed, match=r"refuses \(INVALID_ARGUMENT\): .*option 'longest' is 'many'"
        ):
            train(server, folder, None, **{"server.longest": "many"})

    def test_vectors_go_along_when_the_server_needs_them(self, server: RunningEngine, folder: Path) -> None:
        server.engine.needs_vectors = True
        with pytest.raises(OptionWrong, match=r"'vectors' must be true: counting needs sentence vectors"):
            train(server, folder)
        engine = open_engine("remote", {"address": server.address, "vectors": "true"})
        assert engine.needs_vectors
        engine.train(lesson(vectors=True), folder, lambda _step, _share: None)
        assert server.engine.vectors == {4}
        assert {spec.dimensions for spec in server.engine.specs} == {4}
        loaded = engine.load(folder, lesson().intents)
        loaded.rank([Message("fiets", "nl", np.eye(4, dtype=np.float32)[0])])
        loaded.close()
        assert server.engine.vectors == {4}

    def test_nobody_at_the_address_says_what_to_look_at(self, folder: Path) -> None:
        engine = open_engine("remote", {"address": free_address()})
        with pytest.raises(
            EngineUnavailable, match=r"does not answer .*is it running, and is the address right\?"
        ):
            engine.train(lesson(), folder, lambda _step, _share: None)

    def test_a_server_of_something_else_is_told(self, folder: Path) -> None:
        other = grpc.server(ThreadPoolExecutor(1))
        port = other.add_insecure_port("127.0.0.1:0")
        other.start()
        engine = open_engine("remote", {"address": f"127.0.0.1:{port}"})
        with pytest.raises(TrainingFailed, match="is no EngineService"):
            engine.train(lesson(), folder, lambda _step, _share: None)
        other.stop(None)

    def test_a_server_that_goes_away_while_it_trains_is_told(
        self, server: RunningEngine, folder: Path
    ) -> None:
        server.engine.train_fails = [(grpc.StatusCode.UNAVAILABLE, "going down")]
        with pytest.raises(EngineUnavailable, match="UNAVAILABLE"):
            train(server, folder)
        assert list(folder.iterdir()) == []

    @pytest.mark.parametrize(
        ("spoil", "problem"),
        [
            (lambda _model: None, "training ended without a model"),
            (lambda model: wire.EngineModel(intents=model.intents), "the model's id has 0 characters"),
            (
                lambda model: wire.EngineModel(model_id="m" * 129, intents=model.intents),
                "the model's id has 129 characters",
            ),
            (
                lambda _model: wire.EngineModel(model_id="m", intents=["bike", "boat", "refund"]),
                "it is about 3, unknown are boat, missing are hours",
            ),
            (
                lambda model: wire.EngineModel(model_id="m", intents=[*model.intents, "bike"]),
                "it is about 4, unknown are none, missing are none",
            ),
        ],
    )
    def test_a_model_that_makes_no_sense_is_refused(
        self,
        server: RunningEngine,
        folder: Path,
        spoil: Callable[[wire.EngineModel], wire.EngineModel | None],
        problem: str,
    ) -> None:
        server.engine.model_spoils = spoil
        with pytest.raises(TrainingFailed, match=f"answers nonsense: .*{problem}"):
            train(server, folder)


def changed(change: Callable[[Answer], object]) -> Callable[[Answer], Answer]:
    def spoil(answer: Answer) -> Answer:
        change(answer)
        return answer

    return spoil


def set_score(value: float) -> Callable[[Answer], Answer]:
    return changed(lambda answer: answer.rankings[0].scores.__setitem__(0, value))


class TestRanking:
    def test_scores_are_put_into_the_order_of_the_lesson(self, ranker: RemoteRanker) -> None:
        found = asked(ranker, "mijn fiets", "nog open", "geld terug")
        assert list(ranker.intents) == ["bike", "hours", "refund"]
        assert found.scores.argmax(axis=1).tolist() == [0, 1, 2]
        assert found.out_of_scope is not None

    def test_many_messages_are_asked_sixty_four_at_a_time(
        self, server: RunningEngine, ranker: RemoteRanker
    ) -> None:
        before = server.engine.ranked
        found = asked(ranker, *[f"{WORDS[('bike', 'hours')[number % 2]]} {number}" for number in range(150)])
        assert server.engine.ranked - before == 3
        assert found.scores.argmax(axis=1).tolist() == [0, 1] * 75
        assert found.out_of_scope is not None
        assert found.out_of_scope.shape == (150,)

    @pytest.mark.parametrize(
        ("spoil", "problem"),
        [
            (lambda _answer: Answer(), "another model ranked than was asked"),
            (changed(lambda answer: answer.rankings.pop()), "2 messages have 1 rankings"),
            (changed(lambda answer: answer.rankings[1].scores.pop()), "a ranking of 3 intents has 2 scores"),
            (
                changed(lambda answer: answer.rankings[0].scores.append(0.0)),
                "a ranking of 3 intents has 4 scores",
            ),
            (set_score(float("nan")), "scores holds what is no number"),
            (set_score(float("inf")), "scores holds what is no number"),
            (set_score(-0.5), "scores holds what is not in [0, 1]"),
            (set_score(1.5), "scores holds what is not in [0, 1]"),
            (set_score(0.9), "the scores of a message do not sum to 1"),
            (
                changed(lambda answer: setattr(answer.rankings[0], "out_of_scope", 2.0)),
                "out_of_scope holds what is not in [0, 1]",
            ),
            (
                changed(lambda answer: answer.rankings[0].ClearField("out_of_scope")),
                "out_of_scope is told of some messages and not of others",
            ),
        ],
    )
    def test_nonsense_is_no_answer(
        self, server: RunningEngine, ranker: RemoteRanker, spoil: Callable[[Answer], Answer], problem: str
    ) -> None:
        server.engine.spoils = spoil
        assert refusal(ranker, "fiets", "open") == (
            f"engine remote at {server.address} answers nonsense: {problem}"
        )

    def test_rounded_scores_are_made_to_sum_to_one(self, server: RunningEngine, ranker: RemoteRanker) -> None:
        server.engine.spoils = lambda answer: Answer(
            model_id=answer.model_id, rankings=[wire.EngineRanking(scores=[0.3334, 0.3333, 0.3334])]
        )
        found = asked(ranker)
        assert float(found.scores.sum()) == pytest.approx(1.0, abs=1e-6)
        assert found.out_of_scope is None

    def test_a_server_that_hangs_is_not_waited_for(self, server: RunningEngine, ranker: RemoteRanker) -> None:
        server.engine.gate.clear()
        assert "does not answer in time" in refusal(ranker)
        assert not server.engine.gate.is_set()

    def test_a_server_that_fails_once_is_asked_again_within_the_call(
        self, server: RunningEngine, ranker: RemoteRanker
    ) -> None:
        server.engine.fails = [grpc.StatusCode.UNAVAILABLE]
        assert asked(ranker).scores.argmax() == 0

    def test_the_servers_sentence_is_not_repeated(self, server: RunningEngine, ranker: RemoteRanker) -> None:
        server.engine.fails = [grpc.StatusCode.INTERNAL] * 2
        with capture_logs() as logs:
            told = [refusal(ranker, "geheime fiets"), refusal(ranker, "geheime fiets")]
        assert "geheime" not in f"{told}{logs}"
        assert logs[0]["event"] == "remote engine left alone"

    def test_a_model_that_is_gone_is_told(self, server: RunningEngine, ranker: RemoteRanker) -> None:
        server.engine.DeleteEngineModel(wire.DeleteEngineModelRequest(model_id=server.engine.models[0]), None)
        assert "has no such model (NOT_FOUND): train it again" in refusal(ranker)

    def test_a_server_that_is_away_is_left_alone_for_a_while(
        self, server: RunningEngine, folder: Path
    ) -> None:
        train(server, folder)
        options = {"address": server.address, "timeout_ms": "200", "failures": "2", "pause_ms": "600000"}
        ranker = open_engine("remote", options).load(folder, lesson().intents)
        assert isinstance(ranker, RemoteRanker)
        server.engine.gate.clear()
        assert all("in time" in refusal(ranker) for _ in range(2))
        before = server.engine.ranked
        server.engine.gate.set()
        assert all("is left alone for a while" in refusal(ranker) for _ in range(20))
        assert server.engine.ranked == before
        ranker.close()

    def test_and_found_again_when_it_is_back(self, server: RunningEngine, ranker: RemoteRanker) -> None:
        server.stop()
        while "left alone" not in refusal(ranker):
            pass
        server.start()
        with capture_logs() as logs:
            found = None
            while found is None:
                try:
                    found = asked(ranker)
                except EngineUnavailable:
                    threading.Event().wait(0.05)
        assert found.scores.argmax() == 0
        assert [entry["event"] for entry in logs] == ["remote engine answers again"]

    def test_a_server_that_is_killed_in_the_middle_of_a_call_is_no_answer(
        self, tmp_path: Path, folder: Path
    ) -> None:
        with own_process(tmp_path) as process:
            address = process.heard()
            engine = open_engine("remote", {"address": address, "timeout_ms": "60000"})
            engine.train(lesson(), folder, lambda _step, _share: None)
            loaded = engine.load(folder, lesson().intents)
            process.told("shut")
            with ThreadPoolExecutor(1) as pool:
                call = pool.submit(loaded.rank, [Message("fiets")])
                assert process.heard() == "asked"
                process.kill()
                with pytest.raises(EngineUnavailable, match="does not answer"):
                    call.result(30)
            loaded.close()

    def test_closing_ends_calls_under_way_and_refuses_others(
        self, server: RunningEngine, folder: Path
    ) -> None:
        train(server, folder)
        loaded = open_engine("remote", {"address": server.address, "timeout_ms": "60000"}).load(
            folder, lesson().intents
        )
        server.engine.gate.clear()
        while server.engine.asked.acquire(blocking=False):
            pass
        with ThreadPoolExecutor(1) as pool:
            call = pool.submit(loaded.rank, [Message("fiets")])
            assert server.engine.asked.acquire(timeout=30)
            loaded.close()
            with pytest.raises(EngineUnavailable):
                call.result(30)
        with pytest.raises(EngineUnavailable, match="cannot be asked"):
            loaded.rank([Message("fiets")])

    def test_loading_asks_nothing_so_that_nlu_starts_without_the_server(
        self, server: RunningEngine, folder: Path
    ) -> None:
        train(server, folder)
        server.stop()
        loaded = open_engine("remote", {"address": server.address, **QUICK}).load(folder, lesson().intents)
        assert isinstance(loaded, RemoteRanker)
        assert "does not answer" in refusal(loaded)
        loaded.close()


class TestOptions:
    def test_the_address_is_needed(self) -> None:
        with pytest.raises(OptionWrong, match="option 'address' is required"):
            open_engine("remote", {})

    @pytest.mark.parametrize(
        "address",
        ["engine:50061", "127.0.0.1:1", "[::1]:65535", "dns:///engine.svc:50061", "unix:/run/engine.sock"],
    )
    def test_addresses_that_grpc_takes_are_taken(self, address: str) -> None:
        assert open_engine("remote", {"address": address})

    @pytest.mark.parametrize(
        "address", ["engine", "http://engine:50061", "engine:0", "engine:65536", "a b:1", "unix:", ""]
    )
    def test_what_is_no_address_says_what_is(self, address: str) -> None:
        with pytest.raises(
            OptionWrong, match=r"must be host:port, dns:///host:port or unix:/path, without http://"
        ):
            open_engine("remote", {"address": address})

    @pytest.mark.parametrize(
        ("options", "problem"),
        [
            ({"token_file": "t"}, "token_file is of an encrypted line: add tls=true"),
            ({"tls": "true", "cert_file": "c"}, "cert_file and key_file go together"),
            ({"timeout_ms": "5"}, "should be greater than or equal to 10"),
            ({"adress": "x"}, "option 'adress' is unknown; known are: address, ca_file"),
        ],
    )
    def test_options_that_make_no_sense_are_refused(self, options: dict[str, str], problem: str) -> None:
        with pytest.raises(OptionWrong) as raised:
            open_engine("remote", {"address": "engine:1", **options})
        assert problem in str(raised.value)

    def test_a_file_of_keys_that_is_not_there_is_named(self, folder: Path) -> None:
        engine = open_engine("remote", {"address": "engine:1", "tls": "true", "ca_file": "/absent.pem"})
        with pytest.raises(
            OptionWrong, match=r"'ca_file' names /absent.pem, which cannot be read: No such file"
        ):
            engine.train(lesson(), folder, lambda _step, _share: None)


@pytest.mark.skipif(
    shutil.which("openssl") is None, reason="openssl makes the certificate, and is not installed"
)
def test_an_encrypted_line_carries_a_token(tmp_path: Path, folder: Path) -> None:
    key, certificate, token = tmp_path / "key.pem", tmp_path / "cert.pem", tmp_path / "token"
    name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    made = subprocess.run(
        [
            *(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
            ),
            *("-days", "2", "-keyout", str(key), "-out", str(certificate), *name),
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert made.returncode == 0, made.stderr
    token.write_text("secret-token\n")
    credentials = grpc.ssl_server_credentials([(key.read_bytes(), certificate.read_bytes())])
    server = RunningEngine(tmp_path, credentials)
    heard: list[str] = []
    describe = server.engine.DescribeEngine

    def noting(request: object, context: grpc.ServicerContext) -> wire.DescribeEngineResponse:
        heard.append(str(dict(context.invocation_metadata()).get("authorization")))
        return describe(request, context)

    server.stop()
    server.engine.DescribeEngine = noting  # type: ignore[method-assign]
    server.start()
    try:
        train(server, folder, tls="true", ca_file=str(certificate), token_file=str(token))
        with pytest.raises(EngineUnavailable):
            train(server, folder, tls="true")  # nobody whom the system trusts vouches for it
    finally:
        server.stop()
    assert heard == ["Bearer secret-token"]
