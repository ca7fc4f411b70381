"""Ids are UUIDs of version 7 that sort by when they were made."""

import threading
import time
from uuid import RFC_4122, UUID

from balie.kit.ids import IdSource, new_id


def test_is_a_uuid_of_version_7() -> None:
    made = new_id()
    assert (UUID(made).version, UUID(made).variant, str(UUID(made))) == (7, RFC_4122, made)


def test_begins_with_the_milliseconds_since_1970() -> None:
    made = IdSource(lambda: 1_700_000_000_123_456_789).new_id()
    assert int(made.replace("-", "")[:12], 16) == 1_700_000_000_123
    before = time.time_ns() // 1_000_000
    now = int(new_id().replace("-", "")[:12], 16)
    assert before - 1000 <= now <= before + 5000


def test_sorts_strictly_when_the_clock_stands_still_or_runs_back() -> None:
    times = [5_000_000_000] * 10_000 + [4_000_000_000] * 100
    clock = iter(times)
    source = IdSource(lambda: next(clock))
    made = [source.new_id() for _ in times]
    assert made == sorted(set(made))


def test_sorts_by_the_clocks_of_several_processes() -> None:
    first, second = IdSource(lambda: 7_000_000_000), IdSource(lambda: 7_000_001_000)
    assert first.new_id() < second.new_id()


def test_makes_none_twice_from_many_threads() -> None:
    source, made = IdSource(), []

    def make() -> None:
        mine = [source.new_id() for _ in range(2000)]
        assert mine == sorted(mine)
        made.extend(mine)

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 8000
