"""Runs the bench of the router: desks with few and with many open handoffs take turns in short rounds."""

import asyncio
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from balie.cli.bench.machine import machine, memory_mb
from balie.cli.bench.rounds import Way, bar, speed, take_turns, written
from balie.cli.bench.route import desk
from balie.cli.bench.route.figures import Report, way_of
from balie.cli.bench.service import serving
from balie.cli.bench.speeds import ALONE, TOGETHER
from balie.cli.desk import SAMPLE, Desk
from balie.cli.suite import Addresses, service_settings

_TURNS_PER_SECOND = (
    2000  # more than are decided: no turn is asked about twice, which would be answered from disk
)


@dataclass(frozen=True)
class Plan:
    """What to measure.

    Attributes:
        open: numbers of open handoffs, each a desk of its own; the first is what the others are compared with.
        rounds: of each measurement.
        seconds: of one measurement.
    """

    open: Sequence[int]
    rounds: int
    seconds: float


async def run(plan: Plan) -> Report:
    """Returns the report; takes the time of filling the desks, and of all rounds."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="balie-bench-")))
        step = stack.enter_context(bar())
        amount = round(_TURNS_PER_SECOND * plan.seconds * plan.rounds)
        asked = written(folder, "turns", await asyncio.to_thread(desk.turns, amount))
        ways = []
        for handoffs in plan.open:
            addresses = Addresses.free()
            # A router that decides needs no encoder, and none is opened.
            settings = service_settings(Desk(SAMPLE), folder / str(handoffs), folder, addresses)["handoff"]
            (folder / str(handoffs)).mkdir()
            await desk.fill(settings["BALIE_HANDOFF_DATABASE_URL"], handoffs, step)
            process = await stack.enter_async_context(serving("handoff", settings, addresses.handoff))
            ways.append(Way(way_of(handoffs), addresses.handoff, desk.METHOD, process.pid, asked))
        samples = await take_turns(ways, plan.rounds, plan.seconds, step)
        memory = {way.name: memory_mb(way.pid) for way in ways}
    first = ways[0].name
    speeds = [
        speed(way.name, in_flight, samples, yardstick=first)
        for in_flight in (ALONE, TOGETHER)
        for way in ways
    ]
    return Report(machine(), plan.rounds, plan.seconds, first, speeds, memory)
