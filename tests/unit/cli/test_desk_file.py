"""A desk's file: what may stand in it, and how its mistakes are told."""

from pathlib import Path

import pytest
import yaml

from balie.api.handoff.v1 import handoff_pb2
from balie.cli.desk import SAMPLE
from balie.cli.desk_fields import AGENT, QUEUE
from balie.cli.desk_file import DeskFile, DeskFileWrong, read_desk

QUEUE_ALONE = "queues:\n  - id: service\n    name: Service\n"
AGENTS = "agents:\n  - {id: els, name: Els, queues: [service], max_chats: 3}\n"
OUTPUT_ONLY = {"waiting", "paused", "presence", "open_chats", "load"}


def desk(tmp_path: Path, text: str) -> DeskFile:
    path = tmp_path / "desk.yaml"
    path.write_text(text, encoding="utf-8")
    return read_desk(path)


def mistakes(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(DeskFileWrong) as wrong:
        desk(tmp_path, text)
    return [f"{one.line}: {one.problem}" for one in wrong.value.mistakes]


def queue(tmp_path: Path, *lines: str) -> handoff_pb2.Queue:
    written = "".join(f"    {line}\n" for line in lines)
    return desk(tmp_path, QUEUE_ALONE + written + AGENTS).queues[0]


@pytest.mark.parametrize(("fields", "kind"), [(QUEUE, handoff_pb2.Queue), (AGENT, handoff_pb2.Agent)])
def test_everything_that_the_contract_has_can_be_said(fields: dict, kind: type) -> None:
    assert {one.name for one in fields.values() if one.name} | OUTPUT_ONLY >= set(
        kind.DESCRIPTOR.fields_by_name
    )


def test_a_queue_says_all_that_it_promises(tmp_path: Path) -> None:
    read = queue(
        tmp_path,
        "promises: {first_reply: 10m, next_reply: 90s, resolution: 2d}",
        "on_breach: {priority: 20, queue: service}",
        "silent_after: 5m",
        "hold_after: 0s",
        "idle_release_after: 12h",
        "return_priority: 0",
        "when_closed: call_back",
        "when_timed_out: take_message",
        "overflow_queue: service",
        "call_back_within: 2h",
        "asks_rating: true",
        "agent_order: longest_idle",
        "last_agent_window: 7d",
    )
    assert read.promises.first_reply.seconds == 600
    assert read.promises.next_reply.seconds == 90
    assert read.promises.resolution.seconds == 172800
    assert (read.on_breach.queue_id, read.on_breach.priority) == ("service", 20)
    assert read.HasField("hold_after")
    assert read.HasField("return_priority")
    assert read.when_closed == handoff_pb2.WAIT_ACTION_CALL_BACK
    assert read.agent_order == handoff_pb2.AGENT_ORDER_LONGEST_IDLE
    assert read.asks_rating


def test_a_file_of_before_is_read_as_before(tmp_path: Path) -> None:
    read = queue(
        tmp_path,
        "languages: [nl, en]",
        "max_wait_minutes: 10",
        "offer_seconds: 30",
        "calendar: office",
        "rings:",
        "  - {after_minutes: 1.5, relax: [skills, queue]}",
    )
    assert read.max_wait.seconds == 600
    assert read.offer_timeout.seconds == 30
    assert read.calendar_id == "office"
    assert read.rings[0].after.seconds == 90
    assert list(read.rings[0].relaxations) == [handoff_pb2.RELAXATION_SKILLS, handoff_pb2.RELAXATION_QUEUE]
    assert not read.HasField("promises")


def test_an_agent_says_what_a_hold_weighs(tmp_path: Path) -> None:
    agents = "agents:\n  - {id: els, name: Els, max_chats: 3, hold_weight: 0, max_open_chats: 9, skills: {rail: 2}}\n"
    read = desk(tmp_path, QUEUE_ALONE + agents).agents[0]
    assert read.HasField("hold_weight")
    assert (read.hold_weight, read.max_open_chats) == (0, 9)
    assert (read.skills[0].name, read.skills[0].level) == ("rail", 2)


def test_a_canned_reply_is_one_for_each_language(tmp_path: Path) -> None:
    replies = 'canned_replies:\n  - {shortcut: hi, title: Hi, queues: [service], texts: {nl: "Dag {contact}", en: Hi}}\n'
    read = desk(tmp_path, QUEUE_ALONE + AGENTS + replies).canned_replies
    assert [(one.id, one.language, one.text) for one in read] == [
        ("hi.nl", "nl", "Dag {contact}"),
        ("hi.en", "en", "Hi"),
    ]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("max_wait: 10", "max_wait: '10' is no length of time such as 30s, 10m, 2h or 1d"),
        ("max_wait: 8d", "queue.max_wait is 691200, must be"),
        ("promises: {first: 10m}", "promises has no 'first'; it has first_reply, next_reply, resolution"),
        ("promises: {}", "queue.promises.first_reply is required"),
        ("when_closed: shout", "when_closed: 'shout' is none of wait, take_message, call_back"),
        ("when_timed_out: wait", "queue.when_timed_out"),
        ("overflow_queue: nowhere", "overflow_queue: this file has no queue nowhere"),
        ("on_breach: {queue: nowhere}", "on_breach: this file has no queue nowhere"),
        ("asks_rating: perhaps", "asks_rating: 'perhaps' is neither true nor false"),
        ("return_priority: 1.5", "return_priority: '1.5' is no whole number"),
        ("return_priority: 101", "queue.return_priority is 101, must be 0 to 100"),
        ("priority_per_minute: much", "priority_per_minute: 'much' is no number"),
        ("rings: [{after: 1m, relax: [all]}]", "is none of preferred_skills"),
        ("colour: red", "a queue has no 'colour'; it has id, name"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, line: str, told: str) -> None:
    found = mistakes(tmp_path, f"{QUEUE_ALONE}    {line}\n{AGENTS}")
    assert len(found) == 1
    assert found[0].startswith("4: ")
    assert told in found[0]


def test_all_mistakes_are_told(tmp_path: Path) -> None:
    text = """queues:
  - id: service
    name: Service
    max_wait: 5m
    max_wait_minutes: 5
  - id: service
    name: Again
agents:
  - {id: els, name: Els, queues: [nowhere], max_chats: 3}
  - {id: tom, name: Tom}
canned_replies:
  - {shortcut: hi, title: Hi, texts: {en: "Hello {customer}"}}
  - {shortcut: ho, title: Ho}
"""
    assert mistakes(tmp_path, text) == [
        "5: max_wait_minutes says what max_wait says already",
        "9: queues: this file has no queue nowhere",
        "10: an agent has no max_chats",
        "12: canned_reply.text holds {customer}: braces are of {contact}, {agent} alone",
        "13: a canned reply has no texts, such as texts: {en: …}",
    ]
    assert (
        mistakes(tmp_path, text.replace("    max_wait_minutes: 5\n", ""))[0]
        == "5: queues: service comes twice"
    )


def test_a_file_without_agents_is_none(tmp_path: Path) -> None:
    assert mistakes(tmp_path, QUEUE_ALONE) == ["1: agents are missing"]


def test_the_sample_has_a_person_for_each_language_of_a_queue_and_a_reply_in_each() -> None:
    written = yaml.safe_load((SAMPLE / "desk.yaml").read_text(encoding="utf-8"))
    read = read_desk(SAMPLE / "desk.yaml")
    for one in written["queues"]:
        people = [agent for agent in read.agents if one["id"] in agent.queue_ids]
        assert {language for agent in people for language in agent.languages} >= set(one["languages"])
    for shortcut in {reply.shortcut for reply in read.canned_replies}:
        languages = {reply.language for reply in read.canned_replies if reply.shortcut == shortcut}
        assert languages == {"nl", "de", "en"}
    assert all(one.promises.first_reply.seconds == 600 for one in read.queues)
