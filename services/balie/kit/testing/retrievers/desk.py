"""A small collection to search in, and what is asked of it."""

from collections.abc import Sequence

from balie.kit.testing.retrievers.words import Entries, EntryTexts

LANGUAGES = ("en", "nl")

_KNOWN: Entries = {
    "bicycle": (
        ("en", "May I bring my bicycle?", ("Is there room for a bike?", "bike on board"), "Yes, for 5 euro."),
        ("nl", "Mag mijn fiets mee?", ("fietskaartje kopen", "fiets aan boord"), "Ja, voor 5 euro."),
    ),
    "hours": (
        ("en", "What are the opening hours?", ("When does the desk open?",), "From 8 to 18."),
        ("nl", "Wat zijn de openingstijden?", ("Hoe laat gaat het loket open?",), "Van 8 tot 18 uur."),
    ),
    "refund": (
        ("en", "How do I get my money back?", ("refund of a cancelled trip",), "Write to the desk."),
        ("nl", "Hoe krijg ik mijn geld terug?", ("terugbetaling van een reis",), "Schrijf het loket."),
    ),
    "wifi": (("en", "Is there wifi on board?", ("what is the internet password",), "Yes, it is free."),),
    "hond": (("nl", "Mag mijn hond mee?", (), "Ja, aangelijnd."),),
    "lost": (("en", "I lost my umbrella", ("zxqv wkyp jfdg",), "Ask the crew."),),
}

_TWINS = tuple(f"twin-{letter}" for letter in "dbca")  # not in the order of their numbers
_OTHERS = 60

ASKED: Sequence[tuple[str, str]] = (
    ("can i take a bike with me", "en"),
    ("fietskaart", "nl"),
    ("openingstijden van het loket", "nl"),
    ("Is there wifi on board?", "en"),
    ("how do i bake pancakes", "en"),
    ("twin question", "en"),
    ("wifi", ""),
    ("hond mee", "de"),
)
"""Questions and their languages; of some nothing is known, and German is not spoken here."""

ODD: Sequence[str] = (
    "?",
    "x",
    "😀",
    "👩‍👩‍👧‍👦🏳️‍🌈 🇳🇱",
    "\t\r\n\x01\x02\x1b[31m\x7f\x85\u2028",
    "\u202eabc\u200b\ufeff\u0301\u0301",
    "私の自転車はどこですか",
    'bike AND (board OR "on") NOT -wifi +x field:y^2 *',
    "\\ / ~ ' \" [ ] { } < >",
    "fiets mee? " * 930,
    "x" * 10_000,
    "😀" * 2500,
    " ".join(f"word{number}" for number in range(1200)),
)
"""Texts that customers send: no word, no letter, signs that queries are written with, ten thousand bytes and more."""

LEFT_OUT = ("lost", 0, 1)
"""A way to ask that shares nothing with any other: its entry, its text, and its place there."""


def entries() -> dict[str, EntryTexts]:
    """Returns the collection."""
    twins: dict[str, EntryTexts] = dict.fromkeys(
        _TWINS, (("en", "The question of all twins", ("twin question",), "The same."),)
    )
    others: dict[str, EntryTexts] = {
        f"other-{number:02}": (
            ("en", f"Where is cabin number {number} of deck {number % 7}?", (), f"Behind door {number}."),
        )
        for number in range(_OTHERS)
    }
    return {**_KNOWN, **twins, **others}
