"""Says in which language each example is: as its file says, as the caller says, or told from its words.

Where nobody says it, a text alone is too short to be sure of, and all of them together are not: the shares of the
languages are estimated together with the language of each, so that `ok` among English texts is English. Where nearly
all are of one language, all are taken to be.

Source: Saerens, Latinne and Decaestecker 2002, "Adjusting the outputs of a classifier to new a priori probabilities",
Neural Computation 14, section 2.3 (expectation maximisation of the shares).
"""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from balie.nlu.examples import Example

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from balie.nlu.language import LanguageDetector

_ROUNDS = 20
_LEAST_CHANCE = 1e-9
_SAMPLE = 4000
"""So many texts tell whether there is one language: telling one takes 0.1 ms, and files hold up to 200,000."""
_ALONE = 0.98
"""Share from which a language is that of all. In MASSIVE's Dutch, 99.9 % are told to be Dutch, the rest are titles."""


def configured(tag: str, languages: Sequence[str]) -> str:
    """Returns which of the configured languages a tag is, or the tag: `nl-BE` is `nl` where `nl-BE` is not one itself."""
    by_name = {language.lower(): language for language in languages}
    primary = {language.split("-")[0].lower(): language for language in languages}
    return by_name.get(tag.lower()) or primary.get(tag.split("-")[0].lower()) or tag


def with_languages(
    examples: Sequence[Example], languages: Sequence[str], default: str = ""
) -> tuple[list[Example], Counter[str]]:
    """Returns the examples, each with its language, and of how many it was told from their words, by language.

    Args:
        examples: as they were read; `language` is "" where the file does not say it.
        languages: the configured ones; without any, what nobody says stays unsaid.
        default: of the examples whose file does not say it; "" for the only configured one, or as their words tell.

    Raises:
        StartRefused: a configured language cannot be told by its words, and somebody has to say it.
    """
    if not default and len(languages) == 1:
        default = languages[0]
    names = {tag: configured(tag, languages) for tag in {example.language for example in examples} if tag}
    names[""] = configured(default, languages) if default else ""
    found = [_in(names[example.language], example) for example in examples]
    unsaid = [place for place, example in enumerate(found) if not example.language]
    if not languages or not unsaid:
        return found, Counter()
    told = _told([found[place].text for place in unsaid], languages)
    for place, language in zip(unsaid, told, strict=True):
        found[place] = _in(language, found[place])
    return found, Counter(told)


def _in(language: str, example: Example) -> Example:
    if language == example.language:
        return example
    return Example(example.intent, language, example.text, example.line, example.file)


def _told(texts: Sequence[str], languages: Sequence[str]) -> list[str]:
    """Returns the language of each text, which does not depend on their order."""
    from balie.nlu.language import LanguageDetector
    from balie.nlu.language_words import known_words

    detector = LanguageDetector(languages, known_words(languages, []), floor=0.0)
    sample = sorted(texts)[:: -(-len(texts) // _SAMPLE)]
    _, shares = _with_shares(_chances(sample, languages, detector))
    if shares.max() >= _ALONE:
        return [languages[int(shares.argmax())]] * len(texts)
    given, _ = _with_shares(_chances(texts, languages, detector))
    return [languages[place] for place in given.argmax(axis=1)]


def _chances(
    texts: Sequence[str], languages: Sequence[str], detector: "LanguageDetector"
) -> "NDArray[np.float64]":
    import numpy as np

    found = (detector.probabilities(text) for text in texts)
    rows = [[chances[language] for language in languages] for chances in found]
    return np.maximum(np.array(rows, np.float64), _LEAST_CHANCE)


def _with_shares(chances: "NDArray[np.float64]") -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
    """Returns the probability of each language for each text, given how common each is among them, and how common.

    Args:
        chances: shape (texts, languages), each text's by itself.
    """
    import numpy as np

    count, width = chances.shape
    shares = np.full(width, 1 / width)
    given = chances
    for _ in range(_ROUNDS):
        given = chances * shares
        given /= given.sum(axis=1, keepdims=True)
        # One text is added, so that no language is ruled out; sorted, so that the order makes no difference.
        shares = (np.sort(given, axis=0).sum(axis=0) + 1 / width) / (count + 1)
    return given, shares
