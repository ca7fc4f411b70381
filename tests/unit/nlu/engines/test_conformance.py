"""Every engine that is built in passes the suite that authors of others are given."""

from balie.kit.testing.engines import EngineSuite
from balie.nlu.engines import port
from balie.nlu.engines.registry import open_engine


class TestKeyword(EngineSuite):
    port = port

    def engine(self) -> port.Engine:
        return open_engine("keyword", {})
