"""Finds what is too few: examples of an intent, of a language within it, of all intents beside one, of out of scope."""

from collections.abc import Iterator

from balie.nlu.examples import OUT_OF_SCOPE
from balie.nlu.validating.corpus import Corpus
from balie.nlu.validating.findings import Finding, Place, Severity

_SCARCE = 5
"""Below this, an example held out leaves too few to learn from: cross-validation has five parts."""
_FEW = 10
"""Few-shot sets of the field begin here. Source: Casanueva et al. 2020, arXiv:2003.04807, section 4."""
_LACKING = 4
"""How many times as many examples another language has."""
_LARGE = 20
"""How many times the usual number of examples an intent has."""


def one_intent(corpus: Corpus) -> Iterator[Finding]:
    """Yields a finding when there are not two classes, one of them an intent."""
    if not corpus.examples:
        yield Finding("one-intent", Severity.ERROR, "there are no examples")
    elif not corpus.intents:
        yield Finding("one-intent", Severity.ERROR, f"there is only {OUT_OF_SCOPE}, and no intent")
    elif len(corpus.counts) == 1:
        yield Finding("one-intent", Severity.ERROR, f"there is only one intent, {corpus.intents[0]}")


def few_examples(corpus: Corpus) -> Iterator[Finding]:
    """Yields a finding for each intent with fewer than ten different examples, the smallest first."""
    totals = {intent: corpus.counts[intent].total() for intent in corpus.intents}
    for intent in sorted(totals, key=totals.__getitem__):
        if totals[intent] < _FEW:
            yield Finding(
                "few-examples",
                Severity.WARNING if totals[intent] < _SCARCE else Severity.HINT,
                f"{intent} has {_examples(totals[intent])}",
                [_begin(corpus, intent)],
            )


def languages(corpus: Corpus) -> Iterator[Finding]:
    """Yields a finding for each intent that lacks a language of most intents, or has a quarter of another's examples.

    A language of few intents is one finding. Intents with few examples altogether are left to `few_examples`.
    """
    spoken = {
        tag: sum(corpus.counts[intent][tag] > 0 for intent in corpus.intents) for tag in corpus.languages
    }
    usual = [tag for tag, count in spoken.items() if 2 * count >= len(corpus.intents)]
    for tag, count in spoken.items():
        if tag not in usual:
            message = f"{count} of {len(corpus.intents)} intents have examples in {tag}"
            yield Finding("languages", Severity.HINT, message)
    for intent in corpus.intents if usual else ():
        if corpus.counts[intent].total() < _SCARCE:
            continue
        counts = {tag: corpus.counts[intent][tag] for tag in usual}
        shown = ", ".join(f"{tag} {count}" for tag, count in counts.items())
        lacking = [tag for tag, count in counts.items() if not count]
        few = [tag for tag, count in counts.items() if count * _LACKING <= max(counts.values())]
        if few:
            named = f"no examples in {' and '.join(lacking)}" if lacking else f"few in {' and '.join(few)}"
            severity = Severity.WARNING if lacking else Severity.HINT
            yield Finding("languages", severity, f"{intent} has {named} ({shown})", [_begin(corpus, intent)])


def imbalance(corpus: Corpus) -> Iterator[Finding]:
    """Yields a finding for each intent that is many times as large as is usual here."""
    totals = {intent: corpus.counts[intent].total() for intent in corpus.intents}
    ranked = sorted(totals, key=totals.__getitem__)
    for place, intent in reversed(list(enumerate(ranked))):
        others = ranked[:place] + ranked[place + 1 :]
        usual = others[(len(others) - 1) // 2] if others else intent
        if totals[intent] > _LARGE * totals[usual]:
            message = (
                f"{intent} has {_examples(totals[intent])}, {totals[intent] // totals[usual]} times as many as "
                f"is usual, such as {usual} with {totals[usual]}"
            )
            yield Finding("imbalance", Severity.HINT, message, [_begin(corpus, intent)])


def _begin(corpus: Corpus, intent: str) -> Place:
    return Place.of_intent(corpus.beginnings[intent])


def _examples(count: int) -> str:
    return f"{count} different example{'s' if count > 1 else ''}"
