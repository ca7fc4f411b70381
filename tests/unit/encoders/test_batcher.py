"""Many callers at once, with the real encoder; where a moment has to be held still, a gate stands before it."""

import asyncio
import threading
from collections.abc import Sequence

import numpy as np
import pytest

from balie.encoders import EncoderBusy, EncoderSettings
from balie.encoders.batcher import BatchingEncoder
from balie.encoders.onnx import OnnxEncoder
from balie.kit.errors import ServerStopping

TEXTS = [f"Kan ik met {number} fietsen op de boot van {number % 24} uur?" for number in range(40)]


class GatedEncoder:
    """The real encoder behind a gate: each batch waits until it is let through, and is written down."""

    def __init__(self, encoder: OnnxEncoder) -> None:
        self._encoder = encoder
        self._gate = threading.Semaphore(0)
        self.batches: list[list[str]] = []
        self.failing_on = ""
        self.name, self.fingerprint = encoder.name, encoder.fingerprint
        self.dimensions, self.max_tokens = encoder.dimensions, encoder.max_tokens

    def let_through(self, batches: int) -> None:
        self._gate.release(batches)

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        self.batches.append(list(texts))
        assert self._gate.acquire(timeout=20)
        if self.failing_on and self.failing_on in texts:
            raise MemoryError("no room")
        return self._encoder.encode(texts)


@pytest.fixture
def gated(encoder: OnnxEncoder) -> GatedEncoder:
    return GatedEncoder(encoder)


async def until_waiting(batching: BatchingEncoder, texts: int) -> None:
    async with asyncio.timeout(20):
        while batching.measures().waiting != texts:
            await asyncio.sleep(0.001)


async def hold_the_worker(batching: BatchingEncoder, gated: GatedEncoder) -> "asyncio.Task[np.ndarray]":
    """Occupies the only worker with a text of its own."""
    holding = asyncio.create_task(batching.encode(["hold"]))
    await until_begun(gated, ["hold"])
    return holding


async def until_begun(gated: GatedEncoder, batch: list[str]) -> None:
    async with asyncio.timeout(20):
        while not gated.batches or sorted(gated.batches[-1]) != sorted(batch):
            await asyncio.sleep(0.001)


async def test_gives_each_caller_its_own_vectors_in_order(encoder: OnnxEncoder):
    batching = BatchingEncoder(encoder)
    expected = encoder.encode(TEXTS)

    answers = await asyncio.gather(*(batching.encode(TEXTS[start : start + 3]) for start in range(0, 40, 3)))
    await batching.close()

    assert np.allclose(np.concatenate(answers), expected, atol=1e-5)
    assert (batching.fingerprint, batching.dimensions) == (encoder.fingerprint, 384)


async def test_encodes_together_what_arrives_together(encoder: OnnxEncoder):
    batching = BatchingEncoder(encoder, workers=1)

    await asyncio.gather(*(batching.encode([text]) for text in TEXTS[:16]))
    await batching.close()

    measures = batching.measures()
    assert (measures.batches, measures.encoded, measures.texts) == (1, 16, 16)


async def test_encodes_together_what_waits_when_a_worker_gets_free(gated: GatedEncoder):
    batching = BatchingEncoder(gated, workers=1)
    holding = await hold_the_worker(batching, gated)
    waiting = [asyncio.create_task(batching.encode([text])) for text in TEXTS[:10]]
    await until_waiting(batching, 10)

    gated.let_through(2)
    await asyncio.gather(holding, *waiting)
    await batching.close()

    assert [sorted(batch) for batch in gated.batches] == [["hold"], sorted(TEXTS[:10])]


async def test_shares_what_arrives_among_the_free_workers(gated: GatedEncoder):
    batching = BatchingEncoder(gated, workers=2)
    texts = ["x" * length for length in (5, 40, 3, 41, 4, 42)]
    arriving = [asyncio.create_task(batching.encode([text])) for text in texts]
    async with asyncio.timeout(20):
        while len(gated.batches) < 2:
            await asyncio.sleep(0.001)

    gated.let_through(2)
    await asyncio.gather(*arriving)
    await batching.close()

    assert sorted(sorted(map(len, batch)) for batch in gated.batches) == [[3, 4, 5], [40, 41, 42]]


async def test_gives_more_workers_than_texts_one_text_each(gated: GatedEncoder):
    batching = BatchingEncoder(gated, workers=3)
    gated.let_through(2)

    await asyncio.gather(batching.encode(["a"]), batching.encode(["b"]))
    await batching.close()

    assert sorted(gated.batches) == [["a"], ["b"]]


