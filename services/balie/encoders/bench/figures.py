"""The figures of a bench and the targets they are held against."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from balie.encoders.bench.peak import Peak
from balie.encoders.bench.start import Start

Who = Literal["encoder", "torch"]
"""The encoder that is measured, and sentence-transformers beside it."""

BATCHES = (1, 8, 32)
CALLERS = 16
ALL_WORKERS = "full batches"
"""Large requests side by side, so that every worker has batches of 32: the batched rate."""
CONCURRENT = f"{CALLERS} callers"

TIMES_TORCH = 2.0
SHARE_OF_PEAK = 0.55
SHARE_OF_BATCHED = 0.90
START_CPU_SECONDS = 1.0
START_RESIDENT_MB = 250.0


def batch_way(texts: int) -> str:
    """Returns what a batch size is called in the figures."""
    return f"batch {texts}"


@dataclass(frozen=True)
class Sample:
    """One measurement.

    Attributes:
        sentences: how many were encoded.
        wall_seconds: how long it took.
        cpu_seconds: CPU time of the whole process meanwhile.
        operations: multiplications and additions that the sentences need, padding left out; 0 when not known.
        peak_gflops: what one core reached in the same round; 0 when it was not measured.
    """

    sentences: int
    wall_seconds: float
    cpu_seconds: float
    operations: int = 0
    peak_gflops: float = 0.0

    @property
    def rate(self) -> float:
        """Returns sentences for each second."""
        return self.sentences / self.wall_seconds

    @property
    def cpu_ms(self) -> float:
        """Returns milliseconds of CPU for each sentence."""
        return 1000 * self.cpu_seconds / self.sentences

    @property
    def share_of_peak(self) -> float | None:
        """Returns what part of the peak was put to use, by CPU time."""
        if not self.peak_gflops or not self.operations:
            return None
        return self.operations / self.cpu_seconds / 1e9 / self.peak_gflops


@dataclass(frozen=True)
class Speed:
    """One row: medians over the rounds, ratios taken within each round.

    Attributes:
        who: which competitor.
        sentences: name of the set.
        way: `batch 1`, `16 callers` and so on.
        sentences_per_second: by wall time.
        cpu_ms_per_sentence: CPU of all threads.
        share_of_peak: useful arithmetic for each second of CPU, as a share of one core's peak; None when not known.
        times_torch: torch's CPU for each sentence divided by this one's; None without torch.
        share_of_batched: rate divided by that of all workers with full batches; None for other ways.
    """

    who: Who
    sentences: str
    way: str
    sentences_per_second: float
    cpu_ms_per_sentence: float
    share_of_peak: float | None = None
    times_torch: float | None = None
    share_of_batched: float | None = None


@dataclass(frozen=True)
class SentenceSet:
    """What was encoded, and how much arithmetic it is at batch 32.

    Attributes:
        name: of the set.
        described: one line.
        tokens: mean of a text, as the encoder reads it.
        mflop: million multiplications and additions of a text, padding left out.
        padded_mflop: the same if each batch of 32, in the order of the set, were padded to its longest text.
    """

    name: str
    described: str
    tokens: float
    mflop: float
    padded_mflop: float


@dataclass(frozen=True)
class Target:
    """A figure that is wanted, and what was found.

    Attributes:
        name: what is measured.
        wanted: the bound, as people say it.
        found: None when it was not measured.
        met: None when it was not measured.
        unit: that `found` is in: `x`, `share`, `s` or `MB`.
    """

    name: str
    wanted: str
    found: float | None
    met: bool | None
    unit: str


@dataclass(frozen=True)
class Report:
    """All of a bench."""

    machine: Mapping[str, str]
    encoder: Mapping[str, str]
    torch: str
    """What was measured as torch, or why nothing was."""
    rounds: int
    workers: int
    sets: Sequence[SentenceSet]
    speeds: Sequence[Speed]
    peak: Peak
    start: Start
    targets: Sequence[Target]

    def as_dict(self) -> dict[str, object]:
        """Returns it for machines."""
        return asdict(self)

    @property
    def missed(self) -> bool:
        """Tells whether a target was measured and not reached."""
        return any(target.met is False for target in self.targets)


Rounds = Mapping[tuple[Who, str, str], Sequence[Sample]]
"""Samples by competitor, set and way; those at one place of two lists are of the same round."""


def speeds_of(rounds: Rounds) -> list[Speed]:
    """Returns a row for each competitor, set and way."""
    return [_speed(key, samples, rounds) for key, samples in rounds.items()]


def _speed(key: tuple[Who, str, str], samples: Sequence[Sample], rounds: Rounds) -> Speed:
    who, sentences, way = key
    torch = rounds.get(("torch", sentences, way), ())
    batched = rounds.get((who, sentences, ALL_WORKERS), ()) if way == CONCURRENT else ()
    return Speed(
        who=who,
        sentences=sentences,
        way=way,
        sentences_per_second=statistics.median(sample.rate for sample in samples),
        cpu_ms_per_sentence=statistics.median(sample.cpu_ms for sample in samples),
        share_of_peak=_median([sample.share_of_peak for sample in samples]),
        times_torch=_median([b.cpu_ms / a.cpu_ms for a, b in zip(samples, torch, strict=False)])
        if who != "torch"
        else None,
        share_of_batched=_median([a.rate / b.rate for a, b in zip(samples, batched, strict=False)]),
    )


def targets_of(speeds: Sequence[Speed], start: Start, precision: str) -> list[Target]:
    """Returns the targets for the first set of sentences, and those for a start."""
    first = speeds[0].sentences
    own = {speed.way: speed for speed in speeds if speed.who == "encoder" and speed.sentences == first}
    one, eight, concurrent = (own.get(way) for way in (batch_way(1), batch_way(8), CONCURRENT))
    share = eight.share_of_peak if eight and precision == "fp32" else None
    return [
        _at_least("faster than torch at batch 1", one.times_torch if one else None, TIMES_TORCH, "x"),
        _at_least("peak in use at batch 8, in fp32", share, SHARE_OF_PEAK, "share"),
        _at_least(
            f"{CALLERS} callers, of the batched rate",
            concurrent.share_of_batched if concurrent else None,
            SHARE_OF_BATCHED,
            "share",
        ),
        _at_most("CPU until the first vector", start.cpu_seconds, START_CPU_SECONDS, "s"),
        _at_most("memory with the first vector", start.resident_mb, START_RESIDENT_MB, "MB"),
    ]


def in_unit(value: float, unit: str) -> str:
    """Returns a figure as people write it."""
    return {"x": f"{value:.1f}x", "share": f"{value:.0%}", "s": f"{value:.2f} s", "MB": f"{value:.0f} MB"}[
        unit
    ]


def _at_least(name: str, found: float | None, bound: float, unit: str) -> Target:
    met = None if found is None else found >= bound
    return Target(name, f"at least {in_unit(bound, unit)}", found, met, unit)


def _at_most(name: str, found: float, bound: float, unit: str) -> Target:
    return Target(name, f"at most {in_unit(bound, unit)}", found, found <= bound, unit)


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None
