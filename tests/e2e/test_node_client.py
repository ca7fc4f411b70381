"""A client in another language, made from protos/ alone."""

import subprocess
from pathlib import Path

import pytest
from tests.e2e.desk import RunningDesk
from tests.e2e.node_example import installed_example

pytestmark = [pytest.mark.node, pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def node_client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installed_example("node", tmp_path_factory.mktemp("node"))


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
