"""Commands print as wide as a test says, whichever test was the first to import their console."""

import pytest

from balie.cli import console


@pytest.fixture(autouse=True)
def _width_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rich keeps the COLUMNS that were set when a console was made; without one kept, it reads them when it prints."""
    for one in (console.console, console.errors):
        monkeypatch.setattr(one, "_width", None)
