"""How many questions a message asks: by their marks, and by how sentences begin, as many leave the mark out.

A sentence is a question when it ends in a mark, or when it or one of its clauses begins as a question does: with a
question word, with a verb and its subject ("kan ik", "habe ich", "does it"), or with asking to be told ("I'd like to know how").
It counts once more for each further question that `and` adds: "what does it cost and how long is it". What `or` adds is
taken for another answer to the same question.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

# A plain question mark within an address is none: a space, a closing mark or the end must follow.
_SENTENCES = re.compile("(?:[.!\n;:]|[?](?![\\w=&/%#-])|[\uff1f\u061f\u3002])+")
_MARKS = re.compile("[?\uff1f\u061f]")
_CLAUSE = r"(?:^|[,(])\W{0,3}"


@dataclass(frozen=True, slots=True)
class _Asking:
    """How questions begin, as regular expressions over folded words.

    Attributes:
        word: a question word at the beginning.
        relative: what follows a question word that only links a clause to the one before it.
        verb: a verb and its subject.
        told: asking to be told, and what about.
        before: words that may stand before any of these.
        again: what adds a question to one.
    """

    word: str
    relative: str
    verb: str
    told: str
    before: str
    again: str


_ASKING = {
    "nl": _Asking(
        word=r"wat|waar(?:om|voor|mee|heen|naartoe)?|hoe|hoeveel|hoelang|wie|welke?|wanneer",
        relative=r"ik|je|u|me|mij|we|wij|ons|dan|natuurlijk|niet",
        verb=r"(?:kan|mag|moet|kun|kunt|mogen|moeten|kunnen|zijn|is|hebben|heeft|heb|hebt|gaat|ga|zou|zouden|wil|wilt|willen|zal|bestaat|klopt|werkt"
        r"|komt|vaart|rijdt|krijg|krijgt|staat|doet|weet|ben|bent|was|wordt|word|geldt|zit|hoort|kost|duurt|vertrekt)"
        r" (?:ik|je|jij|u|jullie|we|wij|hij|zij|ze|er|de|het|dit|deze|die|dat|een|mijn|onze|iemand|daar|hier|ook|alle|kinderen|honden)"
        r"|(?!(?:als|dat|omdat|want|maar|en|of|toen|terwijl|zodat|nadat|voordat|hallo|hoi|dan|nu|die|dank|zoals|sinds|zodra|tenzij"
        r"|dag|goedemorgen|goedemiddag|ja|nee|sorry|help|helaas|graag)\b)[a-z]{3,} (?:ik|jij|jullie|wij)(?= )",
        told=r"(?:ik (?:wil|wou|wilde|zou|moet) (?:graag )?(?:weten|horen)|vertel (?:me|mij|eens)|(?:ik )?vraag me af|zeg (?:me|eens)|mijn vraag is)"
        r",? (?:of|hoe|wat|waar|wanneer|wie|welke?|waarom|hoeveel)",
        before=r"en|maar|hallo|hoi|hey|dag|goedemorgen|goedemiddag|vanaf|binnen|tot|met|voor|op|om|van|naar|in|ok|oke|vraagje|vraag",
        again=r"en (?:wat|waar|waarom|hoe|hoeveel|wie|wanneer|welke?|(?:kan|kun|kunt|kunnen|mag|mogen|moet|moeten|heb|hebben|is|zijn|krijg|zou|wil)"
        r" (?:ik|je|jij|u|jullie|we|wij|er|het|dat))",
    ),
    "de": _Asking(
        word=r"was|wo|woher|wohin|warum|wieso|weshalb|wie|wieviel|welche[rsnm]?|wann|wer|wen|wem|womit|wofur|woran",
        relative=r"ich|du|er|sie|es|wir|ihr|man|mich|mir|uns|sich|leider|nicht",
        verb=r"(?:kann|darf|muss|konnen|konnt|kannst|durfen|konnten|konnte|ist|sind|gibt|haben|hat|habe|hast|geht|fahrt|war|wird|werden|wurde|wurden|soll"
        r"|sollte|bin|bist|kommt|kostet|dauert|gilt|bekomme|brauche|braucht|besteht|stimmt|funktioniert|wissen|weisst)"
        r" (?:ich|man|du|sie|ihr|wir|er|es|die|der|das|dies|diese[rsnm]?|eine?[nrm]?|meine?[nrm]?|unsere?|jemand|hier|da|dort|auch|kinder|hunde|schon|noch)"
        r"|(?!(?:wenn|dass|weil|ob|als|da|falls|nachdem|bevor|obwohl|und|aber|oder|denn|sowie|hallo|hi|damit|sobald|ja|nein|bitte|danke|leider"
        r"|guten|tag|moin|bis|seit|sorry)\b)[a-z]{3,} (?:ich|wir|ihr)(?= )",
        told=r"(?:ich (?:mochte|wurde|will|wollte) (?:gerne? )?(?:wissen|erfahren)|sag(?:en|t)? (?:sie )?mir|ich frage mich|meine frage ist)"
        r",? (?:ob|wie|was|wo|wann|wer|welche[rsnm]?|warum|wieviel)",
        before=r"und|aber|hallo|hi|guten tag|moin|ab|bis|seit|um|mit|fur|innerhalb von|von|nach|in|ok|okay|frage",
        again=r"und (?:was|wo|wie|wann|wer|wen|warum|wieviel|welche[rsnm]?|(?:kann|konnen|konnt|darf|durfen|muss|mussen|habe|haben|ist|gibt|bekomme"
        r"|wurde|wurden|sind|geht) (?:ich|man|sie|wir|ihr|es|du|das))",
    ),
    "en": _Asking(
        word=r"what|what's|where|where's|why|how|how's|who|who's|whose|which|when's"
        r"|when (?:is|are|was|do|does|did|can|will|should|would|could)",
        relative=r"i|is|was|are|were|has|have|had|we|they|it|you|can|will|would|makes|means|happened|seems|he|she",
        verb=r"(?:is|are|was|were|does|did|am|isn't|aren't|doesn't|didn't|can't|won't|couldn't|wouldn't|shouldn't|hasn't|haven't|wasn't) [a-z0-9]+"
        r"|(?:can|could|may|might|do|don't|will|would|should|shall|have|has|must|had) (?:i|you|u|we|they|he|she|it|there|the|an?|my|our|your|this|that|these"
        r"|those|someone|somebody|anyone|anybody|people|kids|children|dogs)",
        told=r"(?:(?:i (?:want|wanted|need|would like|wish)|(?:i|we)'d like) to know|(?:please |can you )?tell me|let me know|i wonder|(?:i'm |i am |was )?wondering|my question is)"
        r",? (?:if|whether|how|what|where|when|who|which|why)",
        before=r"and|but|so|hello|hi|hey|please|from|until|within|by|at|for|in|on|to|ok|okay|also|question",
        again=r"and (?:what|where|why|how|who|which|when|(?:can|could|do|does|did|is|are|will|would|should|may|have|has|must)"
        r" (?:i|you|we|they|it|there|he|she|that))",
    ),
}


class QuestionCounter:
    """Counts questions.

    Args:
        languages: primary subtags; of those that are not known only marks count.
    """

    def __init__(self, languages: Iterable[str]) -> None:
        known = [_ASKING[language] for language in languages if language in _ASKING]
        self._first = _any(
            rf"{_CLAUSE}(?:(?:{asking.before})\W+){{0,2}}(?:{asking.verb}|{asking.told})\b"
            for asking in known
        )
        self._word = _any(
            rf"^\W{{0,3}}(?:(?:{asking.before})\W+){{0,2}}(?:{asking.word})\b" for asking in known
        )
        self._later_word = _any(
            rf"[,(]\W{{0,3}}(?:(?:{asking.before})\W+)?(?:{asking.word})\b(?! (?:{asking.relative})\b)"
            for asking in known
        )
        self._again = _any(rf"\w \w+\W+(?:{asking.again}) " for asking in known)

    def count(self, folded: str) -> int:
        """Returns how many questions a text asks.

        Args:
            folded: the text without case and accents.
        """
        count = start = 0
        for end in _SENTENCES.finditer(folded):
            count += self._in_sentence(
                folded[start : end.start()].strip(), marked=_MARKS.search(end[0]) is not None
            )
            start = end.end()
        return count + self._in_sentence(folded[start:].strip(), marked=False)

    def _in_sentence(self, sentence: str, *, marked: bool) -> int:
        first = (
            self._first.search(sentence) or self._word.search(sentence) or self._later_word.search(sentence)
        )
        if not (marked or first):
            return 0
        return 1 + sum(1 for _ in self._again.finditer(sentence, first.start() if first else 0))


def _any(patterns: Iterable[str]) -> re.Pattern[str]:
    """Returns what finds any of the patterns; nothing when there are none."""
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns) or "(?!)")
