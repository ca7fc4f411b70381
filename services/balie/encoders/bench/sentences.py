"""What a bench encodes: questions in Dutch, German and English, the same in every run."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle, islice, product
from pathlib import Path

from balie.encoders.bench.errors import BenchSentencesWrong

SHORT_TOKENS = 16
_QUESTIONS = (0, 1, 2, 1, 3)  # in the texts of the mixed set, in turn; 0 is a few words of one, as in a chat
_FEW_WORDS = 3
_SPREAD = 7919  # a prime: neighbours in the list are not neighbours in the product
_MIXED_TEXTS = 256
_MOST_BYTES = 64 << 20

_PARTS = {
    "nl": (
        ("Kan ik", "Waarom kan ik niet", "Hoe laat kan ik", "Moet ik bijbetalen om te"),
        ("mijn ticket wijzigen", "met een hond meevaren", "een fiets meenemen", "mijn geld terugkrijgen"),
        ("op de boot van zondag", "als de boot te laat is", "vanaf Texel", "met vier kinderen", ""),
        ("in de zomer", "zonder reservering", "voor een groep", "en waar staat dat"),
    ),
    "de": (
        ("Kann ich", "Warum kann ich nicht", "Wann kann ich", "Muss ich mehr bezahlen und"),
        ("mein Ticket ändern", "mit einem Hund mitfahren", "ein Fahrrad mitnehmen", "mein Geld zurückbekommen"),
        ("auf der Fähre am Sonntag", "wenn das Schiff zu spät ist", "ab Sylt", "mit vier Kindern", ""),
        ("im Sommer", "ohne Reservierung", "für eine Gruppe", "und wo steht das"),
    ),
    "en": (
        ("Can I", "Why can't I", "At what time can I", "Do I have to pay more to", "How do I"),
        ("change my ticket", "bring a dog on board", "take a bicycle along", "get my money back"),
        ("on the ferry on Sunday", "when the boat is late", "from the island", "with four children", ""),
        ("in the summer", "without a reservation", "for a group", "and where does it say so"),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Sentences:
    """Texts to encode.

    Attributes:
        name: `short`, `mixed`, or the name of a file.
        texts: in the order in which they are encoded, over and over.
        described: one line for people.
    """

    name: str
    texts: tuple[str, ...]
    described: str


def questions() -> list[str]:
    """Returns the built-in questions, each once, languages mixed."""
    lists = [
        [" ".join(part for part in parts if part) + "?" for parts in product(*_PARTS[language])]
        for language in _PARTS
    ]
    found = [text for texts in lists for text in texts]
    return [found[place * _SPREAD % len(found)] for place in range(len(found))]


def built_in(*counters: Callable[[Sequence[str]], list[int]]) -> tuple[Sentences, Sentences]:
    """Returns a set of equal length and one of many lengths.

    Args:
        counters: each returns how many tokens a competitor reads of each text. The short set holds what is
            `SHORT_TOKENS` long for all of them, so that they do equal work.
    """
    pool = questions()
    counted = [counter(pool) for counter in counters]
    short = [
        text
        for text, *lengths in zip(pool, *counted, strict=True)
        if all(length == SHORT_TOKENS for length in lengths)
    ]
    if not short:
        raise BenchSentencesWrong(
            f"this encoder reads none of the built-in questions as {SHORT_TOKENS} tokens: give your own with `--sentences`"
        )
    following = cycle(pool)
    mixed = [
        " ".join(next(following) for _ in range(number)) or " ".join(next(following).split()[:_FEW_WORDS])
        for number in islice(cycle(_QUESTIONS), _MIXED_TEXTS)
    ]
    return (
        Sentences("short", tuple(short), f"{len(short)} built-in questions of {SHORT_TOKENS} tokens"),
        Sentences("mixed", tuple(mixed), f"{len(mixed)} built-in texts of mixed length in nl, de and en"),
    )


def read_sentences(file: Path) -> Sentences:
    """Returns the texts of a file of JSON Lines with `text`.

    Raises:
        BenchSentencesWrong: the file cannot be read, or a line has no text; the message names it.
    """
    if file.is_dir():
        raise BenchSentencesWrong(f"{file} is a folder: name a file of JSON Lines in it, each with a `text`")
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise BenchSentencesWrong(f"{file} has more than {_MOST_BYTES >> 20} MB: give a part of it")
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise BenchSentencesWrong(
            f"{file} cannot be read ({error.strerror}): name a file of JSON Lines, each with a `text`"
        ) from None
    except UnicodeDecodeError as error:
        place = error.object.count(b"\n", 0, error.start) + 1
        raise BenchSentencesWrong(f"{file}, line {place} is not UTF-8: save it as UTF-8") from None
    texts = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            text = json.loads(line)["text"]
        except (ValueError, KeyError, TypeError):
            text = None
        if not isinstance(text, str):
            raise BenchSentencesWrong(f"{file}, line {number} is not a JSON object with a `text`")
        texts.append(text)
    if not texts:
        raise BenchSentencesWrong(f"{file} holds no sentences")
    return Sentences(file.stem, tuple(texts), f"{len(texts)} texts of {file}")
