"""A bare process that loads the encoder and gives one vector, and what that cost.

Run as `python -m balie.encoders.bench.start FOLDER`: prints one JSON object once the vector is there.
"""

import json
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from balie.encoders.bench.errors import BenchFailed

_STATUS = Path("/proc/self/status")


@dataclass(frozen=True)
class Start:
    """What it takes until the first vector is there, in a fresh process: medians of several.

    Attributes:
        wall_seconds: from the process's start on.
        cpu_seconds: of all its threads, the interpreter's start included.
        resident_mb: memory that it holds then, in million bytes.
        starts: how many were measured.
    """

    wall_seconds: float
    cpu_seconds: float
    resident_mb: float
    starts: int


def measure_start(folder: Path, starts: int) -> Start:
    """Returns what a start costs; the folder is read before, so that the files are in memory."""
    tries = [_once(folder) for _ in range(starts + 1)][1:]
    wall, cpu, resident = (statistics.median(values) for values in zip(*tries, strict=True))
    return Start(wall, cpu, resident, starts)


def _once(folder: Path) -> tuple[float, float, float]:
    begin = time.perf_counter()
    command = [sys.executable, "-m", "balie.encoders.bench.start", str(folder)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - an interpreter
    wall = time.perf_counter() - begin
    if answer.returncode != 0:
        raise BenchFailed(f"a fresh process could not load the encoder: {answer.stderr.strip()[-500:]}")
    found = json.loads(answer.stdout)
    return wall, found["cpu_seconds"], found["resident_mb"]


def _resident_mb() -> float:
    if _STATUS.exists():
        line = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024 / 1e6
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 1e6 if sys.platform == "darwin" else most * 1024 / 1e6


def _main() -> None:
    from balie.encoders.onnx import OnnxEncoder

    OnnxEncoder(Path(sys.argv[1])).encode(["Hoe laat vertrekt de laatste boot?"])
    cost = {"cpu_seconds": time.process_time(), "resident_mb": _resident_mb()}
    sys.stdout.write(json.dumps(cost) + "\n")


if __name__ == "__main__":
    _main()
