"""What an agent types: how a line is read, what each command does, and what is said when it cannot be done."""

import asyncio
import re
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from tests.fakes.agent_calls import FakeClient, FakeStream, handoff

from balie.api.handoff.v1 import canned_reply_service_pb2 as canned
from balie.api.handoff.v1 import handoff_pb2, note_service_pb2, suggestion_service_pb2
from balie.cli.agent.chats import ACCEPTED, OFFERED, Chat, Suggestion
from balie.cli.agent.commands import COMMANDS, Line, nearest, read_line
from balie.cli.agent.completion import AgentCompleter
from balie.cli.agent.desk import AgentDesk
from balie.cli.agent.doing import Doing
from balie.cli.agent.hand import Hand, filled
from balie.cli.agent.refusals import in_words
from balie.cli.agent.speaking import Speaking
from balie.cli.agent.stream import Refused
from balie.cli.agent.toolbar import cells, packed
from balie.cli.agent.watching import suggest
from balie.kit.ids import new_id

USED = suggestion_service_pb2.SUGGESTION_OUTCOME_USED
EDITED = suggestion_service_pb2.SUGGESTION_OUTCOME_EDITED
IGNORED = suggestion_service_pb2.SUGGESTION_OUTCOME_IGNORED


class Terminal(SimpleNamespace):
    """An agent's terminal without its prompt."""

    client: FakeClient
    stream: FakeStream
    desk: AgentDesk
    hand: Hand
    doing: Doing

    async def chat(self, contact: str, state: int = ACCEPTED, **values: Any) -> Chat:
        """Puts an offer or a chat on the desk."""
        made = handoff(new_id(), contact, state, **values)
        self.stream.handoffs[made.id] = made
        await self.desk.told(made)
        found = self.desk.chats.get(made.id)
        assert found
        await self.desk.entered(found)
        return found

    @property
    def asked(self) -> list[str]:
        return [name for name, _ in self.stream.asked]

    @property
    def outcomes(self) -> list[tuple[str, int]]:
        return [
            (one.answer_id, one.outcome) for name, one in self.stream.asked if name == "record_suggestion"
        ]


@pytest.fixture
async def terminal(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Terminal]:
    monkeypatch.setenv("COLUMNS", "140")
    client: Any = FakeClient()
    stream: Any = FakeStream()
    desk, hand = AgentDesk(client, "femke"), Hand(client)
    desk.agent.max_chats = 3
    desk.agent.display_name = "Femke {contact}"
    desk.agent.presence = handoff_pb2.PRESENCE_ONLINE
    doing = Doing(desk, stream, hand, Speaking(client, desk, stream, hand))
    await hand.read()
    yield Terminal(client=client, stream=stream, desk=desk, hand=hand, doing=doing)
    await desk.close()


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("hello there", Line(None, "", "hello there")),
        ("/go 2", Line(None, "/go", "2")),
        ("/2", Line(None, "/go", "2")),
        ("/2 hello", Line(2, "", "hello")),
        ("@12 hello", Line(12, "", "hello")),
        ("/2 /use 1", Line(2, "/use", "1")),
        ("@els hello", Line(None, "", "@els hello")),
        ("/transfer @jonas he knows", Line(None, "/transfer", "@jonas he knows")),
        ("/2pm is fine", Line(None, "/2pm", "is fine")),
    ],
)
def test_a_line_is_read(typed: str, line: Line) -> None:
    assert read_line(typed) == line


def test_a_slip_is_known() -> None:
    assert nearest("/relese") == "/release"
    assert nearest("/xyzzy") == ""


def test_names_are_put_in_once() -> None:
    assert filled("{contact}, {agent}", contact="{agent}", agent="{contact}") == "{agent}, {contact}"


