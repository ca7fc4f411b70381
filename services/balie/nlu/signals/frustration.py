"""How frustrated a message sounds: a level that a rule can be written on, and the signs that it rests on."""

from collections.abc import Iterable, Set

from balie.nlu.domain import Frustration, FrustrationSign
from balie.nlu.signals.alphabet import Alphabet
from balie.nlu.signals.finder import Finder
from balie.nlu.signals.phrase_book import phrases_of

_CALM = "calm"
_ENOUGH = frozenset({FrustrationSign.ABUSE, FrustrationSign.ANGER})
_FORM = frozenset({FrustrationSign.SHOUTING, FrustrationSign.PUNCTUATION, FrustrationSign.EMOJI})


class FrustrationPhrases:
    """Finds signs of frustration in words.

    Args:
        languages: primary subtags; those that are not known are left out.
        alphabet: gives words their letters.

    Attributes:
        knows_words: whether any of the languages is known.
    """

    def __init__(self, languages: Iterable[str], alphabet: Alphabet) -> None:
        phrases = phrases_of("frustration", languages, alphabet)
        self.knows_words = bool(phrases)
        self._calm = Finder({_CALM: phrases.pop(_CALM, [])}, alphabet)
        self._signs = Finder({FrustrationSign(sign): listed for sign, listed in phrases.items()}, alphabet)

    def signs_in(self, letters: str) -> set[FrustrationSign]:
        """Returns the signs in the words of a text, as the alphabet reads it."""
        return self._signs.found_in(self._calm.taken_out_of(letters))


def level_of(signs: Set[FrustrationSign], *, knows_words: bool) -> Frustration:
    """Returns how frustrated a message with these signs is.

    Args:
        signs: what was found.
        knows_words: whether any language was looked for; when none was, the absence of signs says nothing.

    Strong: abuse or anger, or two signs of which one is in the words. Mild: any other sign, and any two of form alone,
    as who writes in capitals with many marks may just be in a hurry.
    """
    if signs & _ENOUGH or (len(signs) > 1 and signs - _FORM):
        return Frustration.STRONG
    if signs:
        return Frustration.MILD
    return Frustration.NONE if knows_words else Frustration.UNKNOWN
