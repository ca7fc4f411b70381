"""Validates training data: reads the files, runs the checks, and sums up."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from balie.nlu.examples import OUT_OF_SCOPE, Note
from balie.nlu.training_data import gather
from balie.nlu.validating import counting, names, repeated, similar, wording, wrong_language
from balie.nlu.validating.corpus import Corpus
from balie.nlu.validating.findings import CHECKS, Finding, Place, Severity

Progress = Callable[[str, float], None]
"""Is told what is being done and how much of the whole is done, in [0, 1]."""

MOST_FINDINGS = 1000
"""Of one check; the others are counted."""

_STEPS: Sequence[tuple[str, float, Mapping[str, Callable[[Corpus], Iterator[Finding]]]]] = (
    ("comparing the words", 0.1, {"conflict": repeated.conflicts, "duplicate": repeated.duplicates}),
    (
        "counting",
        0.15,
        {
            "one-intent": counting.one_intent,
            "few-examples": counting.few_examples,
            "languages": counting.languages,
            "imbalance": counting.imbalance,
            "label-names": names.label_names,
            "oos": names.out_of_scope,
            "characters": wording.characters,
            "long-text": wording.long_texts,
            "no-words": wording.no_words,
        },
    ),
    ("looking for near-duplicates", 0.2, {"near-duplicate": similar.near_duplicates}),
    ("telling languages", 0.5, {"wrong-language": wrong_language.wrong_languages}),
)
"""What is done, with the share that is done before it, and what makes the findings of which check."""


@dataclass(frozen=True, slots=True)
class Validation:
    """What was validated, and what was found.

    Attributes:
        files: what was read.
        examples: how many there are, in any language.
        intents: how many examples each has, `oos` among them, by name.
        languages: how many examples each has; "" counts those whose language is not known.
        findings: in the order of `CHECKS`; at most 1000 of each check.
        counts: how many each check found, those left out included.
        severities: how many findings are of each severity, those left out included.
    """

    files: Sequence[Path]
    examples: int
    intents: Mapping[str, int]
    languages: Mapping[str, int]
    findings: Sequence[Finding]
    counts: Mapping[str, int]
    severities: Mapping[Severity, int]


def validate(
    paths: Sequence[Path],
    languages: Sequence[str],
    *,
    language: str = "",
    oos_labels: Sequence[str] | None = None,
    skip: Collection[str] = (),
    progress: Progress = lambda _step, _share: None,
) -> Validation:
    """Returns what is wrong with files of training data, or may be.

    Args:
        paths: files, or folders of them; at least one.
        languages: the configured ones.
        language: that of examples whose file does not say it; otherwise it is told from their words.
        oos_labels: what is called out of scope in the files, beside `oos`; by default what the format usually calls it.
        skip: checks whose findings are not wanted, keys of `CHECKS`.
        progress: is told what is being done.

    Raises:
        StartRefused: a language cannot be told from words, and has to be named.
    """
    progress("reading", 0.0)
    gathered = gather(paths, languages, language=language, oos_labels=oos_labels)
    corpus = Corpus(gathered.examples, languages)
    found = _Findings(skip)
    found.add(
        Finding("file", Severity.ERROR, wrong.problem, [Place.of(wrong)]) for wrong in gathered.problems
    )
    found.add(Finding("left-out", Severity.HINT, note.text, [Place.of(note)]) for note in gathered.notes)
    found.add(_other_languages(corpus, gathered.files, languages))
    for step, share, checks in _STEPS:
        progress(step, share)
        for name, check in checks.items():
            if name not in skip and not (name == "one-intent" and gathered.problems):
                found.add(check(corpus))
    progress("done", 1.0)
    by_language = Counter(example.language for example in gathered.examples)
    by_intent = Counter(example.intent for example in gathered.examples)
    return Validation(
        files=gathered.files,
        examples=len(gathered.examples),
        intents=dict(sorted(by_intent.items(), key=lambda item: (item[0] == OUT_OF_SCOPE, item[0]))),
        languages=dict(by_language.most_common()),
        findings=found.in_order(),
        counts=found.counts,
        severities=found.severities,
    )


class _Findings:
    """Keeps findings, and counts those that are too many to keep."""

    def __init__(self, skip: Collection[str]) -> None:
        self._skip = skip
        self._kept: dict[str, list[Finding]] = {check: [] for check in CHECKS}
        self.counts: Counter[str] = Counter()
        self.severities: Counter[Severity] = Counter()

    def add(self, findings: Iterator[Finding]) -> None:
        for finding in findings:
            if finding.check in self._skip:
                continue
            self.counts[finding.check] += 1
            self.severities[finding.severity] += 1
            if len(self._kept[finding.check]) < MOST_FINDINGS:
                self._kept[finding.check].append(finding)

    def in_order(self) -> list[Finding]:
        return [finding for findings in self._kept.values() for finding in findings]


def _other_languages(corpus: Corpus, files: Sequence[Path], languages: Sequence[str]) -> Iterator[Finding]:
    """Yields a finding on each language that is not configured."""
    counts = Counter(example.language for example in corpus.examples)
    for language, count in counts.most_common():
        if language and languages and language not in languages:
            text = f"{count} examples are in {language}, which is none of {', '.join(languages)}"
            yield Finding("left-out", Severity.HINT, text, [Place.of(Note(files[0], 0, ""))])
