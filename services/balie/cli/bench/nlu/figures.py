"""The figures of the bench of NLU, the targets they are held against, and how both are shown."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

YARDSTICK, WHOLE, EARLY = "yardstick", "every message encoded", "early exit"
ALONE, TOGETHER = 1, 16

TIMES_EARLY = 5.0
TIMES_WHOLE = 3.0
SHARE_OF_P50 = 0.5
MOST_LOST = 0.002


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


@dataclass(frozen=True)
class Answers:
    """What the answers of one way were worth.

    Attributes:
        way: who answered, and how.
        right: of the messages whose intent is known.
        of: how many those were.
        encoded: share of the messages that were encoded, in [0, 1]: the scores of the others are not those of the whole
            ranking. None for the yardstick.
        memory_mb: resident, after all rounds.
    """

    way: str
    right: int
    of: int
    encoded: float | None
    memory_mb: float

    @property
    def accuracy(self) -> float | None:
        """Returns the share that was right; None when no intent is known."""
        return self.right / self.of if self.of else None


@dataclass(frozen=True)
class Report:
    """All of a bench.

    Attributes:
        machine: what it ran on.
        described: what was learned and sent.
        trained_seconds: how long each side took to learn, both at the same time.
        rounds: of each measurement.
        seconds: of one measurement.
    """

    machine: dict[str, str]
    described: str
    trained_seconds: dict[str, float]
    rounds: int
    seconds: float
    speeds: Sequence[Speed]
    answers: Sequence[Answers]

    @property
    def targets(self) -> Sequence[Target]:
        """Returns what is wanted, and what was found."""
        speeds = {(one.way, one.in_flight): one for one in self.speeds}
        accuracy = {one.way: one.accuracy for one in self.answers}
        with_exit, without = accuracy.get(EARLY), accuracy.get(WHOLE)
        lost = None if with_exit is None or without is None else 100 * (without - with_exit)
        return [
            *(
                _at_least(f"msg/s, {TOGETHER} in flight, {way}", least, speeds[way, TOGETHER].times_yardstick)
                for way, least in ((EARLY, TIMES_EARLY), (WHOLE, TIMES_WHOLE))
            ),
            *(
                _at_most(
                    f"p50, {ALONE} in flight, {way}",
                    SHARE_OF_P50,
                    speeds[way, ALONE].share_of_its_p50,
                    "{:.2f}x",
                )
                for way in (EARLY, WHOLE)
            ),
            _at_most("accuracy lost to early exit, points", 100 * MOST_LOST, lost, "{:+.2f}"),
        ]

    @property
    def missed(self) -> bool:
        """Returns whether a target was missed, or could not be measured."""
        return not all(target.met for target in self.targets)

    def as_dict(self) -> dict[str, object]:
        """Returns it for machines."""
        found = asdict(self) | {"targets": [asdict(target) for target in self.targets]}
        for row, answers in zip(found["answers"], self.answers, strict=True):
            row["accuracy"] = answers.accuracy
        return found


def shown(report: Report) -> RenderableType:
    """Returns the figures as tables, with the targets at their foot."""
    machine = ", ".join(f"{name} {value}" for name, value in report.machine.items())
    trained = ", ".join(f"{side} {seconds:.0f} s" for side, seconds in report.trained_seconds.items())
    titles = {ALONE: "one message at a time", TOGETHER: f"{TOGETHER} messages in flight"}
    parts: list[RenderableType] = [
        Text(machine, style="dim"),
        Text(f"{report.described}; learned side by side in: {trained}", style="dim"),
    ]
    for in_flight, title in titles.items():
        parts += [Text(), _speeds(title, [one for one in report.speeds if one.in_flight == in_flight])]
    note = (
        "p50, p99: of a call, ms; CPU: of the server for each message, ms; x rate, x p50: the yardstick's taken as 1, within "
        f"each round; medians of {report.rounds} rounds of {report.seconds:g} s; no message comes from a cache; MB: resident"
    )
    return Group(
        *parts,
        Text(),
        _answers(report.answers),
        Text(),
        Text(note, style="dim"),
        Text(),
        _targets(report.targets),
    )


def _speeds(title: str, speeds: Sequence[Speed]) -> Table:
    table = _table(title, "", "msg/s", "p50", "p99", "CPU", "x rate", "x p50", "calls")
    for one in speeds:
        table.add_row(
            one.way,
            f"{one.messages_per_second:.1f}",
            f"{one.p50_ms:.1f}",
            f"{one.p99_ms:.1f}",
            f"{one.cpu_ms_per_message:.2f}",
            _or_dash(one.times_yardstick, "{:.2f}"),
            _or_dash(one.share_of_its_p50, "{:.2f}"),
            f"{one.calls}{f' + {one.failed} failed' if one.failed else ''}",
            style="dim" if one.way == YARDSTICK else "",
        )
    return table


def _answers(answers: Sequence[Answers]) -> Table:
    table = _table("what the answers are worth", "", "accuracy", "right", "of", "encoded", "MB")
    for one in answers:
        table.add_row(
            one.way,
            _or_dash(one.accuracy, "{:.2%}"),
            str(one.right),
            str(one.of),
            _or_dash(one.encoded, "{:.1%}"),
            f"{one.memory_mb:.0f}",
            style="dim" if one.way == YARDSTICK else "",
        )
    return table


def _targets(targets: Sequence[Target]) -> Table:
    table = _table("targets", "", "wanted", "found", "")
    words = {True: ("met", "green"), False: ("not met", "red"), None: ("not measured", "yellow")}
    for one in targets:
        table.add_row(one.name, one.wanted, one.shown, Text(*words[one.met]))
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, padding=(0, 1))
    for place, column in enumerate(columns):
        table.add_column(column, justify="right" if place else "left", no_wrap=True)
    return table


def _or_dash(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)


def _at_least(name: str, bound: float, found: float | None) -> Target:
    met = None if found is None else found >= bound
    return Target(name, f"at least {bound:g}x", found, met, _or_dash(found, "{:.2f}x"))


def _at_most(name: str, bound: float, found: float | None, form: str) -> Target:
    # The room is for rounding alone: 100 * (0.95 - 0.948) is a little more than 0.2.
    met = None if found is None else found <= bound + 1e-9
    return Target(name, f"at most {form.format(bound)}", found, met, _or_dash(found, form))
