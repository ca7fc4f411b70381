"""The handoff service itself, which dies as by a power cut at the commit of a change that a test names.

`python -m tests.fakes.dying_handoff`: like `python -m balie.handoff`, and besides reads the file that `DIE_AT` names whenever a
handoff changes: `before HELD` or `after HELD`. The process kills itself right before or right after the database commits the
transaction in which that happened.
"""

import os
import signal
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine.default import DefaultDialect

from balie.handoff.app import lifespan
from balie.handoff.floor import Floor
from balie.handoff.journal import Journal
from balie.handoff.machine import Change
from balie.handoff.settings import HandoffSettings
from balie.kit.server import run


class Death:
    """Comes with the commit of the transaction in which the change happened, and with no other's."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._when = ""
        self._doomed: Any = None

    def look(self, kind: str) -> None:
        """Notes that something is about to be written."""
        when, _, wanted = self._path.read_text().partition(" ")
        if wanted == kind:
            self._when = when

    def mark(self, connection: sa.Connection, _cursor: Any, statement: str, *_: Any) -> None:
        """Notes by which connection it is written."""
        if self._when and "handoffs" in statement and statement.startswith(("INSERT", "UPDATE")):
            self._doomed = connection.connection

    def come(self, connection: Any, when: str) -> None:
        if connection is self._doomed and when == self._when:
            os.kill(os.getpid(), signal.SIGKILL)


def install(death: Death) -> None:
    record, commit = Journal.record, DefaultDialect.do_commit

    async def watched_record(self: Any, floor: Floor, change: Change) -> Any:
        death.look(change.kind.name)
        return await record(self, floor, change)

    def watched_commit(self: Any, connection: Any) -> None:
        death.come(connection, "before")
        commit(self, connection)
        death.come(connection, "after")

    Journal.record = watched_record  # type: ignore[method-assign]
    DefaultDialect.do_commit = watched_commit  # type: ignore[method-assign]
    sa.event.listen(sa.Engine, "before_cursor_execute", death.mark)


if __name__ == "__main__":
    install(Death(Path(os.environ["DIE_AT"])))
    run(lifespan, HandoffSettings.load())
