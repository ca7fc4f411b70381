"""Copies an example in Node.js beside the protos and installs what it needs, so that the checkout stays as it is."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def installed_example(name: str, work: Path) -> Path:
    """Returns the folder of a copy that is ready to run; skips the test where it cannot be made.

    Args:
        name: of a folder of `examples/`.
        work: an empty folder.
    """
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("Node.js and npm are not installed")
    # The same folder layout, so that the example finds protos/ where it expects it.
    copy = work / "examples" / name
    shutil.copytree(ROOT / "examples" / name, copy, ignore=shutil.ignore_patterns("node_modules"))
    shutil.copytree(ROOT / "protos", work / "protos")
    done = subprocess.run(
        ["npm", "ci", "--no-audit", "--no-fund"], cwd=copy, capture_output=True, text=True, timeout=240
    )
    if done.returncode:
        pytest.skip(f"npm cannot install the example: {done.stderr[-300:]}")
    return copy
