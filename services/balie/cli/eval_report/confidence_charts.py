"""The plots of what is sure and what is right, whatever was judged: intents of messages, or answers to questions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from balie import calibration
from balie.cli.eval_report.plot import Plot, ticks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from balie.calibration import Interval

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

_BINS = 20
_CURVE_POINTS = 300
_RISK_SHOWN = 0.12
"""The plot of the curve ends here, or at two and a half times the risk that is promised if that is more, unless the curve
ends below or the thresholds' own risk is above."""


@dataclass(frozen=True, slots=True)
class Words:
    """What things are called.

    Attributes:
        scale: what says how sure something is.
        items: what was judged.
        taken: what becomes of those that are sure enough.
    """

    scale: str
    items: str
    taken: str


def reliability_chart(confidence: "Floats", right: "Flags", words: Words) -> Markup:
    """Returns the reliability diagram: what is claimed, and what is right of it, with the 95 % interval of each bin."""
    found = calibration.reliability(confidence, right)
    plot = Plot(words.scale, "share that is right", "Reliability diagram")
    plot.straight((0, 0), (1, 1), "ideal")
    most = found.counts.max()
    for count, score, share in zip(found.counts.tolist(), found.scores, found.right, strict=True):
        reach = calibration.wilson(round(share * count), count)
        plot.straight((score, reach.low), (score, reach.high), "whisker")
        told = f"{count} {words.items} at {score:.3f} on average, {share:.3f} of them are right"
        plot.dot((float(score), float(share)), "accent", told, radius=3.0 + 2.5 * (count / most) ** 0.5)
    return plot.svg()


def risk_coverage_chart(
    confidence: "Floats", right: "Flags", accepted: "Flags", max_wrong: float, words: Words
) -> Markup:
    """Returns the share of wrong against coverage, with what was promised and where the thresholds are."""
    found = calibration.risk_coverage(confidence, right)
    chosen = calibration.coverage(accepted), calibration.wrong_rate(accepted, right)
    late = found.coverage >= 0.1  # the first few examples jump
    most = float(found.risk[late].max()) if late.any() else 1.0
    steps = ticks(max(min(most, max(_RISK_SHOWN, 2.5 * max_wrong)), 1.5 * max_wrong, 1.1 * chosen[1]))
    plot = Plot(
        f"coverage: share of all {words.items} that is {words.taken}",
        f"wrong among the {words.taken}",
        "Risk and coverage",
        y_range=(0.0, steps[-1]),
        y_ticks=steps,
    )
    places = some_of(found.coverage.size)
    shown = [
        (float(found.coverage[at]), float(found.risk[at])) for at in places if found.risk[at] <= steps[-1]
    ]
    plot.line(shown, "accent")
    plot.straight((0, max_wrong), (1, max_wrong), "promise")
    promised = f"promised: at most {max_wrong:g}"
    if chosen[0] > 0.5:  # beside the ring, not under it
        plot.words((0, max_wrong), promised, "promise-label", shift=(14, -6))
    else:
        plot.words((1, max_wrong), promised, "promise-label", anchor="end", shift=(-4, -6))
    if accepted.any():
        reach = calibration.wilson(int((accepted & ~right).sum()), int(accepted.sum()))
        plot.straight((chosen[0], reach.low), (chosen[0], min(reach.high, steps[-1])), "whisker strong")
        told = f"{chosen[0]:.3f} are {words.taken}, of which {chosen[1]:.3f} are wrong"
        plot.dot(chosen, "chosen", told, radius=5.5)
    return plot.svg()


def histogram_chart(
    confidence: "Floats",
    rows: "Sequence[tuple[str, str, Flags]]",
    threshold: float | None,
    scale: str,
    title: str,
) -> Markup:
    """Returns how sure things are, in a row for each kind of them, each in its own scale.

    Args:
        confidence: shape (items,), [0, 1].
        rows: the name of each kind, its class in the style sheet, and which items are of it; one without any is left out.
        threshold: from which on something is accepted; None where there is none.
        scale: what says how sure something is.
        title: what somebody is told who cannot see it.
    """
    rows = [row for row in rows if row[2].any()]
    plot = Plot(
        scale,
        "share of each kind",
        title,
        y_range=(0.0, float(len(rows))),
        y_ticks=(),
        height=90 + 76 * len(rows),
    )
    edges = np.linspace(0.0, 1.0, _BINS + 1)
    for place, (name, kind, flags) in enumerate(rows):
        base = len(rows) - 1.0 - place
        counts, _ = np.histogram(confidence[flags], edges)
        plot.straight((0, base), (1, base), "axis")
        for at, count in enumerate(counts.tolist()):
            if count:
                told = f"{count} of {name} score {edges[at]:.2f} to {edges[at + 1]:.2f}"
                reach = 0.66 * count / counts.max()
                plot.bar((edges[at], edges[at + 1]), (base, base + reach), kind, told)
        plot.words((0, base), f"{name} ({int(flags.sum())})", "row-label", shift=(4, -64))
    if threshold is not None and threshold <= 1.0:
        plot.straight((threshold, 0), (threshold, len(rows)), "promise")
        plot.words((threshold, len(rows)), f"{threshold:.2f}", "promise-label", anchor="end", shift=(-4, 10))
    return plot.svg()


def whisker(value: float, interval: "Interval | None", low: float = 0.0, high: float = 1.0) -> Markup:
    """Returns a figure and its interval as a little drawing on a scale."""

    def at(number: float) -> str:
        return f"{4 + 112 * min(max((number - low) / (high - low), 0.0), 1.0):.1f}"

    span = Markup("")
    if interval is not None:
        span = Markup('<line class="whisker strong" x1="{}" y1="8" x2="{}" y2="8"/>').format(
            at(interval.low), at(interval.high)
        )
    return Markup(
        '<svg class="mini" viewBox="0 0 120 16" aria-hidden="true">'
        '<line class="grid" x1="4" y1="8" x2="116" y2="8"/>{}<circle class="dot accent" cx="{}" cy="8" r="3.5"/></svg>'
    ).format(span, at(value))


def some_of(count: int, most: int = _CURVE_POINTS) -> "NDArray[np.int64]":
    """Returns so many places of a row, evenly spread, as a curve needs points."""
    found: NDArray[np.int64] = np.unique(np.linspace(0, count - 1, most).round().astype(np.int64))
    return found
