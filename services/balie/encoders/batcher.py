"""One encoder for many concurrent callers: texts that wait together are encoded together, off the event loop."""

import asyncio
import contextlib
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from balie.encoders.cache import RecentVectors
from balie.encoders.errors import EncoderBusy
from balie.kit.errors import ServerStopping

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from balie.encoders.port import Encoder
    from balie.encoders.settings import EncoderSettings

_WINDOW_BATCHES = 4
"""A batch is chosen by length among this many batches' worth of the texts that wait longest."""


@dataclass(frozen=True)
class Measures:
    """What a batching encoder has done since it was made, and what it is doing."""

    texts: int = 0
    """Texts asked for, cached ones included."""
    cached: int = 0
    """Texts whose vector was kept from before."""
    encoded: int = 0
    """Texts that the model was given."""
    batches: int = 0
    """Times that the model was run."""
    refused: int = 0
    """Requests refused because the queue was full."""
    dropped: int = 0
    """Texts given up while they waited, because their caller had left."""
    waiting: int = 0
    """Texts that wait now."""
    running: int = 0
    """Batches that the model works on now."""


class _Request:
    """Texts that one caller waits for together."""

    def __init__(self, vectors: "NDArray[np.float32]", missing: int) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._vectors = vectors
        self._missing = missing

    def deliver(self, place: int, vector: "NDArray[np.float32]") -> None:
        self._vectors[place] = vector
        self._missing -= 1
        if not self._missing and not self.done.done():
            self.done.set_result(None)

    def fail(self, error: BaseException) -> None:
        if not self.done.done():
            self.done.set_exception(error)


@dataclass(frozen=True, eq=False, slots=True)
class _Waiting:
    """One text in the queue."""

    text: str
    request: _Request
    place: int


