"""Every engine that is built in passes the suite that authors of others are given."""

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
