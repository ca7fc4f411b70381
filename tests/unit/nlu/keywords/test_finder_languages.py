"""What customers write in Dutch, German and English, with the mistakes that they make."""

import pytest

from balie.nlu.domain import Rule, Target, TargetKind
from balie.nlu.keywords.finder import KeywordFinder
from balie.nlu.keywords.keyword import Keyword, Pattern
from balie.nlu.keywords.lexicon import Lexicon

LANGUAGES = ("nl", "de", "en")
EXACT, NORMALISED, FORM, PATTERN, FUZZY = Rule


def keyword(key: str, **terms: list[str]) -> Keyword:
    return Keyword(key, Target(TargetKind.VALUE, key), terms)


KEYWORDS = [
    keyword("bike", nl=["fiets"], de=["Fahrrad"], en=["bicycle", "bike"]),
    keyword("bike-ticket", nl=["fietskaart"], de=["Fahrradkarte"], en=["bike ticket"]),
    keyword("ticket", nl=["kaartje"], de=["Ticket"], en=["ticket"]),
    keyword("ferry", nl=["veerboot"], de=["Fähre"], en=["ferry"]),
    keyword("dog", nl=["hond"], de=["Hund"], en=["dog"]),
    keyword("luggage", nl=["bagage", "koffer"], de=["Gepäck", "Reisegepäck"], en=["luggage", "suitcase"]),
    keyword("parking", nl=["parkeergarage", "parkeerplaats"], de=["Parkplatz"], en=["car park"]),
    keyword("lost", nl=["gevonden voorwerpen"], de=["Fundsachen"], en=["lost property"]),
    keyword("wheelchair", nl=["rolstoel"], de=["Rollstuhl"], en=["wheelchair"]),
    keyword("article-1042", any=["WV-1042", "model ferry"]),
    keyword("article-1043", any=["WV-1043"]),
    keyword("line-12", nl=["lijn 12"], de=["Linie 12"], en=["line 12"]),
    keyword("ship", any=["Zeekoet"]),
    Keyword(
        "booking",
        Target(TargetKind.INTENT, "my_booking"),
        patterns=(Pattern("BK[ -]?(?P<number>[0-9]{8})", "luhn"),),
    ),
]
LEXICON = Lexicon({"nl": ["hand", "loket", "zomer"], "de": ["Hand", "Schalter"], "en": ["hand"]}, ["does"])


@pytest.fixture(scope="module")
def finder() -> KeywordFinder:
    return KeywordFinder(KEYWORDS, LANGUAGES, LEXICON)


