"""Settings are read once and whole, and what cannot be read is told in one message."""

from pathlib import Path

import pytest
from pydantic import Field, ValidationError
from pydantic_settings import SettingsConfigDict

from balie.kit.settings import DatabaseSettings, ServiceSettings


class ShopSettings(DatabaseSettings):
    model_config = SettingsConfigDict(env_prefix="BALIE_SHOP_")

    weights: tuple[float, ...] = Field(default=(1.0,), description="Weights, any number.")


@pytest.fixture(autouse=True)
def _complete(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BALIE_SHOP_LISTEN", "127.0.0.1:50059")
    monkeypatch.setenv("BALIE_SHOP_DATABASE_URL", "sqlite+aiosqlite:////shop.sqlite3")


def refusal(capsys: pytest.CaptureFixture[str]) -> list[str]:
    with pytest.raises(SystemExit) as caught:
        ShopSettings.load()
    assert caught.value.code == 2
    first, *lines = capsys.readouterr().err.splitlines()
    assert first == "ShopSettings cannot be read from the environment:"
    return [line.strip() for line in lines]


def test_reads_its_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BALIE_SHOP_MAX_STREAMS", "7")
    monkeypatch.setenv("BALIE_SHOP_WEIGHTS", "[1, 2.5]")
    settings = ShopSettings.load()
    assert (settings.listen, settings.max_streams, settings.weights) == ("127.0.0.1:50059", 7, (1.0, 2.5))


def test_reads_the_environment_only_when_told_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BALIE_SHOP_MAX_STREAMS", "7")
    assert ShopSettings(listen="127.0.0.1:0", database_url="x").max_streams == 1024


def test_refuses_a_variable_it_does_not_know(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BALIE_SHOP_LISEN", "127.0.0.1:1")
    assert refusal(capsys) == ["BALIE_SHOP_LISEN: no such setting"]


def test_leaves_other_services_variables_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BALIE_SHOPPING_LISTEN", "127.0.0.1:1")
    ShopSettings.load()


def test_tells_every_mistake_at_once_by_the_variables_names(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("BALIE_SHOP_LISTEN")
    monkeypatch.setenv("BALIE_SHOP_MAX_STREAMS", "none")
    monkeypatch.setenv("BALIE_SHOP_WEIGHTS", "[1,")
    monkeypatch.setenv("BALIE_SHOP_NOTHING", "x")
    assert refusal(capsys) == [
        "BALIE_SHOP_LISTEN: required",
        "BALIE_SHOP_MAX_STREAMS: Input should be a valid integer, unable to parse string as an integer",
        "BALIE_SHOP_NOTHING: no such setting",
        "BALIE_SHOP_WEIGHTS: must be JSON",
    ]


def test_reads_a_secret_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret = tmp_path / "url"
    secret.write_text("postgresql+asyncpg://shop:hunter2@db/shop\n")
    monkeypatch.delenv("BALIE_SHOP_DATABASE_URL")
    monkeypatch.setenv("BALIE_SHOP_DATABASE_URL_FILE", str(secret))
    settings = ShopSettings.load()
    assert settings.database_url == "postgresql+asyncpg://shop:hunter2@db/shop"
    assert "hunter2" not in repr(settings)


def test_refuses_a_variable_that_is_given_twice(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "url").write_text("x")
    monkeypatch.setenv("BALIE_SHOP_DATABASE_URL_FILE", str(tmp_path / "url"))
    assert refusal(capsys) == ["BALIE_SHOP_DATABASE_URL: given twice, also as BALIE_SHOP_DATABASE_URL_FILE"]


def test_tells_of_a_file_it_cannot_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("BALIE_SHOP_DATABASE_URL")
    monkeypatch.setenv("BALIE_SHOP_DATABASE_URL_FILE", "/nowhere/url")
    assert "BALIE_SHOP_DATABASE_URL_FILE: the file cannot be read: FileNotFoundError" in refusal(capsys)


def test_never_repeats_a_value_it_refuses(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BALIE_SHOP_LISTEN", "hunter2")
    monkeypatch.setenv("BALIE_SHOP_MAX_STREAMS", "hunter2")
    assert "hunter2" not in "".join(refusal(capsys))


@pytest.mark.parametrize("listen", ["127.0.0.1:50051", "[::]:50051", "localhost:0", "gateway:65535"])
def test_takes_addresses(listen: str) -> None:
    assert ServiceSettings(listen=listen).listen == listen


@pytest.mark.parametrize(
    "listen", ["", "50051", ":50051", "localhost", "localhost:70000", "a b:1", "::1:50051"]
)
def test_refuses_what_is_no_address(listen: str) -> None:
    with pytest.raises(ValidationError, match="host:port"):
        ServiceSettings(listen=listen)


def test_cannot_be_changed() -> None:
    settings = ServiceSettings(listen="localhost:0")
    with pytest.raises(ValidationError):
        settings.max_streams = 3  # type: ignore[misc]


def test_says_what_each_field_means() -> None:
    for name, field in DatabaseSettings.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name


def test_knows_its_services_name_and_variables() -> None:
    assert ShopSettings.service() == "shop"
    assert ShopSettings.variables()["listen"] == "BALIE_SHOP_LISTEN"
