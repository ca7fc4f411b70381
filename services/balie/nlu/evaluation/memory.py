"""The most memory that a piece of work takes.

Linux can forget what was the most before; elsewhere it is that of the process from its start.

Source: Linux documentation, proc(5): `clear_refs` and `VmHWM`.
"""

import resource
import sys
from contextlib import suppress
from pathlib import Path

_FORGET = "5"


class PeakMemory:
    """Watches the memory of this process from its making on.

    Args:
        process: what the system tells of it.
    """

    def __init__(self, process: Path = Path("/proc/self")) -> None:
        self._status = process / "status"
        with suppress(
            OSError
        ):  # another system, or one that forbids it: more is told than there was, never less
            (process / "clear_refs").write_text(_FORGET, encoding="ascii")

    @property
    def megabytes(self) -> float:
        """Returns the most that was held, in MB of 2^20 bytes."""
        try:
            lines = self._status.read_text(encoding="utf-8").splitlines()
            return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / (1 << 10)
        except (OSError, StopIteration):
            most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            return most / (1 << 20) if sys.platform == "darwin" else most / (1 << 10)
