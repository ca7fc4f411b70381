"""Ids that sort by when they were made.

They follow UUID version 7 (RFC 9562, section 5.7) with the clock's fraction of a millisecond in `rand_a` (section
6.2, method 3), so that ids of one process sort strictly, and those of several by their clocks. Written by hand
because `uuid.uuid7` arrived in Python 3.14.
"""

import secrets
import threading
import time
from collections.abc import Callable
from uuid import UUID

_NANOSECONDS = 1_000_000
_FRACTIONS = 1 << 12


class IdSource:
    """Makes ids, each greater than the one before, from any thread.

    Args:
        clock: nanoseconds since 1970; may stand still or run backwards.
    """

    def __init__(self, clock: Callable[[], int] = time.time_ns) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._last = 0  # milliseconds and fraction, 60 bits

    def new_id(self) -> str:
        """Returns a new id: a UUID of version 7 in lower-case hexadecimal with dashes, 36 characters."""
        milliseconds, rest = divmod(self._clock(), _NANOSECONDS)
        tick = milliseconds * _FRACTIONS + rest * _FRACTIONS // _NANOSECONDS
        with self._lock:
            self._last = tick = max(tick, self._last + 1)
        return str(
            UUID(
                int=(tick >> 12 & (1 << 48) - 1) << 80
                | 7 << 76
                | (tick & _FRACTIONS - 1) << 64
                | 0b10 << 62
                | secrets.randbits(62)
            )
        )


new_id = IdSource().new_id
"""Returns a new id from this process's one source, whose memory is what makes them sort strictly."""
