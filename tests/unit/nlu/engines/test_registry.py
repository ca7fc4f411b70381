"""Engines are found by their names; who asks for what there is not is told what there is."""

import sys

import pytest

from balie.kit.registry import MissingExtra, UnknownPlugin
from balie.nlu.engines.port import OptionWrong
from balie.nlu.engines.registry import DEFAULT_ENGINE, ENGINES, open_engine


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UnknownPlugin) as raised:
        open_engine("diet", {})
    assert str(raised.value) == f"NLU engine 'diet' is unknown; known are: {', '.join(ENGINES.names())}"
    assert {"embedding", "ensemble", "keyword", "linear", "remote", "spacy_textcat"} <= set(ENGINES.names())


def test_a_missing_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "spacy", None)
    for module in ("spacy_textcat", "spacy_pipelines"):
        monkeypatch.delitem(sys.modules, f"balie.nlu.engines.{module}", raising=False)
    with pytest.raises(MissingExtra) as raised:
        open_engine("spacy_textcat", {})
    assert str(raised.value) == (
        "NLU engine 'spacy_textcat' needs spacy, which is not installed: pip install 'balie[nlu]'"
    )


@pytest.mark.parametrize("name", [name for name in ENGINES.names() if name != "remote"])
def test_an_unknown_option_lists_the_known_ones(name: str) -> None:
    with pytest.raises(OptionWrong) as raised:
        open_engine(name, {"colour": "red"})
    assert f"engine {name}: option 'colour' is unknown; " in str(raised.value)
    assert "known are: " in str(raised.value) or "has no options" in str(raised.value)


def test_the_default_is_one_of_them() -> None:
    assert DEFAULT_ENGINE in ENGINES.names()
