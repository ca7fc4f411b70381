"""The plots of an evaluation of intents."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from balie import calibration
from balie.cli.eval_report.plot import Plot, ticks
from balie.nlu.examples import OUT_OF_SCOPE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from balie.calibration import Interval
    from balie.nlu.evaluation.outcome import Outcome

_BINS = 20
_CURVE_POINTS = 300
_MOST_INTENTS = 12
_RISK_SHOWN = 0.12
"""The plot of the curve ends here, or at two and a half times the risk that is promised if that is more, unless the curve
ends below or the thresholds' own risk is above."""


def reliability_chart(outcome: "Outcome") -> Markup:
    """Returns the reliability diagram: what scores claim, and what is right of it, with the 95 % interval of each bin."""
    found = calibration.reliability(outcome.confidence, outcome.right)
    plot = Plot("score of the best intent", "share that is right", "Reliability diagram")
    plot.straight((0, 0), (1, 1), "ideal")
    most = found.counts.max()
    for count, score, right in zip(found.counts.tolist(), found.scores, found.right, strict=True):
        reach = calibration.wilson(round(right * count), count)
        plot.straight((score, reach.low), (score, reach.high), "whisker")
        told = f"{count} messages score {score:.3f} on average, {right:.3f} of them are right"
        plot.dot((float(score), float(right)), "accent", told, radius=3.0 + 2.5 * (count / most) ** 0.5)
    return plot.svg()


def risk_coverage_chart(outcome: "Outcome", max_wrong: float) -> Markup:
    """Returns the share of wrong against coverage, with what was promised and where the thresholds are."""
    found = calibration.risk_coverage(outcome.confidence, outcome.right)
    accepted = outcome.judgement.accepted
    chosen = calibration.coverage(accepted), calibration.wrong_rate(accepted, outcome.right)
    late = found.coverage >= 0.1  # the first few examples jump
    most = float(found.risk[late].max()) if late.any() else 1.0
    steps = ticks(max(min(most, max(_RISK_SHOWN, 2.5 * max_wrong)), 1.5 * max_wrong, 1.1 * chosen[1]))
    plot = Plot(
        "coverage: share of all messages that is accepted",
        "wrong among the accepted",
        "Risk and coverage",
        y_range=(0.0, steps[-1]),
        y_ticks=steps,
    )
    places = _some(found.coverage.size)
    shown = [
        (float(found.coverage[at]), float(found.risk[at])) for at in places if found.risk[at] <= steps[-1]
    ]
    plot.line(shown, "accent")
    plot.straight((0, max_wrong), (1, max_wrong), "promise")
    words = f"promised: at most {max_wrong:g}"
    if chosen[0] > 0.5:  # beside the ring, not under it
        plot.words((0, max_wrong), words, "promise-label", shift=(14, -6))
    else:
        plot.words((1, max_wrong), words, "promise-label", anchor="end", shift=(-4, -6))
    if accepted.any():
        reach = calibration.wilson(int((accepted & ~outcome.right).sum()), int(accepted.sum()))
        plot.straight((chosen[0], reach.low), (chosen[0], min(reach.high, steps[-1])), "whisker strong")
        told = f"the thresholds accept {chosen[0]:.3f}, of which {chosen[1]:.3f} are wrong"
        plot.dot(chosen, "chosen", told, radius=5.5)
    return plot.svg()


def roc_chart(outcome: "Outcome") -> Markup | None:
    """Returns the curve of what is refused; None where nothing is out of scope, or all."""
    inside = outcome.in_scope
    if inside.all() or not inside.any():
        return None
    found = calibration.roc(outcome.judgement.out_of_scope, inside)
    plot = Plot(
        "refused of what is in scope",
        "refused of what is out of scope",
        "Receiver operating characteristic of out of scope",
    )
    plot.straight((0, 0), (1, 1), "ideal")
    places = _some(found.thresholds.size, 600)
    plot.steps(
        [(float(found.in_scope_refused[at]), float(found.out_of_scope_refused[at])) for at in places],
        "oos",
    )
    plot.straight((0.05, 0), (0.05, 1), "ideal")
    plot.words((0.05, 0), "5 %", "tick", shift=(4, -6))
    accepted = outcome.judgement.accepted
    chosen = float((~accepted)[inside].mean()), float((~accepted)[~inside].mean())
    plot.dot(
        chosen,
        "chosen",
        f"the thresholds refuse {chosen[1]:.3f} of out of scope and {chosen[0]:.3f} of in scope",
        radius=5.5,
    )
    return plot.svg()


