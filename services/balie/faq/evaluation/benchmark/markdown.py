"""Writes the tables: what was worked out, beside what plain methods and others reach, as Markdown."""

from collections.abc import Iterator, Mapping, Sequence

from balie.faq.evaluation.benchmark.goals import SetResults, allowed_wrong, goals_of, goals_over
from balie.faq.evaluation.benchmark.published import SOURCES
from balie.faq.evaluation.benchmark.sets import RETRIEVERS, SetRow
from balie.kit.text_files.markdown import Marks, table

MARKS = Marks("balie eval faq-table")
"""Between which the tables stand in the document."""

_RANKING = ("p_at_1", "hit_at_5", "mrr", "map")
_RANKING_HEAD = ("set", "who", "P@1", "hit@5", "MRR", "MAP", "source")
_LANGUAGE_HEAD = ("set", "retriever", "P@1", "hit@5", "MRR", "coverage", "wrong of answered", "allowed")
_ANSWER_HEAD = (
    "set",
    "retriever",
    "threshold",
    "coverage",
    "answered rightly",
    "wrong among answered",
    "answerable AUROC",
    "calibration error",
    "learned by",
)
_GOAL_HEAD = ("set", "figure", "reached", "wanted", "")
_COST_HEAD = ("set", "entries", "questions", "retriever", "a search", "one in a hundred, at least")


def table_of(rows: Sequence[SetRow], results: Mapping[str, SetResults], max_wrong: float) -> str:
    """Returns the tables of all that was worked out.

    Args:
        rows: in their order.
        results: by set and retriever; what is not there is left out.
        max_wrong: what was promised.
    """
    there = [row for row in rows if results.get(row.name)]
    if not there:
        return ""
    parts = ["### Ranking", *table(_RANKING_HEAD, _ranking(there, results))]
    parts += [*(f"- {row.name}: {row.note}." for row in there if row.note), ""]
    if any(_languages(row, results) for row in there):
        lines = [line for row in there for line in _language_lines(row, results, max_wrong)]
        parts += ["### By language", *table(_LANGUAGE_HEAD, lines)]
    parts += ["### Answers", *table(_ANSWER_HEAD, _answers(there, results)), *_answer_notes(there, results)]
    goals = [goal for row in there for goal in goals_of(row, results[row.name], max_wrong)]
    goals += goals_over(rows, results)
    lines = [
        [
            goal.where,
            goal.what,
            "none" if goal.value is None else f"{goal.value:.4g}",
            f"{'at most' if goal.is_most else 'at least'} {goal.wanted:.4g}",
            "met" if goal.is_met else "**missed**",
        ]
        for goal in goals
    ]
    parts += ["### What is wanted", *table(_GOAL_HEAD, lines)]
    parts += ["### What it takes", *table(_COST_HEAD, _costs(there, results))]
    used = {other.source for row in there for other in row.others}
    sources = [f"- {name}: {full}." for name, full in SOURCES.items() if name in used]
    return "\n".join([*parts, *(["### Sources", "", *sources, ""] if sources else [])])


def _ranking(rows: Sequence[SetRow], results: Mapping[str, SetResults]) -> Iterator[list[str]]:
    for row in rows:
        name = row.name
        for retriever in RETRIEVERS:
            found = results[row.name].get(retriever)
            if found is None:
                continue
            figures = [_figure(found[key], found["intervals"].get(key)) for key in _RANKING]
            if retriever == RETRIEVERS[0]:
                figures = [f"**{one}**" if one else "" for one in figures]
                yield [name, f"**Balie, {retriever}**", *figures, ""]
            else:
                yield [name, f"Balie, {retriever}", *figures, ""]
            name = ""
        for other in row.others:
            yield ["", other.who, *(_figure(getattr(other, key)) for key in _RANKING), other.source]


def _languages(row: SetRow, results: Mapping[str, SetResults]) -> bool:
    return any(len(found["by_language"]) > 1 for found in results[row.name].values())


def _language_lines(row: SetRow, results: Mapping[str, SetResults], max_wrong: float) -> Iterator[list[str]]:
    if not _languages(row, results):
        return
    for retriever in RETRIEVERS:
        found = results[row.name].get(retriever)
        for language, one in found["by_language"].items() if found else ():
            answered = one["answered"]
            yield [
                f"{row.name} {language or 'unknown'}",
                retriever,
                *(_figure(one[key]) for key in ("p_at_1", "hit_at_5", "mrr", "coverage")),
                f"{round(one['wrong_rate'] * answered)} of {answered}",
                str(allowed_wrong(answered, max_wrong)),
            ]


def _answers(rows: Sequence[SetRow], results: Mapping[str, SetResults]) -> Iterator[list[str]]:
    keys = ("threshold", "coverage", "right_rate", "wrong_rate", "answerable_auroc", "calibration_error")
    for row in rows:
        for retriever in RETRIEVERS:
            if (found := results[row.name].get(retriever)) is not None:
                told = found["answers"]
                learned = told["calibration_version"].partition(".")[0]
                yield [row.name, retriever, *(_figure(told[key]) for key in keys), learned]


def _answer_notes(rows: Sequence[SetRow], results: Mapping[str, SetResults]) -> list[str]:
    notes = []
    for row in rows:
        told = next(iter(results[row.name].values()))["answers"]
        made = told["made_unanswerable"]
        which = f", {made} of them made so by taking their entries out" if made else ""
        notes.append(
            f"- {row.name}: {told['expected_unanswerable']:.2f} of {told['queries']} questions have no answer{which}."
        )
    return [*notes, ""]


def _costs(rows: Sequence[SetRow], results: Mapping[str, SetResults]) -> Iterator[list[str]]:
    for row in rows:
        for retriever in RETRIEVERS:
            if (found := results[row.name].get(retriever)) is not None:
                took = [f"{found['latency_ms'][key]:.1f} ms" for key in ("p50", "p99")]
                yield [row.name, str(found["entries"]), str(found["queries"]), retriever, *took]


def _figure(value: float | None, interval: Sequence[float] | None = None) -> str:
    if value is None:
        return ""
    reach = f" ({interval[0]:.3f} to {interval[1]:.3f})" if interval else ""
    return f"{value:.3f}{reach}"
