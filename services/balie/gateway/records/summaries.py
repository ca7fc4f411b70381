"""A few of the contact's own sentences that say most of what they wrote; nothing is made up, and nothing is put in other words.

The method is LexRank (Erkan and Radev, "LexRank: Graph-based Lexical Centrality as Salience in Text Summarization", JAIR 22,
2004), continuous: sentences are alike by the cosine of their words, each weighed by how few sentences have it, and a sentence
says much when it is like others that do. One that is nearly the same as one chosen before is passed over. Only the newest
sentences are looked at, so that a long conversation costs no more; the same messages always give the same summary.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from balie.gateway.domain import Message

SENTENCES = 3
CHARACTERS = 500
_LOOKED_AT = 100
_FEWEST_WORDS = 3  # "hello" and "thank you" say nothing about the matter
_TOO_ALIKE = 0.6
_DAMPING = 0.85
_ROUNDS = 30

_END = re.compile(r"(?<=[.!?…])\s+|\n+")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a contact, and the message that it stands in; cut at 500 characters."""

    text: str
    message_id: str
    seq: int


def summary(messages: Sequence[Message]) -> tuple[Sentence, ...]:
    """Returns up to three sentences of messages, in the order in which they were written."""
    found = _sentences(messages)
    weighty = [sentence for sentence in found if len(_WORD.findall(sentence.text)) >= _FEWEST_WORDS]
    looked_at = (weighty or found)[-_LOOKED_AT:]
    if len(looked_at) <= SENTENCES:
        return tuple(looked_at)
    vectors = _vectors([sentence.text for sentence in looked_at])
    alike = _alike(vectors)
    ranks = _ranks(alike)
    by_rank = sorted(range(len(looked_at)), key=lambda number: (-round(ranks[number], 9), number))
    return tuple(looked_at[number] for number in sorted(_chosen(by_rank, alike)))


def _sentences(messages: Iterable[Message]) -> list[Sentence]:
    """Returns the sentences of messages in order, those with the very same words once."""
    found: dict[tuple[str, ...], Sentence] = {}
    for message in messages:
        for part in _END.split(message.text):
            words = tuple(_WORD.findall(part.casefold()))
            if words:
                found.setdefault(words, Sentence(part.strip()[:CHARACTERS], message.id, message.seq))
    return list(found.values())


def _vectors(texts: Sequence[str]) -> list[dict[str, float]]:
    """Returns each text's words with their weights, as a vector of length 1."""
    counts = [Counter(_WORD.findall(text.casefold())) for text in texts]
    having = Counter(word for words in counts for word in words)
    vectors = []
    for words in counts:
        # Plus one: a word that all sentences have is still a word they share.
        weights = {word: n * (1 + math.log(len(texts) / having[word])) for word, n in words.items()}
        length = math.sqrt(sum(weight * weight for weight in weights.values()))
        vectors.append({word: weight / length for word, weight in weights.items()})
    return vectors


def _alike(vectors: Sequence[Mapping[str, float]]) -> list[dict[int, float]]:
    """Returns, of each sentence, how alike it is to each other one that shares a word with it."""
    alike: list[dict[int, float]] = [{} for _ in vectors]
    having: dict[str, list[int]] = {}
    for number, vector in enumerate(vectors):
        for word, weight in vector.items():
            for other in having.setdefault(word, []):
                alike[number][other] = alike[number].get(other, 0.0) + weight * vectors[other][word]
            having[word].append(number)
    for number, others in enumerate(alike):
        for other, value in others.items():
            if other < number:
                alike[other][number] = value
    return alike


def _ranks(alike: Sequence[Mapping[int, float]]) -> list[float]:
    """Returns how much each sentence says: where a reader ends up who goes on from a sentence to one that is like it."""
    count = len(alike)
    totals = [sum(others.values()) for others in alike]
    ranks = [1 / count] * count
    for _ in range(_ROUNDS):
        lost = sum(rank for rank, total in zip(ranks, totals, strict=True) if not total) / count
        ranks = [
            (1 - _DAMPING) / count
            + _DAMPING * (lost + sum(ranks[other] * value / totals[other] for other, value in others.items()))
            for others in alike
        ]
    return ranks


def _chosen(by_rank: Sequence[int], alike: Sequence[Mapping[int, float]]) -> list[int]:
    """Returns the first sentences by rank that are not nearly the same as one before."""
    chosen: list[int] = []
    for number in by_rank:
        if all(alike[number].get(other, 0.0) < _TOO_ALIKE for other in chosen):
            chosen.append(number)
        if len(chosen) == SENTENCES:
            break
    return chosen