def found(finder: KeywordFinder, text: str, language: str) -> list[tuple[str, Rule, str]]:
    matches = finder.find(text, language)
    return sorted((one.keyword_id, one.rule, text[one.start_char : one.end_char]) for one in matches)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mag mijn fiets mee", [("bike", EXACT, "fiets")]),
        ("Fietsen mee?", [("bike", FORM, "Fietsen")]),
        ("wat kost een fietskaartje", [("bike-ticket", FORM, "fietskaartje")]),
        ("twee fietskaarten graag", [("bike-ticket", FORM, "fietskaarten")]),
        ("twee fiets kaartjes graag", [("bike", EXACT, "fiets"), ("ticket", FORM, "kaartjes")]),
        ("een veer boot naar Texel", [("ferry", FORM, "veer boot")]),
        ("hoe laat gaan de veerboten", [("ferry", FORM, "veerboten")]),
        ("hondenkaartje", [("dog", FORM, "honden"), ("ticket", FORM, "kaartje")]),
        ("een zomerkaartje", [("ticket", FORM, "kaartje")]),
        ("kosten hondjes ook wat", [("dog", FORM, "hondjes")]),
        ("waar is de parkergarage", [("parking", FUZZY, "parkergarage")]),
        ("paarkeerplats vol?", [("parking", FUZZY, "paarkeerplats")]),
        ("mijn feits is kapot", [("bike", FUZZY, "feits")]),
        ("rolsteol huren", [("wheelchair", FUZZY, "rolsteol")]),
        ("gevonden voorwerp inleveren", [("lost", FORM, "gevonden voorwerp")]),
        ("gevonden voorwerpne", [("lost", FUZZY, "gevonden voorwerpne")]),
        ("vaart de zeekoed vandaag", [("ship", FUZZY, "zeekoed")]),
        (
            "ik heb wv 1042 en WV-1043",
            [("article-1042", NORMALISED, "wv 1042"), ("article-1043", EXACT, "WV-1043")],
        ),
        ("wv1044 kwijt", []),
        ("vw-1042 kwijt", []),
        ("met lijn 12 in 2024", [("line-12", EXACT, "lijn 12")]),
        ("met lijn 13", []),
        ("met lyn 12", []),
        ("boeking bk 12345674 op 12-12-2024", [("booking", PATTERN, "bk 12345674")]),
        ("boeking bk 12345675", []),
        ("ik heb mijn hand bezeerd", []),
        ("koffie en koffers", [("luggage", FORM, "koffers")]),
    ],
)
def test_finds_in_dutch(finder: KeywordFinder, text: str, expected: list[tuple[str, Rule, str]]) -> None:
    assert found(finder, text, "nl") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Zwei Fahrradkarten bitte", [("bike-ticket", FORM, "Fahrradkarten")]),
        ("Fährtickets nach Juist", [("ferry", FORM, "Fähr"), ("ticket", FORM, "tickets")]),
        ("wann gehen die Fähren", [("ferry", FORM, "Fähren")]),
        ("wann fahren wir ab", []),
        ("unsere Fahrräder", [("bike", FORM, "Fahrräder")]),
        ("unsere Fahrraeder", [("bike", FORM, "Fahrraeder")]),
        ("ein Hündchen", [("dog", FORM, "Hündchen")]),
        ("Hundeticket", [("dog", FORM, "Hunde"), ("ticket", FORM, "ticket")]),
        ("Schalterticket", [("ticket", FORM, "ticket")]),
        ("alle Parkplätze belegt", [("parking", FORM, "Parkplätze")]),
        ("GEPACK VERLOREN", [("luggage", NORMALISED, "GEPACK")]),
        ("mein Reisegepeck ist weg", [("luggage", FUZZY, "Reisegepeck")]),
        ("Rolstuhl mieten", [("wheelchair", FUZZY, "Rolstuhl")]),
        ("mit Linie 12, nicht Linie 13", [("line-12", EXACT, "Linie 12")]),
        ("die Hand tut weh", []),
    ],
)
def test_finds_in_german(finder: KeywordFinder, text: str, expected: list[tuple[str, Rule, str]]) -> None:
    assert found(finder, text, "de") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("two bikes please", [("bike", FORM, "bikes")]),
        ("three bike tickets", [("bike-ticket", FORM, "bike tickets")]),
        ("are there ferries on sunday", [("ferry", FORM, "ferries")]),
        ("is the carpark full", [("parking", FORM, "carpark")]),
        ("suitcases", [("luggage", FORM, "suitcases")]),
        ("I lost my lugage", [("luggage", FUZZY, "lugage")]),
        ("a bicylce ride", [("bike", FUZZY, "bicylce")]),
        ("weelchair ramp", [("wheelchair", FUZZY, "weelchair")]),
        ("lost propertey office", [("lost", FUZZY, "lost propertey")]),
        ("a model-ferry", [("article-1042", NORMALISED, "model-ferry")]),
        ("what does it cost", []),
        ("BK-12345674!", [("booking", PATTERN, "BK-12345674")]),
    ],
)
def test_finds_in_english(finder: KeywordFinder, text: str, expected: list[tuple[str, Rule, str]]) -> None:
    assert found(finder, text, "en") == expected


@pytest.mark.parametrize("text", ["Fahrradkarten", "fietskaartjes", "Fietskaart"])
def test_a_form_of_another_language_counts_when_it_is_all_of_the_message(
    finder: KeywordFinder, text: str
) -> None:
    (match,) = finder.find(text, "en")
    assert (match.keyword_id, match.whole_message) == ("bike-ticket", True)
    assert not finder.find(f"the {text} at the pier", "en")


def test_the_part_of_a_compound_is_not_all_of_the_message(finder: KeywordFinder) -> None:
    assert [match.whole_message for match in finder.find("Fährtickets", "de")] == [False, False]


def test_nothing_is_guessed_where_it_may_be_any_of_many() -> None:
    names = [keyword(name, any=[name]) for name in ("bakker", "bakken", "bakkes", "bakket")]
    assert len(KeywordFinder(names[:3], LANGUAGES).find("bakkex", "nl")) == 3
    assert KeywordFinder(names, LANGUAGES).find("bakkex", "nl") == []


def test_codes_are_never_guessed() -> None:
    codes = [keyword("code", any=["ABCD-1234", "ABCDE12345", "artikel 77"])]
    finder = KeywordFinder(codes, LANGUAGES)
    for text in ("ABCE-1234", "ABCD-1235", "ABCDF12345", "artikle 77", "artikel 78"):
        assert finder.find(text, "nl") == [], text
