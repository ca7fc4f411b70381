import json
from pathlib import Path

import pytest

from balie.nlu.domain import UNKNOWN_LANGUAGE, Detection
from balie.nlu.errors import StartRefused
from balie.nlu.language import LanguageDetector
from balie.nlu.language_words import known_words

DATA = Path(__file__).parents[4] / "shared" / "data" / "intents"
LANGUAGES = ("nl", "de", "en")
FLOOR = 0.6


@pytest.fixture(scope="module")
def detector() -> LanguageDetector:
    return LanguageDetector(LANGUAGES, known_words(LANGUAGES, []), floor=FLOOR)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("waar kan ik mijn fiets neerzetten", "nl"),
        ("wo kann ich mein fahrrad abstellen", "de"),
        ("where can i leave my bicycle", "en"),
        ("dankjewel", "nl"),
        ("vielen dank", "de"),
        ("thanks", "en"),
        ("GUTEN TAG", "de"),
        ("hoi 😀", "nl"),
        ("don’t", "en"),
    ],
)
def test_tells_the_language_of_long_and_short_messages(
    detector: LanguageDetector, text: str, language: str
) -> None:
    found = detector.detect(text)
    assert found.language == language
    assert FLOOR <= found.confidence <= 1


@pytest.mark.parametrize(
    "text",
    [
        "bonjour, je voudrais annuler ma réservation",
        "quiero cancelar mi reserva por favor",
        "dzień dobry, gdzie jest moje zamówienie",
        "привет, где мой заказ",
        "我想取消预订",
        "أريد إلغاء الحجز",
        "WV-1042",
        "🚲🚲🚲",
        "1234567890",
        "hallo",
        " ",
    ],
)
def test_says_unknown_of_other_languages_and_of_what_has_none(detector: LanguageDetector, text: str) -> None:
    assert detector.detect(text) == Detection(UNKNOWN_LANGUAGE, 0.0)


@pytest.mark.parametrize("hint", ["de", "DE", "de-AT"])
def test_takes_a_hint_of_a_configured_language_as_it_is(detector: LanguageDetector, hint: str) -> None:
    dutch = detector.detect("waar is mijn fiets", hint)
    assert dutch.language == "de"
    assert dutch.confidence < 0.1
    assert detector.detect("wo ist mein fahrrad", hint).confidence > 0.9


@pytest.mark.parametrize("hint", ["fr", "und", "nld-NL", ""])
def test_ignores_any_other_hint(detector: LanguageDetector, hint: str) -> None:
    assert detector.detect("waar is mijn fiets", hint).language == "nl"


def test_a_language_tag_with_a_region_is_told_by_its_language() -> None:
    detector = LanguageDetector(("pt-BR", "es"), {}, floor=FLOOR)
    assert detector.detect("onde está o meu pedido, por favor").language == "pt-BR"
    assert detector.detect("abc", "pt").language == "pt-BR"


def test_words_of_the_examples_tell_what_letters_do_not(detector: LanguageDetector) -> None:
    learned = LanguageDetector(
        LANGUAGES,
        known_words(LANGUAGES, [{"nl": ["overtocht boeken"], "de": ["koje buchen"]}]),
        floor=FLOOR,
    )
    assert detector.detect("koje").language == UNKNOWN_LANGUAGE
    assert learned.detect("Koje!").language == "de"


def test_words_of_two_languages_tell_nothing() -> None:
    shared = known_words(LANGUAGES, [{"nl": ["wifi"], "de": ["wifi"]}])
    with_words = LanguageDetector(LANGUAGES, shared, floor=0.0)
    without = LanguageDetector(LANGUAGES, known_words(LANGUAGES, []), floor=0.0)
    assert with_words.detect("wifi") == without.detect("wifi")


@pytest.mark.parametrize("languages", [("nl", "xx"), ("nl", "nl-BE")])
def test_refuses_languages_it_cannot_tell(languages: tuple[str, ...]) -> None:
    with pytest.raises(StartRefused, match="language"):
        LanguageDetector(languages, {}, floor=FLOOR)


@pytest.mark.shared_data
@pytest.mark.skipif(not DATA.is_dir(), reason="needs the evaluation data beside the checkout")
def test_is_right_as_often_as_measured(detector: LanguageDetector) -> None:
    right = wrong = count = 0
    for language in LANGUAGES:
        for line in (DATA / f"massive_{language}" / "valid.jsonl").read_text(encoding="utf-8").splitlines():
            found = detector.detect(json.loads(line)["text"]).language
            count += 1
            right += found == language
            wrong += found not in (language, UNKNOWN_LANGUAGE)
    assert right / count >= 0.97  # measured: 0.974
    assert wrong / count <= 0.008  # measured: 0.006


@pytest.mark.parametrize("languages", [LANGUAGES, ("sr", "zh", "en")], ids="-".join)
def test_weighs_letters_as_the_detector_ranks_them(languages: tuple[str, ...]) -> None:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    ranking = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    detector = LanguageDetector(languages, {}, floor=FLOOR)
    for text in (
        "waar is mijn fiets",
        "моја наруџбина",
        "moja narudžbina",
        "我想取消预订",
        "WV-1042",
        "",
        "hallo",
    ):
        ranked = dict(ranking.rank(text))
        own = {language: ranked[language] for language in languages}
        total = sum(own.values()) + 0.01 * (1 - sum(own.values()))
        wanted = {language: weight / total for language, weight in own.items()}
        assert detector.probabilities(text) == pytest.approx(wanted, rel=1e-6)
