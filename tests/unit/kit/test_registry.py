"""Plug-ins are found by name in the table and in entry points, and a miss says what to do."""

import sys
from pathlib import Path

import pytest

from balie.kit.registry import MissingExtra, Registry, UnknownPlugin

GROUP = "balie.test.plugins"
TABLE = {
    "path.v1": "pathlib:PurePath",
    "inner.v1": "collections.abc:Sequence",
    "needs-torch.v1": "example_needy:Needy",
    "function.v1": "os.path:join",
    "broken.v1": "example_broken:Broken",
}


@pytest.fixture
def registry() -> Registry:
    return Registry("test plug-in", TABLE, GROUP, extras={"needs-torch.v1": "sentence-transformers"})


def installed(folder: Path, monkeypatch: pytest.MonkeyPatch, **modules: str) -> None:
    for name, source in modules.items():
        (folder / f"{name}.py").write_text(source)
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(str(folder))


def test_loads_by_name(registry: Registry) -> None:
    from pathlib import PurePath

    assert registry.load("path.v1") is PurePath


def test_lists_the_known_names_when_one_is_unknown(registry: Registry) -> None:
    with pytest.raises(
        UnknownPlugin, match=r"test plug-in 'nope' is unknown; known are: broken.v1, .*path.v1"
    ):
        registry.load("nope")


def test_says_what_to_install(registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path, monkeypatch, example_needy="import no_such_library_anywhere\nclass Needy: ...\n")
    with pytest.raises(MissingExtra, match=r"pip install 'balie\[sentence-transformers\]'"):
        registry.load("needs-torch.v1")


def test_does_not_blame_a_library_for_a_wrong_table() -> None:
    with pytest.raises(ModuleNotFoundError) as caught:
        Registry("test plug-in", {"typo.v1": "balie.no_such_module:X"}, GROUP).load("typo.v1")
    assert not isinstance(caught.value, MissingExtra)


def test_refuses_what_is_no_class(registry: Registry) -> None:
    with pytest.raises(TypeError, match="not a class"):
        registry.load("function.v1")


def test_imports_nothing_before_it_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path, monkeypatch, example_lazy="class Lazy: ...\n")
    registry = Registry("test plug-in", {"lazy.v1": "example_lazy:Lazy"}, GROUP)
    assert registry.names() == ["lazy.v1"]
    assert "example_lazy" not in sys.modules
    assert registry.load("lazy.v1").__name__ == "Lazy"


def test_finds_what_other_distributions_add(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(tmp_path, monkeypatch, example_plugin="class Added: ...\n")
    metadata = tmp_path / "example_plugin-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: example-plugin\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        f"[{GROUP}]\nadded.v1 = example_plugin:Added\npath.v1 = example_plugin:Added\n"
    )
    assert "added.v1" in registry.names()
    assert registry.load("added.v1").__name__ == "Added"
    assert registry.load("path.v1").__name__ == "PurePath"  # the table wins
