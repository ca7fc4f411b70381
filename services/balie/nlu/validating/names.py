"""Finds names of intents that differ by case or signs alone, and those that seem to mean out of scope."""

from collections.abc import Iterator

from balie.nlu.examples import OUT_OF_SCOPE
from balie.nlu.validating.corpus import Corpus
from balie.nlu.validating.findings import Finding, Place, Severity

_MEANS_OOS = frozenset(
    {"oos", "ood", "outofscope", "outofdomain", "nlufallback", "fallback", "none", "nointent", "unknown"}
)


def label_names(corpus: Corpus) -> Iterator[Finding]:
    """Yields a finding for the names that are one but for case and signs, such as `Order_Status` and `order-status`."""
    alike: dict[str, list[str]] = {}
    for intent in corpus.counts:
        alike.setdefault(_letters(intent), []).append(intent)
    for names in alike.values():
        if len(names) > 1:
            yield Finding(
                "label-names",
                Severity.WARNING,
                f"{' and '.join(sorted(names))} differ by case or signs alone",
                [Place.of_intent(corpus.beginnings[name]) for name in sorted(names)],
            )


def out_of_scope(corpus: Corpus) -> Iterator[Finding]:
    """Yields a finding for each intent that seems to be none by its name; without such, when nothing is out of scope."""
    seeming = False
    for intent in corpus.intents:
        if _letters(intent) in _MEANS_OOS:
            seeming = True
            yield Finding(
                "oos",
                Severity.HINT,
                f"{intent} is learned as an intent: if it means out of scope, call it {OUT_OF_SCOPE} or add "
                f"--oos-label '{intent}'",
                [Place.of_intent(corpus.beginnings[intent])],
            )
    if corpus.intents and not seeming and OUT_OF_SCOPE not in corpus.counts:
        yield Finding(
            "oos",
            Severity.HINT,
            f"there are no examples of {OUT_OF_SCOPE}: what is out of scope is told from the intents' examples alone",
        )


def _letters(name: str) -> str:
    return "".join(sign for sign in name.casefold() if sign.isalnum()) or name
