from pathlib import Path

import pytest

from balie.nlu.models.memory import available_bytes, give_back, resident_bytes

MB = 1 << 20


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


MACHINE = {"proc/meminfo": "MemTotal: 8192 kB\nMemAvailable:    4096 kB\n"}


@pytest.mark.parametrize(
    ("files", "left"),
    [
        ({}, 4 * MB),
        (
            {
                "proc/self/cgroup": "0::/pod/one\n",
                "sys/fs/cgroup/pod/one/memory.max": f"{3 * MB}\n",
                "sys/fs/cgroup/pod/one/memory.current": f"{2 * MB}\n",
                "sys/fs/cgroup/pod/one/memory.stat": f"anon 5\ninactive_file {MB // 2}\n",
            },
            MB + MB // 2,
        ),
        (
            {
                "proc/self/cgroup": "0::/pod/one\n",
                "sys/fs/cgroup/pod/one/memory.max": "max\n",
                "sys/fs/cgroup/pod/one/memory.current": "1\n",
                "sys/fs/cgroup/pod/one/memory.stat": "inactive_file 0\n",
                "sys/fs/cgroup/pod/memory.max": f"{3 * MB}\n",
                "sys/fs/cgroup/pod/memory.current": f"{5 * MB}\n",
                "sys/fs/cgroup/pod/memory.stat": "inactive_file 0\n",
            },
            0,
        ),
        (
            {
                "proc/self/cgroup": "4:memory,cpu:/a/b\n3:cpu:/c\n",
                "sys/fs/cgroup/memory/a/b/memory.limit_in_bytes": "9223372036854771712\n",
                "sys/fs/cgroup/memory/a/b/memory.usage_in_bytes": "1\n",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{2 * MB}\n",
                "sys/fs/cgroup/memory/memory.usage_in_bytes": f"{MB}\n",
                "sys/fs/cgroup/memory/memory.stat": "total_inactive_file 7\n",
            },
            MB + 7,
        ),
        ({"proc/self/cgroup": "0::/gone\n"}, 4 * MB),
    ],
    ids=["machine alone", "container", "limit above it", "first version", "no such group"],
)
def test_the_memory_left_is_that_of_whatever_leaves_less(
    tmp_path: Path, files: dict[str, str], left: int
) -> None:
    assert available_bytes(write(tmp_path, MACHINE | files)) == left


def test_where_nothing_tells_nothing_is_known(tmp_path: Path) -> None:
    assert available_bytes(tmp_path) is None
    assert resident_bytes(tmp_path) == 0


def test_knows_what_this_process_holds() -> None:
    before = resident_bytes()
    held = bytearray(64 * MB)
    held[::4096] = b"x" * len(held[::4096])
    assert resident_bytes() - before > 48 * MB
    del held
    give_back()
    assert resident_bytes() - before < 32 * MB
