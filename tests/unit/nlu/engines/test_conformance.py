"""Every engine that is built in passes the suite that authors of others are given."""

import tempfile
from pathlib import Path
from typing import ClassVar

from tests.fakes.remote_engine import RunningEngine

from balie.kit.testing.engines import EngineSuite
from balie.nlu.engines import port
from balie.nlu.engines.registry import ENGINES, open_engine


class BuiltIn(EngineSuite):
    """An engine of the table, at its best."""

    name: ClassVar[str]
    port = port
    tolerance = 1e-5

    def engine(self) -> port.Engine:
        return open_engine(self.name, {})


class TestKeyword(BuiltIn):
    name = "keyword"


class TestLinear(BuiltIn):
    name = "linear"


class TestEmbedding(BuiltIn):
    name = "embedding"


class TestEnsemble(BuiltIn):
    name = "ensemble"


class TestSpacyTextcat(BuiltIn):
    name = "spacy_textcat"


class TestRemote(BuiltIn):
    name = "remote"
    folder: ClassVar["tempfile.TemporaryDirectory[str]"]
    server: ClassVar[RunningEngine]

    @classmethod
    def setup_class(cls) -> None:
        super().setup_class()
        cls.folder = tempfile.TemporaryDirectory()
        cls.server = RunningEngine(Path(cls.folder.name))

    @classmethod
    def teardown_class(cls) -> None:
        cls.server.stop()
        cls.folder.cleanup()
        super().teardown_class()

    def engine(self) -> port.Engine:
        return open_engine("remote", {"address": self.server.address})


def test_no_engine_of_the_table_is_left_out() -> None:
    assert {suite.name for suite in BuiltIn.__subclasses__()} >= set(ENGINES.names())
