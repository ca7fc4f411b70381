"""The built encoder, loaded once for all tests of this folder."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.encoder_fixture import encoder_folder as built_folder

if TYPE_CHECKING:
    from balie.encoders.onnx import OnnxEncoder


@pytest.fixture(scope="session")
def encoder_folder() -> Path:
    return built_folder()


@pytest.fixture(scope="session")
def encoder(encoder_folder: Path) -> "OnnxEncoder":
    from balie.encoders.onnx import OnnxEncoder

    return OnnxEncoder(encoder_folder)
