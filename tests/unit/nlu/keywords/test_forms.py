import pytest

from balie.nlu.keywords.forms import BASES, TERM_BASES, bases_of, links_of


def have_one_in_common(language: str, one: str, other: str) -> bool:
    return bool(set(BASES[language](one)) & set(TERM_BASES[language](other)))


@pytest.mark.parametrize(
    ("form", "base"),
    [
        ("kaartje", "kaart"),
        ("kaartjes", "kaart"),
        ("fietskaartje", "fietskaart"),
        ("fietskaartje", "fietskaarten"),
        ("kaartjes", "kaarten"),
        ("hondje", "hond"),
        ("honden", "hond"),
        ("autootje", "auto"),
        ("boompje", "boom"),
        ("koninkje", "koning"),
        ("kammetje", "kam"),
        ("wandelingetje", "wandeling"),
        ("stoeltje", "stoel"),
        ("boten", "boot"),
        ("katten", "kat"),
        ("huizen", "huis"),
        ("duiven", "duif"),
        ("graven", "graaf"),
        ("laadpalen", "laadpaal"),
        ("koffers", "koffer"),
        ("vacatures", "vacature"),
        ("ziektes", "ziekte"),
        ("zeeën", "zee"),
        ("kinderen", "kind"),
        ("rookt", "roken"),
        ("gerookt", "roken"),
        ("parkeert", "parkeren"),
        ("geparkeerd", "parkeren"),
        ("parkeerde", "parkeren"),
        ("waterdichte", "waterdicht"),
        ("grote", "groot"),
    ],
)
def test_knows_dutch_forms(form: str, base: str) -> None:
    assert have_one_in_common("nl", form, base)


@pytest.mark.parametrize(
    ("form", "base"),
    [
        ("fahrradkarten", "fahrradkarte"),
        ("fahrräder", "fahrrad"),
        ("fahrrädern", "fahrrad"),
        ("fahrrades", "fahrrad"),
        ("fähren", "fähre"),
        ("fährtickets", "fährticket"),
        ("plätze", "platz"),
        ("häuser", "haus"),
        ("hündchen", "hund"),
        ("kätzchen", "katze"),
        ("hunde", "hund"),
        ("rechnungen", "rechnung"),
        ("raucht", "rauchen"),
        ("geparkt", "parken"),
        ("parkst", "parken"),
    ],
)
def test_knows_german_forms(form: str, base: str) -> None:
    assert have_one_in_common("de", form, base)


@pytest.mark.parametrize(
    ("form", "base"),
    [
        ("bikes", "bike"),
        ("ferries", "ferry"),
        ("vacancies", "vacancy"),
        ("boxes", "box"),
        ("buses", "bus"),
        ("knives", "knife"),
        ("shelves", "shelf"),
        ("parked", "park"),
        ("stopping", "stop"),
        ("cycling", "cycle"),
        ("cancelled", "cancel"),
        ("applied", "apply"),
    ],
)
def test_knows_english_forms(form: str, base: str) -> None:
    assert have_one_in_common("en", form, base)


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("de", "fahren", "fähre"),
        ("de", "rauchen", "raus"),
        ("nl", "honden", "honderd"),
        ("nl", "muts", "mute"),
        ("nl", "boot", "bot"),
        ("nl", "fiets", "iets"),
        ("nl", "kate", "kat"),
        ("nl", "fietje", "fiets"),
        ("en", "mop", "moped"),
        ("en", "bus", "bu"),
        ("en", "glass", "glas"),
        ("en", "news", "newt"),
    ],
)
def test_keeps_other_words_apart(language: str, one: str, other: str) -> None:
    assert not have_one_in_common(language, one, other)


@pytest.mark.parametrize("language", sorted(BASES))
@pytest.mark.parametrize(
    "word", ["je", "s", "tje", "jes", "en", "chen", "ing", "ed", "ge", "gett", "x", "ééé"]
)
def test_odd_words_have_sound_bases(language: str, word: str) -> None:
    found = BASES[language](word)
    assert all(len(base) >= 3 for base in found)
    assert len(found) == len(set(found))


def test_rules_go_by_the_primary_subtag() -> None:
    assert bases_of("nl-BE") is BASES["nl"]
    assert bases_of("fr") is None
    assert links_of("de-AT")
    assert links_of("en") == ()
