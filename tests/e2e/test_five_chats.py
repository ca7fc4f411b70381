"""Five customers at once and one person: the session that docs/agents.md shows, played for real."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.e2e.desk import RunningDesk

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "examples" / "five-chats" / "session.py"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def documented() -> list[str]:
    found = re.search(
        r"```\n(You are Femke.*?)```", (ROOT / "docs" / "agents.md").read_text("utf-8"), re.DOTALL
    )
    assert found
    return found[1].splitlines()


def shape(lines: list[str]) -> set[str]:
    """Returns lines without what differs from one time to the next: moments, scores, and the desk's words on waiting."""
    shapes = set()
    for line in lines:
        if re.match(r" {10,}\S", line):  # the rest of a long one
            continue
        line = re.sub(r"^( \d ·).*", r"\1", line)
        line = re.sub(r"\d+:\d\d", "0:00", line)
        line = re.sub(r"\d\.\d\d", "0.00", line)
        shapes.add(" ".join(line.split()))
    return shapes


def test_five_chats_are_held_as_documented(make_desk: Callable[..., RunningDesk]) -> None:
    addresses = make_desk().addresses
    arguments = ("--gateway", addresses.gateway, "--handoff", addresses.handoff)
    played = subprocess.run(
        [sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, timeout=200
    )
    assert played.returncode == 0, played.stdout + played.stderr
    shown = played.stdout.splitlines()
    typed = [line for line in documented() if line.startswith("> ")]
    assert [line for line in shown if line.startswith("> ")] == typed
    assert shape(shown) == shape(documented()), "play it again and put what it prints into docs/agents.md"
