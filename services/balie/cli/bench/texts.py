"""Texts as people wrote them, for benches that need many: of the folder with the evaluation data."""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from balie.cli.console import fail

_LONGEST_SENTENCE = 200
_SHORTEST_SENTENCE = 15
_END_OF_SENTENCE = re.compile(r"(?<=[.!?])\s+")


def questions(data: Path, languages: Collection[str] = ()) -> list[str]:
    """Returns what people asked, each once, in an order that is always the same and mixes the sets.

    Args:
        data: folder with `intents/*/train.jsonl`; the command ends when there are none.
        languages: whose texts to return; empty for all.
    """
    sets = [
        [str(row["text"]) for row in _rows(file) if not languages or row.get("lang") in languages]
        for file in sorted(data.glob("intents/*/train.jsonl"))
    ]
    # Taken in turn from each set, in proportion to its size, so that any part of the list has of all.
    placed = sorted(
        ((place + 0.5) / len(texts), number, text)
        for number, texts in enumerate(sets)
        for place, text in enumerate(_shuffled(texts))
    )
    found = _distinct(text for *_, text in placed)
    if not found:
        fail(f"{data} has no texts to ask.", "Name a folder with intents/*/train.jsonl with --data.")
    return found


def answers(data: Path, count: int) -> list[str]:
    """Returns so many different answers: sentences of the answers of `faq/*/entries.jsonl`, two by two."""
    sentences = _distinct(
        sentence
        for file in sorted(data.glob("faq/*/entries.jsonl"))
        for row in _rows(file)
        for sentence in _END_OF_SENTENCE.split(str(row["answer"]).strip())
        if _SHORTEST_SENTENCE <= len(sentence) <= _LONGEST_SENTENCE
    )
    size = len(sentences)
    if count > size * (size - 1):
        fail(f"{data} has too few answers.", "Name a folder with faq/*/entries.jsonl with --data.")
    return [
        f"{sentences[place % size]} {sentences[(place % size + 1 + place // size) % size]}"
        for place in range(count)
    ]


def _rows(file: Path) -> Iterator[dict[str, object]]:
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            row = json.loads(line)
            _ = row["text"] if "text" in row else row["answer"]
        except (ValueError, KeyError, TypeError):
            fail(f"{file}:{number} is no JSON object with text or answer.")
        yield row


def _distinct(texts: Iterable[str]) -> list[str]:
    """Returns texts that differ in more than case and spaces."""
    found = {" ".join(text.lower().split()): text for text in reversed(list(texts)) if text.strip()}
    return list(reversed(found.values()))


def _shuffled(texts: Sequence[str]) -> list[str]:
    """Returns texts in another order, always the same: files are in the order of their labels."""
    step = next(step for step in _STEPS if len(texts) % step) if len(texts) > 1 else 1
    return [texts[place * step % len(texts)] for place in range(len(texts))]


_STEPS = (7919, 7907, 7901)  # primes: at least one is no divisor, so that each text comes once
