"""The plots of an evaluation of FAQ retrieval."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from balie.cli.eval_report import confidence_charts
from balie.cli.eval_report.confidence_charts import Words
from balie.cli.eval_report.plot import Plot
from balie.faq.evaluation.outcome import judged
from balie.faq.retrieval.port import PARTS

if TYPE_CHECKING:
    from balie.faq.evaluation.running import Evaluation

_WORDS = Words("confidence of the best entry", "questions", "answered")
_PLACES = (
    ("1", 1, 1),
    ("2", 2, 2),
    ("3", 3, 3),
    ("4", 4, 4),
    ("5", 5, 5),
    ("6-10", 6, 10),
    ("11-50", 11, 50),
    ("later", 51, 1_000_000),
)
_LINE, _LEFT, _LONGEST = 11, 50, 72


def risk_coverage_chart(found: "Evaluation") -> Markup:
    """Returns the share of wrong against coverage, with what was promised and where the threshold is."""
    seen = judged(found.asked)
    answered = seen.confidences >= found.figures.threshold
    return confidence_charts.risk_coverage_chart(
        seen.confidences, seen.right, answered, found.policy.max_wrong, _WORDS
    )


def reliability_chart(found: "Evaluation") -> Markup:
    """Returns the reliability diagram: what confidence claims, and what is right of it."""
    seen = judged(found.asked)
    return confidence_charts.reliability_chart(seen.confidences, seen.right, _WORDS)


def histogram_chart(found: "Evaluation", threshold: float | None) -> Markup:
    """Returns how sure the best entries are, in three rows: right, wrong, and of questions without an answer."""
    seen = judged(found.asked)
    rows = [
        ("right", "right", seen.right),
        ("wrong", "wrong", seen.answerable & ~seen.right),
        ("unanswerable", "oos", ~seen.answerable),
    ]
    return confidence_charts.histogram_chart(
        seen.confidences, rows, threshold, _WORDS.scale, "Confidence of the best entries"
    )


def rank_chart(found: "Evaluation") -> Markup | None:
    """Returns at which place the first answer stands; None where no question has one."""
    firsts = [one.ranks[0] if one.ranks else _PLACES[-1][1] for one in found.asked if one.is_answerable]
    if not firsts:
        return None
    ranks = np.asarray(firsts)
    plot = Plot(
        "place of the first answer",
        "share of the answerable questions",
        "Places of the first answers",
        x_range=(0.0, float(len(_PLACES))),
        x_ticks=(),
    )
    for place, (name, low, high) in enumerate(_PLACES):
        count = int(((ranks >= low) & (ranks <= high)).sum())
        share = count / ranks.size
        if count:
            told = f"{count} questions have their first answer at place {name}"
            plot.bar((place + 0.12, place + 0.88), (0.0, share), "right" if place == 0 else "accent", told)
        plot.words((place + 0.5, 0), name, "tick", anchor="middle", shift=(0, 16))
        plot.words((place + 0.5, share), str(count), "tick", anchor="middle", shift=(0, -5))
    return plot.svg()


def parts_drawing(best: Sequence[float], answer: Sequence[float]) -> Markup:
    """Returns what fits of two entries are made of, as bars in pairs: the one that was found, and the one that answers."""
    height = _LINE * len(PARTS) + 2
    drawn = [
        Markup('<svg class="parts" viewBox="0 0 {} {}" role="img"><title>{}</title>').format(
            _LEFT + _LONGEST + 2, height, "; ".join(_told(best, answer))
        )
    ]
    for row, name in enumerate(PARTS):
        top = 1 + row * _LINE
        drawn.append(Markup('<text x="0" y="{}">{}</text>').format(top + 8, name))
        for values, kind, shift in ((best, "found", 0), (answer, "answer", 4)):
            if values:
                width = f"{_LONGEST * min(max(values[row], 0.0), 1.0):.1f}"
                drawn.append(
                    Markup('<rect class="{}" x="{}" y="{}" width="{}" height="3.5"/>').format(
                        kind, _LEFT, top + 1.5 + shift, width
                    )
                )
    return Markup("").join([*drawn, Markup("</svg>")])


def _told(best: Sequence[float], answer: Sequence[float]) -> list[str]:
    told = []
    for row, name in enumerate(PARTS):
        values = [f"{values[row]:.2f}" for values in (best, answer) if values]
        told.append(f"{name} {' against '.join(values)}")
    return told
