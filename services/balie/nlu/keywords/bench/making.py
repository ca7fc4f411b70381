"""Makes catalogues of any size, and messages about them as customers write them: to the word, inflected, misspelt, or not at all.

A product has a name of its own and a kind, which is a compound in Dutch and German; its kind alone is shared by many others,
as in a web shop. Everything follows from a seed.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from balie.nlu.domain import Target, TargetKind
from balie.nlu.keywords.keyword import ANY_LANGUAGE, Keyword, Pattern

LANGUAGES = ("nl", "de", "en")

_MODIFIERS = {
    "nl": [
        "fiets",
        "auto",
        "boot",
        "hond",
        "regen",
        "zomer",
        "winter",
        "kinder",
        "tuin",
        "keuken",
        "reis",
        "strand",
        "wol",
        "leer",
        "hout",
        "staal",
        "laad",
        "sport",
        "berg",
        "water",
    ],
    "de": [
        "fahrrad",
        "auto",
        "boot",
        "hunde",
        "regen",
        "sommer",
        "winter",
        "kinder",
        "garten",
        "küchen",
        "reise",
        "strand",
        "woll",
        "leder",
        "holz",
        "stahl",
        "lade",
        "sport",
        "berg",
        "wasser",
    ],
    "en": [
        "bike",
        "car",
        "boat",
        "dog",
        "rain",
        "summer",
        "winter",
        "kids",
        "garden",
        "kitchen",
        "travel",
        "beach",
        "wool",
        "leather",
        "wood",
        "steel",
        "charge",
        "sport",
        "mountain",
        "water",
    ],
}
_KINDS = {
    "nl": [
        "kaart",
        "tas",
        "jas",
        "muts",
        "broek",
        "schoen",
        "lamp",
        "tafel",
        "stoel",
        "kast",
        "fles",
        "beker",
        "bord",
        "riem",
        "slot",
        "pomp",
        "band",
        "zadel",
        "kabel",
        "houder",
        "rek",
        "doos",
        "tent",
        "deken",
    ],
    "de": [
        "karte",
        "tasche",
        "jacke",
        "mütze",
        "hose",
        "schuh",
        "lampe",
        "tisch",
        "stuhl",
        "schrank",
        "flasche",
        "becher",
        "teller",
        "gürtel",
        "schloss",
        "pumpe",
        "reifen",
        "sattel",
        "kabel",
        "halter",
        "regal",
        "kiste",
        "zelt",
        "decke",
    ],
    "en": [
        "card",
        "bag",
        "jacket",
        "hat",
        "trousers",
        "shoe",
        "lamp",
        "table",
        "chair",
        "cabinet",
        "bottle",
        "cup",
        "plate",
        "belt",
        "lock",
        "pump",
        "tyre",
        "saddle",
        "cable",
        "holder",
        "rack",
        "box",
        "tent",
        "blanket",
    ],
}
_PLURALS = {"nl": "en", "de": "n", "en": "s"}
_CONSONANTS, _VOWELS = "bcdfghjklmnprstvwz", "aeiou"

_TEMPLATES = {
    "nl": (
        "heb je {}",
        "wat kost {} op dit moment",
        "ik zoek {} voor mijn dochter, is die nog op voorraad of moet ik lang wachten",
        (
            "vorige week heb ik {} besteld maar er zat een ander in de doos, hoe kan ik dat ruilen zonder weer verzendkosten te betalen, "
            "want dit is nu al de tweede keer dat het misgaat en ik heb het zaterdag nodig"
        ),
    ),
    "de": (
        "haben sie {}",
        "was kostet {} im moment",
        "ich suche {} für meine tochter, ist das noch auf lager oder muss ich lange warten",
        (
            "letzte woche habe ich {} bestellt aber es lag etwas anderes im paket, wie kann ich das umtauschen ohne noch einmal versand zu "
            "zahlen, denn das ist nun schon das zweite mal und ich brauche es am samstag"
        ),
    ),
    "en": (
        "do you have {}",
        "how much is {} at the moment",
        "i am looking for {} for my daughter, is it still in stock or do i have to wait long",
        (
            "last week i ordered {} but there was something else in the box, how can i exchange it without paying for shipping again, as "
            "this is already the second time that it goes wrong and i need it on saturday"
        ),
    ),
}
_SUBJECTS = {"nl": "iets anders", "de": "etwas anderes", "en": "something else"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A message, its language, and how it names what it is about: `nothing`, `as written`, `inflected`, `misspelt` or `code`."""

    text: str
    language: str
    how: str


def catalogue(count: int, seed: int = 1) -> Iterator[Keyword]:
    """Yields keywords: an article number and a name in each of three languages; one in a thousand is a pattern as well."""
    source = random.Random(seed)  # noqa: S311  nothing here is a secret
    for number in range(count):
        name, kind, modifier = _name(source), source.randrange(24), source.randrange(20)
        parts = {language: (_MODIFIERS[language][modifier], _KINDS[language][kind]) for language in LANGUAGES}
        yield Keyword(
            id=f"product-{number}",
            target=Target(TargetKind.FAQ_ENTRY, f"product-{number}"),
            terms={
                ANY_LANGUAGE: (_code(number),),
                "nl": (f"{name} {parts['nl'][0]}{parts['nl'][1]}",),
                "de": (f"{name} {(parts['de'][0] + parts['de'][1]).capitalize()}",),
                "en": (f"{name} {parts['en'][0]} {parts['en'][1]}",),
            },
            patterns=(Pattern(f"R{number:06}-[0-9]{{4}}", "luhn"),) if number % 1000 == 999 else (),
        )


def messages(count: int, keywords: list[Keyword], seed: int = 2) -> list[Asked]:
    """Returns messages in three languages in turn, a fifth of each way to name a product."""
    source = random.Random(seed)  # noqa: S311
    ways = ("nothing", "as written", "inflected", "misspelt", "code")
    found = []
    for number in range(count):
        language, how = LANGUAGES[number % 3], ways[number // 3 % len(ways)]
        keyword = source.choice(keywords)
        subject = _subject(keyword, language, how, source)
        found.append(Asked(source.choice(_TEMPLATES[language]).format(subject), language, how))
    return found


def _subject(keyword: Keyword, language: str, how: str, source: random.Random) -> str:
    if how == "nothing":
        return _SUBJECTS[language]
    if how == "code":
        return keyword.terms[ANY_LANGUAGE][0].lower().replace("-", " ")
    (term,) = keyword.terms[language]
    if how == "inflected":
        return term + _PLURALS[language]
    if how == "misspelt":
        place = source.randrange(len(term) - 4, len(term) - 1)
        return term[:place] + term[place + 1] + term[place] + term[place + 2 :]
    return term


def _name(source: random.Random) -> str:
    return "".join(source.choice(_CONSONANTS) + source.choice(_VOWELS) for _ in range(3)).capitalize()


def _code(number: int) -> str:
    return f"{chr(65 + number % 26)}{chr(65 + number // 26 % 26)}-{number:06}"
