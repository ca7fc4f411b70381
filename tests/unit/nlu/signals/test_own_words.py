import pytest

from balie.nlu.domain import Frustration
from balie.nlu.signals import SignalReader
from balie.nlu.signals.own_words import own_text, without_quotes

READER = SignalReader(("nl", "de", "en"))


@pytest.mark.parametrize(
    "head",
    [
        "-----Original Message-----\n",
        "---------- Forwarded message ---------\n",
        "-----Ursprüngliche Nachricht-----\n",
        "Begin doorgestuurd bericht:\n",
        "On Tue, 3 Mar 2026 at 10:00, Jan wrote:\n",
        "Op di 3 mrt 2026 om 10:00 schreef Jan <jan@example.com>:\n",
        "Am 03.03.2026 um 10:00 schrieb Jan:\n",
        "Van: Jan\nVerzonden: dinsdag\n",
        "From: Jan\nSent: Tuesday\n",
        "Von: Jan\nGesendet: Dienstag\n",
    ],
)
def test_the_mail_below_an_answer_is_left_out(head: str) -> None:
    read = READER.read(f"Thanks, that helps.\n\n{head}this is ridiculous, I want to speak to a person?")
    assert (read.asks_for_person, read.frustration, read.question_count) == (False, Frustration.NONE, 0)


def test_quoted_lines_are_left_out() -> None:
    assert own_text("fine\n> I want an agent\n > this is ridiculous\nbye").split() == ["fine", "bye"]


def test_a_message_that_is_all_quotation_is_read() -> None:
    assert READER.asks_for_person("> ik wil een medewerker spreken")
    assert READER.asks_for_person('"ik wil een medewerker spreken"')


@pytest.mark.parametrize(
    "address", ["https://example.com/useless-bot?why", "www.scam.example", "useless.bot@example.com"]
)
def test_addresses_are_left_out(address: str) -> None:
    read = READER.read(f"I found this at {address} yesterday")
    assert (read.frustration, read.question_count) == (Frustration.NONE, 0)


@pytest.mark.parametrize(
    "text",
    [
        '"this is ridiculous" said my sister, I think it is fine',
        "„das ist lächerlich“ sagte sie, ich finde es gut",
        "“dit is belachelijk” zei hij, maar ik vind het leuk",
        'what does the button "not satisfied" do?',
    ],
)
def test_what_others_say_is_no_frustration(text: str) -> None:
    assert READER.read(text).frustration is Frustration.NONE


def test_what_is_quoted_is_no_request_but_a_word_in_marks_is_meant() -> None:
    assert not READER.asks_for_person('how does the option "please call me back" work')
    assert READER.asks_for_person('I want to talk to a "real" person')


def test_an_open_quotation_mark_hides_nothing() -> None:
    assert without_quotes('a 5" pipe, please', short_too=True) == 'a 5" pipe, please'
    assert READER.asks_for_person('my pipe is 5" wide, I want to speak to a person')
