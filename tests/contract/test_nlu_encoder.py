"""EncoderService over gRPC, by NLU's real composition root: vectors, every documented error, every bound."""

import asyncio
import json
import shutil
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import grpc
import numpy as np
import pytest
import pytest_asyncio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from structlog.testing import capture_logs
from tests.contract.faq_desk import desk
from tests.contract.other_encoder import other_encoder
from tests.encoder_fixture import encoder_folder
from tests.nlu_settings import settings_in

from balie.api.nlu.v1 import (
    encoder_service_pb2,
    encoder_service_pb2_grpc,
    nlu_service_pb2,
    nlu_service_pb2_grpc,
)
from balie.client import Balie, CallError, error_of
from balie.encoders import Encoder
from balie.encoders.batcher import BatchingEncoder
from balie.encoders.onnx import OnnxEncoder
from balie.kit.testing import Served, serve
from balie.nlu.app import lifespan
from balie.nlu.settings import NluSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray

pytestmark = pytest.mark.asyncio(loop_scope="module")

Request = encoder_service_pb2.EncodeRequest
Reply = encoder_service_pb2.EncodeResponse
NAME = "balie.api.nlu.v1.EncoderService"
TIMEOUT = 30.0


class Gate:
    """The service's real encoder, which works only while the gate is open, so that a test decides what waits together."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._changed = threading.Condition()
        self._left: int | None = None  # batches that may pass; None while the gate is open

    def close(self) -> None:
        self._set(0)

    def let(self, batches: int) -> None:
        self._set(batches)

    def open(self) -> None:
        self._set(None)

    def _set(self, left: int | None) -> None:
        with self._changed:
            self._left = left
            self._changed.notify_all()

    def __getattr__(self, name: str) -> object:
        return getattr(self._encoder, name)

    def encode(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        with self._changed:
            assert self._changed.wait_for(lambda: self._left != 0, 30)
            if self._left is not None:
                self._left -= 1
        return self._encoder.encode(texts)


class Seen(BatchingEncoder):
    """The service's batching encoder, which a test can look at."""

    made: ClassVar[list["Seen"]] = []

    def __init__(self, encoder: Encoder, **limits: int) -> None:
        self.gate = Gate(encoder)
        super().__init__(self.gate, **limits)  # type: ignore[arg-type]
        self.made.append(self)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> NluSettings:
    return settings_in(tmp_path_factory.mktemp("nlu"), keywords_file=None)


