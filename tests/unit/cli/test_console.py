import io

import pytest
from rich.console import Console

from balie.api.gateway.v1 import conversation_pb2 as conversation
from balie.cli.console import draw, printable
from balie.cli.logview import rendered


def shown(message: conversation.Message, width: int = 60) -> str:
    output = io.StringIO()
    Console(file=output, width=width, color_system=None).print(draw(message))
    return output.getvalue()


def test_a_customer_cannot_steer_the_terminal_of_who_reads() -> None:
    assert printable("\x1b[2Jhello\x07\r\u202e\x9b31m") == "[2Jhello31m"


@pytest.mark.parametrize("text", ["één\ntwee", "👨‍👩‍👧", "naïve €5", "ж"])
def test_ordinary_words_are_shown_as_they_are(text: str) -> None:
    assert printable(text) == text


def test_long_words_wrap_under_themselves() -> None:
    lines = shown(conversation.Message(author=conversation.AUTHOR_BOT, text="word " * 30)).splitlines()
    begin = lines[0].index("word")
    assert lines[0][:begin].strip() == "Balie"
    assert len(lines) > 2
    assert all(line.startswith(" " * begin + "word") for line in lines[1:])


def test_choices_are_numbered() -> None:
    message = conversation.Message(author=conversation.AUTHOR_BOT, text="Which?")
    message.options.add(title="Dogs")
    message.options.add(title="Cats")
    assert [line.strip() for line in shown(message).splitlines()] == ["Balie  Which?", "1. Dogs", "2. Cats"]


def test_markup_in_a_message_is_no_markup() -> None:
    assert "[bold]x[/bold]" in shown(
        conversation.Message(author=conversation.AUTHOR_CONTACT, text="[bold]x[/bold]")
    )


def test_a_log_line_is_shortened_for_people() -> None:
    line = (
        '{"rpc": "/balie.api.nlu.v1.NluService/Analyze", "code": "OK", "event": "call", "service": "nlu", '
        '"level": "info", "time": "2026-11-22T08:23:20.112590Z", "request_id": "abc"}'
    )
    text = rendered("nlu", line).plain
    assert text.endswith("nlu      call rpc=Analyze code=OK")
    assert "abc" not in text


def test_what_is_no_log_line_is_shown_as_it_is() -> None:
    assert rendered("faq", "Segmentation fault").plain.endswith("faq      Segmentation fault")
