"""Reading safetensors files without their library."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from balie.encoders.errors import EncoderModelUnsupported
from balie.encoders.exporting.errors import EncoderModelFileWrong
from balie.encoders.folder.graph import BertShape
from balie.encoders.folder.weights import Weights


def write(path: Path, tensors: dict[str, tuple[str, list[int], bytes]], cut: int = 0) -> Path:
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, (kind, shape, raw) in tensors.items():
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    content = struct.pack("<Q", len(text)) + text + data
    path.write_bytes(content[: len(content) - cut])
    return path


def test_reads_each_kind_of_float(tmp_path: Path):
    values = np.array([[1.5, -2.0, 0.25]], np.float32)
    halves = (values.view(np.uint32) >> 16).astype(np.uint16)
    path = write(
        tmp_path / "model.safetensors",
        {
            "full": ("F32", [1, 3], values.tobytes()),
            "half": ("F16", [3, 1], values.astype(np.float16).tobytes()),
            "brain": ("BF16", [3], halves.tobytes()),
        },
    )

    weights = Weights(path)

    assert sorted(weights) == ["brain", "full", "half"]
    assert len(weights) == 3
    assert np.array_equal(weights["full"], values)
    assert np.array_equal(weights["half"], values.T)
    assert np.array_equal(weights["brain"], values[0])
    assert {weights[name].dtype for name in weights} == {np.dtype(np.float32)}


def test_refuses_a_tensor_of_whole_numbers(tmp_path: Path):
    path = write(tmp_path / "model.safetensors", {"ids": ("I64", [1], bytes(8))})

    with pytest.raises(EncoderModelFileWrong, match="ids as I64"):
        Weights(path)["ids"]


@pytest.mark.parametrize(
    "content", [b"", b"short", struct.pack("<Q", 2**62) + b"{}", struct.pack("<Q", 4) + b"nope"]
)
def test_refuses_what_is_no_safetensors_file(tmp_path: Path, content: bytes):
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)

    with pytest.raises(EncoderModelFileWrong, match=r"model\.safetensors is not a safetensors file"):
        Weights(path)


def test_refuses_a_file_that_was_cut_off(tmp_path: Path):
    path = write(tmp_path / "model.safetensors", {"full": ("F32", [4], bytes(16))}, cut=1)

    with pytest.raises(EncoderModelFileWrong, match="ends before its last tensor"):
        Weights(path)


@pytest.mark.parametrize(
    ("setting", "value"),
    [("model_type", "roberta"), ("hidden_act", "relu"), ("position_embedding_type", "relative_key")],
)
def test_refuses_a_model_that_the_graph_does_not_describe(setting: str, value: str):
    config = {
        "model_type": "bert",
        "hidden_act": "gelu",
        "num_hidden_layers": 6,
        "num_attention_heads": 12,
        "hidden_size": 384,
        "layer_norm_eps": 1e-12,
    }
    assert BertShape.from_config(config) == BertShape(6, 12, 384, 1e-12)

    with pytest.raises(EncoderModelUnsupported, match=f"{setting} is '{value}'"):
        BertShape.from_config(config | {setting: value})
