"""One whole bench: opens the competitors, measures, and puts the figures together."""

import os
import platform
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from balie.encoders.bench.arithmetic import Arithmetic
from balie.encoders.bench.figures import Report, SentenceSet, speeds_of, targets_of
from balie.encoders.bench.measuring import Bench
from balie.encoders.bench.peak import SIZES, PeakMeter
from balie.encoders.bench.rivals import NoRival, TorchRival, open_rival
from balie.encoders.bench.sentences import Sentences, built_in, read_sentences
from balie.encoders.bench.start import measure_start
from balie.encoders.folder.graph import GRAPH_FILE
from balie.encoders.onnx import OnnxEncoder

_LIBRARIES = ("onnxruntime", "numpy", "tokenizers", "torch", "sentence-transformers")
_BATCH = 32


@dataclass(frozen=True)
class Plan:
    """What to measure.

    Attributes:
        folder: of the encoder.
        sentences: a file of JSON Lines with `text` instead of the built-in sets, or None.
        model: for torch, a folder or a name on a hub; empty for the packaged model.
        torch: whether torch is measured at all.
        workers: threads of the encoder under concurrent callers.
        rounds: of each measurement, 1 or more.
        seconds: about how long one measurement of concurrent callers takes.
        starts: fresh processes that are started.
        peak_sizes: rows and columns of the products that the peak is measured with.
    """

    folder: Path
    sentences: Path | None = None
    model: str = ""
    torch: bool = True
    workers: int = 2
    rounds: int = 7
    seconds: float = 1.5
    starts: int = 3
    peak_sizes: tuple[int, ...] = SIZES


def run(plan: Plan, progress: Callable[[str, float], None] = lambda _step, _share: None) -> Report:
    """Returns the figures; takes one to three minutes as planned by default.

    Args:
        plan: what to measure.
        progress: is told the step and the share that is done, in [0, 1].

    Raises:
        EncoderUnavailable: the encoder, torch's model or the sentences cannot be read; the message says what to do.
    """
    load = _load()
    progress("the encoder", 0.0)
    encoder = OnnxEncoder(plan.folder, batch_texts=_BATCH)
    arithmetic = Arithmetic.of_graph(plan.folder / GRAPH_FILE)
    start = measure_start(plan.folder, plan.starts)
    with ExitStack() as held:
        rival, torch = _rival(plan, encoder, held, progress)
        counters = [encoder.count_tokens, *([rival.count_tokens] if rival else [])]
        sets = (read_sentences(plan.sentences),) if plan.sentences else built_in(*counters)
        meter = PeakMeter(plan.peak_sizes)
        bench = Bench(
            encoder,
            arithmetic,
            rival,
            sets,
            meter,
            workers=plan.workers,
            cores=_cores(),
            rounds=plan.rounds,
            seconds=plan.seconds,
        )
        speeds = speeds_of(bench.run(progress))
    progress("done", 1.0)
    manifest = encoder.manifest
    return Report(
        machine=_machine(load, rival),
        encoder={
            "name": manifest.name,
            "precision": manifest.precision,
            "fingerprint": manifest.fingerprint,
        },
        torch=torch,
        rounds=plan.rounds,
        workers=plan.workers,
        sets=[_described(entry, encoder, arithmetic) for entry in sets],
        speeds=speeds,
        peak=meter.peak(),
        start=start,
        targets=targets_of(speeds, start, manifest.precision),
    )


def _rival(
    plan: Plan, encoder: OnnxEncoder, held: ExitStack, progress: Callable[[str, float], None]
) -> tuple[TorchRival | None, str]:
    if not plan.torch:
        return None, "left out"
    progress("torch", 0.0)
    into = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="balie-bench-")))
    try:
        rival = open_rival(plan.model, encoder.manifest, into)
    except NoRival as reason:
        return None, str(reason)
    return rival, plan.model or "the packaged model"


def _described(entry: Sentences, encoder: OnnxEncoder, arithmetic: Arithmetic) -> SentenceSet:
    lengths = encoder.count_tokens(entry.texts)
    batches = [lengths[start : start + _BATCH] for start in range(0, len(lengths), _BATCH)]
    return SentenceSet(
        name=entry.name,
        described=entry.described,
        tokens=sum(lengths) / len(lengths),
        mflop=arithmetic.operations(lengths) / len(lengths) / 1e6,
        padded_mflop=sum(map(arithmetic.padded_operations, batches)) / len(lengths) / 1e6,
    )


def _machine(load: str, rival: TorchRival | None) -> dict[str, str]:
    found = {"processor": _processor(), "cores": str(_cores()), "load at the start": load}
    found["Python"] = platform.python_version()
    for library in _LIBRARIES if rival else _LIBRARIES[:3]:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            found[library] = "unknown"
    return found


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
