"""The figures of the bench of NLU, the targets they are held against, and how both are shown."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from balie.cli.bench.speeds import (
    ALONE,
    TOGETHER,
    Speed,
    Target,
    at_least,
    at_most,
    or_dash,
    speeds_table,
    table,
    targets_table,
)

YARDSTICK, WHOLE, EARLY = "yardstick", "every message encoded", "early exit"

TIMES_EARLY = 5.0
TIMES_WHOLE = 3.0
SHARE_OF_P50 = 0.5
MOST_LOST = 0.002


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
                at_least(f"msg/s, {TOGETHER} in flight, {way}", least, speeds[way, TOGETHER].times_yardstick)
                for way, least in ((EARLY, TIMES_EARLY), (WHOLE, TIMES_WHOLE))
            ),
            *(
                at_most(
                    f"p50, {ALONE} in flight, {way}",
                    SHARE_OF_P50,
                    speeds[way, ALONE].share_of_its_p50,
                    "{:.2f}x",
                )
                for way in (EARLY, WHOLE)
            ),
            at_most("accuracy lost to early exit, points", 100 * MOST_LOST, lost, "{:+.2f}"),
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
        speeds = [one for one in report.speeds if one.in_flight == in_flight]
        parts += [Text(), speeds_table(title, speeds, yardstick=YARDSTICK, unit="msg/s")]
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
        targets_table(report.targets),
    )


def _answers(answers: Sequence[Answers]) -> Table:
    shown = table("what the answers are worth", "", "accuracy", "right", "of", "encoded", "MB")
    for one in answers:
        shown.add_row(
            one.way,
            or_dash(one.accuracy, "{:.2%}"),
            str(one.right),
            str(one.of),
            or_dash(one.encoded, "{:.1%}"),
            f"{one.memory_mb:.0f}",
            style="dim" if one.way == YARDSTICK else "",
        )
    return shown
