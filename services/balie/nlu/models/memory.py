"""How much memory this process takes and may still take; and how to give back what it no longer needs.

Linux tells all of it; elsewhere nothing is known, and nothing is refused.

Source: Linux documentation, proc(5), admin-guide/cgroup-v2 and cgroup-v1/memory.
"""

import ctypes
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class _Files:
    """Where a version of control groups tells its limit, what is used, and how much of that can be dropped."""

    mount: str
    limit: str
    used: str
    droppable: str


_V1 = _Files("memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
_V2 = _Files("", "memory.max", "memory.current", "inactive_file")
_V2_UNIFIED = _Files("unified", "memory.max", "memory.current", "inactive_file")
_UNLIMITED_BYTES = 1 << 60
"""From here on a limit is the first version's way to say that there is none."""


def resident_bytes(root: Path = Path("/"), *, pid: int | None = None) -> int:
    """Returns the memory that a process holds; 0 when it cannot be told.

    Args:
        root: where `proc` is.
        pid: whose; this process's own when absent.
    """
    try:
        lines = (root / "proc" / str(pid or "self") / "status").read_text(encoding="utf-8").splitlines()
        return next(_kilobytes(line) for line in lines if line.startswith("VmRSS:"))
    except (OSError, StopIteration):
        return 0


def available_bytes(root: Path = Path("/")) -> int | None:
    """Returns the memory that may still be taken: of the container or of the machine, whichever leaves less.

    Pages of files, which the kernel can drop, count as free. None when it cannot be told.

    Args:
        root: where `proc` and `sys` are.
    """
    found = [*_of_machine(root), *_of_groups(root)]
    return min(found) if found else None


def give_back() -> None:
    """Hands freed memory back to the system; the C library otherwise keeps it for what may come."""
    trim = _malloc_trim()
    if trim is not None:
        trim(0)


def _of_machine(root: Path) -> Iterator[int]:
    try:
        lines = (root / "proc/meminfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    yield from (_kilobytes(line) for line in lines if line.startswith("MemAvailable:"))


def _of_groups(root: Path) -> Iterator[int]:
    """Yields what each control group leaves that this process is in, its own and those above it."""
    try:
        lines = (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        kinds = (
            (_V1,) if "memory" in controllers.split(",") else (_V2, _V2_UNIFIED) if not controllers else ()
        )
        for files in kinds:
            mount = root / "sys/fs/cgroup" / files.mount
            group = mount / path.lstrip("/")
            for folder in (group, *group.parents):
                if folder.is_relative_to(mount):
                    yield from _left(folder, files)


def _left(group: Path, files: _Files) -> Iterator[int]:
    try:
        limit = (group / files.limit).read_text(encoding="utf-8").strip()
        if limit == "max" or int(limit) >= _UNLIMITED_BYTES:
            return
        used = int((group / files.used).read_text(encoding="utf-8"))
        lines = (group / "memory.stat").read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return
    facts = dict(line.split(" ", 1) for line in lines if " " in line)
    yield max(0, int(limit) - used + int(facts.get(files.droppable, 0)))


def _kilobytes(line: str) -> int:
    return int(line.split()[1]) * 1024


@cache
def _malloc_trim() -> Callable[[int], Any] | None:
    try:
        found: Callable[[int], Any] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
    except (OSError, TypeError):
        return None
    return found
