"""Measures in rounds: each competitor does each task once a round, so that whatever else the machine does hits all alike."""

import asyncio
import time
from collections.abc import Coroutine, Sequence
from itertools import count
from typing import TYPE_CHECKING

from balie.encoders.batcher import BatchingEncoder
from balie.encoders.bench.figures import (
    ALL_WORKERS,
    BATCHES,
    CALLERS,
    CONCURRENT,
    Sample,
    Who,
    batch_way,
)

if TYPE_CHECKING:
    from balie.encoders.bench.arithmetic import Arithmetic
    from balie.encoders.bench.peak import PeakMeter
    from balie.encoders.bench.rivals import TorchRival
    from balie.encoders.bench.sentences import Sentences
    from balie.encoders.onnx import OnnxEncoder
    from balie.encoders.port import Encoder
    from balie.encoders.progress import Progress

    Samples = dict[tuple[Who, str, str], list[Sample]]

_SINGLE_SECONDS = 0.15
"""Of one measurement on one thread, at the least."""
_BATCH = max(BATCHES)


class Bench:
    """The competitors and what they are given.

    Args:
        encoder: is measured.
        arithmetic: of its graph.
        rival: torch beside it, or None.
        sets: what is encoded.
        peak: measures the machine.
        workers: threads of the encoder under concurrent callers.
        rounds: of each measurement; figures are medians over them.
        seconds: about how long one measurement of concurrent callers takes.
    """

    def __init__(
        self,
        encoder: "OnnxEncoder",
        arithmetic: "Arithmetic",
        rival: "TorchRival | None",
        sets: "Sequence[Sentences]",
        peak: "PeakMeter",
        *,
        workers: int,
        cores: int,
        rounds: int,
        seconds: float,
    ) -> None:
        self._encoder = encoder
        self._arithmetic = arithmetic
        self._rival = rival
        self._sets = sets
        self._peak = peak
        self._workers = workers
        self._cores = cores
        self._rounds = rounds
        self._seconds = seconds
        self._lengths = {entry.name: encoder.count_tokens(entry.texts) for entry in sets}

    def run(self, progress: "Progress") -> "Samples":
        """Returns all samples; `progress` is told the step and the share that is done, in [0, 1]."""
        samples: Samples = {}
        for number in range(self._rounds + 1):  # the first warms up
            progress("one thread", number / (self._rounds + 1) / 2)
            self._single_round(samples if number else {})
        asyncio.run(self._concurrent_rounds(samples, progress))
        return samples

    def _single_round(self, samples: "Samples") -> None:
        for entry in self._sets:
            for batch in BATCHES:
                peak = self._peak.measure()
                key = (entry.name, batch_way(batch))
                own = self._single(self._encoder, entry, batch, peak)
                samples.setdefault(("encoder", *key), []).append(own)
                if self._rival:
                    self._rival.use_threads(1)
                    # The same texts; for the arithmetic of its own tokens nobody asks.
                    torch = self._single(self._rival, entry, batch, 0.0)
                    samples.setdefault(("torch", *key), []).append(torch)

    def _single(self, encoder: "Encoder", entry: "Sentences", batch: int, peak: float) -> Sample:
        """Encodes batch after batch from the start of the set, until enough time has gone by."""
        texts, lengths = entry.texts, self._lengths[entry.name]
        sentences = operations = 0
        wall, cpu = time.perf_counter(), time.process_time()
        while (spent := time.perf_counter() - wall) < _SINGLE_SECONDS:
            places = [(sentences + more) % len(texts) for more in range(batch)]
            encoder.encode([texts[place] for place in places])
            operations += self._arithmetic.operations([lengths[place] for place in places])
            sentences += batch
        return Sample(sentences, spent, time.process_time() - cpu, operations, peak)

    async def _concurrent_rounds(self, samples: "Samples", progress: "Progress") -> None:
        own = BatchingEncoder(self._encoder, workers=self._workers, batch_texts=_BATCH, cache_texts=0)
        competitors: dict[Who, BatchingEncoder] = {"encoder": own}
        if self._rival:
            self._rival.use_threads(self._cores)  # it takes one call at a time, on all cores
            competitors["torch"] = BatchingEncoder(self._rival, workers=1, batch_texts=_BATCH, cache_texts=0)
        sizes: dict[tuple[Who, str], int] = {}
        for number in range(self._rounds + 1):  # the first tells how much work takes the time asked for
            progress(f"{CALLERS} callers", 0.5 + number / (self._rounds + 1) / 2)
            for entry in self._sets:
                for who, encoder in competitors.items():
                    unit = self._workers * _BATCH
                    size = sizes.get((who, entry.name), unit)
                    batched = self._workers if who == "encoder" else 0
                    found = await concurrent_samples(encoder, entry.texts, size, batched)
                    for way, sample in found.items():
                        if number:
                            samples.setdefault((who, entry.name, way), []).append(sample)
                    rate = found[CONCURRENT].rate
                    sizes.setdefault((who, entry.name), unit * max(1, round(rate * self._seconds / unit)))
        for encoder in competitors.values():
            await encoder.close()


async def concurrent_samples(
    encoder: BatchingEncoder, texts: Sequence[str], size: int, workers: int
) -> dict[str, Sample]:
    """Returns what single calls and, beside them, what large requests reach with the same texts.

    Args:
        encoder: keeps nothing, so that every text is encoded.
        texts: taken over and over.
        size: how many are encoded in each way; a multiple of full batches for all workers ends on all at once.
        workers: of the encoder, to keep busy with large requests; 0 measures none.
    """
    wanted = [texts[place % len(texts)] for place in range(size)]
    large = 2 * workers  # two requests for each worker: while one is handed over, the other is worked on
    found = {}
    if large:
        requests = [_large(encoder, wanted[start::large]) for start in range(large)]
        found[ALL_WORKERS] = await _timed(size, requests)
    found[CONCURRENT] = await _timed(size, _callers(encoder, wanted))
    return found


async def _large(encoder: BatchingEncoder, texts: Sequence[str]) -> None:
    await encoder.encode(texts)


def _callers(encoder: BatchingEncoder, texts: Sequence[str]) -> "list[Coroutine[None, None, None]]":
    places = count()

    async def caller() -> None:
        while (place := next(places)) < len(texts):
            await encoder.encode([texts[place]])

    return [caller() for _ in range(CALLERS)]


async def _timed(size: int, work: "Sequence[Coroutine[None, None, None]]") -> Sample:
    wall, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*work)
    return Sample(size, time.perf_counter() - wall, time.process_time() - cpu)
