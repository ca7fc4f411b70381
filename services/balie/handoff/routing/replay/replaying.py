"""Decides again what was decided before, under the policy of then, of now, or of a file: nothing is changed by it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from balie.handoff.errors import PolicyMalformed
from balie.handoff.journal import Journal
from balie.handoff.routing import decisions
from balie.handoff.routing.decisions import Recorded
from balie.handoff.routing.policies import Policies
from balie.handoff.routing.policy import Passed, Policy
from balie.handoff.routing.turns import Ruling
from balie.handoff.storage.sql import SqlFloor
from balie.kit.strict_yaml import FileMistake

_PAGE = 200


@dataclass(frozen=True, slots=True)
class Replayed:
    """A turn decided again.

    Attributes:
        recorded: what was decided then.
        ruling: what is decided now.
        passed: what became of each rule.
        policy_version: the policy that decided now.
    """

    recorded: Recorded
    ruling: Ruling
    passed: tuple[Passed, ...]
    policy_version: str

    @property
    def differs(self) -> bool:
        """Tells whether something else would be done now; other reasons for the same are no difference."""
        then, now = self.recorded.decision.ruling, self.ruling
        if (then.kind, then.answer, then.options) != (now.kind, now.answer, now.options):
            return True
        if then.is_silent != now.is_silent:
            return True
        # The queue of a handoff that was open already is that handoff's, whatever the policy says.
        return bool(now.queue_id) and not _was_open(now) and then.queue_id != now.queue_id


def _was_open(ruling: Ruling) -> bool:
    return any(reason.code.name == "HANDOFF_OPEN" for reason in ruling.reasons)


def again(recorded: Recorded, policy: Policy) -> Replayed:
    """Returns a turn decided again, from what it was decided from."""
    ruling, passed = policy.explain(recorded.inputs)
    return Replayed(recorded, ruling, passed, policy.version)


def policy_of(content: bytes) -> Policy:
    """Returns a policy that was sent.

    Raises:
        PolicyMalformed: it cannot be used; the message names the line.
    """
    try:
        return Policy.parse(content, "policy")
    except FileMistake as mistake:
        raise PolicyMalformed(str(mistake)) from None


class Replay:
    """The use cases of looking at decisions again."""

    def __init__(self, journal: Journal[SqlFloor], policies: Policies) -> None:
        self.now = journal.now
        self._journal = journal
        self._policies = policies

    async def explain(self, tenant: str, turn_id: str, *, version: str, content: bytes) -> Replayed:
        """Returns a decision made again: by the policy sent, else by the one of a version, else by the one that made it.

        Raises:
            TurnNotRouted: no decision was made on the turn.
            PolicyNotFound: there is no such policy.
            PolicyMalformed: the policy sent cannot be used.
        """
        sent = policy_of(content) if content else None
        async with self._journal.reading(tenant) as floor:
            recorded = await decisions.recorded(floor.tx, tenant, turn_id)
            wanted = version or recorded.decision.policy_version
            policy = sent or await self._policies.of_version(floor.tx, tenant, wanted)
        return again(recorded, policy)

    async def policy(self, tenant: str, version: str) -> Policy:
        """Returns the policy of a version, or the one in use.

        Raises:
            PolicyNotFound: there is none.
        """
        if not version:
            return self._policies.current
        async with self._journal.reading(tenant) as floor:
            return await self._policies.of_version(floor.tx, tenant, version)

    async def turns(
        self, tenant: str, *, content: bytes, since: datetime, until: datetime, limit: int
    ) -> AsyncIterator[Replayed]:
        """Yields the turns of a time decided again, oldest first, by the policy sent or else by the one in use.

        Raises:
            PolicyMalformed: the policy sent cannot be used.
        """
        policy = policy_of(content) if content else self._policies.current
        after, left = (since, ""), limit
        while left > 0:
            async with self._journal.reading(tenant) as floor:
                page = await decisions.page(floor.tx, tenant, since, until, after, min(_PAGE, left))
            for recorded in page:
                yield again(recorded, policy)
            left -= len(page)
            if len(page) < _PAGE:
                return
            after = (page[-1].decision.decided_at, page[-1].decision.turn_id)
