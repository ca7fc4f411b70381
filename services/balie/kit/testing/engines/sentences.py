"""A small desk's sentences: enough to learn four intents from in three languages, and some to be asked afterwards."""

from collections.abc import Mapping, Sequence

Row = tuple[str, str, str]
"""Intent, language, text."""

OUT_OF_SCOPE = "oos"

_TAUGHT: Mapping[str, Mapping[str, Sequence[str]]] = {
    "bicycle": {
        "nl": (
            "mag mijn fiets mee op de boot",
            "wat kost een kaartje voor de fiets",
            "fiets meenemen",
            "kan ik met de fiets aan boord",
            "is er plek voor een fiets",
        ),
        "de": (
            "darf mein fahrrad mit auf das schiff",
            "was kostet eine karte für das fahrrad",
            "fahrrad mitnehmen",
            "kann ich mit dem fahrrad an bord",
            "gibt es platz für ein fahrrad",
        ),
        "en": (
            "can i bring my bicycle on the boat",
            "what is the price of a bicycle ticket",
            "taking a bicycle",
            "may i board with my bicycle",
            "is there room for a bicycle",
        ),
    },
    "opening_hours": {
        "nl": (
            "wat zijn de openingstijden",
            "hoe laat gaat het loket open",
            "tot hoe laat is het loket open",
            "openingstijden op zondag",
            "is het loket morgen open",
        ),
        "de": (
            "was sind die öffnungszeiten",
            "um wie viel uhr öffnet der schalter",
            "bis wann ist der schalter geöffnet",
            "öffnungszeiten am sonntag",
            "ist der schalter morgen geöffnet",
        ),
        "en": (
            "what are the opening hours",
            "at what time does the desk open",
            "until when is the desk open",
            "opening hours on sunday",
            "is the desk open tomorrow",
        ),
    },
    "refund": {
        "nl": (
            "ik wil mijn geld terug",
            "wanneer krijg ik mijn geld terug",
            "geld terug voor een geannuleerde reis",
            "hoe vraag ik een terugbetaling aan",
            "waar blijft mijn terugbetaling",
        ),
        "de": (
            "ich möchte mein geld zurück",
            "wann bekomme ich mein geld zurück",
            "geld zurück für eine stornierte reise",
            "wie beantrage ich eine erstattung",
            "wo bleibt meine erstattung",
        ),
        "en": (
            "i want my money back",
            "when do i get my money back",
            "money back for a cancelled trip",
            "how do i apply for a refund",
            "where is my refund",
        ),
    },
    "wifi": {
        "nl": (
            "is er wifi aan boord",
            "wat is het wachtwoord van de wifi",
            "de wifi doet het niet",
            "kan ik internetten op het schip",
            "wifi internet verbinding",
        ),
        "de": (
            "gibt es wlan an bord",
            "was ist das passwort für das wlan",
            "das wlan geht nicht",
            "habe ich internet auf dem schiff",
            "wlan internet verbindung",
        ),
        "en": (
            "is there wifi on board",
            "what is the wifi password",
            "the wifi does not work",
            "is there internet on the ship",
            "wifi internet connection",
        ),
    },
    OUT_OF_SCOPE: {
        "nl": ("hoe bak ik pannenkoeken", "wie won de wedstrijd", "vertel eens een mop"),
        "de": ("wie backe ich pfannkuchen", "wer gewann das spiel", "erzähl einen witz"),
        "en": ("how do i bake pancakes", "who won the match", "tell me a joke"),
    },
}

_ASKED: Mapping[str, Mapping[str, Sequence[str]]] = {
    "bicycle": {
        "nl": ("ik heb een fiets bij me", "hoe duur is de fiets"),
        "de": ("ich habe ein fahrrad dabei", "wie teuer ist das fahrrad"),
        "en": ("i have a bicycle with me", "how much for the bicycle"),
    },
    "opening_hours": {
        "nl": ("de openingstijden graag", "gaat het loket zondag open"),
        "de": ("die öffnungszeiten bitte", "öffnet der schalter am sonntag"),
        "en": ("the opening hours please", "does the desk open on sunday"),
    },
    "refund": {
        "nl": ("geef me mijn geld terug", "terugbetaling aanvragen"),
        "de": ("geben sie mir mein geld zurück", "erstattung beantragen"),
        "en": ("give me my money back", "apply for a refund"),
    },
    "wifi": {
        "nl": ("wachtwoord wifi", "geen wifi verbinding"),
        "de": ("passwort wlan", "keine wlan verbindung"),
        "en": ("wifi password", "no wifi connection"),
    },
}

STRANGE: Sequence[tuple[str, str]] = (
    ("fiets", "nl"),
    ("?", "und"),
    ("😀", "und"),
    ("👩‍👩‍👧‍👦🏳️‍🌈 🇳🇱", "nl"),
    ("baiskeli yangu iko wapi", "sw"),
    ("私の自転車はどこですか", "ja"),
    ("Привет мой велосипед Fahrrad 自転車 bicycle دراجة", "und"),
    ("\u202eabc\u200b\ufeff\u0301\u0301", "en"),
    ("2024-05-01 06-12345678 NL91ABNA0417164300", "en"),
    ("MAG MIJN FIETS MEE?!?!", "nl"),
    ("x" * 4096, "en"),
    ("fiets mee? " * 372, "nl"),
    ("😀" * 4096, "und"),
)
"""Texts and languages that customers send: one word, no word, no language, scripts mixed, as long as they may be."""


def taught() -> list[Row]:
    """Returns what is learned from, sorted."""
    return _rows(_TAUGHT)


def asked() -> list[Row]:
    """Returns what is asked afterwards: other sentences about the same, none of them taught."""
    return _rows(_ASKED)


def noise(count: int) -> list[Row]:
    """Returns examples of three intents from which nothing general can be learned: each has words of its own."""
    return sorted(
        (f"noise_{place % 3}", "en", f"zq{place:03}a vr{place:03}b kw{place:03}c") for place in range(count)
    )


def _rows(sentences: Mapping[str, Mapping[str, Sequence[str]]]) -> list[Row]:
    return sorted(
        (intent, language, text)
        for intent, languages in sentences.items()
        for language, texts in languages.items()
        for text in texts
    )
