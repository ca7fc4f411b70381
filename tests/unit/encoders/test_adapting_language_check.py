"""Pairs in another language than the one that they are filed under are found out, and close relatives are let be."""

import errno

import pytest
from tests.integration.encoders.pairs_fr import french_pairs

from balie.encoders.adapting import language_check
from balie.encoders.adapting.errors import PairsInAnotherLanguage
from balie.encoders.adapting.language_check import CHECKED, NOT_INSTALLED, TRUSTED, UNKNOWN, check_languages
from balie.encoders.adapting.pairs import Pairs

FRENCH = tuple((pair["en"], pair["fr"]) for pair in french_pairs(200))
NORWEGIAN = (
    "Hvor er pakken min?",
    "Jeg vil gjerne returnere den blå jakken i morgen.",
    "Vaskemaskinen i tredje etasje lekker siden tirsdag.",
    "Kan dere sende meg en ny faktura?",
    "Jeg har ikke mottatt bestillingen min ennå.",
)


@pytest.fixture(autouse=True)
def classifier():
    pytest.importorskip("py3langid", reason="pip install 'balie[nlu]'")


def filed(language: str, texts: tuple[tuple[str, str], ...] = FRENCH) -> list[Pairs]:
    return [Pairs(language, "pairs.jsonl", texts, blank=0, too_long=0)]


@pytest.mark.parametrize("language", ["fr", "FR", "fr-BE"])
def test_pairs_in_their_language_are_fine(language: str):
    assert check_languages(filed(language)) == {language: CHECKED}


@pytest.mark.parametrize("language", ["nl", "nl-BE", "ro", "es"])
def test_refuses_pairs_in_another_language(language: str):
    with pytest.raises(PairsInAnotherLanguage) as caught:
        check_languages(filed(language))

    assert str(caught.value).startswith(
        f'pairs.jsonl: 100% of what is filed under "{language}" looks like fr: file each text under its own language'
    )


def test_refuses_what_is_not_english_under_english_even_beside_a_language_that_none_knows():
    with pytest.raises(PairsInAnotherLanguage, match='under "en" looks like fr'):
        check_languages(filed("tlh", tuple((french, english) for english, french in FRENCH)))


def test_does_not_judge_a_language_that_it_cannot_tell():
    assert check_languages(filed("tlh")) == {"tlh": UNKNOWN}


@pytest.mark.parametrize(("foreign", "refused"), [(120, False), (180, True)])
def test_lets_pass_what_is_in_part_another_language(foreign: int, refused: bool):
    mixed = tuple(
        (english, french if place < foreign else english) for place, (english, french) in enumerate(FRENCH)
    )
    if refused:
        with pytest.raises(PairsInAnotherLanguage):
            check_languages(filed("en-GB", mixed))
    else:
        assert check_languages(filed("en-GB", mixed)) == {"en-GB": CHECKED}


@pytest.mark.parametrize("tag", ["no", "nb", "nn-NO"])
def test_takes_languages_that_are_alike_for_one(tag: str):
    texts = tuple(zip([english for english, _french in FRENCH[:5]], NORWEGIAN, strict=True))

    assert check_languages(filed(tag, texts)) == {tag: CHECKED}
    with pytest.raises(PairsInAnotherLanguage):
        check_languages(filed("nl", texts))


def test_can_be_overruled_and_left_out(monkeypatch: pytest.MonkeyPatch):
    assert check_languages(filed("nl"), trust=True) == {"nl": TRUSTED}

    monkeypatch.setattr(language_check, "find_spec", lambda _name: None)
    assert check_languages(filed("nl")) == {"nl": NOT_INSTALLED}


def test_a_full_disk_for_temporary_files_stops_nothing(monkeypatch: pytest.MonkeyPatch):
    def full() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(language_check, "_classifier", full)

    assert check_languages(filed("nl")) == {
        "nl": "not checked: py3langid cannot be loaded: No space left on device"
    }


def test_looks_at_no_more_than_it_must(monkeypatch: pytest.MonkeyPatch):
    looked: list[str] = []

    def tell(text: str) -> str:
        looked.append(text)
        return "en"

    monkeypatch.setattr(language_check, "_classifier", lambda: (tell, frozenset({"en"})))
    check_languages(filed("xx", tuple((f"text {number}", "x") for number in range(40_000))))

    assert 50 <= len(looked) <= 100
    assert "text 0 " in looked[0]
    assert "text 39" in looked[-1]
