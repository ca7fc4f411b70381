"""Writes down what was asked, off the path of searches: a bounded queue, written in batches in the background.

What is in the queue when the process falls is lost, and so is what comes when the queue is full: a question for review
is worth less than an answer in time.
"""

import asyncio
from datetime import datetime

import structlog

from balie.faq.domain import Answers, NoAnswer, Question
from balie.faq.feedback.domain import Asked, Reason
from balie.faq.feedback.grouping import Grouping
from balie.faq.feedback.store import Key, QuestionStore
from balie.faq.knowledge.store import Store
from balie.kit.database import Database
from balie.kit.errors import Failure

QUEUE_QUESTIONS = 2000
"""Most questions that wait to be written."""

_BATCH = 200
_GATHERING_SECONDS = 0.2
_PAUSE_SECONDS = 1.0
_CLOSING_SECONDS = 2.0

_log = structlog.get_logger()

_REASONS = {
    NoAnswer.COLLECTION_EMPTY: Reason.UNANSWERED,
    NoAnswer.BELOW_THRESHOLD: Reason.UNANSWERED,
    NoAnswer.AMBIGUOUS: Reason.AMBIGUOUS,
}


class Remembering:
    """Remembers questions.

    Args:
        database: where they are kept.
        collections: knows whether a collection is still there.
        store: writes questions.
        grouping: is woken when some were written.
        switched_on: whether anything is remembered at all.
    """

    def __init__(
        self,
        database: Database,
        collections: Store,
        store: QuestionStore,
        grouping: Grouping,
        *,
        switched_on: bool,
    ) -> None:
        self._database = database
        self._collections = collections
        self._store = store
        self._grouping = grouping
        self._switched_on = switched_on
        self._queue: asyncio.Queue[Asked] = asyncio.Queue(QUEUE_QUESTIONS)
        self._batch: list[Asked] = []
        self._dropped = 0

    def remember(
        self, tenant: str, call_id: str, question: Question, found: Answers, asked_at: datetime
    ) -> None:
        """Takes a search to be written down; never waits, and drops it when too many wait.

        Args:
            tenant: whose it is.
            call_id: request id of its call, which a call that is sent again repeats.
            question: what was asked; without a text there is nothing to remember.
            found: how it ended.
            asked_at: when it was asked.
        """
        if not self._switched_on or not question.text:
            return
        reason = _REASONS.get(found.no_answer, Reason.ANSWERED)
        asked = Asked(
            tenant,
            question.collection_id,
            call_id,
            question.text,
            question.language,
            found.nonce,
            reason,
            asked_at,
        )
        try:
            self._queue.put_nowait(asked)
        except asyncio.QueueFull:
            self._dropped += 1

    async def run(self) -> None:
        """Writes until it is cancelled."""
        while True:
            if not self._batch:
                self._batch.append(await self._queue.get())
            await asyncio.sleep(_GATHERING_SECONDS)
            self._fill()
            if self._dropped:
                _log.warning("questions not remembered, too many came at once", questions=self._dropped)
                self._dropped = 0
            try:
                await self._write()
            except Failure as failure:
                _log.warning("questions not written yet", reason=failure.reason)
                await asyncio.sleep(_PAUSE_SECONDS)

    async def flush(self) -> None:
        """Returns when what was remembered until now is written."""
        await self._queue.join()

    async def close(self) -> None:
        """Writes what is left, once `run` has ended; gives up when the database does not take it in time."""
        try:
            async with asyncio.timeout(_CLOSING_SECONDS):
                while self._batch or not self._queue.empty():
                    self._fill()
                    await self._write()
        except (Failure, TimeoutError):
            _log.warning("questions lost at the end", questions=len(self._batch) + self._queue.qsize())

    def _fill(self) -> None:
        while len(self._batch) < _BATCH and not self._queue.empty():
            self._batch.append(self._queue.get_nowait())

    async def _write(self) -> None:
        """Writes the batch; one that the database refuses for what it is goes, or none after it would be written.

        Raises:
            Failure: the database does not take it now.
        """
        by_collection: dict[Key, list[Asked]] = {}
        for one in self._batch:
            by_collection.setdefault((one.tenant, one.collection_id), []).append(one)
        try:
            for key in sorted(by_collection):
                await self._keep(key, by_collection[key])
        except Failure:
            raise
        except Exception:  # noqa: BLE001  a bug with one batch must not end the writing of all others
            _log.exception("questions not written")
        for _ in self._batch:
            self._queue.task_done()
        self._batch = []
        self._grouping.wake()

    async def _keep(self, key: Key, asked: list[Asked]) -> None:
        tenant, collection_id = key
        async with self._database.write() as tx:
            if await self._collections.collection(tx, tenant, collection_id, lock=True) is None:
                return  # deleted since
            await self._store.keep(tx, asked)
            # Who rates an answer before its question is written finds nothing to open.
            await self._store.open_rated(tx, tenant, [one.nonce for one in asked])
