"""Which sets engines are measured on, and how each is parted into what is learned from and what is judged.

Every choice that an engine makes is made on what it learns from. No file named test is looked at but those of sets that
have no other, and on these nothing is chosen.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from balie.nlu.evaluation.benchmark import published
from balie.nlu.evaluation.benchmark.published import Published


@dataclass(frozen=True, slots=True)
class SetRow:
    """An engine learns from one file and judges another, or the parts of one file by turns.

    Attributes:
        name: of the row.
        folder: of the set, in the folder of evaluation data.
        test: the file that is judged; empty with `folds`.
        folds: into how many parts `train` is parted; 0 with `test`.
        out_of_scope: the share of messages out of scope that is stated, as an operator would; None for that of the examples.
        language: of the set.
        others: what was published on it.
        goals: the least that is wanted of figures.
        note: what else is to be known.
    """

    name: str
    folder: str
    test: str = "valid.jsonl"
    folds: int = 0
    out_of_scope: float | None = None
    language: str = "en"
    others: tuple[Published, ...] = ()
    goals: Mapping[str, float] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, slots=True)
class FewShotRow:
    """An engine learns from a few examples of each intent and judges the rest, several times.

    The rest is without the words of what was learned from, whatever their case and punctuation. Beside the engine stands
    logistic regression on the encoder's vectors, on the same draws.

    Attributes:
        shots: examples of each intent.
        draws: how often.
        goals: `gain` is over logistic regression, in accuracy.
    """

    name: str
    folder: str
    shots: int = 10
    draws: int = 5
    language: str = "en"
    others: tuple[Published, ...] = ()
    goals: Mapping[str, float] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, slots=True)
class PromiseRow:
    """The judged messages of another row are halved at random, often: thresholds are learned from one half, tried on the other.

    Attributes:
        of: name of that row.
        splits: how often.
        shares: shares out of scope that traffic is given, and that are stated, each with each.
    """

    name: str
    of: str
    splits: int = 100
    shares: tuple[float, ...] = (0.05, 0.2, 0.5)
    goals: Mapping[str, float] = field(default_factory=dict)


Row = SetRow | FewShotRow | PromiseRow

ROWS: tuple[Row, ...] = (
    SetRow(
        "clinc150",
        "clinc150",
        others=published.CLINC150,
        goals={"in_scope_accuracy": 0.965, "oos_auroc": 0.982, "oos_recall_at_5": 0.92},
        note="judged on valid; published figures are of test",
    ),
    SetRow(
        "banking77",
        "banking77",
        test="",
        folds=5,
        others=published.BANKING77,
        note="5 folds of train, whose labels are rougher than those of test: logistic regression on vectors and earlier "
        "layers reaches 0.917 here; published figures are of test",
    ),
    SetRow(
        "banking77_oos",
        "banking77_oos",
        out_of_scope=0.33,
        note="50 of the intents, and messages of the others and of CLINC150, whose share is stated; no example of these is "
        "learned from",
    ),
    SetRow(
        "hwu64",
        "hwu64",
        others=published.HWU64,
        goals={"in_scope_accuracy": 0.92},
        note="judged on valid; published figures are of test",
    ),
    *(
        SetRow(
            f"massive_{language}",
            f"massive_{language}",
            language=language,
            others=published.MASSIVE,
            goals={"in_scope_accuracy": goal},
            note="judged on valid; published figures are means of 51 languages, on test",
        )
        for language, goal in (("nl", 0.86), ("de", 0.86), ("en", 0.88))
    ),
    SetRow(
        "hint3_curekart",
        "hint3_curekart",
        test="test.jsonl",
        out_of_scope=0.54,
        others=published.CUREKART,
        note="judged on test, as published; more than half of it is out of scope, which is stated, and no example of that is "
        "learned from",
    ),
    SetRow(
        "askubuntu",
        "askubuntu",
        test="test.jsonl",
        others=published.ASKUBUNTU,
        goals={"in_scope_accuracy": 0.94},
        note="judged on test, as published; `None` is a class",
    ),
    SetRow(
        "webapplications",
        "webapplications",
        test="test.jsonl",
        others=published.WEBAPPLICATIONS,
        goals={"in_scope_accuracy": 0.83},
        note="judged on test, as published; `None` is a class",
    ),
    FewShotRow("banking77_10shot", "banking77", others=published.BANKING77_TEN_SHOT, goals={"gain": 0.01}),
    FewShotRow("clinc150_10shot", "clinc150", others=published.CLINC150_TEN_SHOT, goals={"gain": 0.01}),
    FewShotRow("hwu64_10shot", "hwu64", others=published.HWU64_TEN_SHOT),
    PromiseRow("clinc150_promise", "clinc150", goals={"in_scope_coverage": 0.85}),
    PromiseRow("banking77_oos_promise", "banking77_oos", goals={"in_scope_coverage": 0.6}),
    PromiseRow("hint3_curekart_promise", "hint3_curekart"),
)


def names() -> list[str]:
    """Returns the names of all rows."""
    return [row.name for row in ROWS]


def row_of(name: str) -> Row:
    """Returns the row of a name.

    Raises:
        KeyError: there is none.
    """
    return {row.name: row for row in ROWS}[name]
