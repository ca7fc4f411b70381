"""Signs of frustration in how a message is written rather than in its words: capitals, marks, angry faces."""

import re
from collections.abc import Iterable

from balie.nlu.domain import FrustrationSign

_MARKS = re.compile(r"[!?\uff01\uff1f]{3,}")
_ANGRY = re.compile("[\U0001f620\U0001f621\U0001f624\U0001f644\U0001f4a2\U0001f44e\U0001f63e]")
_ABUSIVE = re.compile(
    "[\U0001f92c\U0001f595\U0001f4a9]|(?<!\\S)(?=\\S*[#%&@])(?=\\S*[$*!])[#$%&@*!]{4,8}(?!\\S)"
)
_MASKED = re.compile(
    r"(?<![^\W_*])(?:f\*+c?k\w*|f\*{2,}|sh?\*+t?|k\*+t?|k\*{2,}|kl\*+t?e?|sch\*+(?:e|sse|isse)?|g\*+verd\w*|b\*+tch|a\*+(?:hole|sch)|w\*+ker)(?![\w*])",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_GLAD = """
thanks thank thx great super fantastic love lovely awesome perfect amazing brilliant happy glad yay hooray congratulations
congrats excellent wonderful cool nice welcome bedankt dank dankje dankjewel top geweldig fijn leuk mooi mooie gefeliciteerd
blij fantastisch prachtig heerlijk prima hoera danke dankeschon toll tolle grossartig klasse freue freut gluckwunsch
herzlichen spitze hammer wunderbar prost perfekt genial hurra genoten genossen
"""
_CAPITALS = re.compile(r"[A-Z\u00c0-\u00de]{2}")
_RUN = 3
_COMMON_WORDS = 2
_INTRODUCING = frozenset({"NAME", "NAAM", "HEISSE", "HEET"})
_SHORTEST = 2
_COMMON = {
    "nl": """ik jij je u we wij jullie het een is zijn was ben heb heeft hebben wil kan moet gaat waar wat hoe waarom wanneer wie
        niet geen nu nog steeds weer mijn naar met voor op om dit dat er te terug antwoord niemand iemand geld nooit echt zo""",
    "de": """ich du sie wir ihr es ein eine ist sind war bin habe hat haben will kann muss geht wo was wie warum wann wer nicht
        kein keine jetzt noch immer wieder mein meine mit auf zu das dies niemand geld nie endlich und oder""",
    "en": """i you we they it a an is are was am have has want can must do does where what how why when who not no now
        still again my your with for on to this that nobody money never the and or me back get""",
}
_EMPHATIC = {
    "nl": "nooit niemand steeds weer alweer niets niks",
    "de": "nie niemals niemand nichts immer wieder endlich sofort",
    "en": "never again still nobody nothing every",
}


class FormReader:
    """Reads signs of frustration off the form of a message.

    Args:
        languages: primary subtags; of those that are not known no words in capitals are told from names.
    """

    def __init__(self, languages: Iterable[str]) -> None:
        known = [language for language in languages if language in _COMMON]
        self._glad = frozenset(_GLAD.split())
        self._common = frozenset(word.upper() for language in known for word in _COMMON[language].split())
        self._emphatic = frozenset(word.upper() for language in known for word in _EMPHATIC[language].split())

    def signs_in(self, text: str, folded: str) -> set[FrustrationSign]:
        """Returns the signs in a message.

        Args:
            text: as it was written.
            folded: the same, without case and accents.
        """
        signs = set()
        marks, shouts = _MARKS.search(text) is not None, self._shouts(text)
        if (marks or shouts) and not self._glad.isdisjoint(_WORD.findall(folded)):
            marks = shouts = False
        if marks:
            signs.add(FrustrationSign.PUNCTUATION)
        if _ANGRY.search(text):
            signs.add(FrustrationSign.EMOJI)
        if _ABUSIVE.search(text) or ("*" in text and _MASKED.search(text)):
            signs.add(FrustrationSign.ABUSE)
        if shouts:
            signs.add(FrustrationSign.SHOUTING)
        return signs

    def _shouts(self, text: str) -> bool:
        """Tells whether words are in capitals: a run of three with two common ones, or one that is used to insist.

        Names, codes and abbreviations in capitals hold hardly any common words; a single one, as in JAN DE WIT, is not enough.
        """
        if not _CAPITALS.search(text):
            return False
        run = common = 0
        named = lower = emphatic = False
        for found in _WORD.finditer(text):
            word = found[0]
            if word.isupper() and (len(word) >= _SHORTEST or run):
                run += 1
                common += word in self._common
                emphatic = emphatic or word in self._emphatic
                named = named or word in _INTRODUCING
                if run >= _RUN and common >= _COMMON_WORDS and not named:
                    return True
            else:
                run = common = 0
                named = False
                lower = lower or word.islower()
        return emphatic and lower
