"""Real servers for tests, and the suites that every implementation of an interface has to pass.

Nothing here needs pytest, and nothing here is a mock: `serve` runs the composition root that production runs.
"""

from balie.kit.testing import callers
from balie.kit.testing.served import Served, free_address, serve

__all__ = ["Served", "callers", "free_address", "serve"]
