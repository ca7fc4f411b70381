"""The encoder's settings, and the default folder."""

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from balie.encoders import EncoderSettings, default_folder
from balie.encoders.errors import EncoderSettingsWrong
from balie.encoders.folder.precisions import PRECISIONS


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch):
    for name in [name for name in os.environ if name.startswith("BALIE_ENCODER_")]:
        monkeypatch.delenv(name)


def test_reads_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BALIE_ENCODER_FOLDER", "/srv/encoder")
    monkeypatch.setenv("BALIE_ENCODER_WORKERS", "4")

    settings = EncoderSettings.load()

    assert (settings.folder, settings.workers, settings.name) == (Path("/srv/encoder"), 4, "onnx")


def test_made_by_hand_does_not_read_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BALIE_ENCODER_WORKERS", "4")

    assert EncoderSettings().workers == 2


def test_refuses_a_variable_that_it_does_not_know(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BALIE_ENCODER_FOLDR", "/srv/encoder")

    with pytest.raises(EncoderSettingsWrong, match="BALIE_ENCODER_FOLDR: no such setting"):
        EncoderSettings.load()


def test_names_every_variable_that_is_wrong(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BALIE_ENCODER_WORKERS", "0")
    monkeypatch.setenv("BALIE_ENCODER_PRECISION", "int3")

    with pytest.raises(EncoderSettingsWrong, match=r"BALIE_ENCODER_PRECISION: .*BALIE_ENCODER_WORKERS: "):
        EncoderSettings.load()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("workers", 0),
        ("workers", 65),
        ("batch_texts", 0),
        ("batch_texts", 257),
        ("queue_texts", 0),
        ("cache_texts", -1),
    ],
)
def test_refuses_a_number_out_of_bounds(field: str, value: int):
    with pytest.raises(ValidationError):
        EncoderSettings(**{field: value})


def test_describes_every_field():
    assert all(field.description for field in EncoderSettings.model_fields.values())


def test_offers_every_precision_that_an_encoder_is_written_in():
    for precision in PRECISIONS:
        assert EncoderSettings(precision=precision).precision == precision
    assert EncoderSettings().precision == "fp32"
    with pytest.raises(ValidationError, match="precision"):
        EncoderSettings(precision="int8")


def test_default_folder_is_below_the_users_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))

    assert default_folder() == tmp_path / "balie" / "encoders" / "minilm-l6-v2-nl-de"
    assert EncoderSettings().folder == default_folder()


@pytest.mark.parametrize("value", ["", "relative/path"])
def test_ignores_a_data_home_that_is_not_absolute(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, value: str
):
    monkeypatch.setenv("XDG_DATA_HOME", value)
    monkeypatch.setenv("HOME", str(tmp_path))

    assert default_folder() == tmp_path / ".local" / "share" / "balie" / "encoders" / "minilm-l6-v2-nl-de"
