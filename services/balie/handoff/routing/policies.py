"""The policy that decides now, taken up anew when its file changes, and every policy that decided before."""

import asyncio
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
import structlog

from balie.handoff.errors import PolicyNotFound
from balie.handoff.routing import policy_file
from balie.handoff.routing.policy import Policy
from balie.handoff.tables import policies
from balie.kit.database import Transaction
from balie.kit.strict_yaml import FileMistake

_log = structlog.get_logger()

_Seen = tuple[int, int, int] | None


class Policies:
    """Holds the policy in use.

    Attributes:
        current: decides now.

    Args:
        path: the operator's file; None for the policy that ships.

    Raises:
        FileMistake: the file cannot be used.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._seen = _seen(path)
        self.current = Policy.default() if path is None else Policy(*policy_file.load(path))
        self._kept: set[tuple[str, str]] = set()

    async def follow(self, *, every_seconds: float) -> None:
        """Looks at the file now and then, and takes up what changed; a mistake in it changes nothing, and is logged."""
        while True:
            await asyncio.sleep(every_seconds)
            if self._path is None:
                continue
            seen = await asyncio.to_thread(_seen, self._path)
            if seen != self._seen:
                self._seen = seen
                self._take_up(self._path)

    def _take_up(self, path: Path) -> None:
        try:
            changed = Policy(*policy_file.load(path))
        except FileMistake as mistake:
            _log.error("policy refused", mistake=str(mistake), used=self.current.version)
            return
        if changed.version != self.current.version:
            _log.info("policy changed", used=changed.version, before=self.current.version)
            self.current = changed

    async def keep(self, tx: Transaction, tenant: str, policy: Policy, *, now: datetime) -> None:
        """Stores a policy that decides for a tenant, unless it is known to be stored."""
        if (tenant, policy.version) in self._kept:
            return
        values = {"tenant": tenant, "version": policy.version, "content": policy.content}
        statement = tx.insert(policies).values(**values, first_used_at=now)
        await tx.execute(
            statement.on_conflict_do_nothing(index_elements=[policies.c.tenant, policies.c.version])
        )

    def kept(self, tenant: str, policy: Policy) -> None:
        """Says that what stored a policy was committed."""
        self._kept.add((tenant, policy.version))

    async def of_version(self, tx: Transaction, tenant: str, version: str) -> Policy:
        """Returns the policy of a version: the one in use, or one that decided for the tenant before.

        Raises:
            PolicyNotFound: there is none.
        """
        if version == self.current.version:
            return self.current
        content = await tx.scalar(
            sa.select(policies.c.content).where(policies.c.tenant == tenant, policies.c.version == version)
        )
        if content is None:
            raise PolicyNotFound(version)
        try:
            return Policy.parse(content, version)
        except FileMistake:  # it was written for an older Balie, which knew other keys
            raise PolicyNotFound(version) from None


def _seen(path: Path | None) -> _Seen:
    """Returns what changes with a file's content; None while it is not there, as in the midst of a replacement."""
    if path is None:
        return None
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
