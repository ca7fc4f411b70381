"""What the commands of `balie nlu` share: their options."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

TrainingFiles = Annotated[
    list[Path],
    typer.Argument(
        metavar="FILE",
        help="Training data: Balie's YAML, Rasa's, JSON Lines, CSV; or folders of such files.",
        show_default=False,
    ),
]
Languages = Annotated[str, typer.Option("--languages", "-l", help="Languages that customers write, as tags.")]
Lang = Annotated[
    str,
    typer.Option(
        "--lang",
        help="Language of examples whose file does not say it.",
        show_default="the only one of --languages, or told from their words",
    ),
]
OosLabels = Annotated[
    list[str] | None,
    typer.Option(
        "--oos-label",
        help="A label that means out of scope, beside oos; may be repeated.",
        show_default="in Rasa's files nlu_fallback and out_of_scope",
    ),
]
EngineOptions = Annotated[
    list[str] | None,
    typer.Option("--option", help="An option of the engine, name=value; may be repeated."),
]
Nlu = Annotated[str, typer.Option(envvar="BALIE_NLU", help="Address of NLU, host:port.")]
Version = Annotated[str, typer.Argument(metavar="VERSION", help="A model, as balie nlu models names it.")]
NLU_ADDRESS = "127.0.0.1:50052"


def tags_of(languages: str) -> tuple[str, ...]:
    """Returns the tags of a list with commas."""
    from balie.nlu.training_data.collecting import tag_of

    tags = []
    for language in filter(None, map(str.strip, languages.split(","))):
        tag, problem = tag_of(language)
        if problem:
            raise typer.BadParameter(problem, param_hint="--languages")
        tags.append(tag)
    return tuple(dict.fromkeys(tags))


def options_of(given: Sequence[str]) -> dict[str, str]:
    """Returns the options of an engine, which were given as name=value."""
    found: dict[str, str] = {}
    for one in given:
        name, sign, value = one.partition("=")
        if not sign or not name:
            raise typer.BadParameter(f"{one} says no value: write it as name=value.", param_hint="--option")
        if name in found:
            raise typer.BadParameter(f"{name} is named twice", param_hint="--option")
        found[name] = value
    return found
