"""The models that an ensemble is made of: fitted together, asked together, stored together."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from balie.nlu.engines.arrays import read_arrays, write_arrays
from balie.nlu.engines.geometry import Gaussian, Neighbours
from balie.nlu.engines.kernel_model import KernelModel
from balie.nlu.engines.lexical_model import LexicalModel
from balie.nlu.engines.ngram_counts import NgramCounts
from balie.nlu.engines.opinions import Opinions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Table:
    """What is learned from, a row for each example.

    Attributes:
        texts: as they were written.
        counts: their n-grams.
        states: shape (examples, states, dimensions).
        classes: shape (examples,).
    """

    texts: Sequence[str]
    counts: NgramCounts
    states: "Floats"
    classes: "NDArray[np.int64]"

    def rows(self, places: "NDArray[np.intp]") -> "Table":
        """Returns some of the rows."""
        return Table(
            [self.texts[place] for place in places],
            self.counts.rows(places),
            self.states[places],
            self.classes[places],
        )


@dataclass(frozen=True, eq=False)
class Members:
    """The fitted models; safe to ask from several threads.

    Attributes:
        lexical: tells classes apart by letters.
        states: tells them apart by vectors and what earlier layers say.
        vectors: by vectors alone, which is better where earlier layers mislead.
        gaussian: by where vectors lie.
        neighbours: how near a text is to what was learned.
        intent_count: how many of the classes are intents.
    """

    lexical: LexicalModel
    states: KernelModel
    vectors: KernelModel
    gaussian: Gaussian
    neighbours: Neighbours
    intent_count: int

    @staticmethod
    def fit(table: Table, class_count: int, intent_count: int) -> "Members":
        """Returns the models that a table teaches.

        Args:
            table: what is learned from.
            class_count: classes there are, the intents first.
            intent_count: how many of them are intents; the one more there may be is what is out of scope.
        """
        from threadpoolctl import threadpool_limits

        classes, states = table.classes, table.states
        inside = np.flatnonzero(classes < intent_count)
        # What takes longest goes side by side, each on one core: both let go of the interpreter.
        with threadpool_limits(1), ThreadPoolExecutor(1) as pool:
            lexical = pool.submit(LexicalModel.fit, table.counts, classes, class_count)
            whole = KernelModel.fit(states, classes, class_count, table.texts)
            vectors = KernelModel.fit(states[:, :1], classes, class_count, table.texts)
            gaussian = Gaussian.fit(states[:, 0], classes, class_count)
            neighbours = Neighbours.fit(
                states[inside, 0], classes[inside], [table.texts[int(place)] for place in inside]
            )
        return Members(
            lexical.result(),
            whole,
            vectors,
            gaussian,
            neighbours,
            intent_count,
        )

    def of_table(self, table: Table) -> Opinions:
        """Returns what is thought of texts that were counted with those that these were fitted to."""
        return self._opinions(self.lexical.margins_of(table.counts), table.states)

    def of(self, margins: "Floats", states: "Floats") -> Opinions:
        """Returns what is thought of texts.

        Args:
            margins: what `lexical.margins` says of them.
            states: shape (texts, states, dimensions).
        """
        return self._opinions(margins, states)

    def _opinions(self, margins: "Floats", states: "Floats") -> Opinions:
        vectors = states[:, 0]
        near = self.gaussian.logits(vectors)
        logits = [
            margins,
            self.states.logits(states),
            self.vectors.logits(states[:, :1]),
            near,
        ]
        nearness = [
            self.gaussian.nearness(vectors, near[:, : self.intent_count]),
            self.neighbours.nearness(vectors),
        ]
        return Opinions(logits, np.stack(nearness, axis=1))

    def write(self, folder: Path) -> None:
        """Stores the models, a file each."""
        write_arrays(folder / "lexical.npz", self.lexical.arrays())
        write_arrays(folder / "states.npz", self.states.arrays())
        write_arrays(folder / "vectors.npz", self.vectors.arrays())
        write_arrays(folder / "gaussian.npz", self.gaussian.arrays())
        write_arrays(folder / "neighbours.npz", self.neighbours.arrays())

    @staticmethod
    def read(folder: Path, intent_count: int) -> "Members":
        """Returns the models that were stored.

        Raises:
            ModelDamaged: a file cannot be read.
        """
        return Members(
            LexicalModel.of_arrays(read_arrays(folder / "lexical.npz")),
            KernelModel.of_arrays(read_arrays(folder / "states.npz")),
            KernelModel.of_arrays(read_arrays(folder / "vectors.npz")),
            Gaussian.of_arrays(read_arrays(folder / "gaussian.npz")),
            Neighbours.of_arrays(read_arrays(folder / "neighbours.npz")),
            intent_count,
        )
