"""What the indexes of a replica share."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from balie.faq.index.files import IndexFiles
from balie.faq.index.kinds import Kinds
from balie.faq.index.port import SharedIndexes
from balie.faq.index.vectors import Vectors
from balie.faq.knowledge.store import Store
from balie.faq.retrieval.calibrating import Calibrations
from balie.kit.database import Database
from balie.kit.eventlog import EventLog

if TYPE_CHECKING:
    from balie.faq.retrieval.port import Retriever

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Parts:
    """What followers share.

    Attributes:
        vectors: of the encoder whose index is followed.
        retriever: ranks.
        workers: threads that change indexes, and may be busy for seconds.
        kinds: which kind an index shall be.
        files: where indexes are saved; None when they are not.
        shared: keeps the vectors of all replicas; None when each keeps its own.
    """

    database: Database
    store: Store
    log: EventLog
    vectors: Vectors
    calibrations: Calibrations
    retriever: "Retriever"
    workers: Executor
    kinds: Kinds = field(default_factory=Kinds)
    files: IndexFiles | None = None
    shared: SharedIndexes | None = None

    async def in_thread(self, work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """Returns what a piece of work returns that would hold up the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self.workers, lambda: work(*args, **named))
