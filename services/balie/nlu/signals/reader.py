"""Reads all signals of a message in one pass of its text.

All configured languages are tried on every message, because the language of a short one is often not certain.
"""

from collections.abc import Sequence

from balie.nlu.domain import Signals
from balie.nlu.folding import fold
from balie.nlu.signals.alphabet import Alphabet
from balie.nlu.signals.form import FormReader
from balie.nlu.signals.frustration import FrustrationPhrases, level_of
from balie.nlu.signals.own_words import own_text, without_quotes
from balie.nlu.signals.person import PersonRequests
from balie.nlu.signals.questions import QuestionCounter
from balie.nlu.signals.spelling import respell

_PLAIN = str.maketrans(
    {**dict.fromkeys("\u2019\u2018\u02bc\u00b4`", "'"), "\uff1f": "? ", "\uff01": "! ", "\u3002": ". "}
)


class SignalReader:
    """Reads signals off messages.

    Args:
        languages: the configured BCP 47 tags; for others than nl, de and en only what no language changes is known: question
            marks, length, repeated marks and angry faces.
    """

    def __init__(self, languages: Sequence[str]) -> None:
        primary = list(dict.fromkeys(language.split("-")[0].lower() for language in languages))
        self._alphabet = Alphabet()
        self._person = PersonRequests(primary, self._alphabet)
        self._frustration = FrustrationPhrases(primary, self._alphabet)
        respell(self._alphabet, primary)
        self._form = FormReader(primary)
        self._questions = QuestionCounter(primary)

    def read(self, text: str) -> Signals:
        """Returns the signals of one message; the time for it grows with its length."""
        own = own_text(text).translate(_PLAIN)
        unquoted = without_quotes(own, short_too=True)
        folded = fold(unquoted)
        letters = self._alphabet.read(folded)
        asking = (
            letters if unquoted == own else self._alphabet.read(fold(without_quotes(own, short_too=False)))
        )
        signs = self._frustration.signs_in(letters) | self._form.signs_in(unquoted, folded)
        return Signals(
            asks_for_person=self._person.are_in(asking),
            question_count=self._questions.count(fold(own)),
            character_count=len(text),
            frustration=level_of(signs, knows_words=self._frustration.knows_words),
            frustration_signs=frozenset(signs),
        )

    def asks_for_person(self, text: str) -> bool:
        """Tells whether the message asks to be put through to a person, or called back by one."""
        return self.read(text).asks_for_person

    def count_questions(self, text: str) -> int:
        """Returns how many questions there are: question marks, or sentences that begin as questions do without one."""
        return self.read(text).question_count