async def test_splits_what_is_too_much_for_one_batch_evenly(gated: GatedEncoder):
    batching = BatchingEncoder(gated, workers=1, batch_texts=8)
    holding = await hold_the_worker(batching, gated)
    waiting = [asyncio.create_task(batching.encode(["y" * length])) for length in (5, *range(10, 18))]
    await until_waiting(batching, 9)

    gated.let_through(3)
    await asyncio.gather(holding, *waiting)
    await batching.close()

    assert sorted(map(len, gated.batches[1:])) == [4, 5]  # and not eight and one
    assert "y" * 5 in gated.batches[1]


async def test_callers_that_go_on_at_once_share_the_next_batch(encoder: OnnxEncoder):
    batching = BatchingEncoder(encoder, workers=1)

    async def caller(number: int) -> None:
        for text in TEXTS[number : number + 3]:
            await batching.encode([f"{number} {text}"])

    await asyncio.gather(*(caller(number) for number in range(16)))
    await batching.close()

    measures = batching.measures()
    assert (measures.encoded, measures.batches) == (48, 3)


async def test_puts_texts_of_like_length_in_a_batch_with_the_oldest(gated: GatedEncoder):
    batching = BatchingEncoder(gated, workers=1, batch_texts=2)
    holding = await hold_the_worker(batching, gated)
    texts = ["a" * 30, "b", "c" * 31, "d" * 2]
    waiting = [asyncio.create_task(batching.encode([text])) for text in texts]
    await until_waiting(batching, 4)

    gated.let_through(3)
    await asyncio.gather(holding, *waiting)
    await batching.close()

    assert gated.batches[1] in (["d" * 2, "a" * 30], ["a" * 30, "c" * 31])
    assert texts[0] in gated.batches[1]
    assert all(len(batch) <= 2 for batch in gated.batches)


async def test_large_requests_leave_room_for_small_ones(gated: GatedEncoder):
    batching = BatchingEncoder(gated, workers=1, batch_texts=8, queue_texts=16)
    large = asyncio.create_task(batching.encode(TEXTS))  # 40 texts in slices of 8
    await until_begun(gated, TEXTS[:8])

    small = asyncio.create_task(batching.encode(["klein"]))
    await until_waiting(batching, 1)
    gated.let_through(2)
    await small

    assert not large.done()
    gated.let_through(4)
    assert (await large).shape == (40, 384)
    await batching.close()


async def test_drops_what_a_cancelled_caller_left_waiting(gated: GatedEncoder):
    batching = BatchingEncoder(gated, workers=1)
    holding = await hold_the_worker(batching, gated)
    leaving = asyncio.create_task(batching.encode(["nobody waits for this", "nor for this"]))
    staying = asyncio.create_task(batching.encode(["somebody waits for this"]))
    await until_waiting(batching, 3)

    leaving.cancel()
    await until_waiting(batching, 1)
    gated.let_through(2)
    await asyncio.gather(holding, staying)
    await batching.close()

    assert leaving.cancelled()
    assert gated.batches == [["hold"], ["somebody waits for this"]]
    assert batching.measures().dropped == 2


async def test_a_caller_that_leaves_during_its_run_disturbs_nobody(gated: GatedEncoder):
    batching = BatchingEncoder(gated, workers=1)
    leaving, staying = (asyncio.create_task(batching.encode([text])) for text in ("leaves", "stays"))
    await until_begun(gated, ["leaves", "stays"])

    leaving.cancel()
    gated.let_through(1)

    assert (await staying).shape == (1, 384)
    assert len(gated.batches) == 1
    await batching.close()


async def test_refuses_more_than_its_queue_holds(gated: GatedEncoder):
    batching = BatchingEncoder(gated, workers=1, queue_texts=2)
    holding = await hold_the_worker(batching, gated)
    waiting = asyncio.create_task(batching.encode(["one", "two"]))
    await until_waiting(batching, 2)

    with pytest.raises(EncoderBusy) as refusal:
        await batching.encode(["three"])

    assert (refusal.value.reason, refusal.value.metadata) == ("ENCODER_BUSY", {"limit": "2"})
    assert refusal.value.retry_after_seconds > 0
    assert batching.measures().refused == 1
    gated.let_through(2)
    await asyncio.gather(holding, waiting)
    await batching.close()


async def test_takes_a_request_larger_than_its_queue(encoder: OnnxEncoder):
    batching = BatchingEncoder(encoder, queue_texts=4)

    assert np.allclose(await batching.encode(TEXTS[:9]), encoder.encode(TEXTS[:9]), atol=1e-5)
    await batching.close()


async def test_encodes_a_recent_text_once(encoder: OnnxEncoder):
    batching = BatchingEncoder(encoder)

    first = await batching.encode(["hallo", "dag"])
    again = await batching.encode(["dag", "hallo", "moin"])
    await batching.close()

    assert np.array_equal(first[::-1], again[:2])
    measures = batching.measures()
    assert (measures.texts, measures.cached, measures.encoded) == (5, 2, 3)


