"""Ranks messages that wait together in one go: what a model compares each with is read once for all of them.

Those of an engine that is served elsewhere wait for its answer side by side instead.
"""

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from balie.nlu.engines.port import Glance, Message, Ranking, WaitingRanker
from balie.nlu.ranking import rank

if TYPE_CHECKING:
    from balie.nlu.engines.port import Ranker

_MOST_MESSAGES = 64
"""Messages ranked in one go: more would make the first wait, and win little."""


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    messages: Sequence[Message]
    glances: Sequence[Glance | None]
    answer: "asyncio.Future[Ranking]"


class RankingQueue:
    """Messages that wait for a model, for one event loop.

    Args:
        pool: what ranks; while it is at work, messages gather.
        aside: where engines wait for an answer from elsewhere.
    """

    def __init__(self, pool: Executor, aside: Executor) -> None:
        self._pool, self._aside = pool, aside
        self._lock = threading.Lock()
        self._waiting: dict[Ranker, list[_Asked]] = {}

    async def rank(
        self, ranker: "Ranker", messages: Sequence[Message], glances: Sequence[Glance | None]
    ) -> Ranking:
        """Returns what a ranker thinks of messages; see `balie.nlu.ranking.rank`.

        Raises:
            EngineUnavailable: the engine cannot answer now.
        """
        loop = asyncio.get_running_loop()
        if isinstance(ranker, WaitingRanker):
            return await loop.run_in_executor(self._aside, rank, ranker, messages, glances)
        asked = _Asked(messages, glances, loop.create_future())
        with self._lock:
            waiting = self._waiting.setdefault(ranker, [])
            waiting.append(asked)
            is_first = len(waiting) == 1
        if is_first:
            try:
                loop.run_in_executor(self._pool, self._work, loop, ranker)
            except (
                RuntimeError
            ):  # the pool is closed: whoever comes next is told as well, and waits for nobody
                with self._lock:
                    del self._waiting[ranker]
                raise
        return await asked.answer

    def _work(self, loop: asyncio.AbstractEventLoop, ranker: "Ranker") -> None:
        with self._lock:
            waiting = self._waiting.pop(ranker)
        while waiting:
            batch = _batch(waiting)
            waiting = waiting[len(batch) :]
            answers: list[Ranking] | BaseException
            try:
                answers = _ranked(ranker, batch)
            except BaseException as error:  # noqa: BLE001 — whoever asked is told, whatever it is
                answers = error
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(_deliver, batch, answers)


def _batch(waiting: Sequence[_Asked]) -> Sequence[_Asked]:
    """Returns those that come first, as many as go together; one at least."""
    count, size = 0, 0
    for asked in waiting:
        size += len(asked.messages)
        if count and size > _MOST_MESSAGES:
            break
        count += 1
    return waiting[:count]


def _ranked(ranker: "Ranker", batch: Sequence[_Asked]) -> list[Ranking]:
    together = rank(
        ranker,
        [message for asked in batch for message in asked.messages],
        [glance for asked in batch for glance in asked.glances],
    )
    answers, start = [], 0
    for asked in batch:
        rows = slice(start, start := start + len(asked.messages))
        outside = None if together.out_of_scope is None else together.out_of_scope[rows]
        answers.append(Ranking(together.scores[rows], outside))
    return answers


def _deliver(batch: Sequence[_Asked], answers: list[Ranking] | BaseException) -> None:
    for place, asked in enumerate(batch):
        if asked.answer.done():  # its caller has left
            continue
        if isinstance(answers, BaseException):
            asked.answer.set_exception(answers)
        else:
            asked.answer.set_result(answers[place])
