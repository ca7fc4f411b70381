"""Writes the page of an evaluation of FAQ retrieval: figures, plots and errors, in one file that needs no other."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from balie.cli.eval_report import faq_charts
from balie.cli.eval_report.confidence_charts import whisker
from balie.cli.eval_report.faq_errors import errors_of
from balie.cli.eval_report.rendering import rendered, written
from balie.faq.evaluation.meanings import MEANINGS

if TYPE_CHECKING:
    from balie.faq.evaluation.running import Evaluation

_DASH = "-"
_CARDS = {
    "p_at_1": ("first answer right", "P@1, of the answerable"),
    "hit_at_5": ("among the first five", "hit@5, of the answerable"),
    "mrr": ("reciprocal rank", "MRR, of the answerable"),
    "map": ("average precision", "MAP, of the answerable"),
    "coverage": ("coverage", "answered of the answerable"),
    "right_rate": ("right rate", "answered rightly of these"),
    "answerable_auroc": ("answerable AUROC", "confidence tells who has an answer"),
}


@dataclass(frozen=True)
class Subject:
    """What was evaluated, for people.

    Attributes:
        title: of the page.
        retriever: its name.
        made: when.
    """

    title: str
    retriever: str
    made: datetime


def write_faq_page(found: "Evaluation", subject: Subject, folder: Path) -> Path:
    """Writes the page into a folder, which is made when it is not there, and returns its path.

    Raises:
        OSError: it cannot be written.
    """
    return written(faq_page(found, subject), folder)


def faq_page(found: "Evaluation", subject: Subject) -> str:
    """Returns the page as HTML; whatever text comes from the data is escaped."""
    errors, left_out, kinds = errors_of(found)
    languages = _languages(found)
    sections = [
        ("figures", "Figures"),
        *([("languages", "Languages")] if languages else []),
        ("plots", "Threshold and ranks"),
        ("errors", "Errors"),
    ]
    return rendered(
        "faq_page.html.j2",
        title=subject.title,
        facts=_facts(found, subject),
        notes=found.notes,
        sections=sections,
        cards=_cards(found),
        figures=_figures(found),
        languages=languages,
        plots=_plots(found),
        errors=errors,
        errors_left_out=left_out,
        error_kinds=kinds,
        origins=_origins(found),
    )


def _facts(found: "Evaluation", subject: Subject) -> list[tuple[str, str]]:
    figures = found.figures
    without = figures.queries - figures.answerable
    made = f", {found.made_unanswerable} of them made so" if found.made_unanswerable else ""
    return [
        ("retriever", subject.retriever),
        ("entries", str(len(found.contents))),
        ("questions", f"{figures.queries}, {without} unanswerable{made}"),
        ("threshold", f"{figures.threshold:.3f}"),
        ("a search", f"{figures.latency_ms['p50']:.2f} ms, p99 {figures.latency_ms['p99']:.2f} ms"),
        ("made", f"{subject.made:%Y-%m-%d %H:%M}"),
    ]


def _cards(found: "Evaluation") -> list[dict[str, str]]:
    cards = [
        {"name": name, "value": f"{value:.3f}", "reach": _reach(found, key), "about": about, "mood": ""}
        for key, (name, about) in _CARDS.items()
        if (value := getattr(found.figures, key)) is not None
    ]
    promised = found.policy
    is_broken = found.figures.wrong_rate > promised.max_wrong
    mood = ("bad" if is_broken else "good") if found.figures.answered else ""
    about = f"promised: at most {promised.max_wrong:g}, confidence {1 - promised.delta:g}"
    value = f"{found.figures.wrong_rate:.3f}"
    wrong = {"name": "wrong rate", "value": value, "reach": _reach(found, "wrong_rate"), "about": about}
    return [*cards, wrong | {"mood": mood}]


def _figures(found: "Evaluation") -> list[dict[str, object]]:
    return [
        {
            "name": name,
            "value": f"{value:.4f}",
            "reach": _reach(found, name),
            "drawing": whisker(value, found.intervals.get(name)),
            "about": meaning,
        }
        for name, meaning in MEANINGS.items()
        if (value := getattr(found.figures, name)) is not None
    ]


def _reach(found: "Evaluation", name: str) -> str:
    interval = found.intervals.get(name)
    return f"{interval.low:.3f} to {interval.high:.3f}" if interval else ""


def _languages(found: "Evaluation") -> list[dict[str, object]]:
    if len(found.by_language) < 2:
        return []
    return [
        {
            "language": language or "unknown",
            "questions": one.queries,
            "p_at_1": _share(one.p_at_1),
            "drawing": "" if one.p_at_1 is None else whisker(one.p_at_1, None),
            "hit_at_5": _share(one.hit_at_5),
            "mrr": _share(one.mrr),
            "map": _share(one.map),
            "auroc": _share(one.answerable_auroc),
            "coverage": _share(one.coverage),
            "wrong_rate": _share(one.wrong_rate),
        }
        for language, one in found.by_language.items()
    ]


def _plots(found: "Evaluation") -> list[dict[str, object]]:
    threshold = found.figures.threshold if found.figures.threshold < 1.0 else None
    plots: list[dict[str, object]] = [
        {
            "name": "Risk and coverage",
            "drawing": faq_charts.risk_coverage_chart(found),
            "caption": "How many of the answers are wrong, if questions are answered from some confidence on; an answer to "
            "a question without one is wrong. The ring is where the threshold is, with its 95 % interval.",
        },
        {
            "name": "Reliability",
            "drawing": faq_charts.reliability_chart(found),
            "caption": "What the confidence of the best entry claims, and what is right of it; on the diagonal it is a "
            f"probability. Calibration error {found.calibration_error:.3f}.",
        },
        {
            "name": "Confidence",
            "drawing": faq_charts.histogram_chart(found, threshold),
            "caption": "How sure the best entries are, each kind of question in its own scale"
            + ("." if threshold is None else "; the line is the threshold."),
        },
    ]
    ranks = faq_charts.rank_chart(found)
    if ranks is not None:
        caption = "At which place of the ranking the first entry stands that answers."
        plots.append({"name": "Places", "drawing": ranks, "caption": caption})
    return plots


def _origins(found: "Evaluation") -> list[tuple[str, str]]:
    learned = f"{found.tuned_on} questions" if found.tuned_on else "the collection, as the service does"
    return [
        ("threshold learned from", learned),
        ("unanswerable expected", f"{found.policy.expected_unanswerable:.3f}"),
        ("calibration", found.calibration.version),
        ("retriever", found.retriever_version),
        ("encoder", found.encoder_fingerprint),
    ]


def _share(value: float | None) -> str:
    return _DASH if value is None else f"{value:.3f}"
