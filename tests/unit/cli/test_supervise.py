"""The desk as a supervisor sees it."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import typer
from rich.table import Table
from tests.fakes.agent_calls import handoff

from balie.api.handoff.v1 import handoff_pb2
from balie.cli.console import console
from balie.cli.supervise_show import Wanted, agent_table, handoff_table, print_json, queue_table

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def ago(minutes: float) -> datetime:
    return NOON - timedelta(minutes=minutes)


def rows(table: Table, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("COLUMNS", "140")
    with console.capture() as captured:
        console.print(table)
    return [" ".join(line.split()) for line in captured.get().splitlines()[1:]]


def test_queues_show_who_waits_longest_and_what_is_paused(monkeypatch: pytest.MonkeyPatch) -> None:
    wait = timedelta(minutes=10)
    queues = [
        handoff_pb2.Queue(
            id="service", display_name="Service", waiting=2, max_wait=wait, calendar_id="office"
        ),
        handoff_pb2.Queue(id="webshop", display_name="Web shop", paused=True, max_wait=wait),
    ]
    waiting = [
        handoff(name, name, handoff_pb2.HANDOFF_STATE_QUEUED, create_time=ago(minutes))
        for name, minutes in (("anna", 9), ("bert", 2))
    ]
    shown = rows(queue_table(queues, waiting, NOON), monkeypatch)
    assert shown == ["service Service 2 9:00 office", "webshop Web shop 0 paused"]


def test_agents_show_what_their_chats_weigh(monkeypatch: pytest.MonkeyPatch) -> None:
    agent = handoff_pb2.Agent(
        id="femke",
        display_name="Femke",
        presence=handoff_pb2.PRESENCE_AWAY,
        load=2.4,
        max_chats=3,
        open_chats=5,
        queue_ids=["service"],
    )
    assert rows(agent_table([agent]), monkeypatch) == ["femke Femke away 2.4 of 3 5 service any"]


def test_handoffs_show_how_they_stand_and_what_was_promised(monkeypatch: pytest.MonkeyPatch) -> None:
    ten = timedelta(minutes=10)
    running = handoff_pb2.Clock(kind=1, state=1, target=ten, due_time=ago(-4))
    broken = handoff_pb2.Clock(kind=1, state=4, target=ten)
    usual = {"agent_id": "", "create_time": ago(6)}
    found = [
        handoff(
            "0123456789", "anna", handoff_pb2.HANDOFF_STATE_QUEUED, position=1, clocks=[running], **usual
        ),
        handoff("b", "bert", handoff_pb2.HANDOFF_STATE_ACCEPTED, clocks=[broken], create_time=ago(60)),
        handoff("c", "carla", handoff_pb2.HANDOFF_STATE_CALL_BACK, call_back_time=ago(0), **usual),
        handoff("d", "dirk", handoff_pb2.HANDOFF_STATE_RESOLVED, outcome="moved", **usual),
    ]
    shown = rows(handoff_table(found, NOON), monkeypatch)
    assert shown[0] == "23456789 anna en service queued, place 1 6:00 first reply in 4:00"
    assert shown[1] == "b bert en service accepted, contact waits femke 1 h 00 broken"
    assert shown[2].startswith("c carla en service call back by ")
    assert shown[3] == "d dirk en service resolved: moved 6:00"


def test_states_are_asked_for_by_their_names() -> None:
    assert len(Wanted().request().states) == 6
    request = Wanted(states=("queued", "ON_HOLD"), queue="service").request()
    assert list(request.states) == [handoff_pb2.HANDOFF_STATE_QUEUED, handoff_pb2.HANDOFF_STATE_ON_HOLD]
    assert request.queue_id == "service"
    with pytest.raises(typer.BadParameter, match="'sleeping' is none of queued"):
        Wanted(states=("sleeping",)).request()


def test_machines_get_a_message_of_the_contract_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_json([handoff_pb2.Queue(id="a" * 200), handoff_pb2.Queue(id="b", paused=True)])
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["a" * 200, "b"]
