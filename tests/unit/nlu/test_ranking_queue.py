"""Messages that wait together are ranked together, and each caller gets their own."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import numpy as np
import pytest

from balie.nlu.engines.port import Message, Ranking
from balie.nlu.errors import EngineUnavailable
from balie.nlu.ranking_queue import RankingQueue

NOTHING_SEEN = [None]


class Lengths:
    """Scores a message by its length, once its gate is open; tells what it was asked together."""

    intents = ("short", "long")

    def __init__(self, *, tells_scope: bool = True) -> None:
        self.gate = threading.Event()
        self.batches: list[list[str]] = []
        self._tells_scope = tells_scope

    def rank(self, messages: Sequence[Message]) -> Ranking:
        self.batches.append([message.text for message in messages])
        assert self.gate.wait(10)
        if any("broken" in message.text for message in messages):
            raise EngineUnavailable("lengths", "is gone")
        share = np.array([len(message.text) / 100 for message in messages], np.float32)
        return Ranking(np.stack([1 - share, share], axis=1), share / 2 if self._tells_scope else None)

    def close(self) -> None:
        pass


@pytest.fixture
async def queue() -> AsyncIterator[RankingQueue]:
    with ThreadPoolExecutor(1) as pool, ThreadPoolExecutor(8) as aside:
        yield RankingQueue(pool, aside)


async def asked(queue: RankingQueue, ranker: Lengths, *texts: str) -> Ranking:
    return await queue.rank(ranker, [Message(text) for text in texts], NOTHING_SEEN * len(texts))


async def waiting(queue: RankingQueue, ranker: Lengths, texts: Sequence[str]) -> list[asyncio.Task[Ranking]]:
    """Starts with one that the ranker works on, so that the others wait."""
    tasks = [asyncio.create_task(asked(queue, ranker, "first"))]
    async with asyncio.timeout(10):
        while not ranker.batches:
            await asyncio.sleep(0.001)
    tasks += [asyncio.create_task(asked(queue, ranker, text)) for text in texts]
    await asyncio.sleep(0)
    return tasks


async def test_messages_that_wait_are_ranked_together_and_go_to_whoever_asked(queue: RankingQueue) -> None:
    ranker = Lengths()
    texts = ["x" * length for length in range(1, 11)]
    tasks = await waiting(queue, ranker, texts)
    ranker.gate.set()
    rankings = await asyncio.gather(*tasks)
    assert ranker.batches == [["first"], texts]
    assert [round(float(one.scores[0, 1]) * 100) for one in rankings[1:]] == list(range(1, 11))
    assert all(one.out_of_scope is not None and one.out_of_scope.shape == (1,) for one in rankings)


async def test_messages_of_one_caller_stay_together(queue: RankingQueue) -> None:
    ranker = Lengths(tells_scope=False)
    ranker.gate.set()
    one, other = await asyncio.gather(asked(queue, ranker, "a", "bb", "ccc"), asked(queue, ranker, "dddd"))
    assert np.allclose(one.scores[:, 1], [0.01, 0.02, 0.03])
    assert np.allclose(other.scores[:, 1], [0.04])
    assert (one.out_of_scope, other.out_of_scope) == (None, None)


async def test_no_more_go_together_than_is_good(queue: RankingQueue) -> None:
    ranker = Lengths()
    tasks = await waiting(queue, ranker, [str(number) for number in range(150)])
    ranker.gate.set()
    await asyncio.gather(*tasks)
    assert [len(batch) for batch in ranker.batches] == [1, 64, 64, 22]


async def test_more_of_one_caller_than_go_together_are_ranked(queue: RankingQueue) -> None:
    ranker = Lengths()
    ranker.gate.set()
    assert len((await asked(queue, ranker, *map(str, range(100)))).scores) == 100


async def test_models_are_kept_apart(queue: RankingQueue) -> None:
    one, other = Lengths(), Lengths()
    tasks = await waiting(queue, one, ["a", "b"])
    tasks += [asyncio.create_task(asked(queue, other, text)) for text in ("c", "d")]
    await asyncio.sleep(0)
    one.gate.set()
    other.gate.set()
    await asyncio.gather(*tasks)
    assert (one.batches, other.batches) == ([["first"], ["a", "b"]], [["c", "d"]])


async def test_a_failure_is_told_to_all_who_waited_together_and_to_nobody_else(queue: RankingQueue) -> None:
    ranker = Lengths()
    tasks = await waiting(queue, ranker, ["fine", "broken"])
    ranker.gate.set()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(answers[0], Ranking)
    assert [type(answer) for answer in answers[1:]] == [EngineUnavailable, EngineUnavailable]
    assert len((await asked(queue, ranker, "after")).scores) == 1


async def test_a_caller_that_leaves_takes_nobody_along(queue: RankingQueue) -> None:
    ranker = Lengths()
    first, leaving, staying = await waiting(queue, ranker, ["leaves", "stays"])
    leaving.cancel()
    ranker.gate.set()
    await asyncio.gather(first, staying)
    assert leaving.cancelled()


async def test_an_engine_that_waits_for_an_answer_is_asked_side_by_side(queue: RankingQueue) -> None:
    class Elsewhere(Lengths):
        waits: ClassVar[bool] = True

    ranker = Elsewhere()
    tasks = [asyncio.create_task(asked(queue, ranker, text)) for text in ("a", "b", "c")]
    async with asyncio.timeout(10):
        while len(ranker.batches) < 3:
            await asyncio.sleep(0.001)
    ranker.gate.set()
    await asyncio.gather(*tasks)
    assert sorted(ranker.batches) == [["a"], ["b"], ["c"]]


async def test_whoever_comes_after_the_pool_was_closed_is_told_so() -> None:
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    queue = RankingQueue(pool, pool)
    ranker = Lengths()
    for _ in range(2):
        async with asyncio.timeout(5):
            with pytest.raises(RuntimeError, match="shutdown"):
                await asked(queue, ranker, "late")


async def test_nothing_is_kept_of_a_model_once_it_has_answered(queue: RankingQueue) -> None:
    ranker = Lengths()
    ranker.gate.set()
    await asked(queue, ranker, "a")
    assert not queue._waiting
