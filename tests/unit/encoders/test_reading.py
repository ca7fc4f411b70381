"""An encoder's folder can be taken apart and written again without a change."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from balie.encoders.errors import EncoderBuildFailed, EncoderDamaged, EncoderFolderMissing, EncoderNotReadable
from balie.encoders.folder.manifest import Manifest, describe_files
from balie.encoders.folder.reading import read_model
from balie.encoders.folder.writing import in_place, write_encoder


@pytest.fixture
def copy(encoder_folder: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "encoder"
    shutil.copytree(encoder_folder, folder)
    return folder


def test_what_is_read_is_written_again_to_the_same_bytes(encoder_folder: Path, tmp_path: Path):
    with in_place(tmp_path / "again") as built:
        again = write_encoder(read_model(encoder_folder), built)

    first = Manifest.read(encoder_folder)
    assert again.fingerprint == first.fingerprint
    assert again.files == first.files
    assert again.adaptations == first.adaptations


def test_names_what_is_missing_or_altered(copy: Path, tmp_path: Path):
    with pytest.raises(EncoderFolderMissing, match="no encoder in"):
        read_model(tmp_path / "absent")
    with (copy / "weights.bin").open("r+b") as file:
        file.write(b"x")
    with pytest.raises(EncoderDamaged, match=r"weights\.bin does not match its checksum"):
        read_model(copy)


def test_refuses_another_precision(copy: Path):
    Manifest.read(copy).model_copy(update={"precision": "w8"}).write(copy)
    with pytest.raises(EncoderNotReadable, match="its weights are w8, not fp32"):
        read_model(copy)


@pytest.mark.parametrize("content", ["[1]", "not JSON", ""])
def test_refuses_a_tokenizer_that_is_none(copy: Path, content: str):
    (copy / "tokenizer.json").write_text(content)
    manifest = Manifest.read(copy)
    manifest.model_copy(update={"files": describe_files(copy, list(manifest.files))}).write(copy)
    with pytest.raises(EncoderDamaged, match=r"tokenizer\.json is not a tokenizer"):
        read_model(copy)


def test_refuses_weights_that_are_no_numbers(copy: Path):
    with (copy / "weights.bin").open("r+b") as file:
        file.write(np.full(16, np.nan, np.float32).tobytes())
    manifest = Manifest.read(copy)
    manifest.model_copy(update={"files": describe_files(copy, list(manifest.files))}).write(copy)
    with pytest.raises(EncoderNotReadable, match="holds what is no number"):
        read_model(copy)


def test_refuses_a_graph_of_somebody_else(copy: Path):
    import onnx

    node = onnx.helper.make_node("Identity", ["a"], ["b"])
    infos = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1]) for name in "ab"]
    model = onnx.helper.make_model(onnx.helper.make_graph([node], "other", infos[:1], infos[1:]))
    (copy / "model.onnx").write_bytes(model.SerializeToString())
    manifest = Manifest.read(copy)
    manifest.model_copy(update={"files": describe_files(copy, list(manifest.files))}).write(copy)
    with pytest.raises(EncoderNotReadable, match="not one that balie wrote"):
        read_model(copy)


def test_a_block_that_fails_leaves_what_was_there(copy: Path):
    before = {path.name: path.read_bytes()[:64] for path in copy.iterdir()}
    with pytest.raises(ValueError, match="half-way"):
        _write_half(copy)
    assert {path.name: path.read_bytes()[:64] for path in copy.iterdir()} == before
    assert [path.name for path in copy.parent.iterdir()] == ["encoder"]


def _write_half(folder: Path) -> None:
    with in_place(folder) as built:
        (built / "weights.bin").write_bytes(b"half")
        raise ValueError("half-way")


def test_never_takes_the_place_of_other_things(tmp_path: Path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"cat")
    with (
        pytest.raises(EncoderBuildFailed, match=r"it holds other things \(cat\.jpg\)"),
        in_place(tmp_path / "photos"),
    ):
        raise AssertionError("the block is not reached")


def test_the_weights_that_are_read_are_the_models_own(encoder_folder: Path):
    weights = read_model(encoder_folder).weights
    rows = weights["embeddings.word_embeddings.weight"]
    assert rows.dtype == np.float32
    assert weights["encoder.layer.0.attention.self.query.weight"].shape == (rows.shape[1], rows.shape[1])
    assert weights["encoder.layer.5.intermediate.dense.weight"].shape == (4 * rows.shape[1], rows.shape[1])
