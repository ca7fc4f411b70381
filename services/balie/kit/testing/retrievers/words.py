"""The words of the port as the suite needs them: it knows no service, and is handed the module that defines them."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]

EntryTexts = Sequence[tuple[str, str, Sequence[str], str]]
"""An entry: language, question, phrasings and answer of each of its texts."""

Entries = Mapping[str, EntryTexts]
"""Entries by their ids, numbered from 1 in this order."""


class Port(Protocol):
    """The module `balie.faq.retrieval.port`."""

    @property
    def Query(self) -> Callable[..., Any]:  # noqa: N802 — the module's class
        """Returns the class of questions."""

    @property
    def LeftOut(self) -> Callable[..., Any]:  # noqa: N802
        """Returns the class of what is left out."""


class Retriever(Protocol):
    """What is checked."""

    @property
    def version(self) -> str:
        """Returns what changes whenever it would rank or be sure otherwise."""

    @property
    def reference(self) -> Any:
        """Returns what it did on questions with known answers."""

    def rank(self, query: Any, view: Any, top: int) -> Sequence[Any]:
        """Returns the best entries."""
