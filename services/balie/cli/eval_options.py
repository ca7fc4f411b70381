"""The options that the commands of `balie eval` share."""

from typing import Annotated

import typer


def share(value: float | None) -> float | None:
    """Returns a share above 0 and below 1; ends the command when it is none."""
    if value is not None and not 0.0 < value < 1.0:
        raise typer.BadParameter("must be above 0 and below 1")
    return value


def expected_share(value: float | None) -> float | None:
    """Returns a share below 1 that may be 0; ends the command when it is none."""
    if value is not None and not 0.0 <= value < 1.0:
        raise typer.BadParameter("must be 0 or more and below 1")
    return value


MaxWrong = Annotated[
    float, typer.Option(help="Greatest share of wrong among what is accepted or answered.", callback=share)
]
Delta = Annotated[float, typer.Option(help="Chance that this promise is broken.", callback=share)]