def histogram_chart(outcome: "Outcome", threshold: float | None) -> Markup:
    """Returns how the best intents score, in three rows: right, wrong, and out of scope.

    Args:
        outcome: of the messages.
        threshold: the least score of a match; None where there is none.
    """
    inside, right = outcome.in_scope, outcome.right
    rows = [
        ("right", "right", inside & right),
        ("wrong", "wrong", inside & ~right),
        (OUT_OF_SCOPE, "oos", ~inside),
    ]
    rows = [row for row in rows if row[2].any()]
    plot = Plot(
        "score of the best intent",
        "share of each kind",
        "Scores of the best intents",
        y_range=(0.0, float(len(rows))),
        y_ticks=(),
        height=90 + 76 * len(rows),
    )
    edges = np.linspace(0.0, 1.0, _BINS + 1)
    for place, (name, kind, flags) in enumerate(rows):
        base = len(rows) - 1.0 - place
        counts, _ = np.histogram(outcome.confidence[flags], edges)
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


def confusion_map(outcome: "Outcome") -> Markup | None:
    """Returns which of the intents with the most mistakes are taken for which, as a map; None without mistakes."""
    count = len(outcome.intents)
    truth = np.where(outcome.in_scope, outcome.truth, count)
    matter = outcome.in_scope | outcome.judgement.accepted
    names = [*outcome.intents, OUT_OF_SCOPE]
    table = np.zeros((count + 1, count + 1), np.int64)
    np.add.at(table, (truth[matter], outcome.best[matter]), 1)
    mistakes = table - np.diag(np.diag(table))
    weight = mistakes.sum(axis=0) + mistakes.sum(axis=1)
    chosen = [int(at) for at in np.argsort(-weight, kind="stable")[:_MOST_INTENTS] if weight[at]]
    if len(chosen) < 2:
        return None
    return _map(table[np.ix_(chosen, chosen)], [names[at] for at in chosen])


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


def _map(table: "NDArray[np.int64]", names: Sequence[str]) -> Markup:
    """Returns a table of counts as squares; rows are the right intents, columns what they are taken for."""
    size, left, top = 30, 200, 150
    width, height = left + size * len(names) + 110, top + size * len(names) + 8
    off = table - np.diag(np.diag(table))
    parts = [
        Markup(
            '<svg class="map" viewBox="0 0 {} {}" style="min-width:{}px" role="img"><title>{}</title>'
        ).format(width, height, width, "Which intents are taken for which")
    ]
    for row, truth in enumerate(names):
        y = top + row * size
        parts.append(
            Markup('<text class="name" x="{}" y="{}" text-anchor="end">{}</text>').format(
                left - 8, y + size * 0.65, _short(truth)
            )
        )
        parts.append(
            Markup('<text class="name" transform="translate({} {}) rotate(-45)">{}</text>').format(
                left + row * size + size * 0.6, top - 8, _short(truth)
            )
        )
        for column, predicted in enumerate(names):
            count, is_right = int(table[row, column]), row == column
            shade = 0.12 if is_right else 0.12 + 0.88 * (count / max(1, int(off.max()))) ** 0.5
            parts.append(
                Markup(
                    '<g><title>{}</title><rect class="cell {}" x="{}" y="{}" width="{}" height="{}" style="--shade:{}"/>'
                ).format(
                    f"{truth} taken for {predicted}: {count}",
                    ("right" if is_right else "wrong") if count else "none",
                    left + column * size,
                    y,
                    size - 2,
                    size - 2,
                    f"{shade:.2f}",
                )
            )
            if count:
                kind = "muted" if is_right else "strong" if shade > 0.6 else ""
                parts.append(
                    Markup('<text class="count {}" x="{}" y="{}" text-anchor="middle">{}</text>').format(
                        kind, left + column * size + size / 2 - 1, y + size * 0.62, count
                    )
                )
            parts.append(Markup("</g>"))
    return Markup("").join([*parts, Markup("</svg>")])


def _short(name: str, most: int = 24) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"


def _some(count: int, most: int = _CURVE_POINTS) -> "NDArray[np.int64]":
    found: NDArray[np.int64] = np.unique(np.linspace(0, count - 1, most).round().astype(np.int64))
    return found
