"""All examples of some files, with what several checks need of them."""

from collections import Counter
from collections.abc import Sequence
from functools import cached_property

from balie.nlu.examples import OUT_OF_SCOPE, Example
from balie.nlu.folding import phrase_of


class Corpus:
    """The examples to check.

    Args:
        examples: in the order of the files, in any language.
        languages: the configured ones; without any, those of the examples.

    Attributes:
        examples: as they were given.
        configured: the configured languages, or those of the examples.
        languages: those of the examples that are configured.
    """

    def __init__(self, examples: Sequence[Example], languages: Sequence[str]) -> None:
        self.examples = examples
        present = {example.language for example in examples}
        self.configured = languages or sorted(present - {""})
        self.languages = [tag for tag in languages if tag in present] if languages else sorted(present)

    @cached_property
    def phrases(self) -> list[str]:
        """Returns the words of each example without case, accents and signs; the text where there are none."""
        return [phrase_of(example.text) or example.text for example in self.examples]

    @cached_property
    def first(self) -> dict[tuple[str, str], dict[str, list[Example]]]:
        """Returns the examples by language and phrase, and then by intent, each in the order of the files."""
        found: dict[tuple[str, str], dict[str, list[Example]]] = {}
        for example, phrase in zip(self.examples, self.phrases, strict=True):
            by_intent = found.setdefault((example.language, phrase), {})
            by_intent.setdefault(example.intent, []).append(example)
        return found

    @cached_property
    def counts(self) -> dict[str, Counter[str]]:
        """Returns how many different examples each intent has, `oos` among them, by language."""
        found: dict[str, Counter[str]] = {}
        for (language, _), by_intent in self.first.items():
            for intent in by_intent:
                found.setdefault(intent, Counter())[language] += 1
        return found

    @cached_property
    def beginnings(self) -> dict[str, Example]:
        """Returns the first example of each intent, to show where it stands."""
        found: dict[str, Example] = {}
        for example in self.examples:
            found.setdefault(example.intent, example)
        return found

    @property
    def intents(self) -> list[str]:
        """Returns the intents' names, sorted, without `oos`."""
        return sorted(self.counts.keys() - {OUT_OF_SCOPE})
