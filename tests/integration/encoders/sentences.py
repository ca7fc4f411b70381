"""Sentences in Dutch, German and English to compare encoders on."""

import json
from itertools import islice
from pathlib import Path

from tests.encoder_fixture import PROJECT

SHARED = PROJECT.parent / "shared" / "data" / "intents"
EACH = 165

OPENINGS = {
    "nl": ("Kan ik", "Waarom kan ik niet", "Hoe laat kan ik", "Moet ik betalen om te"),
    "de": ("Kann ich", "Warum kann ich nicht", "Wann kann ich", "Muss ich bezahlen, um zu"),
    "en": ("Can I", "Why can't I", "At what time can I", "Do I have to pay to"),
}
ACTIONS = {
    "nl": ("mijn ticket wijzigen", "met een hond meevaren", "een fiets meenemen", "mijn geld terugkrijgen"),
    "de": (
        "mein Ticket ändern",
        "mit einem Hund mitfahren",
        "ein Fahrrad mitnehmen",
        "mein Geld zurückbekommen",
    ),
    "en": ("change my ticket", "bring a dog on board", "take a bicycle along", "get my money back"),
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
    """Returns about 500 sentences: of the shared data where it lies beside the checkout, else made here."""
    shared = [SHARED / f"massive_{language}" / "valid.jsonl" for language in OPENINGS]
    if all(path.is_file() for path in shared):
        return [*ODD, *(text for path in shared for text in texts_of(path))]
    return [
        *ODD,
        *(
            f"{opening} {action}{occasion}"
            for language, openings in OPENINGS.items()
            for opening in openings
            for action in ACTIONS[language]
            for occasion in OCCASIONS[language]
        ),
    ]


def texts_of(path: Path) -> list[str]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line in islice(lines, EACH)]
