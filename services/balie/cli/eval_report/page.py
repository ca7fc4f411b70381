"""Writes the page of an evaluation: figures, plots, intents and errors, in one file that needs no other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from balie.cli.eval_report import charts
from balie.cli.eval_report.confidence_charts import whisker
from balie.cli.eval_report.errors import errors_of
from balie.cli.eval_report.rendering import rendered, written
from balie.nlu.evaluation.figures import FIGURES
from balie.nlu.examples import OUT_OF_SCOPE
from balie.nlu.verdicts import NEVER

if TYPE_CHECKING:
    from balie.nlu.calibrating import Promise
    from balie.nlu.evaluation.running import Evaluation

_DASH = "-"


@dataclass(frozen=True)
class Subject:
    """What was evaluated, for people.

    Attributes:
        title: of the page.
        engine: its name.
        options: the engine's.
        promise: what the thresholds had to keep.
        made: when.
    """

    title: str
    engine: str
    options: Mapping[str, str]
    promise: "Promise"
    made: datetime


def write_page(found: "Evaluation", subject: Subject, folder: Path) -> Path:
    """Writes the page into a folder, which is made when it is not there, and returns its path.

    Raises:
        OSError: it cannot be written.
    """
    return written(page(found, subject), folder)


def page(found: "Evaluation", subject: Subject) -> str:
    """Returns the page as HTML; whatever text comes from the data is escaped."""
    match = found.thresholds.get("match")
    drawn_map = charts.confusion_map(found.outcome)
    errors, left_out, kinds = errors_of(found.outcome)
    return rendered(
        "page.html.j2",
        title=subject.title,
        oos=OUT_OF_SCOPE,
        facts=_facts(found, subject),
        notes=_notes(found),
        sections=_sections(found),
        cards=_cards(found, subject),
        figures=_figures(found),
        languages=_languages(found),
        plots=_plots(found, subject, None if match is None or match >= NEVER else match),
        confusion_map=drawn_map,
        confusions=found.measured.confusions,
        intents=_intents(found),
        errors=errors,
        errors_left_out=left_out,
        error_kinds=kinds,
        origins=_origins(found, subject),
    )


def _facts(found: "Evaluation", subject: Subject) -> list[tuple[str, str]]:
    options = ", ".join(f"{name}={value}" for name, value in subject.options.items())
    counts = [
        (name, f"{one.messages}, {one.out_of_scope} out of scope" if one.out_of_scope else str(one.messages))
        for name, one in found.data.items()
    ]
    return [
        ("engine", subject.engine + (f" ({options})" if options else "")),
        *counts,
        ("intents", str(len(found.outcome.intents))),
        ("trained in", f"{found.train_seconds:.1f} s"),
        ("a message", f"{found.milliseconds_per_message:.2f} ms"),
        ("memory", f"at most {found.peak_memory_mb:.0f} MB"),
        ("made", f"{subject.made:%Y-%m-%d %H:%M}"),
    ]


def _notes(found: "Evaluation") -> list[str]:
    notes = list(found.notes)
    if found.thresholds.get("match", 0.0) >= NEVER:
        notes.insert(0, "No threshold keeps the promise: only what is known word for word is accepted.")
    return notes


def _sections(found: "Evaluation") -> list[tuple[str, str]]:
    return [
        ("figures", "Figures"),
        *([("languages", "Languages")] if len(found.measured.by_language) > 1 else []),
        ("plots", "Thresholds and scores"),
        *([("confusions", "Confusions")] if found.measured.confusions else []),
        ("intents", "Intents"),
        ("errors", "Errors"),
    ]


def _cards(found: "Evaluation", subject: Subject) -> list[dict[str, str]]:
    promised = subject.promise
    accepted = found.outcome.judgement.accepted.any()
    about = f"promised: at most {promised.max_wrong:g}, confidence {1 - promised.delta:g}"
    mood = (
        ("bad" if (found.measured.figures["wrong_rate"] or 0.0) > promised.max_wrong else "good")
        if accepted
        else ""
    )
    wanted = [
        ("in-scope accuracy", "in_scope_accuracy", "best intent, accepted or not", ""),
        ("coverage", "coverage", "accepted of all messages", ""),
        ("wrong rate", "wrong_rate", about, mood),
        ("out-of-scope recall", "oos_recall", "refused of what is out of scope", ""),
        ("out-of-scope AUROC", "oos_auroc", "", ""),
        ("macro F1", "macro_f1", "of the intents", ""),
        ("calibration error", "ece", "15 bins of equal mass", ""),
        ("accuracy", "accuracy", "verdicts, refusals counted", ""),
    ]
    return [
        {"name": name, "value": f"{value:.3f}", "reach": _reach(found, key), "about": about, "mood": mood}
        for name, key, about, mood in wanted
        if (value := found.measured.figures[key]) is not None
    ]


def _figures(found: "Evaluation") -> list[dict[str, object]]:
    return [
        {
            "name": name,
            "value": f"{value:.4f}",
            "reach": _reach(found, name),
            "drawing": whisker(value, found.measured.intervals.get(name)),
            "about": meaning.replace("`", ""),
        }
        for name, meaning in FIGURES.items()
        if (value := found.measured.figures[name]) is not None
    ]


def _reach(found: "Evaluation", name: str) -> str:
    interval = found.measured.intervals.get(name)
    return f"{interval.low:.3f} to {interval.high:.3f}" if interval else ""


def _languages(found: "Evaluation") -> list[dict[str, object]]:
    if len(found.measured.by_language) < 2:
        return []
    return [
        {
            "language": one.language or "unknown",
            "messages": one.messages,
            "accuracy": _share(one.in_scope_accuracy),
            "reach": f"{one.interval.low:.3f} to {one.interval.high:.3f}",
            "drawing": "" if one.in_scope_accuracy is None else whisker(one.in_scope_accuracy, one.interval),
            "coverage": _share(one.coverage),
            "wrong_rate": _share(one.wrong_rate),
        }
        for one in found.measured.by_language
    ]


def _plots(found: "Evaluation", subject: Subject, match: float | None) -> list[dict[str, object]]:
    outcome, figures = found.outcome, found.measured.figures
    plots: list[dict[str, object]] = [
        {
            "name": "Risk and coverage",
            "drawing": charts.risk_coverage_chart(outcome, subject.promise.max_wrong),
            "caption": "How many of the accepted are wrong or out of scope, if messages are accepted from some score of "
            "the best intent on. The ring is where the thresholds are, with its 95 % interval.",
        },
        {
            "name": "Reliability",
            "drawing": charts.reliability_chart(outcome),
            "caption": f"What the score of the best intent claims, and what is right of it; on the diagonal a score is a "
            f"probability. Calibration error {figures['ece']:.3f}, {figures['ece_debiased']:.3f} without the noise of "
            "the bins.",
        },
        {
            "name": "Scores",
            "drawing": charts.histogram_chart(outcome, match),
            "caption": "How the best intents score, each kind in its own scale"
            + ("." if match is None else "; the line is the least score of a match."),
        },
    ]
    roc = charts.roc_chart(outcome)
    if roc is not None:
        plots.insert(
            2,
            {
                "name": "Out of scope",
                "drawing": roc,
                "caption": f"What the out-of-scope score refuses, right and wrong. Area {figures['oos_auroc']:.3f}; with "
                f"5 % of in scope refused it finds {figures['oos_recall_at_5']:.3f} of out of scope. The ring is what "
                "the verdicts refuse.",
            },
        )
    return plots


def _intents(found: "Evaluation") -> list[dict[str, object]]:
    rows = sorted(found.measured.per_intent, key=lambda one: (not one.support, one.f1, one.intent))
    return [
        {
            "intent": one.intent,
            "precision": _share(one.precision if one.support else None),
            "recall": _share(one.recall if one.support else None),
            "f1": _share(one.f1 if one.support else None),
            "support": one.support,
            "coverage": _share(one.coverage),
            "wrong_rate": _share(one.wrong_rate),
        }
        for one in rows
    ]


def _origins(found: "Evaluation", subject: Subject) -> Sequence[tuple[str, str]]:
    thresholds = ", ".join(f"{name} {value:.4f}" for name, value in found.thresholds.items())
    expected = subject.promise.expected_out_of_scope
    return [
        ("thresholds", thresholds),
        ("calibration", found.calibration_version),
        ("expected out of scope", "as in the examples" if expected is None else f"{expected:g}"),
        ("encoder", found.encoder_fingerprint or "none"),
        *((f"{name} data", one.fingerprint[:16]) for name, one in found.data.items()),
    ]


def _share(value: float | None) -> str:
    return _DASH if value is None else f"{value:.3f}"
