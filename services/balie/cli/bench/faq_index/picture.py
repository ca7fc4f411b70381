"""The curves of the bench as one picture: time of a search, memory, and time of building and opening, by size."""

import math
from collections.abc import Callable, Sequence

from markupsafe import Markup

from balie.cli.bench.faq_index.figures import Report, Row
from balie.cli.eval_report.plot import Plot, Point

Curve = tuple[str, str, Callable[[Row], float]]
"""What it says beside its last point, its class, and what it shows of a row."""

_WIDTH, _HEIGHT, _GAP = 420, 320, 28
_PANELS: tuple[tuple[str, str, Sequence[Curve]], ...] = (
    (
        "a search, ms",
        "Time of a search by entries",
        (
            ("p99", "second", lambda row: row.reopened.p99_ms),
            ("p50", "first", lambda row: row.reopened.p50_ms),
        ),
    ),
    (
        "MB",
        "Memory and file by entries",
        (
            ("resident", "first", lambda row: row.reopened.memory_mb),
            ("saved", "second", lambda row: row.built.saved_mb),
        ),
    ),
    (
        "s",
        "Time of building and of opening by entries",
        (
            ("build", "first", lambda row: row.built.seconds),
            ("first answer", "second", lambda row: row.reopened.first_answer_seconds),
        ),
    ),
)
_STYLE = """
.paper { fill: #fff; } svg { font: 12px system-ui, "Segoe UI", Roboto, sans-serif; }
text { fill: #1d2329; } .tick, .label { fill: #5d6873; } .tick { font-size: 11px; }
.grid { stroke: #ebe9e4; } .line { fill: none; stroke-width: 2; } .whole { stroke-dasharray: 5 4; }
.line.first { stroke: #1f6f8b; } .line.second { stroke: #c8542b; }
.dot.first { fill: #1f6f8b; } .dot.second { fill: #c8542b; }
text.first { fill: #1f6f8b; } text.second { fill: #c8542b; }
"""


def picture(report: Report) -> str:
    """Returns the picture as an SVG file: the vectors alone in whole lines, the whole index in broken ones."""
    parts = []
    for place, (label, title, curves) in enumerate(_PANELS):
        plot = _plot(label, title, curves, report)
        parts.append(
            Markup('<g transform="translate({} 0)">{}</g>').format(place * (_WIDTH + _GAP), plot.drawn())
        )
    head = Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" role="img"><title>{}</title><style>{}</style>'
        '<rect class="paper" width="100%" height="100%"/>'
    ).format(
        len(_PANELS) * (_WIDTH + _GAP),
        _HEIGHT,
        "The index of FAQ from small to large: whole lines the vectors alone, broken lines with words",
        Markup(_STYLE),  # noqa: S704  this module's own
    )
    return Markup("").join([head, *parts, Markup("</svg>")]) + "\n"


def _plot(label: str, title: str, curves: Sequence[Curve], report: Report) -> Plot:
    values = [value(row) for row in report.rows for _, _, value in curves]
    across, up = _decades([row.entries for row in report.rows]), _decades(values)
    plot = Plot(
        "entries",
        label,
        title,
        x_range=(across[0], across[-1]),
        y_range=(up[0], up[-1]),
        x_ticks=across,
        y_ticks=up,
        written=_written,
        width=_WIDTH,
        height=_HEIGHT,
    )
    for said, kind, value in curves:
        for what, drawn in (("vectors", kind), ("whole", f"{kind} whole")):
            rows = report.of(what)  # type: ignore[arg-type]
            points: list[Point] = [(math.log10(row.entries), _log(value(row))) for row in rows]
            if not points:
                continue
            plot.line(points, drawn)
            for row, point in zip(rows, points, strict=True):
                plot.dot(point, kind, f"{row.entries:,} entries, {row.built.kind}: {value(row):.3g}")
            if what == "vectors":
                top = max(values_of(rows[-1]) for _, _, values_of in curves) == value(rows[-1])
                plot.words(points[-1], said, kind, anchor="end", shift=(-12, -8) if top else (-2, 28))
    return plot


def _decades(values: Sequence[float]) -> tuple[float, ...]:
    """Returns the powers of ten round values, as exponents; two at least."""
    low = math.floor(min(map(_log, values), default=0.0))
    high = math.ceil(max(map(_log, values), default=1.0))
    return tuple(float(exponent) for exponent in range(low, max(high, low + 1) + 1))


def _log(value: float) -> float:
    return math.log10(max(value, 1e-3))


def _written(exponent: float) -> str:
    value = 10.0**exponent
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"