async def test_every_command_is_done(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    await terminal.chat("anna")
    for name in COMMANDS:
        if name not in ("/wait", "/quit"):
            await terminal.doing.do(name)
            assert "is no command" not in capsys.readouterr().out, name
    assert await terminal.doing.do("/quit")


async def test_an_accepted_offer_is_where_one_speaks(terminal: Terminal) -> None:
    first = await terminal.chat("anna")
    terminal.desk.chats.current = first
    offer = await terminal.chat("bert", OFFERED)
    await terminal.doing.do("/accept")
    assert terminal.desk.chats.current is offer
    await terminal.doing.do("hello Bert")
    await terminal.doing.do("/1 hello Anna")
    await terminal.doing.do("@2 again")
    assert [words for _, words in terminal.client.sent] == ["hello Bert", "hello Anna", "again"]
    assert terminal.client.sent[1][0] == first.handoff.conversation_id
    assert terminal.desk.chats.current is offer


async def test_an_agent_is_briefed(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    offer = await terminal.chat("anna", OFFERED, channel="web", priority=5)
    await terminal.doing.do("/brief 1")
    shown = " ".join(capsys.readouterr().out.split())
    for words in (
        "Anna Bos, English, on web, in service, waits 0:0",
        "known name: Anna Bos",
        "asks Where is my boat? I wait.",
        "understood delay 0.90",
        "Balie said Your boat is late.",
    ):
        assert words in shown
    assert shown.count("I wait") == 1
    await terminal.doing.do("/accept")
    assert "/use 1 It is late." in " ".join(capsys.readouterr().out.split())
    assert offer.undecided == {"late": None}


async def test_an_offer_is_shown_with_what_is_needed(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    reason = handoff_pb2.Reason(code=handoff_pb2.REASON_CODE_PERSON_REQUESTED)
    await terminal.chat("anna", OFFERED, language="de", priority=5, reasons=[reason])
    for _ in range(5):
        await asyncio.sleep(0)
    shown = " ".join(capsys.readouterr().out.split())
    assert "1 OFFER Anna Bos, German, service, priority 5, waits 0:0" in shown
    assert "because person requested" in shown
    assert "asks Where is my boat?" in shown
    assert "/accept 1, /reject 1 or /brief 1" in shown


async def test_a_transferred_offer_comes_with_its_notes(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal.client.notes_kept = [note_service_pb2.Note(author="agent:els", text="is angry")]
    await terminal.chat("anna", OFFERED, transfers=1)
    for _ in range(5):
        await asyncio.sleep(0)
    assert re.search(r"✎ els\s.*is angry", capsys.readouterr().out)


async def test_an_agent_who_is_away_is_passed_nothing(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    await terminal.chat("anna")
    terminal.stream.refusals["transfer"] = ["AGENT_NOT_ONLINE"]
    await terminal.doing.do("/transfer @jonas")
    assert "That agent takes no chats now. /transfer QUEUE" in capsys.readouterr().out
    assert len(terminal.desk.chats) == 1


async def test_suggestions_are_used_edited_or_ignored(terminal: Terminal) -> None:
    chat = await terminal.chat("anna")
    suggest(chat, [Suggestion("one", "a1"), Suggestion("two", "a2")])
    await terminal.doing.do("/use 2")
    assert terminal.client.sent[-1][1] == "two"
    assert terminal.outcomes == [("late", IGNORED), ("a1", IGNORED), ("a2", USED)]
    terminal.stream.asked.clear()
    suggest(chat, [Suggestion("three", "a3")])
    await terminal.doing.do("/edit 1 three, but better")
    assert terminal.client.sent[-1][1] == "three, but better"
    assert terminal.outcomes == [("a3", EDITED)]
    suggest(chat, [Suggestion("four", "a4"), Suggestion("thanks")])
    await terminal.doing.do("something else")
    await terminal.doing.do("and more")
    assert terminal.outcomes[1:] == [("a4", IGNORED)]
    await terminal.doing.do("/edit 1 four")
    assert terminal.outcomes[2:] == [("a4", USED)]


async def test_what_was_not_counted_is_said_all_the_same(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    chat = await terminal.chat("anna")
    suggest(chat, [Suggestion("one", "a1")])
    terminal.stream.refusals["record_suggestion"] = ["HANDOFF_STATE_INVALID"]
    await terminal.doing.do("/use 1")
    assert terminal.client.sent[-1][1] == "one"
    assert "was not kept" in capsys.readouterr().out


async def test_a_canned_reply_is_in_the_contacts_language(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal.client.replies = [
        canned.CannedReply(shortcut="hi", language="nl", text="Dag {contact}, met {agent}"),
        canned.CannedReply(shortcut="hi", language="en", text="Hi {contact}"),
        canned.CannedReply(shortcut="rail", language="nl", text="Spoor", queue_ids=["rail"]),
    ]
    await terminal.chat("anna", language="nl-BE")
    await terminal.doing.do("/c hi")
    assert terminal.client.sent[-1][1] == "Dag Anna Bos, met Femke {contact}"
    await terminal.doing.do("/canned")
    shown = capsys.readouterr().out
    assert "/c hi" in shown
    assert "/c rail" not in shown
    await terminal.doing.do("/c bye")
    assert "There are hi." in capsys.readouterr().out
    await terminal.doing.do("/c rail")
    assert "There is one in nl." in capsys.readouterr().out
    assert len(terminal.client.sent) == 1


async def test_a_hold_waits_until_ones_words_have_been_told(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("balie.cli.agent.doing._HOLD_PAUSE_SECONDS", 0)
    chat = await terminal.chat("anna")
    terminal.stream.refusals["hold"] = ["CONTACT_WAITS"] * 3
    await terminal.doing.do("/hold")
    assert "Answer first, then /hold" in capsys.readouterr().out
    assert terminal.asked == ["hold"]
    chat.has_spoken = True
    await terminal.doing.do("/hold")
    assert terminal.asked == ["hold"] * 4
    assert chat.standing == "on hold"
    await terminal.doing.do("/resume")
    assert "the hold is over" in capsys.readouterr().out


async def test_a_chat_is_passed_on_released_and_resolved(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    for contact in ("anna", "bert", "carla", "dirk"):
        await terminal.chat(contact)
    await terminal.doing.do("/transfer rail speaks Dutch only")
    await terminal.doing.do("/transfer @jonas")
    await terminal.doing.do("/release survey")
    await terminal.doing.do("/resolve booking_moved")
    (to_queue, to_agent, release, resolve) = (request for _, request in terminal.stream.asked)
    assert (to_queue.to_queue_id, to_queue.to_agent_id, to_queue.note) == ("rail", "", "speaks Dutch only")
    assert (to_agent.to_queue_id, to_agent.to_agent_id) == ("", "jonas")
    assert release.reason == handoff_pb2.RELEASE_REASON_SURVEY
    assert resolve.outcome == "booking_moved"
    shown = capsys.readouterr().out
    assert "waits for somebody else" in shown
    assert "has ended: booking_moved" in shown
    assert not len(terminal.desk.chats)
    assert terminal.hand.codes == ["booking_changed", "resolved", "booking_moved"]


async def test_notes_are_written_and_read(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    await terminal.chat("anna")
    await terminal.doing.do("/note is angry")
    assert terminal.stream.asked[0][1].text == "is angry"
    terminal.client.notes_kept = [
        note_service_pb2.Note(author="agent:els", text="is angry", kind=note_service_pb2.NOTE_KIND_WRITTEN),
        note_service_pb2.Note(
            author="agent:els",
            kind=note_service_pb2.NOTE_KIND_TRANSFER,
            transfer=note_service_pb2.NoteTransfer(from_agent_id="els", to_queue_id="rail"),
        ),
    ]
    capsys.readouterr()
    await terminal.doing.do("/brief")
    assert "is angry" not in capsys.readouterr().out  # it was not transferred to this agent
    await terminal.doing.do("/notes")
    shown = capsys.readouterr().out
    assert re.search(r"✎ els\s.*is angry", shown)
    assert "passed on from els to rail" in shown


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("hello", "An offer comes when a customer asks for a person."),
        ("/accept", "One is shown here when it comes."),
        ("/hodl", "Is it /hold? /help lists all."),
        ("/xyzzy", "/xyzzy is no command. /help lists all."),
        ("/3 hello", "There is no chat 3."),
        ("/go", "/go takes a chat's number."),
        ("/wait long", "/wait takes offer, words or a number of seconds."),
    ],
)
async def test_a_refusal_says_what_to_do_next(
    terminal: Terminal, capsys: pytest.CaptureFixture[str], typed: str, told: str
) -> None:
    assert not await terminal.doing.do(typed)
    assert told in capsys.readouterr().out


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("/2 hello", "/accept 2 takes it."),
        ("/accept 7", "There are 2 (Anna Bos)."),
        ("/use 2", "There are 1 to 1."),
        ("/edit 2 so", "There are 1 to 1."),
        ("/edit 1", "/edit 1 TEXT, or /use 1 for it as it is."),
        ("/release somewhere", "Write /release new, /release resume or /release survey."),
        ("/transfer", "Queues: service, rail. Agents: @femke, @jonas."),
        ("/transfer nowhere", "The queues are service, rail."),
        ("/note", "/note TEXT"),
        ("/notes", "Nothing is noted."),
    ],
)
async def test_a_refusal_in_a_chat_says_what_to_do_next(
    terminal: Terminal, capsys: pytest.CaptureFixture[str], typed: str, told: str
) -> None:
    await terminal.chat("bert")
    offer = await terminal.chat("anna", OFFERED)
    await terminal.desk.brief(offer)
    terminal.stream.refusals["transfer"] = ["QUEUE_NOT_FOUND"]
    await terminal.doing.do(typed)
    assert told in capsys.readouterr().out


def test_a_refusal_without_words_of_its_own_is_told_too() -> None:
    assert in_words(Refused("SOMETHING_NEW", "it is so")) == (
        "Refused: it is so.",
        "/help shows what can be done.",
    )
    assert in_words(Refused("AGENT_AT_CAPACITY", ""))[1].startswith("/hold one")


async def test_an_agent_who_was_silent_is_told(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    chat = await terminal.chat("anna")
    lost = handoff(chat.handoff.id, "anna", handoff_pb2.HANDOFF_STATE_QUEUED, agent_id="", revision=9)

    async def away(*_: Any, **__: Any) -> Any:
        return SimpleNamespace(agent=handoff_pb2.Agent(id="femke", presence=handoff_pb2.PRESENCE_AWAY))

    terminal.client.agents.GetAgent = away
    await terminal.desk.told(lost)
    assert "you are away now. /online takes chats again." in capsys.readouterr().out


async def test_the_status_shows_every_chat_and_fits_the_terminal(terminal: Terminal) -> None:
    for contact in ("anna", "bert", "carla", "dirk", "emma"):
        await terminal.chat(contact)
    shown = "".join(text for _, text in packed(cells(terminal.desk, handoff_now()), 60))
    rows = shown.split("\n")
    assert all(len(row) <= 60 for row in rows)
    assert rows[0].startswith("● online load 5 of 3")
    assert "▸1 Anna Bos new 0:0" in shown
    assert "5 Anna Bos" in shown
    one_row = "".join(text for _, text in packed(cells(terminal.desk, handoff_now()), 1000))
    assert "\n" not in one_row


def handoff_now() -> Any:
    from datetime import UTC, datetime

    return datetime.now(UTC)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("/ac", ["/accept"]),
        ("/2 /re", ["/reject", "/resume", "/release", "/resolve"]),
        ("/transfer ", ["service", "rail", "@femke", "@jonas"]),
        ("/transfer @j", ["@jonas"]),
        ("/transfer rail no", []),
        ("/c h", ["hi"]),
        ("/resolve b", ["booking_changed"]),
        ("/release s", ["survey"]),
        ("/use ", ["1"]),
        ("/go ", ["1"]),
        ("hello", []),
    ],
)
async def test_words_are_completed(terminal: Terminal, typed: str, words: list[str]) -> None:
    terminal.client.replies = [canned.CannedReply(shortcut="hi", language="en", text="Hi")]
    await terminal.hand.read()
    chat = await terminal.chat("anna")
    chat.suggestions = [Suggestion("one", "a1")]
    completer = AgentCompleter(terminal.desk.chats, terminal.hand)
    found = completer.get_completions(Document(typed), CompleteEvent())
    assert [one.text for one in found] == words
