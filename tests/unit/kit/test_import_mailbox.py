"""Progress of an import, and readers who are slow."""

import asyncio

from balie.kit.imports.mailbox import Mailbox
from balie.kit.imports.progress import ImportCounts, ImportProgress, Problem


def problems(first: int, count: int) -> list[Problem]:
    return [Problem(number, f"e{number}", "FIELD_REQUIRED", "m") for number in range(first, first + count)]


async def read(mailbox: Mailbox) -> list[ImportProgress]:
    return [message async for message in mailbox.messages()]


async def test_a_reader_who_keeps_up_gets_each_message() -> None:
    mailbox = Mailbox()
    reading = asyncio.create_task(read(mailbox))
    for received in (1, 2, 3):
        await mailbox.put(ImportCounts(received=received), [])
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    mailbox.close()
    assert [message.counts.received for message in await asyncio.wait_for(reading, 5)] == [1, 2, 3]


async def test_a_slow_reader_gets_the_newest_counts_and_every_problem() -> None:
    mailbox = Mailbox()
    await mailbox.put(ImportCounts(received=100), problems(1, 2))
    await mailbox.put(ImportCounts(received=200), [])
    await mailbox.put(ImportCounts(received=300), problems(250, 1))
    mailbox.close()
    (message,) = await asyncio.wait_for(read(mailbox), 5)
    assert message.counts.received == 300
    assert [problem.number for problem in message.problems] == [1, 2, 250]


async def test_no_message_holds_more_problems_than_fit() -> None:
    mailbox = Mailbox()
    await mailbox.put(ImportCounts(received=2500), problems(1, 2500))
    mailbox.close()
    messages = await asyncio.wait_for(read(mailbox), 5)
    assert [len(message.problems) for message in messages] == [1000, 1000, 500]
    told = [problem.number for message in messages for problem in message.problems]
    assert told == list(range(1, 2501))


async def test_the_import_waits_for_a_reader_who_is_far_behind() -> None:
    mailbox = Mailbox()
    putting = asyncio.create_task(mailbox.put(ImportCounts(received=25_000), problems(1, 25_000)))
    await asyncio.sleep(0.05)
    assert not putting.done()
    reading = asyncio.create_task(read(mailbox))
    await asyncio.wait_for(putting, 5)
    mailbox.close()
    messages = await asyncio.wait_for(reading, 5)
    assert sum(len(message.problems) for message in messages) == 25_000


async def test_says_nothing_when_nothing_was_left() -> None:
    mailbox = Mailbox()
    mailbox.close()
    assert await asyncio.wait_for(read(mailbox), 5) == []
