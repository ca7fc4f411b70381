"""The page on engines lists every engine and every option, and shows the suite as it is used."""

import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest

from balie.nlu.engines.options import EngineOptions
from balie.nlu.engines.registry import ENGINES

PAGE = (Path(__file__).parents[4] / "docs" / "engines.md").read_text(encoding="utf-8")


def options_of(engine: str) -> set[str]:
    """Returns the options of an engine, read from the class beside it."""
    home = import_module(ENGINES.load(engine).__module__)
    kinds = [
        kind
        for _, kind in inspect.getmembers(home, inspect.isclass)
        if issubclass(kind, EngineOptions) and kind is not EngineOptions
    ]
    return {name for kind in kinds for name in kind.model_fields}


@pytest.mark.parametrize("engine", ENGINES.names())
def test_every_engine_and_option_is_on_the_page(engine: str) -> None:
    rows = re.findall(r"^\| .* \|$", PAGE, re.MULTILINE)
    assert any(row.startswith(f"| `{engine}`") for row in rows)
    named = {name for row in rows for name in re.findall(r"`([a-z_]+)`", row)}
    assert options_of(engine) <= named


def test_options_are_found() -> None:
    assert {"address", "timeout_ms", "pause_ms"} <= options_of("remote")
    assert "early_exit" in options_of("ensemble")
