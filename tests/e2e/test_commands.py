"""The `balie` command as people use it: in a terminal, through a pipe, and stopped with Ctrl-C."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.e2e import steps
from tests.e2e.desk import RunningDesk, filled_copy

from balie.cli import talk

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def balie(
    *arguments: str, stdin: str = "", environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "balie.cli", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=200,
        env=os.environ | {"COLUMNS": "160", "NO_COLOR": "1"} | (environment or {}),
    )


def test_help_teaches() -> None:
    shown = balie("--help")
    assert shown.returncode == 0
    for word in ("up", "demo", "chat", "agent", "ask", "bench", "encoder", "faq", "nlu", "A first look"):
        assert word in shown.stdout


@pytest.mark.parametrize(
    "command",
    [
        "up",
        "demo",
        "chat",
        "agent",
        "ask",
        "bench",
        "encoder build",
        "faq import",
        "desk queues",
        "desk agents",
        "desk handoffs",
        "desk transfer",
        "desk pause",
        "desk unpause",
        "faq export",
        "nlu train",
        "eval faq",
        "eval policy",
    ],
)
def test_every_command_says_what_it_does(command: str) -> None:
    shown = balie(*command.split(), "--help")
    assert shown.returncode == 0
    assert len(shown.stdout.splitlines()) > 8


def test_the_demo_ends_every_turn_as_written(encoder: Path) -> None:
    played = balie("demo", "--encoder", str(encoder))
    assert played.returncode == 0, played.stdout[-4000:] + played.stderr
    for shown in (
        "Nederlands",
        "Deutsch",
        "English",
        "keyword",
        "person requested",
        "silent",
        "ended as written",
    ):
        assert shown in played.stdout


def test_the_demo_fails_when_a_turn_ends_otherwise(encoder: Path, tmp_path: Path) -> None:
    from balie.cli.desk import SAMPLE

    for file in SAMPLE.glob("*.yaml"):
        (tmp_path / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    steps = "conversations:\n  - language: en\n    steps:\n      - say: WV-1042\n        expect: escalate\n"
    (tmp_path / "demo.yaml").write_text(steps, encoding="utf-8")
    played = balie("demo", "--encoder", str(encoder), "--desk", str(tmp_path))
    assert played.returncode == 1
    assert "expected escalate, came answer" in played.stdout


def test_a_question_gets_an_answer(shared_desk: RunningDesk) -> None:
    asked = balie("ask", "WV-1042", "--gateway", shared_desk.addresses.gateway)
    assert asked.returncode == 0, asked.stderr
    assert "Balie" in asked.stdout


def test_an_answer_is_explained(shared_desk: RunningDesk) -> None:
    asked = balie("ask", "WV-1042", "--explain", "--gateway", shared_desk.addresses.gateway)
    for word in (
        "understood",
        "keywords",
        "found",
        "decided",
        "ANSWER",
        "because keyword",
        "took",
        "analyze",
    ):
        assert word in asked.stdout


def test_an_answer_is_printed_for_machines(shared_desk: RunningDesk) -> None:
    asked = balie("ask", "WV-1042", "--json", "--gateway", shared_desk.addresses.gateway)
    printed = json.loads(asked.stdout)
    assert printed["turn"]["decision"]["kind"] == "DECISION_KIND_ANSWER"
    assert printed["replies"][0]["text"]


def test_a_question_to_nobody_says_what_to_do() -> None:
    asked = balie("ask", "hello", "--gateway", "127.0.0.1:1")
    assert asked.returncode == 1
    assert "Nothing answers on 127.0.0.1:1" in asked.stderr
    assert "balie up" in asked.stderr


def test_filling_a_desk_again_changes_nothing(shared_desk: RunningDesk) -> None:
    filled = balie("fill", "--faq", shared_desk.addresses.faq, "--handoff", shared_desk.addresses.handoff)
    assert filled.returncode == 0, filled.stderr
    assert "99 entries: 0 new, 0 changed, 99 as before, 0 refused" in filled.stdout
    assert "3 queues, 4 people, 15 canned replies" in filled.stdout


def test_filling_says_what_a_folder_lacks(tmp_path: Path) -> None:
    filled = balie("fill", "--desk", str(tmp_path), "--faq", "127.0.0.1:1", "--handoff", "127.0.0.1:1")
    assert filled.returncode == 1
    assert "holds no faq.yaml" in filled.stderr.replace("\n", " ")


def test_a_person_works_through_a_pipe(shared_desk: RunningDesk) -> None:
    addresses = ("--gateway", shared_desk.addresses.gateway, "--handoff", shared_desk.addresses.handoff)
    worked = balie("agent", "amir", *addresses, stdin="/help\n/accept\n/nonsense\n/quit\n")
    assert worked.returncode == 0, worked.stdout + worked.stderr
    for shown in ("You are", "/release", "There is no such offer", "/nonsense is no command"):
        assert shown in worked.stdout


def test_a_supervisor_sees_the_desk_passes_on_and_pauses(make_desk: Callable[..., RunningDesk]) -> None:
    desk = make_desk()
    address = ("--handoff", desk.addresses.handoff)

    async def ask_for_a_person() -> str:
        async with desk.client() as operator:
            conversation = await talk.begin(operator, "anna", language="en")
            return await steps.request_handoff(operator, conversation)

    handoff = asyncio.run(ask_for_a_person())
    queues = [json.loads(line) for line in balie("desk", "queues", "--json", *address).stdout.splitlines()]
    assert {queue["id"]: queue.get("waiting", 0) for queue in queues}["service"] == 1
    assert "Femke Cupido" in balie("desk", "agents", *address).stdout
    shown = balie("desk", "handoffs", *address).stdout
    assert re.search(rf"{handoff[-8:]}\s+anna\s+en\s+service\s+queued, place 1 .*first reply in", shown)
    passed = balie("desk", "transfer", handoff[-8:], "--to-queue", "complaints", "--note", "again", *address)
    assert passed.stdout == "anna waits at place 1 in complaints\n"
    assert balie("desk", "pause", "complaints", *address).stdout == "complaints is paused, with 1 who wait\n"
    assert "paused" in balie("desk", "queues", *address).stdout
    assert balie("desk", "unpause", "complaints", *address).stdout == "complaints goes on, with 1 who wait\n"
    refused = balie("desk", "transfer", "nothing", "--to-queue", "service", *address)
    assert refused.returncode == 1
    assert "handoff nothing does not exist" in refused.stderr


def test_a_chat_through_a_pipe_prints_the_replies(shared_desk: RunningDesk) -> None:
    chatted = balie("chat", "--gateway", shared_desk.addresses.gateway, stdin="WV-1042\nWV-2210\n")
    assert chatted.returncode == 0, chatted.stderr
    assert len(re.findall(r"^\s+you  ", chatted.stdout, re.MULTILINE)) == 2
    assert len(re.findall(r"^\s+Balie  ", chatted.stdout, re.MULTILINE)) == 2


def test_a_file_is_imported_twice_and_changes_nothing_the_second_time(
    shared_desk: RunningDesk, tmp_path: Path
) -> None:
    file = tmp_path / "entries.jsonl"
    rows = [
        {
            "id": f"e{n}",
            "texts": {"en": {"question": f"question {n}?", "phrasings": [], "answer": f"answer {n}"}},
        }
        for n in range(150)
    ]
    file.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    arguments = (
        "faq",
        "import",
        str(file),
        "--collection",
        "imported",
        "--languages",
        "en",
        "--faq",
        shared_desk.addresses.faq,
    )
    first, second = balie(*arguments), balie(*arguments)
    assert first.returncode == 0, first.stdout + first.stderr
    assert "150 entries read: 150 are new, 0 changed, 0 as before, 0 refused" in first.stdout
    assert "150 entries read: 0 are new, 0 changed, 150 as before, 0 refused" in second.stdout


def test_up_stops_all_four_on_ctrl_c(filled_data: Path, tmp_path: Path, encoder: Path) -> None:
    data = filled_copy(filled_data, tmp_path / "data")
    command = [
        sys.executable,
        "-m",
        "balie.cli",
        "up",
        "--free-ports",
        "--data",
        str(data),
        "--encoder",
        str(encoder),
    ]
    output = tmp_path / "output.txt"
    with output.open("wb") as target:
        running = subprocess.Popen(
            command, stdout=target, stderr=subprocess.STDOUT, env=os.environ | {"COLUMNS": "160"}
        )
    try:
        end = time.monotonic() + 120
        while "Ctrl-C stops" not in output.read_text(errors="replace"):
            assert running.poll() is None, output.read_text(errors="replace")
            assert time.monotonic() < end, output.read_text(errors="replace")
            time.sleep(0.1)
        children = subprocess.run(
            ["pgrep", "-P", str(running.pid)], capture_output=True, text=True
        ).stdout.split()
        running.send_signal(signal.SIGINT)
        assert running.wait(timeout=60) == 0
    finally:
        running.kill()
    shown = output.read_text(errors="replace")
    assert len(children) == 4
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]
    for service in ("gateway", "nlu", "faq", "handoff"):
        assert service in shown
    addresses = json.loads((data / "addresses.json").read_text())
    assert addresses["gateway"] in shown
