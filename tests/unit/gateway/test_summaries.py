from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balie.gateway.domain import Author, Message, Notice
from balie.gateway.records import summaries
from balie.gateway.records.summaries import summary

MOMENT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def message(seq: int, text: str) -> Message:
    return Message(
        f"m{seq}",
        "c1",
        seq,
        Author.CONTACT,
        "anna",
        text,
        "nl",
        (),
        "",
        0,
        Notice.NONE,
        "",
        (),
        1,
        "",
        MOMENT,
    )


def messages(*texts: str) -> list[Message]:
    return [message(number, text) for number, text in enumerate(texts, 1)]


def test_says_what_the_rest_is_about_and_leaves_out_the_small_talk() -> None:
    told = summary(
        messages(
            "Hallo",
            "Ik heb vorige week twee kaartjes gekocht voor de boot naar Texel.",
            "De betaling is afgeschreven maar ik heb geen bevestiging gekregen.",
            "Nee dat bedoel ik niet",
            "Ik wil graag weten waarom de bevestiging van mijn kaartjes niet komt. Mijn bestelnummer is WV-1042.",
            "Mooi weer vandaag hè",
            "ok",
            "Kan ik iemand spreken over mijn kaartjes en de bevestiging?",
        )
    )
    assert [(one.seq, one.message_id) for one in told] == [(3, "m3"), (5, "m5"), (8, "m8")]
    assert told[1].text == "Ik wil graag weten waarom de bevestiging van mijn kaartjes niet komt."


def test_says_the_same_once() -> None:
    told = summary(
        messages(
            "Waar blijft mijn pakket uit Groningen?",
            "waar blijft  mijn PAKKET uit Groningen",
            "Waar blijft mijn pakket uit Groningen nou?",
            "Het pakket is al een week onderweg.",
            "Ik heb het pakket echt nodig voor zaterdag.",
        )
    )
    assert [one.seq for one in told] == [1, 4, 5]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ((), []),
        (("", "   ", "!!!"), []),
        (("ok", "hallo"), ["ok", "hallo"]),
        (("Eén zin. En nog een!\nDerde regel",), ["En nog een!"]),
        (("x" * 900 + " en nog wat",), ["x" * 500]),
    ],
)
def test_takes_what_there_is(texts: tuple[str, ...], expected: list[str]) -> None:
    assert [one.text for one in summary(messages(*texts))] == expected


def test_looks_at_the_newest_alone() -> None:
    old = [f"Oud bericht nummer {number} over de hond" for number in range(500)]
    told = summary(messages(*old, *(f"Nieuw bericht {number} over de kat" for number in range(100))))
    assert all("Nieuw" in one.text for one in told)


@given(st.lists(st.text(alphabet="ab c.é\n1", max_size=40), max_size=30))
def test_takes_sentences_as_they_were_written_in_order_and_the_same_ones_each_time(texts: list[str]) -> None:
    given_ = messages(*texts)
    told = summary(given_)
    assert told == summary(given_)
    assert len(told) <= summaries.SENTENCES
    assert [one.seq for one in told] == sorted(one.seq for one in told)
    for one in told:
        assert one.text in texts[one.seq - 1]
