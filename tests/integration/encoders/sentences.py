"""Sentences in Dutch, German and English to compare encoders on."""

import json
from itertools import islice
from pathlib import Path

from tests.encoder_fixture import PROJECT

SHARED = PROJECT.parent / "shared" / "data" / "intents"
EACH = 167

OPENINGS = {
    "nl": (
        "Kan ik",
        "Waarom kan ik niet",
        "Hoe laat kan ik",
        "Moet ik betalen om te",
        "Kunnen wij",
        "Is het mogelijk dat ik",
        "Waar moet ik zijn om te",
        "Mijn moeder vraagt: kan ze",
    ),
    "de": (
        "Kann ich",
        "Warum kann ich nicht",
        "Wann kann ich",
        "Muss ich bezahlen, um zu",
        "Können wir",
        "Ist es möglich, dass ich",
        "Wo muss ich hin, um zu",
        "Meine Mutter fragt: kann sie",
    ),
    "en": (
        "Can I",
        "Why can't I",
        "At what time can I",
        "Do I have to pay to",
        "Are we able to",
        "Would it be possible to",
        "Where must I be to",
        "My mother asks: can she",
    ),
}
ACTIONS = {
    "nl": (
        "mijn ticket wijzigen",
        "met een hond meevaren",
        "een fiets meenemen",
        "mijn geld terugkrijgen",
        "een factuur krijgen",
        "op het eiland overnachten",
        "met de auto oversteken",
        "de veerboot van acht uur nemen",
    ),
    "de": (
        "mein Ticket ändern",
        "mit einem Hund mitfahren",
        "ein Fahrrad mitnehmen",
        "mein Geld zurückbekommen",
        "eine Rechnung bekommen",
        "auf der Insel übernachten",
        "mit dem Auto übersetzen",
        "die Fähre um acht Uhr nehmen",
    ),
    "en": (
        "change my ticket",
        "bring a dog on board",
        "take a bicycle along",
        "get my money back",
        "get an invoice",
        "stay on the island overnight",
        "cross by car",
        "take the eight o'clock ferry",
    ),
}
OCCASIONS = {
    "nl": (
        "",
        " op zondag",
        " als de boot te laat is",
        " vanaf Texel?",
        " — alvast bedankt!",
        " 🚲",
        " in 2026",
        "??",
    ),
    "de": (
        "",
        " am Sonntag",
        " wenn das Schiff zu spät ist",
        " ab Sylt?",
        " – danke!",
        " 🚲",
        " im Jahr 2026",
        "??",
    ),
    "en": (
        "",
        " on a Sunday",
        " when the boat is late",
        " from Texel?",
        " - thanks!",
        " 🚲",
        " in 2026",
        "??",
    ),
}
ODD = (
    "",
    " ",
    "ok",
    "🙂👍🏽",
    "straße STRASSE ĳsvogel naïveté",
    "日本語のテキスト",
    "[MASK] [SEP]",
    "a" * 5000,
    "veerboot " * 400,
    "Lange zin met veel woorden, en nog een, en nog een. " * 12,
)


def sentences() -> list[str]:
    """Returns 500 sentences, each language in turn: of the shared data where it is there, else made here; and odd ones."""
    shared = [SHARED / f"massive_{language}" / "valid.jsonl" for language in OPENINGS]
    if all(path.is_file() for path in shared):
        columns = [texts_of(path) for path in shared]
    else:
        columns = [made_here(language)[:EACH] for language in OPENINGS]
    return [*ODD, *(text for row in zip(*columns, strict=True) for text in row)]


def made_here(language: str) -> list[str]:
    return [
        f"{opening} {action}{occasion}"
        for opening in OPENINGS[language]
        for action in ACTIONS[language]
        for occasion in OCCASIONS[language]
    ]


def texts_of(path: Path) -> list[str]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line in islice(lines, EACH)]
