"""What the README shows runs as it stands there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.e2e.desk import RunningDesk

README = Path(__file__).parents[2] / "README.md"
LONGEST = 150

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def test_the_first_call_of_the_readme_prints_an_answer(shared_desk: RunningDesk) -> None:
    found = re.search(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    program = found[1].replace("127.0.0.1:50051", shared_desk.addresses.gateway)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "WV-1042" in done.stdout


def test_every_target_that_the_readme_names_exists() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (README.parent / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:\$ |`)make ([a-z0-9-]+)", README.read_text(encoding="utf-8")))
    assert named
    assert named <= targets


def test_every_place_that_the_readme_points_at_exists() -> None:
    text = README.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert (README.parent / target).exists(), target
