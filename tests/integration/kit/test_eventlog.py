"""What the event log promises, on both databases."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from tests.integration.kit.steps import (
    PATIENCE_SECONDS,
    TENANT,
    TOPIC,
    append,
    followed,
    given_up,
    opened,
    payloads,
    positions,
    take,
)

from balie.kit.database import Database
from balie.kit.errors import CursorExpired
from balie.kit.eventlog import EventLog, Record


async def test_numbers_the_events_of_a_topic_from_one(database: Database, log: EventLog) -> None:
    await append(database, log, b"a", b"b", b"c")
    records = await log.read(TENANT, TOPIC, 0)
    assert positions(list(records)) == [1, 2, 3]
    assert payloads(list(records)) == [b"a", b"b", b"c"]


async def test_returns_the_record_as_it_is_read_later(database: Database, log: EventLog) -> None:
    before = datetime.now(UTC)
    async with database.write() as tx:
        record = await log.append(tx, TENANT, TOPIC, b"\x00\xff", event_id="first")
    assert record == Record(TENANT, TOPIC, 1, "first", b"\x00\xff", record.recorded_at)
    assert before <= record.recorded_at <= before + timedelta(seconds=PATIENCE_SECONDS)
    assert list(await log.read(TENANT, TOPIC, 0)) == [record]


async def test_appends_several_events_in_one_transaction(database: Database, log: EventLog) -> None:
    async with database.write() as tx:
        written = [await log.append(tx, TENANT, TOPIC, payload) for payload in (b"a", b"b", b"c")]
    assert positions(written) == [1, 2, 3]
    assert len({record.event_id for record in written}) == 3


async def test_a_rolled_back_event_leaves_no_gap(database: Database, log: EventLog) -> None:
    await append(database, log, b"a")
    async with given_up(database) as tx:
        assert (await log.append(tx, TENANT, TOPIC, b"never")).position == 2
    await append(database, log, b"b")
    records = list(await log.read(TENANT, TOPIC, 0))
    assert (positions(records), payloads(records)) == ([1, 2], [b"a", b"b"])


async def test_an_event_id_used_before_returns_the_existing_record(database: Database, log: EventLog) -> None:
    async with database.write() as tx:
        first = await log.append(tx, TENANT, TOPIC, b"first", event_id="once")
    async with database.write() as tx:
        assert await log.append(tx, TENANT, TOPIC, b"second", event_id="once") == first
        assert (await log.append(tx, TENANT, TOPIC, b"next")).position == 2
        assert await log.append(tx, TENANT, TOPIC, b"third", event_id="once") == first
    assert await log.head(TENANT, TOPIC) == 2
    assert payloads(list(await log.read(TENANT, TOPIC, 0))) == [b"first", b"next"]


async def test_one_event_id_sent_by_many_at_once_is_stored_once(database: Database, log: EventLog) -> None:
    async def deliver() -> Record:
        async with database.write() as tx:
            return await log.append(tx, TENANT, TOPIC, b"delivered", event_id="channel-message-7")

    records = await asyncio.gather(*(deliver() for _ in range(20)))
    assert set(records) == set(await log.read(TENANT, TOPIC, 0))
    assert await log.head(TENANT, TOPIC) == 1


async def test_an_event_id_belongs_to_its_topic(database: Database, log: EventLog) -> None:
    for tenant, topic in ((TENANT, TOPIC), (TENANT, "other"), ("globex", TOPIC)):
        async with database.write() as tx:
            record = await log.append(tx, tenant, topic, b"x", event_id="same")
        assert (record.tenant, record.topic, record.position) == (tenant, topic, 1)


async def test_tenants_and_topics_stand_apart(database: Database, log: EventLog) -> None:
    await append(database, log, b"a1", b"a2")
    await append(database, log, b"g1", tenant="globex")
    await append(database, log, b"o1", topic="other")
    assert payloads(list(await log.read(TENANT, TOPIC, 0))) == [b"a1", b"a2"]
    assert payloads(list(await log.read("globex", TOPIC, 0))) == [b"g1"]
    assert payloads(list(await log.read(TENANT, "other", 0))) == [b"o1"]
    assert await log.head("globex", "other") == 0
    async with database.write() as tx:
        await log.trim(tx, TENANT, TOPIC, 2)
    assert payloads(list(await log.read("globex", TOPIC, 0))) == [b"g1"]


async def test_reads_pages_after_a_position(database: Database, log: EventLog) -> None:
    await append(database, log, b"a", b"b", b"c")
    assert payloads(list(await log.read(TENANT, TOPIC, 0, 2))) == [b"a", b"b"]
    assert payloads(list(await log.read(TENANT, TOPIC, 2, 2))) == [b"c"]
    assert list(await log.read(TENANT, TOPIC, 3, 2)) == []


async def test_knows_the_head_also_inside_a_snapshot(database: Database, log: EventLog) -> None:
    assert await log.head(TENANT, TOPIC) == 0
    await append(database, log, b"a")
    async with database.read() as tx:
        assert await log.head(TENANT, TOPIC, tx) == 1
        await asyncio.create_task(append(database, log, b"b"))
        assert await log.head(TENANT, TOPIC, tx) == 1
    assert await log.head(TENANT, TOPIC) == 2


@pytest.mark.parametrize("after", [4, 1000, -1])
async def test_refuses_a_position_the_topic_never_reached(
    database: Database, log: EventLog, after: int
) -> None:
    await append(database, log, b"a", b"b", b"c")
    with pytest.raises(CursorExpired):
        await log.read(TENANT, TOPIC, after)
    with pytest.raises(CursorExpired):
        await followed(log, 1, after=after)


async def test_refuses_a_position_of_a_topic_that_does_not_exist(log: EventLog) -> None:
    assert list(await log.read(TENANT, TOPIC, 0)) == []
    with pytest.raises(CursorExpired):
        await log.read(TENANT, TOPIC, 1)


async def test_trimmed_events_are_gone_and_their_cursors_expired(database: Database, log: EventLog) -> None:
    await append(database, log, b"a", b"b", b"c", b"d")
    async with database.write() as tx:
        await log.trim(tx, TENANT, TOPIC, 2)
    for after in (0, 1):
        with pytest.raises(CursorExpired):
            await log.read(TENANT, TOPIC, after)
    assert positions(list(await log.read(TENANT, TOPIC, 2))) == [3, 4]


async def test_numbering_goes_on_after_everything_was_trimmed(database: Database, log: EventLog) -> None:
    await append(database, log, b"a", b"b")
    async with database.write() as tx:
        await log.trim(tx, TENANT, TOPIC, 1000)
    assert await log.head(TENANT, TOPIC) == 2
    assert list(await log.read(TENANT, TOPIC, 2)) == []
    await append(database, log, b"c")
    assert positions(list(await log.read(TENANT, TOPIC, 2))) == [3]


async def test_trimming_never_goes_back(database: Database, log: EventLog) -> None:
    await append(database, log, b"a", b"b", b"c")
    for through in (2, 1, 0):
        async with database.write() as tx:
            await log.trim(tx, TENANT, TOPIC, through)
    with pytest.raises(CursorExpired):
        await log.read(TENANT, TOPIC, 1)
    async with database.write() as tx:
        await log.trim(tx, TENANT, "never written", 5)
    assert await log.head(TENANT, "never written") == 0


async def test_a_follower_that_lags_behind_a_trim_is_told(database: Database, log: EventLog) -> None:
    await append(database, log, b"a")
    follower = log.follow(TENANT, TOPIC, 0)
    assert payloads(await take(follower, 1)) == [b"a"]
    await append(database, log, b"b", b"c")
    async with database.write() as tx:
        await log.trim(tx, TENANT, TOPIC, 2)
    with pytest.raises(CursorExpired):
        await take(follower, 1)


async def test_a_follower_replays_then_goes_on_live(database: Database, log: EventLog) -> None:
    await append(database, log, b"a", b"b")
    follower = log.follow(TENANT, TOPIC, 0)
    assert payloads(await take(follower, 2)) == [b"a", b"b"]
    waiting = asyncio.create_task(take(follower, 2))
    await append(database, log, b"c", b"d")
    assert payloads(await waiting) == [b"c", b"d"]


async def test_a_follower_that_comes_back_misses_nothing(database: Database, log: EventLog) -> None:
    await append(database, log, *(bytes([number]) for number in range(30)))
    seen: list[Record] = []
    while len(seen) < 30:  # the stream breaks again and again, and goes on from the last cursor
        seen += await followed(log, min(7, 30 - len(seen)), after=len(seen))
    assert payloads(seen) == [bytes([number]) for number in range(30)]


async def test_a_follower_gets_more_than_one_batch(database: Database, log: EventLog) -> None:
    async with database.write() as tx:
        for number in range(1203):
            await log.append(tx, TENANT, TOPIC, str(number).encode())
    assert positions(await followed(log, 1203)) == list(range(1, 1204))


async def test_a_follower_holds_no_connection_while_its_caller_works(database_url: str) -> None:
    async with opened(database_url, connections=1, wait_seconds=0.5) as database:
        log = EventLog(database)
        await append(database, log, b"a", b"b")
        followers = [log.follow(TENANT, TOPIC, 0) for _ in range(5)]
        for follower in followers:
            assert payloads(await take(follower, 1)) == [b"a"]
        await append(database, log, b"c")
        for follower in followers:
            assert payloads(await take(follower, 2)) == [b"b", b"c"]


async def test_the_shared_poll_asks_for_any_number_of_topics(database: Database, log: EventLog) -> None:
    topics = [f"topic {number}" for number in range(1500)]
    async with database.write() as tx:
        for topic in topics[::100]:
            await log.append(tx, TENANT, topic, b"x")
    for count in (0, 1, 2, 3, 1024, 1025, 1500):
        heads = await log._heads([(TENANT, topic) for topic in topics[:count]])
        assert heads == {(TENANT, topic): 1 for topic in topics[:count:100]}
