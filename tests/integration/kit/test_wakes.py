"""Those who wait for a topic share one poll, and leave nothing behind."""

import asyncio
from collections.abc import Collection, Mapping

from tests.integration.kit.steps import PATIENCE_SECONDS, TENANT, stays_pending

from balie.kit.errors import DatabaseUnavailable
from balie.kit.wakes import Topic, Wakes

QUICK = 0.01
NEVER = 10 * PATIENCE_SECONDS


class Heads:
    """Answers polls from memory and counts them."""

    def __init__(self) -> None:
        self.positions: dict[Topic, int] = {}
        self.asked: list[set[Topic]] = []
        self.away = False

    async def __call__(self, topics: Collection[Topic]) -> Mapping[Topic, int]:
        self.asked.append(set(topics))
        if self.away:
            raise DatabaseUnavailable
        return {topic: self.positions[topic] for topic in topics if topic in self.positions}


async def wait(wakes: Wakes, topic: str, position: int = 0) -> None:
    with wakes.listening(TENANT, topic) as waiter:
        await waiter.beyond(position)


async def test_a_wake_ends_the_wait_of_its_topic_alone() -> None:
    wakes = Wakes(Heads(), poll_seconds=NEVER)
    one, other = asyncio.create_task(wait(wakes, "one")), asyncio.create_task(wait(wakes, "other"))
    await asyncio.sleep(0)
    wakes.wake(TENANT, "one")
    wakes.wake("globex", "other")
    wakes.wake(TENANT, "nobody waits for this")
    await asyncio.wait_for(one, PATIENCE_SECONDS)
    assert await stays_pending(other)
    other.cancel()


async def test_a_wake_between_reading_and_waiting_is_not_lost() -> None:
    wakes = Wakes(Heads(), poll_seconds=NEVER)
    with wakes.listening(TENANT, "one") as waiter:
        wakes.wake(TENANT, "one")
        await asyncio.wait_for(waiter.beyond(0), PATIENCE_SECONDS)


async def test_a_poll_ends_the_wait_of_those_who_have_not_seen_the_head() -> None:
    heads = Heads()
    heads.positions = {(TENANT, "one"): 5, (TENANT, "two"): 5}
    wakes = Wakes(heads, poll_seconds=QUICK)
    behind, at_head = asyncio.create_task(wait(wakes, "one", 4)), asyncio.create_task(wait(wakes, "two", 5))
    await asyncio.wait_for(behind, PATIENCE_SECONDS)
    assert await stays_pending(at_head, 10 * QUICK)
    heads.positions[TENANT, "two"] = 6
    await asyncio.wait_for(at_head, PATIENCE_SECONDS)


async def test_a_head_that_went_back_ends_the_wait() -> None:
    heads = Heads()
    heads.positions = {(TENANT, "one"): 3}
    await asyncio.wait_for(wait(Wakes(heads, poll_seconds=QUICK), "one", 5), PATIENCE_SECONDS)


async def test_a_thousand_who_wait_are_one_query() -> None:
    heads = Heads()
    wakes = Wakes(heads, poll_seconds=QUICK)
    tasks = [asyncio.create_task(wait(wakes, f"topic {number}")) for number in range(1000)]
    while len(heads.asked) < 3:
        await asyncio.sleep(QUICK)
    assert heads.asked[-1] == {(TENANT, f"topic {number}") for number in range(1000)}
    polls = asyncio.all_tasks() - {asyncio.current_task(), *tasks}
    assert len(polls) == 1
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    await asyncio.wait_for(polls.pop(), PATIENCE_SECONDS)
    asked = len(heads.asked)
    await asyncio.sleep(5 * QUICK)
    assert len(heads.asked) == asked  # nobody waits: nobody asks


async def test_topics_that_nobody_waits_for_take_no_memory() -> None:
    wakes = Wakes(Heads(), poll_seconds=NEVER)
    tasks = [asyncio.create_task(wait(wakes, f"topic {number % 5}")) for number in range(20)]
    await asyncio.sleep(0)
    assert len(wakes._waiters) == 5
    for number in range(5):
        wakes.wake(TENANT, f"topic {number}")
    await asyncio.wait(tasks)
    assert wakes._waiters == {}


async def test_an_outage_wakes_everyone_and_polling_starts_again_with_the_next() -> None:
    heads = Heads()
    heads.away = True
    wakes = Wakes(heads, poll_seconds=QUICK)
    async with asyncio.timeout(PATIENCE_SECONDS):
        await asyncio.gather(wait(wakes, "one"), wait(wakes, "two"))
        heads.away = False
        heads.positions = {(TENANT, "one"): 1}
        await wait(wakes, "one")
