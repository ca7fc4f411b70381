"""Lessons for engines to learn from, each with something about it, and vectors that mean a little."""

import zlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from balie.kit.testing.engines import sentences
from balie.kit.testing.engines.sentences import OUT_OF_SCOPE, Row
from balie.kit.testing.engines.words import Array, Port

_DIMENSIONS = 64
_NOISE = 120

Vectors = Callable[[str], Array] | None
"""What makes a text's vector; None for an engine that needs none."""


def toy_vector(text: str) -> Array:
    """Returns a vector of 64 numbers, float32, of length 1: texts that share letters are near each other.

    Source: Weinberger et al. 2009, arXiv:0902.2206 (feature hashing with signs), over runs of three characters.
    """
    found = np.zeros(_DIMENSIONS, np.float32)
    padded = f" {text.lower()} "
    for start in range(len(padded) - 2):
        number = zlib.crc32(padded[start : start + 3].encode("utf-8", "surrogatepass"))
        found[number % _DIMENSIONS] += 1.0 if number & 0x10000 else -1.0
    length = float(np.linalg.norm(found))
    if not length:
        found[0] = length = 1.0
    return (found / length).astype(np.float32)


class Lessons:
    """Makes the lessons, with the classes of a port.

    Args:
        port: the module that defines engines.
        vectors: makes vectors; None when the engine needs none.
    """

    def __init__(self, port: Port, vectors: Vectors) -> None:
        self._port = port
        self._vectors = vectors

    def desk(self) -> Any:
        """Returns four intents in three languages, and some examples out of scope."""
        return self._lesson(sentences.taught())

    def shuffled_desk(self) -> Any:
        """Returns the same in another order."""
        return self._lesson(sorted(sentences.taught(), key=lambda row: zlib.crc32(row[2].encode())))

    def one_intent(self) -> Any:
        """Returns a single intent, with nothing to tell it from."""
        return self._lesson([row for row in sentences.taught() if row[0] == "wifi"])

    def two_intents(self) -> Any:
        """Returns two intents and nothing out of scope."""
        return self._lesson([row for row in sentences.taught() if row[0] in ("wifi", "refund")])

    def lonely_example(self) -> Any:
        """Returns intents of which one has a single example."""
        others = [row for row in sentences.taught() if row[0] not in ("wifi", OUT_OF_SCOPE)]
        return self._lesson([*others, ("wifi", "en", "is there wifi on board")])

    def absent_intent(self) -> Any:
        """Returns a lesson that names an intent of which it has no example, as a part of a lesson may."""
        rows = [row for row in sentences.taught() if row[0] != "wifi"]
        return self._lesson(rows, also=["wifi"])

    def contradiction(self) -> Any:
        """Returns a lesson in which the same words stand under two intents, and twice under one."""
        rows = sentences.taught()
        return self._lesson([*rows, ("wifi", "nl", "fiets meenemen"), ("bicycle", "nl", "fiets meenemen")])

    def noise(self) -> Any:
        """Returns a lesson from which nothing general can be learned."""
        return self._lesson(sentences.noise(_NOISE))

    def asked(self) -> list[Any]:
        """Returns the messages that are asked of the desk, in the order of `asked_intents`."""
        return self.messages([(text, language) for _, language, text in sentences.asked()])

    def asked_intents(self) -> list[str]:
        """Returns what is meant by them."""
        return [intent for intent, _, _ in sentences.asked()]

    def strange(self) -> list[Any]:
        """Returns messages as customers send them and no lesson has them."""
        return self.messages(sentences.STRANGE)

    def of_lesson(self, lesson: Any) -> list[Any]:
        """Returns the examples of a lesson as messages."""
        return self.messages([(example.text, example.language) for example in lesson.examples])

    def blind(self, messages: Sequence[Any]) -> list[Any]:
        """Returns messages without their vectors."""
        return [self._port.Message(text=one.text, language=one.language) for one in messages]

    def messages(self, texts: Sequence[tuple[str, str]]) -> list[Any]:
        """Returns messages of texts and their languages."""
        if self._vectors is None:
            return [self._port.Message(text=text, language=language) for text, language in texts]
        vectors = [self._vectors(text) for text, _ in texts]
        return [
            self._port.Message(text=text, language=language, vector=vector, states=vector[None])
            for (text, language), vector in zip(texts, vectors, strict=True)
        ]

    def _lesson(self, rows: Sequence[Row], also: Sequence[str] = ()) -> Any:
        vectors = None
        if self._vectors is not None:
            vectors = np.stack([self._vectors(text) for _, _, text in rows])
            vectors.flags.writeable = False  # the lesson is not the engine's own
        return self._port.Lesson(
            examples=tuple(
                self._port.Example(intent=intent, language=language, text=text)
                for intent, language, text in rows
            ),
            intents=tuple(sorted({*(row[0] for row in rows), *also} - {OUT_OF_SCOPE})),
            vectors=vectors,
            states=None if vectors is None else vectors[:, None],
        )
