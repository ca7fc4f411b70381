import time

import pytest

from balie.nlu.domain import Frustration
from balie.nlu.signals import SignalReader

READER = SignalReader(("nl", "de", "en"))


def spent(text: str) -> float:
    """Returns the CPU seconds of reading a text, the least of five."""
    times = []
    for _ in range(5):
        began = time.process_time()
        READER.read(text)
        times.append(time.process_time() - began)
    return min(times)


@pytest.mark.parametrize(
    "piece",
    [
        "a ",
        "een ",
        "talk to ",
        "is er iemand die mij ",
        "the the a an one of your ",
        "so very really ",
        "kan ",
        "( ",
        ", ",
        "? ",
        "x",
        "contact , ",
        "on wrote ",
        "van:\n",
        "> a\n",
        '"',
        "„",
        "NO ",
        "f*",
        "a'",
        "-a",
        "!",
        "en hoe ",
        "http://a ",
        "@",
    ],
)
def test_the_time_grows_with_the_text_and_no_faster(piece: str) -> None:
    short, long = ((piece * size)[:size] for size in (1024, 8192))
    spent(short)  # phrases are made ready when they are first tried
    assert spent(long) < 30 * spent(short) + 0.001  # 8 when linear, 64 when quadratic


@pytest.mark.parametrize(
    "text", ["", " ", "?!", "😀😀", "\n\n", "\u200b", "ok", "WV-1042", "https://a.b/c", "\u0661\u0662"]
)
def test_short_and_wordless_messages_are_read(text: str) -> None:
    read = READER.read(text)
    assert (read.asks_for_person, read.character_count) == (False, len(text))
    assert read.frustration is Frustration.NONE


def test_a_message_of_4096_characters_is_read_to_its_end() -> None:
    text = ("Goedemiddag, wij reizen met de boot. " * 200)[:4060] + ". Ik wil een medewerker spreken!!!"
    read = READER.read(text)
    assert read.asks_for_person
    assert read.frustration is Frustration.MILD
    assert read.character_count == len(text)
