"""How fast ways answer beside each other, the targets that they are held against, and how both are shown."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table
from rich.text import Text

ALONE, TOGETHER = 1, 16
"""Messages in flight."""


@dataclass(frozen=True)
class Target:
    """A figure that is wanted, and what was found.

    Attributes:
        name: what is measured.
        wanted: the bound, as people say it.
        found: None when it was not measured.
        met: None when it was not measured.
        shown: what was found, as people say it.
    """

    name: str
    wanted: str
    found: float | None
    met: bool | None
    shown: str


@dataclass(frozen=True)
class Speed:
    """One way with so many messages in flight: medians of the rounds.

    Attributes:
        way: who answers, and how.
        in_flight: calls under way at a time.
        calls: that were answered, in all rounds.
        failed: that were not.
        messages_per_second: answered.
        p50_ms: median time of a call, milliseconds.
        p99_ms: the same for the slowest in a hundred.
        cpu_ms_per_message: CPU of the server, milliseconds.
        times_yardstick: rate divided by that of the yardstick in the same round; None without one.
        share_of_its_p50: p50 divided by that of the yardstick in the same round; None without one.
    """

    way: str
    in_flight: int
    calls: int
    failed: int
    messages_per_second: float
    p50_ms: float
    p99_ms: float
    cpu_ms_per_message: float
    times_yardstick: float | None
    share_of_its_p50: float | None


def speeds_table(title: str, speeds: Sequence[Speed], *, yardstick: str, unit: str) -> Table:
    """Returns speeds as a table; the yardstick's are dim."""
    shown = table(title, "", unit, "p50", "p99", "CPU", "x rate", "x p50", "calls")
    for one in speeds:
        shown.add_row(
            one.way,
            f"{one.messages_per_second:.1f}",
            f"{one.p50_ms:.1f}",
            f"{one.p99_ms:.1f}",
            f"{one.cpu_ms_per_message:.2f}",
            or_dash(one.times_yardstick, "{:.2f}"),
            or_dash(one.share_of_its_p50, "{:.2f}"),
            f"{one.calls}{f' + {one.failed} failed' if one.failed else ''}",
            style="dim" if one.way == yardstick else "",
        )
    return shown


def targets_table(targets: Sequence[Target]) -> Table:
    """Returns targets as a table."""
    shown = table("targets", "", "wanted", "found", "")
    words = {True: ("met", "green"), False: ("not met", "red"), None: ("not measured", "yellow")}
    for one in targets:
        shown.add_row(one.name, one.wanted, one.shown, Text(*words[one.met]))
    return shown


def table(title: str, *columns: str) -> Table:
    """Returns an empty table whose first column are names and whose others are numbers."""
    empty = Table(title=title, title_justify="left", box=None, padding=(0, 1))
    for place, column in enumerate(columns):
        empty.add_column(column, justify="right" if place else "left", no_wrap=True)
    return empty


def or_dash(value: float | None, form: str) -> str:
    """Returns a number as a form says, or a dash where there is none."""
    return "-" if value is None else form.format(value)


def at_least(name: str, bound: float, found: float | None) -> Target:
    """Returns the target of being so many times something."""
    met = None if found is None else found >= bound
    return Target(name, f"at least {bound:g}x", found, met, or_dash(found, "{:.2f}x"))


def at_most(name: str, bound: float, found: float | None, form: str) -> Target:
    """Returns the target of being no more than something."""
    # The room is for rounding alone: 100 * (0.95 - 0.948) is a little more than 0.2.
    met = None if found is None else found <= bound + 1e-9
    return Target(name, f"at most {form.format(bound)}", found, met, or_dash(found, form))
