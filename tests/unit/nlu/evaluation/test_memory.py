"""The most memory that a piece of work takes."""

import sys
from pathlib import Path

import pytest

from balie.nlu.evaluation.memory import PeakMemory


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux forgets what was the most before")
def test_counts_what_is_taken_from_now_on():
    big = bytearray(200 << 20)
    before = PeakMemory().megabytes
    del big

    memory = PeakMemory()
    small = bytearray(40 << 20)

    assert memory.megabytes < before - 100
    assert memory.megabytes > before - 200
    assert len(small) == 40 << 20


def test_tells_that_of_the_whole_process_where_nothing_better_is_known(tmp_path: Path):
    assert PeakMemory(tmp_path / "absent").megabytes > 10
