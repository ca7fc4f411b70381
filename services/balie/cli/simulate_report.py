"""What `balie simulate` prints: figures with how sure they are, and how long contacts wait, drawn."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from balie.handoff.simulation.estimates import Estimate
from balie.handoff.simulation.trial import Result

_BAR = 40
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_EDGES = (0, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, math.inf)
_NOTHING = "-"

_Words = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of a trial.

    Attributes:
        title: what was tried, in a line or two.
        promise: within how many seconds one should be answered.
        runs: how many runs it rests on.
        result: what they say.
    """

    title: str
    promise: float
    runs: int
    result: Result


def report(told: Told) -> RenderableType:
    """Returns the figures of a trial, and its waits as a histogram."""
    table = Table(box=None, padding=(0, 2), show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    table.add_column(style="dim")
    for name, value, estimate in _figures(told.result, told.promise):
        if _never(name, estimate):
            continue
        margin = "" if math.isnan(estimate.margin) else f"± {value(estimate.margin)}"
        table.add_row(name, value(estimate.mean), margin)
    sure = (
        f"95 % intervals of {told.runs} runs" if told.runs > 1 else "one run: nothing says how sure this is"
    )
    return Group(
        Text(told.title, style="bold"),
        Text(f"{told.result.asked:,} contacts; {sure}", style="dim"),
        Text(),
        table,
        Text(),
        Text("how long those waited who were answered", style="bold"),
        *_histogram(told.result.waits),
    )


def comparison(rules: dict[str, Result], promise: float) -> RenderableType:
    """Returns a table of what each rule leads to."""
    table = Table(box=None, padding=(0, 2))
    table.add_column("", no_wrap=True)
    for name in rules:
        table.add_column(name, justify="right", no_wrap=True)
    rows = [list(_figures(result, promise)) for result in rules.values()]
    for column in zip(*rows, strict=True):
        if all(_never(name, estimate) for name, _, estimate in column):
            continue
        table.add_row(column[0][0], *(_with_margin(value, estimate) for _, value, estimate in column))
    return table


def plain(told: Told) -> dict[str, object]:
    """Returns the figures for machines: seconds and shares, each with the half width of its 95 % interval."""
    result = told.result
    figures: dict[str, Estimate] = {
        "mean_wait_seconds": result.mean_wait,
        **{f"p{share}_wait_seconds": one for share, one in result.percentiles.items()},
        "waited": result.waited,
        "answered_in_time": result.in_time,
        "left": result.left,
        "messages_taken": result.messages,
        "call_backs_promised": result.call_backs,
        "utilisation": result.utilisation,
        "busiest_agent": result.busiest,
    }
    return {
        "contacts": result.asked,
        "runs": told.runs,
        "promise_seconds": told.promise,
        "offers": result.offers,
        "offers_missed": result.missed,
        **{name: {"mean": _known(one.mean), "margin": _known(one.margin)} for name, one in figures.items()},
    }


def lasting(seconds: float) -> str:
    """Returns a time as people say it: 0.3 s, 42 s, 3:07 min, 2:05 h."""
    if math.isnan(seconds):
        return _NOTHING
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}:{rest:02} min"
    return f"{minutes // 60}:{minutes % 60:02} h"


def share(value: float) -> str:
    """Returns a share as people say it."""
    return _NOTHING if math.isnan(value) else f"{value:.1%}".replace("%", " %")


def _figures(result: Result, promise: float) -> Iterator[tuple[str, _Words, Estimate]]:
    for percent, estimate in result.percentiles.items():
        yield f"wait, p{percent}", lasting, estimate
    yield "wait, mean", lasting, result.mean_wait
    yield f"within {lasting(promise)}", share, result.in_time
    yield "left before", share, result.left
    yield "messages taken", share, result.messages
    yield "call-backs promised", share, result.call_backs
    yield "places taken", share, result.utilisation
    yield "busiest over mean", share, result.busiest


def _never(name: str, estimate: Estimate) -> bool:
    """Tells whether a figure is of something that this desk does not do."""
    return name in ("messages taken", "call-backs promised") and not estimate.mean


def _with_margin(value: _Words, estimate: Estimate) -> str:
    return value(estimate.mean) + ("" if math.isnan(estimate.margin) else f" ± {value(estimate.margin)}")


def _histogram(waits: Sequence[float]) -> Iterator[Text]:
    if not waits:
        yield Text("  nobody was answered", style="dim")
        return
    counts = [sum(wait <= 0 for wait in waits)]
    counts += [sum(low < wait <= high for wait in waits) for low, high in _bins()]
    while counts and not counts[-1]:
        counts.pop()
    most = max(counts)
    for name, number in zip(_names(), counts, strict=False):
        line = Text(f"  {name:>12}  ", style="dim")
        line.append(_bar(number / most), style="cyan")
        line.append(f"  {share(number / len(waits))}")
        yield line


def _bins() -> Iterable[tuple[float, float]]:
    return pairwise(_EDGES)


def _names() -> Iterator[str]:
    yield "at once"
    for low, high in _bins():
        yield f"over {_round(low)}" if high == math.inf else f"to {_round(high)}"


def _round(seconds: float) -> str:
    for unit, long in (("h", 3600), ("min", 60)):
        if seconds >= long:
            return f"{seconds / long:.0f} {unit}"
    return f"{seconds:.0f} s"


def _bar(part: float) -> str:
    whole, eighths = divmod(round(part * _BAR * 8), 8)
    return ("█" * whole + (_EIGHTHS[eighths] if eighths else "")).ljust(_BAR)


def _known(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 6)
