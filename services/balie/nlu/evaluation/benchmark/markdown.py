"""Writes the table: rows that were worked out, beside what was published, as Markdown between two marks of a document."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from balie.kit.text_files.markdown import Marks, table
from balie.nlu.evaluation.benchmark.published import SOURCES
from balie.nlu.evaluation.benchmark.rows import Result
from balie.nlu.evaluation.benchmark.sets import FewShotRow, PromiseRow, Row, SetRow

MARKS = Marks("balie eval nlu-table")
"""Between which the table stands in the document."""


def table_of(rows: Sequence[Row], results: Mapping[str, Result], engine: str) -> str:
    """Returns the tables of all rows that were worked out.

    Args:
        rows: in their order.
        results: by name; a row without one is left out.
        engine: what ours is called.
    """
    there = [row for row in rows if row.name in results]
    sets = [row for row in there if isinstance(row, SetRow)]
    few = [row for row in there if isinstance(row, FewShotRow)]
    promises = [row for row in there if isinstance(row, PromiseRow)]
    parts = []
    if sets:
        parts += ["### All examples", *table(_SET_HEAD, _set_lines(sets, results, engine)), *_notes(sets)]
    if any(results[row.name]["pairs"] for row in sets):
        parts += [
            "### Out of scope at the same accuracy",
            *table(_PAIR_HEAD, _pair_lines(sets, results, engine)),
        ]
    if few:
        parts += ["### Ten examples of each intent", *table(_FEW_HEAD, _few_lines(few, results))]
    if promises:
        parts += ["### The promise", *table(_PROMISE_HEAD, _promise_lines(promises, results))]
        for row in promises:
            parts += [f"#### A stated share, on {row.of}", *_stated(results[row.name])]
    if sets:
        parts += ["### What it takes", *table(_COST_HEAD, _cost_lines(sets, results))]
    used = {
        one.source
        for others in (row.others for row in there if not isinstance(row, PromiseRow))
        for one in others
    }
    if used:
        parts += [
            "### Sources",
            "",
            *(f"- {name}: {full}." for name, full in SOURCES.items() if name in used),
            "",
        ]
    return "\n".join(parts)


_SET_HEAD = ("set", "who", "accuracy in scope", "out-of-scope AUROC", "out-of-scope recall", "source")
_PAIR_HEAD = ("set", "platform", "its accuracy in scope", "its recall", "our recall at that accuracy")
_FEW_HEAD = ("set", "ours", "logistic regression", "gain", "published")
_PROMISE_HEAD = (
    "messages of",
    "out of scope",
    "broken",
    "broken in the other half",
    "limit",
    "accepted of in scope",
    "wrong among accepted",
    "no threshold",
)
_COST_HEAD = ("set", "messages judged", "trained in", "a message", "memory at most")


def _set_lines(rows: Sequence[SetRow], results: Mapping[str, Result], engine: str) -> Iterator[list[str]]:
    for row in rows:
        found: dict[str, Any] = results[row.name]
        yield [
            row.name,
            f"**{engine}**",
            f"**{_figure(found, 'in_scope_accuracy')}**",
            _figure(found, "oos_auroc"),
            _figure(found, "oos_recall_at_5"),
            _goals(row, found),
        ]
        for one in sorted(row.others, key=lambda one: -one.accuracy):
            recall = "" if one.oos_recall is None else f"{one.oos_recall:.3f}"
            yield ["", one.who, f"{one.accuracy:.3f}", "", recall, one.source]


def _pair_lines(rows: Sequence[SetRow], results: Mapping[str, Result], engine: str) -> Iterator[list[str]]:
    for row in rows:
        pairs: Any = results[row.name]["pairs"]
        for pair in pairs:
            ours = (
                "not reached"
                if pair["ours"] is None
                else f"**{pair['ours']:.3f}** {_reach(pair['interval'])}"
            )
            yield [row.name, pair["who"], f"{pair['accuracy']:.3f}", f"{pair['theirs']:.3f}", ours]


def _few_lines(rows: Sequence[FewShotRow], results: Mapping[str, Result]) -> Iterator[list[str]]:
    for row in rows:
        found: dict[str, Any] = results[row.name]
        others = "; ".join(f"{one.who} {one.accuracy:.3f} ({one.source})" for one in row.others)
        yield [
            row.name,
            f"**{_drawn(found['accuracy'])}**",
            _drawn(found["logistic"]),
            _drawn(found["gain"], sign="+"),
            others,
        ]


def _promise_lines(rows: Sequence[PromiseRow], results: Mapping[str, Result]) -> Iterator[list[str]]:
    for row in rows:
        found: dict[str, Any] = results[row.name]
        kept = found["as_it_is"]
        yield [
            row.of,
            f"{found['out_of_scope']:.2f}",
            f"**{kept['broken']} of {kept['splits']}**",
            f"{kept['broken_in_half']}",
            f"{kept['limit']}",
            f"{kept['coverage']:.3f}",
            f"{kept['wrong_rate']:.3f}",
            f"{kept['unproven']}",
        ]


def _stated(result: Result) -> list[str]:
    """Returns a table with the stated shares down and the real ones across."""
    kept: Any = result["stated"]
    real = list(dict.fromkeys(one["real"] for one in kept))
    lines = []
    for stated in dict.fromkeys(one["stated"] for one in kept):
        row = [one for one in kept if one["stated"] == stated]
        nothing = row[0]["unproven"] == row[0]["splits"]
        cells = [
            "no threshold" if nothing else f"{one['broken']} broken, {one['wrong_rate']:.3f} wrong"
            for one in row
        ]
        lines.append([f"stated {stated:g}", f"{row[0]['coverage']:.3f}", *cells])
    return table(("", "accepted of in scope", *(f"{share:g} of traffic" for share in real)), lines)


def _cost_lines(rows: Sequence[SetRow], results: Mapping[str, Result]) -> Iterator[list[str]]:
    for row in rows:
        found: dict[str, Any] = results[row.name]
        yield [
            row.name,
            f"{found['messages']}",
            f"{found['train_seconds']:.0f} s",
            f"{found['milliseconds_per_message']:.1f} ms",
            f"{found['peak_memory_mb']:.0f} MB",
        ]


def _notes(rows: Sequence[SetRow]) -> list[str]:
    return [*(f"- {row.name}: {row.note}." for row in rows if row.note), ""]


def _goals(row: SetRow, found: Mapping[str, Any]) -> str:
    short = {"in_scope_accuracy": "accuracy", "oos_auroc": "AUROC", "oos_recall_at_5": "recall"}
    told = []
    for name, goal in row.goals.items():
        value = found["figures"][name]
        met = value is not None and value >= goal
        told.append(f"{short[name]} {goal:g} wanted" + ("" if met else ", missed"))
    return "; ".join(told)


def _figure(found: Mapping[str, Any], name: str) -> str:
    value = found["figures"].get(name)
    return "" if value is None else f"{value:.3f} {_reach(found['intervals'].get(name))}".strip()


def _drawn(figure: Mapping[str, Any], *, sign: str = "") -> str:
    return f"{figure['mean']:{sign}.3f} {_reach(figure['interval'], sign=sign)}".strip()


def _reach(interval: Sequence[float] | None, *, sign: str = "") -> str:
    return "" if interval is None else f"({interval[0]:{sign}.3f} to {interval[1]:{sign}.3f})"
