"""Every engine that is built in passes the suite that authors of others are given."""

import tempfile
from pathlib import Path

from tests.fakes.remote_engine import RunningEngine

from balie.kit.testing.engines import EngineSuite
from balie.nlu.engines import port
from balie.nlu.engines.registry import open_engine


class TestKeyword(EngineSuite):
    port = port

    def engine(self) -> port.Engine:
        return open_engine("keyword", {})


class TestLinear(EngineSuite):
    port = port
    tolerance = 1e-5

    def engine(self) -> port.Engine:
        return open_engine("linear", {})


class TestEmbedding(EngineSuite):
    port = port
    tolerance = 1e-5

    def engine(self) -> port.Engine:
        return open_engine("embedding", {})


class TestEnsemble(EngineSuite):
    port = port
    tolerance = 1e-5

    def engine(self) -> port.Engine:
        return open_engine("ensemble", {})


class TestSpacyTextcat(EngineSuite):
    port = port

    def engine(self) -> port.Engine:
        return open_engine("spacy_textcat", {})


class TestRemote(EngineSuite):
    port = port
    server: RunningEngine
    folder: "tempfile.TemporaryDirectory[str]"

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
