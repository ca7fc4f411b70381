"""The plots of an evaluation of intents."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from balie import calibration
from balie.cli.eval_report import confidence_charts
from balie.cli.eval_report.confidence_charts import Words, some_of
from balie.cli.eval_report.plot import Plot
from balie.nlu.examples import OUT_OF_SCOPE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from balie.nlu.evaluation.outcome import Outcome

_MOST_INTENTS = 12
_WORDS = Words("score of the best intent", "messages", "accepted")


def reliability_chart(outcome: "Outcome") -> Markup:
    """Returns the reliability diagram: what scores claim, and what is right of it, with the 95 % interval of each bin."""
    return confidence_charts.reliability_chart(outcome.confidence, outcome.right, _WORDS)


def risk_coverage_chart(outcome: "Outcome", max_wrong: float) -> Markup:
    """Returns the share of wrong against coverage, with what was promised and where the thresholds are."""
    return confidence_charts.risk_coverage_chart(
        outcome.confidence, outcome.right, outcome.judgement.accepted, max_wrong, _WORDS
    )


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
    places = some_of(found.thresholds.size, 600)
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
    return confidence_charts.histogram_chart(
        outcome.confidence, rows, threshold, _WORDS.scale, "Scores of the best intents"
    )


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
