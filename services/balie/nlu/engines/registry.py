"""Chooses an intent engine by its name."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from balie.kit.registry import Registry

if TYPE_CHECKING:
    from balie.nlu.engines.port import Engine

DEFAULT_ENGINE = "ensemble"

ENGINES = Registry(
    "NLU engine",
    {
        "embedding": "balie.nlu.engines.embedding:EmbeddingEngine",
        "ensemble": "balie.nlu.engines.ensemble:EnsembleEngine",
        "keyword": "balie.nlu.engines.keyword:KeywordEngine",
        "linear": "balie.nlu.engines.linear:LinearEngine",
        "remote": "balie.nlu.engines.remote:RemoteEngine",
        "spacy_textcat": "balie.nlu.engines.spacy_textcat:SpacyTextcatEngine",
    },
    "balie.nlu.engines",
    extras=dict.fromkeys(["embedding", "ensemble", "keyword", "linear", "remote", "spacy_textcat"], "nlu"),
)
"""Every engine class is an `Engine`; other distributions add theirs in the entry-point group."""


def open_engine(name: str, options: Mapping[str, str]) -> "Engine":
    """Returns the engine of a name.

    Raises:
        UnknownPlugin: nobody registered the name; the message lists the known ones.
        MissingExtra: its library is not installed; the message has the line that installs it.
        OptionWrong: an option is unknown, or its value makes no sense.
    """
    engine: Engine = ENGINES.load(name).from_options(options)  # type: ignore[attr-defined]
    return engine
