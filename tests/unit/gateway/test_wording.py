from pathlib import Path

import pytest
import yaml

from balie.gateway.wording import Phrase, Wording
from balie.kit.strict_yaml import FileMistake

LANGUAGES = ("nl", "de", "en")
OURS = Path("services/balie/gateway/wording.yaml")


def changed(**changes: object) -> bytes:
    texts = yaml.safe_load(OURS.read_text(encoding="utf-8"))
    texts.update(changes)
    return yaml.safe_dump(
        {key: value for key, value in texts.items() if value is not None}, sort_keys=False
    ).encode()


def in_all(text: str) -> dict[str, str]:
    return dict.fromkeys(LANGUAGES, text)


def test_ours_says_every_phrase_in_every_language() -> None:
    wording = Wording.load(None, LANGUAGES)
    for phrase in Phrase:
        values = dict.fromkeys(("position", "minutes", "day", "month", "weekday", "time"), 3) | {
            "name": "Els"
        }
        said = {wording.say(phrase, language, **values) for language in LANGUAGES}
        assert {language for _, language in said} == set(LANGUAGES)
        assert len({text for text, _ in said}) == len(LANGUAGES)


def test_fills_in_the_position_and_the_name() -> None:
    wording = Wording.load(None, LANGUAGES)
    assert "3" in wording.say(Phrase.WAITING_AT_POSITION, "en", position=3)[0]
    assert wording.say(Phrase.AGENT_JOINED_NAMED, "en", name="{Els}")[0].startswith("{Els} ")


@pytest.mark.parametrize(
    ("language", "spoken"),
    [
        ("nl", "nl"),
        ("NL", "nl"),
        ("de-AT", "de"),
        ("de-Latn-AT", "de"),
        ("fr", "nl"),
        ("und", "nl"),
        ("", "nl"),
    ],
)
def test_speaks_the_nearest_language_and_the_first_otherwise(language: str, spoken: str) -> None:
    assert Wording.load(None, LANGUAGES).say(Phrase.CLOSED, language)[1] == spoken


def test_reads_a_file_of_the_operator(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_bytes(changed(closed=in_all("Fertig.")))
    assert Wording.load(file, LANGUAGES).say(Phrase.CLOSED, "de") == ("Fertig.", "de")


@pytest.mark.parametrize(
    ("content", "mistake"),
    [
        (changed(closed=None), "own.yaml: closed: is missing"),
        (changed(closed={"nl": "Klaar.", "en": "Done."}), "own.yaml: closed.de: is missing"),
        (changed(closed=in_all("  ")), "own.yaml: closed.nl: must be a text"),
        (changed(closed={"nl": 1, "de": "b", "en": "c"}), "own.yaml: closed.nl: must be a text"),
        (changed(closed="Klaar."), "own.yaml: closed: must be a mapping"),
        (changed(goodbye=in_all("Dag.")), "own.yaml: goodbye: is no phrase"),
        (
            changed(closed=in_all("Dag {name}.")),
            "own.yaml: closed.nl: must hold exactly these placeholders: none",
        ),
        (
            changed(waiting_at_position=in_all("Wacht.")),
            "own.yaml: waiting_at_position.nl: must hold exactly these placeholders: {position}",
        ),
        (
            changed(waiting_at_position=in_all("{position:d}")),
            "own.yaml: waiting_at_position.nl: must hold exactly",
        ),
        (
            changed(waiting_at_position=in_all("{position.real}")),
            "own.yaml: waiting_at_position.nl: must hold exactly",
        ),
        (changed(closed=in_all("Dag {")), "own.yaml: closed.nl: has a brace without its pair"),
        (changed(closed=in_all("x" * 1001)), "own.yaml: closed.nl: must have at most 1000 characters"),
        (b"closed: [", "own.yaml: line 1: "),
        (b"closed: {nl: a}\nclosed: {nl: b}\n", "own.yaml: line 2: the key closed stands twice"),
        (b"\xff\xfe\x00", "own.yaml: "),
        (b"- a\n", "own.yaml: must be a mapping"),
        (b"no: {nl: a}\n", "own.yaml: the key False must be a text"),
    ],
)
def test_names_file_and_place_of_a_mistake(content: bytes, mistake: str) -> None:
    with pytest.raises(FileMistake) as raised:
        Wording.parse(content, "own.yaml", LANGUAGES)
    assert str(raised.value).startswith(mistake)


def test_names_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileMistake, match=r"none\.yaml: cannot be read: No such file"):
        Wording.load(tmp_path / "none.yaml", LANGUAGES)
