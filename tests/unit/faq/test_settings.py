"""What the FAQ service takes from its environment."""

from pathlib import Path

import pytest

from balie.encoders.errors import EncoderSettingsWrong
from balie.faq.settings import FaqSettings

REQUIRED = {
    "BALIE_FAQ_LISTEN": "127.0.0.1:0",
    "BALIE_FAQ_DATABASE_URL": "sqlite+aiosqlite:////tmp/faq.sqlite3",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in REQUIRED.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("BALIE_ENCODER_FOLDER", raising=False)


def test_needs_an_address_and_a_database_alone() -> None:
    settings = FaqSettings.load()
    assert (settings.max_wrong, settings.expected_unanswerable, settings.encoder_folder) == (0.05, 0.3, None)
    assert settings.retriever == "hybrid"


def test_its_own_encoder_folder_goes_before_the_shared_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BALIE_ENCODER_FOLDER", "/shared")
    monkeypatch.setenv("BALIE_ENCODER_WORKERS", "3")
    assert FaqSettings.load().encoder().folder == Path("/shared")
    monkeypatch.setenv("BALIE_FAQ_ENCODER_FOLDER", "/own")
    own = FaqSettings.load().encoder()
    assert (own.folder, own.workers) == (Path("/own"), 3)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAX_WRONG", "0"),
        ("MAX_WRONG", "1"),
        ("MAX_WRONG_DELTA", "1"),
        ("EXPECTED_UNANSWERABLE", "1"),
        ("EXPECTED_UNANSWERABLE", "-0.1"),
        ("DEFAULT_THRESHOLD", "0.5"),
        ("SEARCH_THREADS", "0"),
        ("POLL_SECONDS", "0"),
        ("KEEP_EVENTS", "10"),
        ("KEEP_REVISIONS", "0"),
        ("CALIBRATION_QUESTIONS", "1"),
        ("REMEMBER_QUESTIONS", "maybe"),
        ("KEEP_QUESTIONS_DAYS", "0"),
        ("GROUP_LIKENESS", "1.1"),
        ("NO_SUCH_THING", "1"),
    ],
)
def test_refuses_to_start_with_what_it_cannot_use(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str
) -> None:
    monkeypatch.setenv(f"BALIE_FAQ_{name}", value)
    with pytest.raises(SystemExit) as caught:
        FaqSettings.load()
    assert caught.value.code == 2
    assert f"BALIE_FAQ_{name}" in capsys.readouterr().err


def test_a_wrong_encoder_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BALIE_ENCODER_WORKERS", "many")
    with pytest.raises(EncoderSettingsWrong):
        FaqSettings.load().encoder()


def test_vectors_in_postgresql_need_a_database_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BALIE_FAQ_INDEX_KIND", "pgvector")
    with pytest.raises(SystemExit):
        FaqSettings.load()
    assert "BALIE_FAQ_INDEX_DATABASE_URL" in capsys.readouterr().err
    monkeypatch.setenv("BALIE_FAQ_INDEX_DATABASE_URL", "postgresql+asyncpg://faq@host/vectors")
    assert FaqSettings.load().vectors_url() == "postgresql+asyncpg://faq@host/vectors"
    monkeypatch.delenv("BALIE_FAQ_INDEX_DATABASE_URL")
    monkeypatch.setenv("BALIE_FAQ_DATABASE_URL", "postgresql+asyncpg://faq@host/faq")
    assert FaqSettings.load().vectors_url() == "postgresql+asyncpg://faq@host/faq"
