"""Whether a message asks for a person: precise rather than complete.

A customer who asks once more is a smaller harm than one who is sent to a person for "can 2 persons travel". Words for
people therefore count only beside a verb of contact, a request to be put through, or alone. What is told of the past
("I spoke to an agent yesterday") and what is turned down ("I don't need to speak to anyone") does not count.
"""

from collections.abc import Iterable

from balie.nlu.signals.alphabet import Alphabet
from balie.nlu.signals.finder import Finder
from balie.nlu.signals.phrase_book import phrases_of

_ASKING, _NOT_ASKING = "asking", "not_asking"


class PersonRequests:
    """Finds requests for a person.

    Args:
        languages: primary subtags; those that are not known are left out.
        alphabet: gives words their letters.
    """

    def __init__(self, languages: Iterable[str], alphabet: Alphabet) -> None:
        phrases = phrases_of("person", languages, alphabet)
        self._not_asking = Finder({_NOT_ASKING: phrases.pop(_NOT_ASKING, [])}, alphabet)
        self._asking = Finder(phrases, alphabet)

    def are_in(self, letters: str) -> bool:
        """Tells whether a text, as the alphabet reads it, asks for a person."""
        return _ASKING in self._asking.found_in(self._not_asking.taken_out_of(letters))
