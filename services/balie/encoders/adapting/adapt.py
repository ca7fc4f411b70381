"""Teaches an encoder a language from sentence pairs with English, and writes it only when it gained and English did not fall.

The words of the language that the vocabulary lacks become entries of their own, each with the mean of the vectors of
the English words that it stands for. No row that is there and no layer changes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from balie.encoders.adapting.english_texts import EnglishTexts, read_english
from balie.encoders.adapting.held_out import english_of, split
from balie.encoders.adapting.language_check import check_languages
from balie.encoders.adapting.pairs import Pairs, read_pairs
from balie.encoders.adapting.plan import Plan, destination, workspace, written
from balie.encoders.adapting.report import (
    AdaptationRefused,
    AdaptationReport,
    Limits,
    Stage,
    Subject,
    compare_english,
    refusals,
)
from balie.encoders.adapting.table_making import make_table
from balie.encoders.adapting.word_table import WordTable, apply_table
from balie.encoders.folder.manifest import Adaptation, Manifest
from balie.encoders.folder.model import WORD_ROWS, Model
from balie.encoders.folder.reading import read_model
from balie.encoders.folder.writing import require_libraries, write_encoder
from balie.encoders.progress import Progress, within
from balie.kit.registry import MissingExtra


@dataclass(frozen=True)
class Adapted:
    """What came of it: the measurements, what the new folder says of itself, and where it is; None when none was written."""

    report: AdaptationReport
    manifest: Manifest | None
    folder: Path | None


@dataclass(frozen=True)
class WordTableMade:
    """A word table, and for each language whether its texts were found to be in it, as `check_languages` says."""

    table: WordTable
    language_checks: Mapping[str, str]


def adapt(plan: Plan, progress: Progress = lambda _step, _share: None) -> Adapted:
    """Adapts an encoder. The same base and pairs give the same encoder.

    Raises:
        PairsUnusable: nothing can be learned from the pairs, or the English texts cannot be read.
        AdaptationRefused: the result would be worse in English or no better in the language; has the measurements.
        EncoderUnavailable: the base is missing, damaged or not readable, or the folder cannot be written.
        MissingExtra: a library is not installed; the message has the line that installs it.
    """
    require_libraries()
    if plan.train:
        _require_torch()
    progress("reading the pairs", 0.0)
    learnt, held_out = split(read_pairs(plan.pairs, plan.languages))
    given = [english_of(held_out), *([read_english(plan.english)] if plan.english else [])]
    name, folder = destination(plan)
    progress("reading the encoder", 0.05)
    base = read_model(plan.base)
    table = _table(plan, learnt, base, within(progress, 0.1, 0.3))
    checked = check_languages(learnt, trust=plan.trust_languages)
    adapted = _taught(plan, name, base, table)
    with (
        written(table, None if plan.dry_run else plan.table),
        workspace(plan, folder) as built,
    ):
        work = _Work(Subject(plan.base), built, held_out, given, plan.limits, progress)
        before = work.measure(work.base, "measuring the encoder as it is", 0.3, 0.4)
        end = 0.55 if plan.train else 0.98
        manifest, composed = work.candidate(adapted, built, "measuring the adapted encoder", 0.4, end)
        report = AdaptationReport(
            base=work.base.fingerprint,
            learnt={pairs.language: len(pairs.texts) for pairs in learnt},
            held_out={pairs.language: len(pairs.texts) for pairs in held_out},
            words=table.languages,
            language_checks=checked,
            before=before,
            composed=composed,
            refusals=refusals(before, composed, table.languages, plan.limits),
        )
        if report.refusals:
            raise AdaptationRefused(report)
        if plan.train:
            manifest, report = work.trained(base, adapted, learnt, manifest, report)
    progress("done", 1.0)
    return Adapted(report, None, None) if plan.dry_run else Adapted(report, manifest, folder)


def make_word_table(plan: Plan, file: Path, progress: Progress = lambda _step, _share: None) -> WordTableMade:
    """Writes the words that all the pairs teach, and measures nothing: the same pairs give the same bytes.

    Raises:
        PairsUnusable: nothing can be learned from the pairs.
        EncoderUnavailable: the base is missing or damaged, or the file cannot be written.
        MissingExtra: a library is not installed; the message has the line that installs it.
    """
    require_libraries()
    progress("reading the pairs", 0.0)
    read = read_pairs(plan.pairs, plan.languages)
    progress("reading the encoder", 0.1)
    model = read_model(plan.base)
    table = _table(plan, read, model, within(progress, 0.2, 0.95))
    checked = check_languages(read, trust=plan.trust_languages)
    with written(table, file):
        progress("done", 1.0)
    return WordTableMade(table, checked)


def _table(plan: Plan, pairs: Sequence[Pairs], model: Model, progress: Progress) -> WordTable:
    sources = plan.attribution or tuple(file.name for file in plan.pairs)
    return make_table(pairs, model.tokenizer, sources=sources, progress=progress)


def _taught(plan: Plan, name: str, base: Model, table: WordTable) -> Model:
    """Returns the base with the words of the table, under its new name."""
    lesson = Adaptation(
        languages=plan.languages,
        words=len(table.words),
        data=(*(file.name for file in plan.pairs), *plan.attribution),
    )
    adapted = replace(apply_table(base, table), name=name, adaptations=(*base.adaptations, lesson))
    _check_untouched(base, adapted)
    return adapted


@dataclass(frozen=True)
class _Work:
    """What every stage of an adaptation is measured on."""

    base: Subject
    built: Path
    held_out: Sequence[Pairs]
    given: Sequence[EnglishTexts]
    limits: Limits
    progress: Progress

    def measure(self, subject: Subject, step: str, start: float, end: float) -> Stage:
        """Returns an encoder's scores, and what English lost unless it is the base itself."""
        english = [] if subject is self.base else self.given
        texts = 2 * (
            sum(len(pairs.texts) for pairs in self.held_out) + sum(len(part.texts) for part in english)
        )
        tell = _counted(self.progress, step, start, end, texts)
        return Stage(
            languages={pairs.language: subject.language(pairs.texts, tell) for pairs in self.held_out},
            english=tuple(compare_english(self.base, subject, given, tell) for given in english),
        )

    def candidate(
        self, model: Model, folder: Path, step: str, start: float, end: float
    ) -> tuple[Manifest, Stage]:
        """Writes a model and returns what it says of itself and its scores."""
        self.progress("writing the adapted encoder", start)
        manifest = write_encoder(model, folder)
        return manifest, self.measure(Subject(folder), step, start, end)

    def trained(
        self,
        base: Model,
        adapted: Model,
        learnt: Sequence[Pairs],
        manifest: Manifest,
        report: AdaptationReport,
    ) -> tuple[Manifest, AdaptationReport]:
        """Trains the new rows, and puts the trained encoder in the place of the composed one when it is better."""
        from balie.encoders.adapting.distilling import train_words

        pairs = [pair for part in learnt for pair in part.texts]
        tell = _counted(self.progress, "encoding the English sentences", 0.55, 0.6, len(pairs))
        english = list(dict.fromkeys(pair[0] for pair in pairs))
        places = {text: place for place, text in enumerate(english)}
        targets = self.base.vectors(english, tell)[[places[pair[0]] for pair in pairs]]
        model = train_words(
            adapted,
            len(base.weights[WORD_ROWS]),
            [pair[1] for pair in pairs],
            targets,
            progress=lambda share, loss: self.progress(
                f"training the new words, loss {loss:.4f}", 0.6 + 0.25 * share
            ),
        )
        _check_untouched(base, model)
        lesson = adapted.adaptations[-1].model_copy(update={"trained": True})
        model = replace(model, adaptations=(*adapted.adaptations[:-1], lesson))
        folder = self.built.parent / "trained"
        folder.mkdir()
        trained_manifest, stage = self.candidate(model, folder, "measuring the trained encoder", 0.85, 0.98)
        report = replace(report, trained=stage)
        spoilt = refusals(report.before, stage, report.words, self.limits)
        if spoilt or _found(stage) <= _found(report.composed):
            return manifest, report
        for file in folder.iterdir():
            file.replace(self.built / file.name)
        return trained_manifest, replace(report, kept="trained")


def _found(stage: Stage) -> float:
    return sum(scores.found for scores in stage.languages.values())


def _counted(progress: Progress, step: str, start: float, end: float, total: int) -> Callable[[int], None]:
    """Returns a function that is told how many more texts are done."""
    done = 0

    def tell(count: int) -> None:
        nonlocal done
        done = min(done + count, total)
        progress(step, start + (end - start) * done / max(total, 1))

    return tell


def _check_untouched(base: Model, adapted: Model) -> None:
    """Raises when a row or a layer that was there is not bit for bit what it was: English would change."""
    old = np.asarray(base.weights[WORD_ROWS])
    same = np.array_equal(np.asarray(adapted.weights[WORD_ROWS])[: len(old)], old) and all(
        np.array_equal(adapted.weights[name], base.weights[name])
        for name in base.weights
        if name != WORD_ROWS
    )
    if not same:
        raise RuntimeError("an adaptation changed a row or a layer that was there")


def _require_torch() -> None:
    if find_spec("torch") is None:
        raise MissingExtra(
            "training the new words needs torch, which is not installed: pip install 'balie[sentence-transformers]', "
            "or leave out --train",
            name="torch",
        )
