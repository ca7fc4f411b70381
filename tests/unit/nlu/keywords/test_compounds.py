import pytest

from balie.nlu.keywords.compounds import MOST_LETTERS, parts_of

DUTCH = {"fiets", "kaart", "hond", "boot", "veer", "auto", "dek", "station", "loket", "regen", "jas"}
GERMAN = {"fahrrad", "karte", "karten", "fähr", "ticket", "hund", "sonntag", "fahrt", "verkauf"}


def parts(word: str, language: str, known: set[str]) -> list[str]:
    return [word[start:end] for start, end in parts_of(word, language, known.__contains__)]


@pytest.mark.parametrize(
    ("word", "split"),
    [
        ("fietskaartje", ["fiets", "kaartje"]),
        ("fietskaartjes", ["fiets", "kaartjes"]),
        ("hondenkaart", ["honden", "kaart"]),
        ("stationsloket", ["stations", "loket"]),
        ("veerboten", ["veer", "boten"]),
        ("autodek", ["auto", "dek"]),
        ("veerbootkaartje", ["veer", "boot", "kaartje"]),
        ("fiets", []),
        ("fietsxkaart", []),
        ("onbekend", []),
        ("kaartenmaker", []),
    ],
)
def test_splits_dutch_compounds(word: str, split: list[str]) -> None:
    assert parts(word, "nl", DUTCH) == split


@pytest.mark.parametrize(
    ("word", "split"),
    [
        ("fahrradkarten", ["fahrrad", "karten"]),
        ("fährtickets", ["fähr", "tickets"]),
        ("hundeticket", ["hunde", "ticket"]),
        ("sonntagsfahrt", ["sonntags", "fahrt"]),
        ("fahrradkartenverkauf", ["fahrrad", "karten", "verkauf"]),
        ("fahrradständer", []),
    ],
)
def test_splits_german_compounds(word: str, split: list[str]) -> None:
    assert parts(word, "de", GERMAN) == split


def test_english_words_are_not_split() -> None:
    assert parts("carpark", "en", {"car", "park"}) == []


def test_tries_few_ways_however_a_word_is_made() -> None:
    asked: list[str] = []

    def is_known(word: str) -> bool:
        asked.append(word)
        return set(word) == {"a"}

    assert parts_of("a" * (MOST_LETTERS - 1) + "b", "nl", is_known) == []
    assert len(asked) < 40 * MOST_LETTERS
    asked.clear()
    assert parts_of("a" * (MOST_LETTERS + 1), "nl", is_known) == []
    assert asked == []
