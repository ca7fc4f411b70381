"""What routing needs to know of a message's form: does it ask for a person, how many questions, how long.

All configured languages are tried on every message, because the language of a short one is often not certain.
"""

import re
from collections.abc import Sequence

from balie.nlu.domain import Signals
from balie.nlu.folding import fold
from balie.nlu.person_patterns import ASKING, DENIED, compiled, words_of

_MAX_CHARACTERS = 2048
"""Only the first so many characters are searched for a request: keeps the worst case of the patterns small."""

_QUOTES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u02bc": "'", "\u00b4": "'", "`": "'"})

# A plain question mark within an address is none: a space, a closing mark or the end must follow.
_MARKS = re.compile("[\uff1f\u061f][!?\uff1f\u061f]*|[?][!?\uff1f\u061f]*(?=[^\\w=&/%#-]|$)")
_SENTENCES = re.compile("[.!\n]+")
_CLAUSE = r"(?:^|,)\W*"
_LEADING = {
    "nl": r"en|maar|hallo|hoi|vanaf|binnen|tot|met|voor|op|om",
    "de": r"und|aber|hallo|ab|bis|seit|um|mit|fur|innerhalb von|von",
    "en": r"and|but|hello|hi|hey|from|until|within|by|at|for|in",
}
_ASKING_WORDS = {
    "nl": r"wat|waar|waarom|hoe|hoeveel|wie|welke?|wanneer"
    r"|(?:kan|mag|moet|kun|kunt|mogen|moeten|kunnen|zijn|is|hebben|heeft|gaat)"
    r" (?:ik|je|jij|u|jullie|we|wij|er|de|het|een|mijn|onze|dat)",
    "de": r"was|wo|woher|wohin|warum|wieso|weshalb|wie|wieviel|welche[rsnm]?|wann|wer|wen|wem"
    r"|(?:kann|darf|muss|konnen|durfen|konnten|ist|sind|gibt|haben|hat|geht|fahrt)"
    r" (?:ich|man|du|sie|ihr|wir|es|die|der|das|eine?|meine?|unsere?)",
    "en": r"what|what's|where|where's|why|how|how's|who|who's|which"
    r"|when (?:is|are|was|do|does|did|can|will|should)"
    r"|(?:can|could|may|do|does|did|is|are|will|would|should|have|has)"
    r" (?:i|you|we|they|it|there|the|an?|my|our|your|this)",
}


class SignalReader:
    """Reads signals off messages.

    Args:
        languages: the configured ones; for others than nl, de and en only question marks and length are known.
    """

    def __init__(self, languages: Sequence[str]) -> None:
        known = [language for language in languages if language in ASKING]
        self._asking = compiled([pattern for language in known for pattern in ASKING[language]])
        self._denied = compiled([pattern for language in known for pattern in DENIED[language]])
        words = "|".join(_ASKING_WORDS[language] for language in known) or "(?!)"
        leading = "|".join(_LEADING[language] for language in known) or "(?!)"
        self._question = re.compile(rf"{_CLAUSE}(?:(?:{leading})\W+)?(?:{words})\b")

    def read(self, text: str) -> Signals:
        """Returns the signals of one message."""
        return Signals(
            asks_for_person=self.asks_for_person(text),
            question_count=self.count_questions(text),
            character_count=len(text),
        )

    def asks_for_person(self, text: str) -> bool:
        """Tells whether the message asks to be put through to a person, or called back by one."""
        plain = words_of(fold(text[:_MAX_CHARACTERS].translate(_QUOTES)))
        return self._asking.search(self._denied.sub(", ", plain)) is not None

    def count_questions(self, text: str) -> int:
        """Returns how many questions there are: question marks, or sentences that begin as questions do without one."""
        marked = sum(1 for _ in _MARKS.finditer(text))
        if marked:
            return marked
        plain = fold(text[:_MAX_CHARACTERS].translate(_QUOTES))
        return sum(1 for sentence in _SENTENCES.split(plain) if self._question.search(sentence))
