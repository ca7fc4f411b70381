"""What the suite takes an engine to be: the shape of `balie.nlu.engines.port`, which the engine's author hands over.

The kit knows no service, so it describes what it needs, and makes lessons and messages with the classes it is given.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

Array = Any
"""A NumPy array; the kit itself needs no NumPy."""


class Ranking(Protocol):
    """What is thought of some messages."""

    @property
    def scores(self) -> Array:
        """Returns the probability of each intent, shape (messages, intents)."""

    @property
    def out_of_scope(self) -> Array | None:
        """Returns how sure it is that no intent is meant, shape (messages,)."""


class Ranker(Protocol):
    """A trained engine, loaded."""

    @property
    def intents(self) -> Sequence[str]:
        """Returns the intents in the order of the scores."""

    def rank(self, messages: Sequence[Any]) -> Ranking:
        """Returns what is thought of each message."""

    def close(self) -> None:
        """Frees what it holds."""


class Engine(Protocol):
    """Makes rankers."""

    @classmethod
    def from_options(cls, options: Mapping[str, str]) -> Any:
        """Returns the engine that options describe."""

    def train(self, lesson: Any, folder: Path, progress: Callable[[str, float], None]) -> Ranking | None:
        """Learns from a lesson into a folder."""

    def load(self, folder: Path, intents: Sequence[str]) -> Ranker:
        """Returns the ranker of a folder."""


class Port(Protocol):
    """The module that defines engines: `balie.nlu.engines.port`."""

    @property
    def Example(self) -> Callable[..., Any]:  # noqa: N802 — the module's class
        """Returns the class of examples."""

    @property
    def Lesson(self) -> Callable[..., Any]:  # noqa: N802
        """Returns the class of lessons."""

    @property
    def Message(self) -> Callable[..., Any]:  # noqa: N802
        """Returns the class of messages."""

    @property
    def OptionWrong(self) -> type[Exception]:  # noqa: N802
        """Returns what is raised for an option that makes no sense."""

    @property
    def TrainingFailed(self) -> type[Exception]:  # noqa: N802
        """Returns what is raised when nothing can be learned."""
