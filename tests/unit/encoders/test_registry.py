"""Choosing an encoder by name, and what importing the package costs."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from balie.encoders import ENCODERS, EncoderSettings, open_encoder
from balie.encoders.onnx import OnnxEncoder
from balie.kit.registry import MissingExtra, UnknownPlugin

HEAVY = ("numpy", "onnx", "onnxruntime", "tokenizers", "torch", "sentence_transformers", "transformers")


def test_opens_the_encoder_that_the_settings_name(encoder_folder: Path, encoder: OnnxEncoder):
    opened = open_encoder(EncoderSettings(folder=encoder_folder, verify="size"))

    assert isinstance(opened, OnnxEncoder)
    assert opened.fingerprint == encoder.fingerprint


def test_lists_the_known_names_for_an_unknown_one():
    with pytest.raises(UnknownPlugin, match="onnx, sentence-transformers"):
        open_encoder(EncoderSettings(name="word2vec"))


def test_names_both_encoders():
    assert {"onnx", "sentence-transformers"} <= set(ENCODERS.names())


@pytest.mark.skipif(
    find_spec("sentence_transformers") is not None, reason="sentence-transformers is installed"
)
def test_tells_what_to_install_for_sentence_transformers():
    with pytest.raises(MissingExtra, match=r"pip install 'balie\[sentence-transformers\]'"):
        open_encoder(EncoderSettings(name="sentence-transformers", model="any"))


def test_importing_the_package_loads_no_model_library():
    code = f"import sys, balie.encoders; print([name for name in {HEAVY} if name in sys.modules])"

    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert answer.stdout.strip() == "[]"


def test_serving_loads_neither_torch_nor_onnx(encoder_folder: Path):
    code = (
        "import sys; from pathlib import Path; from balie.encoders.onnx import OnnxEncoder;"
        f"OnnxEncoder(Path({str(encoder_folder)!r})).encode(['hello']);"
        "print([name for name in ('torch', 'onnx', 'transformers', 'scipy') if name in sys.modules])"
    )

    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert answer.stdout.strip() == "[]"