@pytest.fixture(scope="module")
def seen() -> Iterator[list[Seen]]:
    """One worker, so that texts wait while it works; the batching encoders that were made."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BALIE_ENCODER_WORKERS", "1")
        patch.setattr("balie.nlu.encoding.BatchingEncoder", Seen)
        Seen.made.clear()
        yield Seen.made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def serving(settings: NluSettings, seen: list[Seen]) -> AsyncIterator[tuple[Served, Seen]]:
    """The service that most tests share, and its batching encoder."""
    async with serve(lifespan(settings)) as running:
        encoder = seen[-1]
        await is_serving(running, "")  # the check of readiness has its text encoded once
        yield running, encoder


@pytest.fixture(scope="module")
def served(serving: tuple[Served, Seen]) -> Served:
    return serving[0]


@pytest.fixture(scope="module")
def shared(serving: tuple[Served, Seen]) -> Seen:
    return serving[1]


@pytest.fixture
def stub(served: Served) -> encoder_service_pb2_grpc.EncoderServiceStub:
    return encoder_service_pb2_grpc.EncoderServiceStub(served.channel)


@pytest.fixture(scope="module")
def alone() -> OnnxEncoder:
    """The encoder itself, without service, batches and memory."""
    return OnnxEncoder(encoder_folder(), verify="size")


@pytest_asyncio.fixture(loop_scope="module")
async def held(shared: Seen) -> AsyncIterator[Seen]:
    """The batching encoder, whose worker waits in a batch until its gate is opened; nothing of other tests is left in it."""
    await until(lambda: (shared.measures().running, shared.measures().waiting) == (0, 0))
    shared.gate.close()
    yield shared
    shared.gate.open()
    await until(lambda: (shared.measures().running, shared.measures().waiting) == (0, 0))


async def encode(stub: encoder_service_pb2_grpc.EncoderServiceStub, *texts: str, expected: str = "") -> Reply:
    request = Request(texts=texts, expected_fingerprint=expected)
    reply: Reply = await stub.Encode(request, timeout=TIMEOUT)  # type: ignore[misc]
    return reply


async def analyzed(served: Served, text: str) -> nlu_service_pb2.Understanding:
    request = nlu_service_pb2.AnalyzeRequest(text=text, want_embedding=True)
    nlu = nlu_service_pb2_grpc.NluServiceStub(served.channel)
    return (await nlu.Analyze(request, timeout=TIMEOUT)).understanding  # type: ignore[misc,no-any-return]


async def refusal(stub: encoder_service_pb2_grpc.EncoderServiceStub, request: Request) -> CallError:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await stub.Encode(request, timeout=TIMEOUT)  # type: ignore[misc]
    return error_of(raised.value)


async def is_serving(served: Served, service: str) -> None:
    health = health_pb2_grpc.HealthStub(served.channel)
    request = health_pb2.HealthCheckRequest(service=service)
    async with asyncio.timeout(20):
        while (await health.Check(request, timeout=5)).status != health_pb2.HealthCheckResponse.SERVING:
            await asyncio.sleep(0.02)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.01)


def rows(reply: Reply) -> "NDArray[np.float32]":
    return np.array([embedding.values for embedding in reply.embeddings], np.float32)


async def test_encodes_and_says_with_what(
    stub: encoder_service_pb2_grpc.EncoderServiceStub, alone: OnnxEncoder
) -> None:
    reply = await encode(stub, "Mag mijn hond mee?")
    (embedding,) = reply.embeddings
    assert len(embedding.values) == reply.dimensions == alone.dimensions
    assert float(np.linalg.norm(embedding.values)) == pytest.approx(1.0, abs=1e-5)
    assert embedding.fingerprint == reply.fingerprint == alone.fingerprint
    assert (reply.max_tokens, reply.encoder_name) == (alone.max_tokens, alone.name)


async def test_every_vector_is_in_its_texts_place_and_the_same_as_alone(
    stub: encoder_service_pb2_grpc.EncoderServiceStub, alone: OnnxEncoder
) -> None:
    texts = [f"message {number} " + "about my ticket " * (number * 5 % 23) for number in range(128)]
    found = rows(await encode(stub, *texts))
    single = np.concatenate([alone.encode([text]) for text in texts])
    similar = single @ found.T
    assert float(similar.diagonal().min()) > 0.99999
    assert similar.argmax(axis=1).tolist() == list(range(128))


async def test_a_text_that_comes_twice_has_the_same_vector_twice(
    stub: encoder_service_pb2_grpc.EncoderServiceStub,
) -> None:
    first, other, again = rows(await encode(stub, "a dog", "a cat", "a dog"))
    assert np.allclose(first, again, atol=1e-6)
    assert float(first @ other) < 0.99


async def test_is_what_analyze_returns_and_is_worked_out_once(
    served: Served, shared: Seen, stub: encoder_service_pb2_grpc.EncoderServiceStub
) -> None:
    text = "waar blijft mijn terugbetaling van vorige week"
    embedding = (await analyzed(served, text)).embedding
    before = shared.measures().encoded
    assert (await encode(stub, text)).embeddings[0] == embedding
    assert shared.measures().encoded == before
    other = (await encode(stub, "kan ik mijn fietskaartje nog omruilen")).embeddings[0]
    assert (await analyzed(served, "kan ik mijn fietskaartje nog omruilen")).embedding == other
    assert shared.measures().encoded == before + 1


async def test_calls_of_both_services_share_batches(
    served: Served, held: Seen, stub: encoder_service_pb2_grpc.EncoderServiceStub
) -> None:
    before = held.measures()
    first = asyncio.ensure_future(encode(stub, "the one that the worker is busy with"))
    await until(lambda: held.measures().running == 1)
    encoding = [asyncio.ensure_future(encode(stub, f"parcel {number}")) for number in range(16)]
    analyzing = [asyncio.ensure_future(analyzed(served, f"pakket {number}")) for number in range(16)]
    await until(lambda: held.measures().waiting == 32)
    held.gate.open()
    await asyncio.gather(first, *encoding, *analyzing)
    after = held.measures()
    assert (after.encoded - before.encoded, after.batches - before.batches) == (33, 2)


async def test_a_caller_that_leaves_gives_up_its_texts(
    held: Seen, stub: encoder_service_pb2_grpc.EncoderServiceStub
) -> None:
    before = held.measures()
    first = asyncio.ensure_future(encode(stub, "another that the worker is busy with"))
    await until(lambda: held.measures().running == 1)
    leaving: Any = stub.Encode(
        Request(texts=[f"given up {number}" for number in range(100)]), timeout=TIMEOUT
    )
    await until(lambda: held.measures().waiting > 0)
    leaving.cancel()
    await until(lambda: held.measures().waiting == 0)
    held.gate.open()
    assert (await first).embeddings
    assert (await encode(stub, "and the next is answered")).embeddings
    after = held.measures()
    assert (after.encoded - before.encoded, after.waiting, after.running) == (2, 0, 0)


async def test_a_long_list_lets_a_message_pass(
    served: Served, held: Seen, stub: encoder_service_pb2_grpc.EncoderServiceStub
) -> None:
    before = held.measures()
    long = asyncio.ensure_future(encode(stub, *(f"line {number} of a long list" for number in range(128))))
    await until(lambda: held.measures().running == 1)
    short = asyncio.ensure_future(analyzed(served, "ik sta er al"))
    await until(lambda: held.measures().waiting == 1)
    held.gate.let(2)  # the batch that the worker is in, and the next
    await short
    assert not long.done()
    held.gate.open()
    assert len((await long).embeddings) == 128
    assert held.measures().encoded - before.encoded == 129


@pytest.mark.parametrize(
    "text",
    [
        "😀" * 4096,
        "a" * 4096,
        "woord " * 682,
        "?" * 4096,
        ".",
        "👩‍👩‍👧‍👦🏳️‍🌈 🇳🇱 \u200d",
        "\u202eabc\u200b\ufeff\u0301\u0301",
        "\ud7ff\ue000\U0010ffff",
        "(((]] \u2066 “",
        "é" * 2048 + "e\u0301" * 1024,
    ],
)
async def test_any_text_within_the_limit_has_a_vector(
    stub: encoder_service_pb2_grpc.EncoderServiceStub, text: str
) -> None:
    (row,) = rows(await encode(stub, text))
    assert float(np.linalg.norm(row)) == pytest.approx(1.0, abs=1e-5)


async def test_as_many_and_as_long_texts_as_may_be_go_through(
    stub: encoder_service_pb2_grpc.EncoderServiceStub,
) -> None:
    reply = await encode(stub, *["😀" * 4096] * 128)
    assert len(reply.embeddings) == 128


async def test_what_comes_after_the_last_token_that_is_read_changes_nothing(
    stub: encoder_service_pb2_grpc.EncoderServiceStub,
) -> None:
    most = (await encode(stub, "a")).max_tokens - 2
    whole, longer, shorter = rows(
        await encode(
            stub, "word " * most, "word " * most + "and a dog", "word " * (most - 3) + "and a dog aboard"
        )
    )
    assert float(whole @ longer) > 0.99999
    assert float(whole @ shorter) < 0.9999


@pytest.mark.parametrize(
    ("request_", "reason", "metadata"),
    [
        (Request(), "FIELD_REQUIRED", {"field": "texts"}),
        (Request(expected_fingerprint="other"), "FIELD_REQUIRED", {"field": "texts"}),
        (Request(texts=["a"] * 129), "TOO_MANY_ITEMS", {"field": "texts", "limit": "128", "actual": "129"}),
        (Request(texts=["a", ""]), "FIELD_REQUIRED", {"field": "texts[1]"}),
        (Request(texts=[" \n\u3000"]), "FIELD_REQUIRED", {"field": "texts[0]"}),
        (
            Request(texts=["a", "b", "😀" * 4097]),
            "FIELD_TOO_LONG",
            {"field": "texts[2]", "limit": "4096", "actual": "4097", "unit": "characters"},
        ),
        (Request(texts=["a", "b\0"]), "FIELD_MALFORMED", {"field": "texts[1]"}),
        (
            Request(texts=["a"], expected_fingerprint="f" * 129),
            "FIELD_TOO_LONG",
            {"field": "expected_fingerprint", "limit": "128", "actual": "129"},
        ),
        (
            Request(texts=["a"], expected_fingerprint="a\0"),
            "FIELD_MALFORMED",
            {"field": "expected_fingerprint"},
        ),
    ],
)
async def test_what_is_outside_the_bounds_is_refused_with_its_reason(
    stub: encoder_service_pb2_grpc.EncoderServiceStub,
    request_: Request,
    reason: str,
    metadata: dict[str, str],
) -> None:
    error = await refusal(stub, request_)
    assert (error.code, error.reason) == (grpc.StatusCode.INVALID_ARGUMENT, reason)
    assert metadata.items() <= error.metadata.items()


@pytest.mark.parametrize("half", [b"\xed\xa0\x80", b"\xed\xb0\x80", b"\xff\xfe\xfd"])
async def test_half_a_surrogate_pair_is_no_text(served: Served, half: bytes) -> None:
    method: Any = served.channel.unary_unary(f"/{NAME}/Encode")
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await method(b"\x0a\x03" + half, timeout=TIMEOUT)
    error = error_of(raised.value)
    assert (error.code, error.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "REQUEST_MALFORMED")


async def test_another_encoder_than_expected_refuses_before_it_works(
    shared: Seen, stub: encoder_service_pb2_grpc.EncoderServiceStub
) -> None:
    own = (await encode(stub, "a dog")).fingerprint
    assert (await encode(stub, "a dog", expected=own)).fingerprint == own
    before = shared.measures().encoded
    for expected in ("minilm-l6-v2.fp32.0000000000000000", own.upper(), own[:-1], f"{own} ", " "):
        error = await refusal(stub, Request(texts=["never seen before"], expected_fingerprint=expected))
        assert (error.code, error.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "FINGERPRINT_MISMATCH")
        assert error.metadata["fingerprint"] == expected
        assert error.metadata["current_fingerprint"] == own
        assert own in error.message
    assert shared.measures().encoded == before


async def test_too_many_texts_are_refused_as_busy(
    settings: NluSettings, seen: list[Seen], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BALIE_ENCODER_QUEUE_TEXTS", "2")
    async with serve(lifespan(settings)) as running:
        await is_serving(running, "")
        encoder, stub = seen[-1], encoder_service_pb2_grpc.EncoderServiceStub(running.channel)
        encoder.gate.close()
        working = asyncio.ensure_future(encode(stub, "a"))
        await until(lambda: encoder.measures().running == 1)
        waiting = asyncio.ensure_future(encode(stub, "b", "c"))
        await until(lambda: encoder.measures().waiting == 2)
        error = await refusal(stub, Request(texts=["d"]))
        encoder.gate.open()
        assert (len((await working).embeddings), len((await waiting).embeddings)) == (1, 2)
        assert (await encode(stub, "d")).embeddings
    assert (error.code, error.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "ENCODER_BUSY")
    assert error.metadata["limit"] == "2"
    assert error.retry_after_seconds


async def test_is_found_by_health_and_reflection(served: Served) -> None:
    assert NAME in served.server.services  # what reflection lists
    await is_serving(served, NAME)


async def test_the_client_has_it_at_the_address_of_nlu(served: Served) -> None:
    async with Balie(nlu=served.address) as client:
        assert (await client.encoder.Encode(Request(texts=["a dog"]))).embeddings


async def test_a_vector_goes_to_the_faq_as_it_is(
    stub: encoder_service_pb2_grpc.EncoderServiceStub, sqlite_url: str
) -> None:
    async with desk(sqlite_url) as faq:
        await faq.collect()
        await faq.put("cats", "May my cat come aboard?")
        last = await faq.put("dogs", "May I bring my dog?")
        (embedding,) = (await encode(stub, "May I bring my dog?")).embeddings
        found = await faq.search(embedding=embedding, min_generation=last.index_generation, want_parts=True)
    best = found.answers[0]
    assert (best.entry_id, best.parts.question) == ("dogs", pytest.approx(1.0, abs=1e-5))


async def test_logs_hold_no_word_of_a_text(stub: encoder_service_pb2_grpc.EncoderServiceStub) -> None:
    with capture_logs() as lines:
        await encode(stub, "kanariepiet mijn fiets", "kanariepiet")
        await refusal(stub, Request(texts=["kanariepiet\0"]))
        await refusal(stub, Request(texts=["kanariepiet"], expected_fingerprint="kanariepiet"))
        await refusal(stub, Request(texts=["kanariepiet " * 4096]))
        async with asyncio.timeout(10):  # a call is logged once it has ended, which its caller may see before
            while len(calls := [line for line in lines if line["event"] == "call"]) < 4:
                await asyncio.sleep(0.01)
    assert [line["code"] for line in calls] == [
        "OK",
        "INVALID_ARGUMENT",
        "FAILED_PRECONDITION",
        "INVALID_ARGUMENT",
    ]
    assert calls[0]["texts"] == 2
    assert calls[0]["rpc"] == f"/{NAME}/Encode"
    assert "kanariepiet" not in json.dumps(lines, default=str)


async def test_another_encoder_has_a_model_of_its_own(
    settings: NluSettings, served: Served, tmp_path: Path
) -> None:
    before = await analyzed(served, "waar is mijn geld")
    models = shutil.copytree(settings.model_folder, tmp_path / "models")
    first = settings.model_copy(update={"model_folder": models})
    other = first.model_copy(update={"encoder_folder": other_encoder(tmp_path / "encoder")})
    with capture_logs() as lines:
        async with serve(lifespan(other)) as running:
            after = await analyzed(running, "waar is mijn geld")
            stub = encoder_service_pb2_grpc.EncoderServiceStub(running.channel)
            old = before.embedding.fingerprint
            error = await refusal(stub, Request(texts=["a"], expected_fingerprint=old))
    assert "training a model" in [line["event"] for line in lines]
    assert after.model_version != before.model_version
    assert after.embedding.fingerprint != old
    assert (error.reason, error.metadata["fingerprint"]) == ("FINGERPRINT_MISMATCH", old)
    with capture_logs() as lines:
        async with serve(lifespan(first)) as running:
            back = await analyzed(running, "waar is mijn geld")
    assert "training a model" not in [line["event"] for line in lines]
    assert (back.model_version, back.embedding) == (before.model_version, before.embedding)
