"""How long each stage of a turn took, so that a slow one can be found in its record."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from balie.gateway.domain import Timing
from balie.gateway.turn_store import Claim

_KEPT = 100  # a turn that waits for hours is tried hundreds of times


class Stages:
    """The stages of one try of a turn, after those of the tries before."""

    def __init__(self, claim: Claim) -> None:
        self._timings = list(claim.turn.timings)
        waited = datetime.now(UTC) - claim.due_at
        self.add("queue", max(0.0, waited.total_seconds()))

    @property
    def timings(self) -> tuple[Timing, ...]:
        """Returns the newest hundred, in order."""
        return tuple(self._timings[-_KEPT:])

    def add(self, stage: str, seconds: float, *, ok: bool = True) -> None:
        """Notes a stage that has ended."""
        self._timings.append(Timing(stage, seconds, ok))

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Notes the block as a stage, not ok when an exception leaves it."""
        started = time.perf_counter()
        ok = False
        try:
            yield
            ok = True
        finally:
            self.add(stage, time.perf_counter() - started, ok=ok)
