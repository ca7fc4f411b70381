from pathlib import Path

import pytest

from balie.encoders import EncoderSettings
from balie.nlu.settings import NluSettings

REQUIRED = {
    "BALIE_NLU_LISTEN": "127.0.0.1:0",
    "BALIE_NLU_DATABASE_URL": "sqlite+aiosqlite:////var/nlu.sqlite3",
    "BALIE_NLU_MODEL_FOLDER": "/var/models",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in NluSettings.variables().values():
        monkeypatch.delenv(name, raising=False)
    for name, value in REQUIRED.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_reads_the_environment(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("BALIE_NLU_LANGUAGES", '["nl", "pt-BR"]')
    environment.setenv("BALIE_NLU_INTENTS_FILE", "/desk/intents.yaml")
    environment.setenv("BALIE_NLU_KEYWORDS_FILE", "/desk/keywords.yaml")
    environment.setenv("BALIE_NLU_MAX_WRONG", "0.1")
    settings = NluSettings.load()
    assert settings.intents_file == Path("/desk/intents.yaml")
    assert settings.keywords_file == Path("/desk/keywords.yaml")
    assert settings.languages == ("nl", "pt-BR")
    assert settings.max_wrong == 0.1


def test_needs_no_more_than_address_database_and_folder(environment: pytest.MonkeyPatch) -> None:
    settings = NluSettings.load()
    assert settings.languages == ("nl", "de", "en")
    assert settings.keywords_file is settings.intents_file is None


@pytest.mark.parametrize("name", REQUIRED)
def test_says_what_is_missing(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    environment.delenv(name)
    with pytest.raises(SystemExit) as ended:
        NluSettings.load()
    assert ended.value.code == 2
    assert f"{name}: required" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BALIE_NLU_LANGUAGES", "[]"),
        ("BALIE_NLU_LANGUAGES", "nl,de"),
        ("BALIE_NLU_LANGUAGES", '["dutch!"]'),
        ("BALIE_NLU_MAX_WRONG", "0"),
        ("BALIE_NLU_MAX_WRONG", "nan"),
        ("BALIE_NLU_MAX_WRONG_DELTA", "1"),
        ("BALIE_NLU_MAX_WRONG_CHOICE", "-1"),
        ("BALIE_NLU_LANGUAGE_FLOOR", "1"),
        ("BALIE_NLU_INTENT_FILE", "/typo"),
    ],
)
def test_refuses_what_it_cannot_use(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str
) -> None:
    environment.setenv(name, value)
    with pytest.raises(SystemExit):
        NluSettings.load()
    assert name in capsys.readouterr().err


def test_the_encoder_is_the_shared_one_unless_a_folder_is_named(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("BALIE_ENCODER_FOLDER", "/shared")
    environment.setenv("BALIE_ENCODER_WORKERS", "3")
    assert NluSettings.load().encoder() == EncoderSettings(folder=Path("/shared"), workers=3)
    environment.setenv("BALIE_NLU_ENCODER_FOLDER", "/own")
    assert NluSettings.load().encoder() == EncoderSettings(folder=Path("/own"), workers=3)