async def test_answers_from_the_cache_while_the_queue_is_full(gated: GatedEncoder):
    batching = BatchingEncoder(gated, workers=1, queue_texts=1)
    gated.let_through(1)
    await batching.encode(["known"])
    holding = await hold_the_worker(batching, gated)
    waiting = asyncio.create_task(batching.encode(["waits"]))
    await until_waiting(batching, 1)

    assert (await batching.encode(["known"])).shape == (1, 384)

    gated.let_through(2)
    await asyncio.gather(holding, waiting)
    await batching.close()


async def test_what_a_caller_does_to_its_vectors_is_its_own(encoder: OnnxEncoder):
    batching = BatchingEncoder(encoder)
    spoilt = await batching.encode(["hallo"])
    spoilt[:] = 0

    assert np.linalg.norm(await batching.encode(["hallo"])) == pytest.approx(1.0, abs=1e-5)
    await batching.close()


async def test_a_failure_reaches_its_callers_and_nobody_after(gated: GatedEncoder):
    batching = BatchingEncoder(gated, workers=1)
    gated.failing_on = "bad"
    gated.let_through(2)

    with pytest.raises(MemoryError):
        await batching.encode(["bad"])

    assert (await batching.encode(["good"])).shape == (1, 384)
    await batching.close()


async def test_gives_up_the_rest_of_a_request_that_failed(gated: GatedEncoder):
    batching = BatchingEncoder(gated, workers=1, batch_texts=2)
    holding = await hold_the_worker(batching, gated)
    first = asyncio.create_task(batching.encode(["bad"]))
    second = asyncio.create_task(batching.encode(["good", "a much longer text"]))
    await until_waiting(batching, 3)
    gated.failing_on = "bad"

    gated.let_through(2)
    results = await asyncio.gather(holding, first, second, return_exceptions=True)
    await batching.close()

    assert [type(result) for result in results] == [np.ndarray, MemoryError, MemoryError]
    assert batching.measures().waiting == 0


async def test_keeps_the_loop_free_while_the_model_works(gated: GatedEncoder):
    batching = BatchingEncoder(gated, workers=1)
    encoding = await hold_the_worker(batching, gated)

    for _ in range(100):
        await asyncio.sleep(0)

    assert not encoding.done()
    gated.let_through(1)
    await encoding
    await batching.close()


async def test_closing_finishes_what_was_let_in_and_refuses_the_rest(gated: GatedEncoder):
    batching = BatchingEncoder(gated, workers=1)
    holding = await hold_the_worker(batching, gated)
    waiting = asyncio.create_task(batching.encode(["waits"]))
    await until_waiting(batching, 1)

    closing = asyncio.create_task(batching.close())
    await asyncio.sleep(0)
    with pytest.raises(ServerStopping):
        await batching.encode(["too late"])
    assert not closing.done()
    gated.let_through(2)
    await closing

    assert (await holding).shape == (await waiting).shape == (1, 384)
    await batching.close()


async def test_closing_waits_for_a_run_whose_caller_has_left(gated: GatedEncoder):
    batching = BatchingEncoder(gated, workers=1)
    leaving = await hold_the_worker(batching, gated)
    leaving.cancel()
    await asyncio.wait([leaving])

    closing = asyncio.create_task(batching.close())
    await asyncio.sleep(0.01)
    assert not closing.done()
    gated.let_through(1)

    async with asyncio.timeout(20):
        await closing


def test_a_run_that_outlives_its_loop_ends_quietly(gated: GatedEncoder, caplog: pytest.LogCaptureFixture):
    async def leave() -> BatchingEncoder:
        batching = BatchingEncoder(gated, workers=1)
        leaving = await hold_the_worker(batching, gated)
        leaving.cancel()
        await asyncio.wait([leaving])
        return batching

    batching = asyncio.run(leave())
    gated.let_through(1)
    batching._pool.shutdown()  # waits for the run

    assert gated.batches == [["hold"]]
    assert not caplog.records


async def test_encodes_nothing_for_no_texts(encoder: OnnxEncoder):
    batching = BatchingEncoder(encoder)

    assert (await batching.encode([])).shape == (0, 384)
    await batching.close()
    assert batching.measures().batches == 0


async def test_refuses_one_text_in_place_of_a_list(encoder: OnnxEncoder):
    batching = BatchingEncoder(encoder)

    with pytest.raises(TypeError, match="a sequence of texts"):
        await batching.encode("hallo")
    await batching.close()


async def test_takes_its_limits_from_the_settings(gated: GatedEncoder):
    settings = EncoderSettings(workers=1, batch_texts=3, queue_texts=3, cache_texts=0)
    batching = BatchingEncoder.from_settings(gated, settings)
    gated.let_through(4)

    await batching.encode(["a", "b", "c", "d"])
    await batching.encode(["a", "b"])
    await batching.close()

    assert [len(batch) for batch in gated.batches] == [3, 1, 2]
