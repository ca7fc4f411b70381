"""Draws plots as SVG: axes, lines, bars and points, in the colours that the page's style sheet gives their classes.

A plot scales with the page, and so do its letters; whatever text comes in is escaped.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup, escape

Point = tuple[float, float]


@dataclass
class Plot:
    """A plot with a linear axis each way.

    Attributes:
        x_label: what runs to the right.
        y_label: what runs upwards.
        x_range: from where to where.
        y_range: from where to where.
        x_ticks: which values are written below.
        y_ticks: which values are written beside.
        width: of the drawing, in its own units; letters are 12 of them high.
        height: likewise.
        title: what somebody is told who cannot see it.
        written: how the values of both axes are written.
    """

    x_label: str
    y_label: str
    title: str
    x_range: Point = (0.0, 1.0)
    y_range: Point = (0.0, 1.0)
    x_ticks: Sequence[float] = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    y_ticks: Sequence[float] = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    width: int = 420
    height: int = 320
    written: Callable[[float], str] = field(default_factory=lambda: number)
    _parts: list[Markup] = field(default_factory=list)

    _LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 12, 44

    def line(self, points: Sequence[Point], kind: str) -> None:
        """Draws a line through points."""
        path = " ".join(f"{self._x(x):.1f},{self._y(y):.1f}" for x, y in points)
        self._add('<polyline class="line {}" points="{}"/>', kind, path)

    def steps(self, points: Sequence[Point], kind: str) -> None:
        """Draws a line through points that keeps its height until the next one."""
        corners: list[Point] = []
        for x, y in points:
            if corners:
                corners.append((x, corners[-1][1]))
            corners.append((x, y))
        self.line(corners, kind)

    def straight(self, start: Point, end: Point, kind: str) -> None:
        """Draws one straight line."""
        self._add(
            '<line class="{}" x1="{}" y1="{}" x2="{}" y2="{}"/>',
            kind,
            *(f"{number:.1f}" for point in (start, end) for number in (self._x(point[0]), self._y(point[1]))),
        )

    def bar(self, x: Point, y: Point, kind: str, told: str = "") -> None:
        """Draws a bar from one corner to the other; `told` is shown when somebody points at it."""
        left, right, bottom, top = self._x(x[0]), self._x(x[1]), self._y(y[0]), self._y(y[1])
        self._add(
            '<rect class="bar {}" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>',
            kind,
            f"{left:.1f}",
            f"{top:.1f}",
            f"{max(0.0, right - left):.1f}",
            f"{max(0.0, bottom - top):.1f}",
            told,
        )

    def dot(self, at: Point, kind: str, told: str = "", *, radius: float = 4.0) -> None:
        """Draws a point; `told` is shown when somebody points at it."""
        self._add(
            '<circle class="dot {}" cx="{}" cy="{}" r="{}"><title>{}</title></circle>',
            kind,
            f"{self._x(at[0]):.1f}",
            f"{self._y(at[1]):.1f}",
            f"{radius:.1f}",
            told,
        )

    def words(
        self, at: Point, text: str, kind: str = "", *, anchor: str = "start", shift: Point = (0.0, 0.0)
    ) -> None:
        """Writes a few words.

        Args:
            at: where, in the values of the axes.
            text: the words.
            kind: class of the style sheet.
            anchor: start, middle or end of the words is there.
            shift: how far beside it, in the drawing's own units.
        """
        x, y = self._x(at[0]) + shift[0], self._y(at[1]) + shift[1]
        self._add(
            '<text class="{}" x="{}" y="{}" text-anchor="{}">{}</text>',
            kind,
            f"{x:.1f}",
            f"{y:.1f}",
            anchor,
            text,
        )

    def svg(self) -> Markup:
        """Returns the plot."""
        head = Markup('<svg class="plot" viewBox="0 0 {} {}" role="img"><title>{}</title>').format(
            self.width, self.height, self.title
        )
        return Markup("").join([head, self.drawn(), Markup("</svg>")])

    def drawn(self) -> Markup:
        """Returns what the plot consists of, to be put into another drawing."""
        return Markup("").join([*self._axes(), *self._parts])

    def _axes(self) -> list[Markup]:
        kept, self._parts = self._parts, []
        low_x, high_x = self.x_range
        low_y, high_y = self.y_range
        for tick in self.y_ticks:
            self.straight((low_x, tick), (high_x, tick), "grid")
            self.words((low_x, tick), self.written(tick), "tick", anchor="end", shift=(-6, 4))
        for tick in self.x_ticks:
            self.straight((tick, low_y), (tick, high_y), "grid")
            self.words((tick, low_y), self.written(tick), "tick", anchor="middle", shift=(0, 16))
        self.words(((low_x + high_x) / 2, low_y), self.x_label, "label", anchor="middle", shift=(0, 36))
        middle = (self._y(low_y) + self._y(high_y)) / 2
        self._add(
            '<text class="label" text-anchor="middle" transform="translate(14 {}) rotate(-90)">{}</text>',
            f"{middle:.1f}",
            self.y_label,
        )
        axes, self._parts = self._parts, kept
        return axes

    def _x(self, value: float) -> float:
        low, high = self.x_range
        return self._LEFT + (value - low) / (high - low) * (self.width - self._LEFT - self._RIGHT)

    def _y(self, value: float) -> float:
        low, high = self.y_range
        return (
            self.height
            - self._BOTTOM
            - (value - low) / (high - low) * (self.height - self._TOP - self._BOTTOM)
        )

    def _add(self, form: str, *values: str) -> None:
        self._parts.append(Markup(form).format(*map(escape, values)))  # noqa: S704  forms are this module's own


def number(value: float) -> str:
    """Returns a number as axes show it."""
    return f"{value:.3f}".rstrip("0").rstrip(".") or "0"


def ticks(most: float, *, wanted: int = 5) -> tuple[float, ...]:
    """Returns round numbers from 0 to at least `most`, about as many as are wanted."""
    if most <= 0:
        return (0.0, 1.0)
    rough = most / wanted
    scale = 1e-6
    while scale * 10 <= rough:
        scale *= 10
    step = next(scale * factor for factor in (1, 2, 5, 10) if scale * factor >= rough - 1e-12)
    count = int(-(-most // step))
    return tuple(round(step * place, 9) for place in range(count + 1))
