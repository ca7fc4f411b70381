"""A client in another language, made from protos/ alone."""

import shutil
import subprocess
from pathlib import Path

import pytest
from tests.e2e.desk import RunningDesk

EXAMPLE = Path(__file__).parents[2] / "examples" / "node"

pytestmark = [pytest.mark.node, pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def node_client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("Node.js and npm are not installed")
    # The same folder layout, so that the client finds protos/ where it expects it and the checkout stays as it is.
    root = tmp_path_factory.mktemp("node")
    copy = root / "examples" / "node"
    shutil.copytree(EXAMPLE, copy, ignore=shutil.ignore_patterns("node_modules"))
    shutil.copytree(EXAMPLE.parents[1] / "protos", root / "protos")
    done = subprocess.run(
        ["npm", "ci", "--no-audit", "--no-fund"], cwd=copy, capture_output=True, text=True, timeout=240
    )
    if done.returncode:
        pytest.skip(f"npm cannot install the client: {done.stderr[-300:]}")
    return copy


def run(client: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["node", "client.js", *arguments], cwd=client, capture_output=True, text=True, timeout=60
    )


def test_a_generated_client_sends_a_message_and_prints_the_replies(
    node_client: Path, shared_desk: RunningDesk
) -> None:
    done = run(node_client, "WV-1042", shared_desk.addresses.gateway)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "1 contact: WV-1042"
    assert lines[1].startswith("2 bot: ")
    assert len(lines[1]) > 40


def test_a_generated_client_shows_what_is_wrong(node_client: Path, shared_desk: RunningDesk) -> None:
    done = run(node_client, "x" * 5000, shared_desk.addresses.gateway)
    assert done.returncode == 1
    assert done.stderr.startswith("INVALID_ARGUMENT")
