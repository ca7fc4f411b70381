"""Chooses a retriever by its name."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from balie.kit.registry import Registry

if TYPE_CHECKING:
    from balie.faq.retrieval.port import Retriever

DEFAULT_RETRIEVER = "hybrid"

RETRIEVERS = Registry(
    "FAQ retriever",
    {
        "dense": "balie.faq.retrieval.blend:DenseRetriever",
        "hybrid": "balie.faq.retrieval.blend:HybridRetriever",
        "lexical": "balie.faq.retrieval.blend:LexicalRetriever",
    },
    "balie.faq.retrievers",
    extras=dict.fromkeys(["dense", "hybrid", "lexical"], "faq"),
)
"""Every class is a `Retriever`; other distributions add theirs in the entry-point group."""


def open_retriever(name: str, options: Mapping[str, str]) -> "Retriever":
    """Returns the retriever of a name.

    Raises:
        UnknownPlugin: nobody registered the name; the message lists the known ones.
        MissingExtra: its library is not installed; the message has the line that installs it.
        RetrieverUnavailable: an option is unknown, or its value makes no sense.
    """
    retriever: Retriever = RETRIEVERS.load(name).from_options(options)  # type: ignore[attr-defined]
    return retriever
