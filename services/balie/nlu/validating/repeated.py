"""Finds the same words twice: under one intent, which is idle, and under several, which cannot be right."""

from collections.abc import Iterator

from balie.nlu.validating.corpus import Corpus
from balie.nlu.validating.findings import Finding, Place, Severity


def conflicts(corpus: Corpus) -> Iterator[Finding]:
    """Yields a finding for each text that is an example of several intents in one language."""
    for by_intent in corpus.first.values():
        if len(by_intent) > 1:
            names = " and ".join(sorted(by_intent))
            yield Finding(
                "conflict",
                Severity.ERROR,
                f"the same words are an example of {names}",
                [Place.of(example) for examples in by_intent.values() for example in examples],
            )


def duplicates(corpus: Corpus) -> Iterator[Finding]:
    """Yields a finding for each text that is an example of one intent several times, but for case, accents and signs."""
    for by_intent in corpus.first.values():
        for intent, examples in by_intent.items() if len(by_intent) == 1 else ():  # others are conflicts
            if len(examples) > 1:
                yield Finding(
                    "duplicate",
                    Severity.HINT,
                    f"the same words are an example of {intent} {len(examples)} times",
                    [Place.of(example) for example in examples],
                )
