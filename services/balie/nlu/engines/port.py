"""What an intent engine is: it learns from examples into a folder, and ranks intents by what it wrote there.

That is all an engine does. Whatever stands around it is the same for each: held-out scores, calibration, thresholds and
verdicts, checksums, activation, evaluation. An engine knows neither gRPC nor the event loop: it is called from worker
threads when it ranks, and in a process of its own when it learns.

Whoever writes an engine finds all its words here, and a suite to run it through in `balie.kit.testing.engines`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol, Self, runtime_checkable

from balie.nlu.errors import EngineUnavailable, OptionWrong, TrainingFailed
from balie.nlu.examples import OUT_OF_SCOPE, Example

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "OUT_OF_SCOPE",
    "Engine",
    "EngineUnavailable",
    "Example",
    "Glance",
    "GlancingRanker",
    "HeldOutRanking",
    "Lesson",
    "Message",
    "OptionWrong",
    "Progress",
    "Ranker",
    "Ranking",
    "TrainingFailed",
    "WaitingRanker",
]

Progress = Callable[[str, float], None]
"""Is told what is being done and how much of the whole is done, in [0, 1]."""


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """What an engine learns from.

    Attributes:
        examples: in an order that does not depend on any file's; those of the intent `oos` are out of scope. The same
            text may stand twice, under two intents as well.
        intents: the names that rankings are about, sorted, without `oos`; one at least.
        vectors: shape (examples, dimensions), float32, each of Euclidean length 1: the base encoder's vector of each
            example. None when the engine says that it needs none.
        states: shape (examples, states, dimensions), float32, each of length 1: the vector first, then the means of the
            encoder's earlier hidden states; the vector alone when the encoder gives no others. None as `vectors`.
    """

    examples: Sequence[Example]
    intents: Sequence[str]
    vectors: "NDArray[np.float32] | None" = field(default=None, repr=False)
    states: "NDArray[np.float32] | None" = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class Message:
    """A text to rank intents for.

    Attributes:
        text: the contact's words, 1 to 4096 characters.
        language: one of the configured tags, or `und`.
        vector: shape (dimensions,), float32, of Euclidean length 1; None when the engine says that it needs none.
        states: shape (states, dimensions), as in a lesson; None as `vector`.
    """

    text: str
    language: str = "und"
    vector: "NDArray[np.float32] | None" = field(default=None, repr=False)
    states: "NDArray[np.float32] | None" = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """What an engine thinks of some messages.

    Attributes:
        scores: shape (messages, intents), float32, in the order of the ranker's `intents`: the probability of each intent
            if one of them is meant; each row in [0, 1] with a sum of 1.
        out_of_scope: shape (messages,), float32, [0, 1]: how sure the engine is that none of them is meant; None when it
            has no view of that, and the rest of NLU goes by the scores alone. Need not be calibrated.
    """

    scores: "NDArray[np.float32]"
    out_of_scope: "NDArray[np.float32] | None" = None


@dataclass(frozen=True, slots=True, eq=False)
class HeldOutRanking(Ranking):
    """Rankings of a lesson's examples by models that have not seen them.

    Attributes:
        strangers: rankings of the same examples by models that know none of their intent: stand-ins for messages out of
            scope, where a lesson has none. Examples of `oos` are ranked as in `scores`.
    """

    strangers: Ranking | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Glance:
    """What the letters of a message say, before its vector is known.

    Attributes:
        scores: shape (intents,), float32, [0, 1]: the probability of each intent; what lacks to 1 is out of scope.
        is_sure: whether that is as good as the whole ranking: the message need not be encoded.
        kept: what the engine need not find out again.
    """

    scores: "NDArray[np.float32]"
    is_sure: bool
    kept: object = None


@runtime_checkable
class GlancingRanker(Protocol):
    """A ranker that needs vectors, and is sometimes sure without."""

    def glance(self, messages: Sequence[Message]) -> list[Glance]:
        """Returns what is thought of each message by its letters alone; vectors are not looked at."""

    def rank_on(self, messages: Sequence[Message], glances: Sequence[Glance]) -> Ranking:
        """Returns what `rank` returns, without finding out again what was seen at a glance."""


@runtime_checkable
class WaitingRanker(Protocol):
    """A ranker that mostly waits for an answer from elsewhere, so that messages wait side by side for it.

    All others compute, and have one thread: more would only take turns at the interpreter's lock.
    """

    waits: ClassVar[bool]


class Ranker(Protocol):
    """A trained engine, loaded; `rank` is called from several threads at once."""

    @property
    def intents(self) -> Sequence[str]:
        """Returns the intents' names, in the order of the scores."""

    def rank(self, messages: Sequence[Message]) -> Ranking:
        """Returns what is thought of each message, in the order given; a message's scores do not depend on the others.

        Args:
            messages: one at least.

        Raises:
            EngineUnavailable: the engine cannot answer now; the message is understood without intents then.
        """

    def close(self) -> None:
        """Frees what it holds; nothing is ranked afterwards."""


class Engine(Protocol):
    """Makes rankers; one class for each kind, chosen by name in `balie.nlu.engines.registry`."""

    needs_vectors: ClassVar[bool]
    """Whether it learns from and ranks with the base encoder's vectors; one that does not spares encoding."""

    @classmethod
    def from_options(cls, options: Mapping[str, str]) -> Self:
        """Returns the engine that the options describe; without any, the engine at its best.

        Raises:
            OptionWrong: an option is unknown, or its value makes no sense; names it and says what is known.
        """

    def train(self, lesson: Lesson, folder: Path, progress: Progress) -> Ranking | None:
        """Learns, and writes what it learned into a folder. The order of the examples makes no difference.

        Args:
            lesson: what there is to learn from.
            folder: exists and is empty; files only, no links.
            progress: is told what is being done.

        Returns:
            Rankings of the lesson's examples by models that have not seen them, if learning made such on the way; None
            lets the trainer make them, by training on parts of the lesson.

        Raises:
            TrainingFailed: nothing can be learned from this lesson; says why.
        """

    def load(self, folder: Path, intents: Sequence[str]) -> Ranker:
        """Returns the ranker of a folder that `train` wrote; reads nothing else.

        Args:
            folder: as it was written; checksums were verified.
            intents: those of the lesson.
        """