class BatchingEncoder:
    """The asynchronous face of an encoder, for one event loop.

    Whatever waits when workers get free is shared out among them: nobody waits for a batch to fill, no worker is
    idle while texts wait, and the busier it is the larger batches get. The first of these batches holds the text
    that has waited longest, and each holds texts of like length.

    Args:
        encoder: does the work; called from several threads.
        workers: threads, and so batches at a time.
        batch_texts: most texts of a batch.
        queue_texts: most texts that wait.
        cache_texts: recent texts whose vectors are kept.
    """

    def __init__(
        self,
        encoder: "Encoder",
        *,
        workers: int = 2,
        batch_texts: int = 32,
        queue_texts: int = 1024,
        cache_texts: int = 4096,
    ) -> None:
        self._encoder = encoder
        self._workers = workers
        self._batch_texts = batch_texts
        self._queue_texts = queue_texts
        self._recent = RecentVectors(cache_texts)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="encoder")
        self._queue: dict[_Waiting, None] = {}  # in order of arrival; a text that is given up leaves in O(1)
        self._running = 0
        self._requests = 0
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._closed = False
        self._counts = Measures()

    @classmethod
    def from_settings(cls, encoder: "Encoder", settings: "EncoderSettings") -> "BatchingEncoder":
        """Returns the encoder with the workers, queue and cache that the settings ask for."""
        return cls(
            encoder,
            workers=settings.workers,
            batch_texts=settings.batch_texts,
            queue_texts=settings.queue_texts,
            cache_texts=settings.cache_texts,
        )

    @property
    def name(self) -> str:
        """Returns the encoder's name."""
        return self._encoder.name

    @property
    def fingerprint(self) -> str:
        """Returns the encoder's fingerprint."""
        return self._encoder.fingerprint

    @property
    def dimensions(self) -> int:
        """Returns the length of a vector."""
        return self._encoder.dimensions

    @property
    def max_tokens(self) -> int:
        """Returns how many tokens of a text are read."""
        return self._encoder.max_tokens

    def measures(self) -> Measures:
        """Returns the counts up to now."""
        return replace(self._counts, waiting=len(self._queue), running=self._running)

    async def encode(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Returns one unit vector for each text, shape (texts, dimensions), float32, in the order given.

        A large request goes in slices of a batch each, so that it does not stand in the way of small ones; once let
        in, it is not refused halfway. A caller that is cancelled gives up its texts that wait.

        Raises:
            EncoderBusy: the queue has no room for the texts, or for their first slice.
            ServerStopping: the encoder is closed.
        """
        if isinstance(texts, str):
            raise TypeError("encode takes a sequence of texts, not one text")
        if self._closed:
            raise ServerStopping
        vectors = np.empty((len(texts), self.dimensions), np.float32)
        wanted = self._from_cache(texts, vectors)
        slice_texts = min(self._batch_texts, self._queue_texts)
        if len(self._queue) + min(len(wanted), slice_texts) > self._queue_texts:
            self._count(refused=1)
            raise EncoderBusy(self._queue_texts)
        self._requests += 1
        self._quiet.clear()
        try:
            for start in range(0, len(wanted), slice_texts):
                await self._wait_for(texts, wanted[start : start + slice_texts], vectors)
        finally:
            self._requests -= 1
            self._note_quiet()
        return vectors

    async def close(self) -> None:
        """Refuses new requests, finishes those that were let in, and ends the threads; may be called again."""
        self._closed = True
        await self._quiet.wait()
        self._pool.shutdown()

    def _from_cache(self, texts: Sequence[str], vectors: "NDArray[np.float32]") -> list[int]:
        """Fills in what is kept and returns the places of the other texts."""
        wanted = []
        for place, text in enumerate(texts):
            vector = self._recent.get(text)
            if vector is None:
                wanted.append(place)
            else:
                vectors[place] = vector
        self._count(texts=len(texts), cached=len(texts) - len(wanted))
        return wanted

    async def _wait_for(
        self, texts: Sequence[str], places: list[int], vectors: "NDArray[np.float32]"
    ) -> None:
        request = _Request(vectors, len(places))
        entries = [_Waiting(texts[place], request, place) for place in places]
        self._queue |= dict.fromkeys(entries)
        # Not at once: requests that arrive in the same turn of the loop are to share a batch.
        asyncio.get_running_loop().call_soon(self._start)
        try:
            await request.done
        finally:
            for entry in entries:
                if entry in self._queue:  # the caller has left, or a batch-mate's run failed
                    del self._queue[entry]
                    self._count(dropped=1)

    def _start(self) -> None:
        """Shares what waits among the free workers."""
        loop = asyncio.get_running_loop()
        while self._queue and (free := self._workers - self._running):
            batch = self._take(free)
            self._running += 1
            self._quiet.clear()
            self._count(batches=1, encoded=len(batch))
            run = self._pool.submit(self._encoder.encode, [entry.text for entry in batch])
            run.add_done_callback(partial(self._hand_over, loop, batch))

    def _take(self, free: int) -> list[_Waiting]:
        """Takes the next batch for one of the free workers from the queue."""
        window = list(islice(self._queue, _WINDOW_BATCHES * self._batch_texts))
        oldest = window[0]
        window.sort(key=lambda entry: len(entry.text))
        # Parts of equal size: one for each free worker, or as many more as a batch's limit asks for.
        parts = min(len(window), max(free, -(-len(window) // self._batch_texts)))
        part = window.index(oldest) * parts // len(window)
        batch = window[-(-part * len(window) // parts) : -(-(part + 1) * len(window) // parts)]
        for entry in batch:
            del self._queue[entry]
        return batch

    def _hand_over(
        self,
        loop: asyncio.AbstractEventLoop,
        batch: list[_Waiting],
        run: "Future[NDArray[np.float32]]",
    ) -> None:
        """Goes back to the loop from a worker's thread; a loop that has ended has nobody left who waits."""
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(self._finish, batch, run)

    def _finish(self, batch: list[_Waiting], run: "Future[NDArray[np.float32]]") -> None:
        """Gives the callers of a batch what they wait for, all in one turn of the loop."""
        self._running -= 1
        error = run.exception()
        if error is not None:
            for entry in batch:
                entry.request.fail(error)
        else:
            for entry, vector in zip(batch, run.result(), strict=True):
                self._recent.put(entry.text, vector)
                entry.request.deliver(entry.place, vector)
        # Not at once: those who go on with their next text are to share the next batch.
        asyncio.get_running_loop().call_soon(self._start)
        self._note_quiet()

    def _note_quiet(self) -> None:
        if not self._requests and not self._running:
            self._quiet.set()

    def _count(self, **more: int) -> None:
        self._counts = replace(
            self._counts, **{name: getattr(self._counts, name) + count for name, count in more.items()}
        )
