"""Runs a bench: starts the suite, sends the load from another process, and measures both floors in the same run."""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import psutil
import yaml

from balie.cli.bench.figures import Level, Report, percentile
from balie.cli.bench.machine import cpu_seconds, machine, python
from balie.cli.console import fail
from balie.cli.suite import SERVICES, Suite
from balie.cli.up import Plan, running
from balie.encoders import EncoderSettings, open_encoder

IN_FLIGHT = (1, 16, 64)
_BATCH = 32
_ENCODER_SECONDS = 3.0
_ECHO_SECONDS = 2.0
_WARM_SECONDS = 2.0
_MOST_MESSAGES = 3000


def read_messages(files: Sequence[Path], desk: Path) -> tuple[list[str], str]:
    """Returns messages and what they are: of JSON Lines with `text`, or of the desk's own questions."""
    if not files:
        questions = yaml.safe_load((desk / "questions.yaml").read_text(encoding="utf-8"))
        own = [row["text"] for rows in questions["answerable"].values() for row in rows]
        return own, f"{len(own)} questions of the sample desk"
    rows: list[list[str]] = []
    for file in files:
        lines = file.read_text(encoding="utf-8").splitlines()[:_MOST_MESSAGES]
        rows.append([json.loads(line)["text"] for line in lines])
    # Taken in turn from each file, so that languages mix as they would.
    mixed = [text for group in zip(*rows, strict=False) for text in group]
    return mixed, f"{len(mixed)} messages of {', '.join(file.parent.name for file in files)}"


async def run(plan: Plan, files: Sequence[Path], *, seconds: float) -> Report:
    """Returns the report; takes about three times `seconds` and half a minute."""
    texts, described = read_messages(files, plan.desk)
    if not texts:
        fail("There are no messages to send.")
    with tempfile.TemporaryDirectory(prefix="balie-bench-") as folder:
        messages = Path(folder) / "messages.json"
        messages.write_text(json.dumps(texts), encoding="utf-8")
        bare = await asyncio.to_thread(_encoder_rates, plan.encoder, texts)
        async with running(plan) as suite:
            await _load(suite, messages, 1, _WARM_SECONDS)
            levels = [await _level(suite, messages, in_flight, seconds) for in_flight in IN_FLIGHT]
            memory = {s: psutil.Process(suite.pid(s)).memory_info().rss / 1e6 for s in SERVICES}
    return Report(machine(), described, bare, memory, levels)


async def _level(suite: Suite, messages: Path, in_flight: int, seconds: float) -> Level:
    before = {service: cpu_seconds(suite.pid(service)) for service in SERVICES}
    result = await _load(suite, messages, in_flight, seconds)
    spent = {service: cpu_seconds(suite.pid(service)) - before[service] for service in SERVICES}
    latencies = [1000 * latency for latency in result["latencies"]]
    turns = max(1, len(latencies))
    cpu = {service: 1000 * used / turns for service, used in spent.items()}
    return Level(
        in_flight=in_flight,
        turns=len(latencies),
        turns_per_second=len(latencies) / result["seconds"],
        p50_ms=percentile(latencies, 0.5),
        p99_ms=percentile(latencies, 0.99),
        unanswered=result["unanswered"],
        failed=result["failed"],
        cpu_ms_per_turn=cpu | {"load": 1000 * result["cpu_seconds"] / turns},
        echo_calls_per_second=await _echo(in_flight),
    )


async def _load(suite: Suite, messages: Path, in_flight: int, seconds: float) -> dict[str, Any]:
    arguments = (suite.addresses.gateway, str(messages), str(in_flight), str(seconds))
    result: dict[str, Any] = json.loads(await python("balie.cli.bench.load", *arguments))
    return result


async def _echo(in_flight: int) -> float:
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "balie.cli.bench.echo", "serve", stdout=asyncio.subprocess.PIPE
    )
    try:
        port = (await cast("asyncio.StreamReader", server.stdout).readline()).decode().strip()
        return float(await python("balie.cli.bench.echo", "call", port, str(in_flight), str(_ECHO_SECONDS)))
    finally:
        server.terminate()
        await server.wait()


def _encoder_rates(folder: Path, texts: list[str]) -> dict[str, float]:
    """Returns sentences per second of the bare encoder in this process, one thread: one by one, and in batches."""
    encoder = open_encoder(EncoderSettings(folder=folder))
    encoder.encode(texts[:_BATCH])
    rates = {}
    for name, size in (("one by one", 1), (f"in batches of {_BATCH}", _BATCH)):
        done, begin = 0, time.perf_counter()
        while time.perf_counter() - begin < _ENCODER_SECONDS:
            start = done % max(1, len(texts) - size)
            encoder.encode(texts[start : start + size])
            done += size
        rates[name] = done / (time.perf_counter() - begin)
    return rates
