"""Metrics over HTTP, in the formats that Prometheus reads; the library answers in a thread of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import TimeoutError as TookTooLong
from contextlib import asynccontextmanager

import structlog
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from balie.handoff.metrics.counted import Counted, Metrics
from balie.handoff.metrics.totals import BOUNDS_SECONDS, Totals
from balie.kit.errors import Failure
from balie.kit.server import CannotListen

_QUEUE = ("tenant", "queue")
_SECOND = 1_000_000
_COUNTING_SECONDS = 30.0

_log = structlog.get_logger()


@asynccontextmanager
async def exposed(counted: Counted, host: str, port: int) -> AsyncIterator[int]:
    """Answers scrapes on a port while the block lasts, and yields it; 0 takes a free one.

    Raises:
        CannotListen: the port is taken, or the host is not this machine's.
    """
    registry = CollectorRegistry()
    registry.register(_Scraped(counted, asyncio.get_running_loop()))
    try:
        server, thread = start_http_server(port, host, registry)
    except OSError:
        raise CannotListen(f"{host}:{port}") from None
    try:
        yield server.server_port
    finally:
        # Not in the loop: a scrape that is being answered waits for it.
        await asyncio.to_thread(server.shutdown)
        server.server_close()
        await asyncio.to_thread(thread.join)


class _Scraped(Collector):
    """Has the metrics counted in the service's loop, from the thread of a scrape."""

    def __init__(self, counted: Counted, loop: asyncio.AbstractEventLoop) -> None:
        self._counted = counted
        self._loop = loop

    def describe(self) -> list[Metric]:
        """Returns nothing: what there is, is known once it is counted."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yields all metrics; when they cannot be counted, that alone."""
        counting = asyncio.run_coroutine_threadsafe(self._counted.metrics(), self._loop)
        is_counted = GaugeMetricFamily(
            "balie_handoff_counted", "Whether the metrics could be counted: 1, or 0 and there are no others."
        )
        try:
            metrics = counting.result(_COUNTING_SECONDS)
        except (Failure, TookTooLong) as failed:
            # It goes on: the first count of a large desk is there for the next scrape.
            _log.warning("metrics not counted", reason=getattr(failed, "reason", "timeout"))
            is_counted.add_metric((), 0)
            yield is_counted
            return
        is_counted.add_metric((), 1)
        yield is_counted
        yield from _families(metrics)


def _families(metrics: Metrics) -> Iterator[Metric]:
    gauges, counters = metrics.gauges, metrics.counters
    yield _gauge(gauges, "open", "Handoffs that are open, by their state.", "state")
    yield _gauge(
        gauges,
        "longest_wait_seconds",
        "Time since the asking of the handoff that waits longest; 0 when none does.",
    )
    yield _counter(counters, "ended", "Handoffs that ended, by how.", "state")
    for outcome in ("kept", "broken"):
        words = f"Promises that were {outcome}, of handoffs that ended."
        yield _counter(counters, f"promises_{outcome}", words, "promise")
    yield _counter(counters, "transfers", "Transfers, in the queue that the handoff left.")
    yield _counter(counters, "ratings", "Ratings by contacts, 1 to 5.", "rating")
    yield _counter(
        counters,
        "suggestions",
        "Suggested answers, by what agents made of them, of handoffs that ended.",
        "outcome",
    )
    yield _histogram(
        counters, "wait_seconds", "Time from the asking to the first acceptance, of handoffs that ended."
    )
    yield _histogram(
        counters,
        "first_reply_seconds",
        "Time from the asking to an agent's first words, of handoffs that ended.",
    )


def _gauge(found: Totals, name: str, words: str, *label: str) -> Metric:
    family = GaugeMetricFamily(f"balie_handoff_{name}", words, labels=(*_QUEUE, *label))
    return _filled(found, name, family.add_metric, family)


def _counter(found: Totals, name: str, words: str, *label: str) -> Metric:
    family = CounterMetricFamily(f"balie_handoff_{name}", words, labels=(*_QUEUE, *label))
    return _filled(found, name, family.add_metric, family)


def _filled(found: Totals, name: str, add: Callable[[list[str], float], None], family: Metric) -> Metric:
    for (metric, *labels), number in sorted(found.items()):
        if metric == name:
            add(labels, number)
    return family


def _histogram(found: Totals, name: str, words: str) -> Metric:
    family = HistogramMetricFamily(f"balie_handoff_{name}", words, labels=_QUEUE)
    for metric, *labels in sorted(found):
        if metric == name and labels[-1] == "count":
            queue = labels[:-1]
            below = [(f"{bound}.0", float(found[(name, *queue, str(bound))])) for bound in BOUNDS_SECONDS]
            everything = ("+Inf", float(found[(name, *queue, "count")]))
            family.add_metric(queue, [*below, everything], found[(name, *queue, "sum")] / _SECOND)
    return family
