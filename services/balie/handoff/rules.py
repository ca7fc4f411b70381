"""What a queue says of its handoffs, and when it is open: all that the states of a handoff need to know of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from balie.handoff.business_time import Always, BusinessTime
from balie.handoff.domain import CallBack
from balie.handoff.staffing.profiles import QueueProfile

_BEGINNING = datetime(2025, 1, 1, tzinfo=UTC)
"""From when minutes are counted, so that their fractions are not lost."""


@dataclass(frozen=True, slots=True)
class Rules:
    """A queue's rules.

    Attributes:
        queue: what an administrator said of it.
        hours: when it is open.
    """

    queue: QueueProfile
    hours: BusinessTime = field(default_factory=Always)

    def rank(self, priority: int, asked_at: datetime) -> float:
        """Returns a handoff's place among those of the queue, which does not change while all of them grow alike."""
        return priority - self.queue.priority_per_minute * ((asked_at - _BEGINNING) / timedelta(minutes=1))

    def call_back(self, now: datetime) -> CallBack | None:
        """Returns the promise to call a contact back that can be made now; None when the queue never opens again.

        One who asks while it is closed is queued again when it opens. One who has waited in vain while it was open is queued
        again for the last `max_wait` before the promised time, so that others who are there by then may take them.
        """
        opens = self.hours.next_open(now)
        promised = self.hours.after(opens, self.queue.call_back_within) if opens else None
        if opens is None or promised is None:
            return None
        start = opens if opens > now else max(now, promised - self.queue.max_wait)
        return CallBack(start, promised)


Rulebook = Mapping[str, Rules]
"""The rules of queues by id."""
