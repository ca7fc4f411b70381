"""A small desk's examples and keywords, enough to learn from in a second."""

from pathlib import Path

LANGUAGES = ("nl", "de", "en")

_OPENINGS = {
    "nl": (
        "ik wil graag weten {}",
        "vraagje: {}",
        "kunt u zeggen {}",
        "weet iemand {}",
        "{} alstublieft",
        "{}?",
    ),
    "de": ("ich möchte wissen {}", "frage: {}", "können sie sagen {}", "weiß jemand {}", "{} bitte", "{}?"),
    "en": (
        "i would like to know {}",
        "question: {}",
        "can you tell {}",
        "does anybody know {}",
        "{} please",
        "{}?",
    ),
}
_TOPICS = {
    "bicycle_information": {
        "nl": ("of mijn fiets mee mag", "wat een fietskaartje kost"),
        "de": ("ob mein fahrrad mit darf", "was ein fahrradticket kostet"),
        "en": ("whether my bicycle may come", "what a bicycle ticket costs"),
    },
    "opening_hours": {
        "nl": ("hoe laat het loket opengaat", "wat de openingstijden zijn"),
        "de": ("wann der schalter öffnet", "was die öffnungszeiten sind"),
        "en": ("when the desk opens", "what the opening hours are"),
    },
    "refund_request": {
        "nl": ("hoe ik mijn geld terugkrijg", "waar mijn terugbetaling blijft"),
        "de": ("wie ich mein geld zurückbekomme", "wo meine erstattung bleibt"),
        "en": ("how i get my money back", "where my refund is"),
    },
}
_OUT_OF_SCOPE = {
    "nl": ("hoe bak ik pannenkoeken", "wie won het voetballen", "hoe hoog is de mount everest"),
    "de": ("wie backe ich pfannkuchen", "wer gewann das spiel", "wie hoch ist der mount everest"),
    "en": ("how do i bake pancakes", "who won the match", "how high is mount everest"),
}

KEYWORDS = """
keywords:
  - id: article-WV-1042
    target: {faq_entry: product-model-ferry}
    terms:
      any: [WV-1042, "model ferry"]
  - id: topic-bicycle
    target: {intent: bicycle_information}
    terms:
      nl: [fiets, fietsen]
      de: [Fahrrad]
      en: [bicycle, bike]
  - id: topic-motorcycle
    target: {faq_entry: motorcycle-price}
    terms:
      nl: [motor]
      en: [motorbike]
  - id: ship-wulp
    target: {value: ship-wulp}
    terms:
      any: [Wulp]
"""


def examples() -> dict[str, dict[str, list[str]]]:
    """Returns examples by intent and language, `oos` among them."""
    found: dict[str, dict[str, list[str]]] = {
        intent: {
            language: [opening.format(topic) for topic in topics[language] for opening in _OPENINGS[language]]
            for language in LANGUAGES
        }
        for intent, topics in _TOPICS.items()
    }
    found["oos"] = {language: list(texts) for language, texts in _OUT_OF_SCOPE.items()}
    return found


def as_yaml(found: dict[str, dict[str, list[str]]]) -> str:
    """Returns examples as their file holds them."""
    lines = ["intents:"]
    for intent, by_language in found.items():
        if intent != "oos":
            lines += [f"  {intent}:", *_texts(by_language, "    ")]
    if "oos" in found:
        lines += ["oos:", *_texts(found["oos"], "  ")]
    return "\n".join(lines) + "\n"


def _texts(by_language: dict[str, list[str]], indent: str) -> list[str]:
    lines = []
    for language, texts in by_language.items():
        lines += [f"{indent}{language}:", *(f'{indent}  - "{text}"' for text in texts)]
    return lines


def intents_file(folder: Path) -> Path:
    """Writes the examples into a folder and returns their file."""
    path = folder / "intents.yaml"
    path.write_text(as_yaml(examples()), encoding="utf-8")
    return path


def keywords_file(folder: Path) -> Path:
    """Writes the keywords into a folder and returns their file."""
    path = folder / "keywords.yaml"
    path.write_text(KEYWORDS, encoding="utf-8")
    return path
