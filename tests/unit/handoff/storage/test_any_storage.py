"""What every storage of a desk does, in memory and in both databases."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError
from tests.unit.handoff.desks import TENANT, Clock, asked, write

from balie.handoff import waiting
from balie.handoff.calendars.errors import CalendarNotFound
from balie.handoff.chats import chatting
from balie.handoff.domain import EventKind, Handoff, HandoffEvent, HandoffState
from balie.handoff.errors import AgentNotFound, HandoffNotFound, QueueNotFound
from balie.handoff.floor import Filter, Floor, Place, Storage
from balie.handoff.machine import Step
from balie.handoff.matching import Waiting
from balie.handoff.rules import Rules
from balie.handoff.staffing.profiles import AgentProfile, Presence, QueueProfile
from balie.handoff.staffing.skills import Relaxation, Ring, Wanted
from balie.kit.errors import RequestIdReused, WriteConflict

QUEUED, OFFERED, RESERVED, ACCEPTED, RELEASED, RESOLVED, *_ = HandoffState
NOW = Clock().time
MINUTE = timedelta(minutes=1)
RULES = Rules(QueueProfile("desk", "Desk"))
AT_ANY_DESK = Storage[Floor]


def asks(name: str, at: float = 0, *, rank: float = 0, minutes: float = 10, **more: object) -> Handoff:
    """Returns a new handoff, asked for at some minute, with some minutes to wait."""
    now = NOW + MINUTE * at
    given = asked(f"talk-{name}", **more)  # type: ignore[arg-type]
    rules = Rules(QueueProfile("desk", "Desk", max_wait=MINUTE * minutes))
    one = waiting.queued(name, given, rules, now=now).handoff
    return replace(one, rank=rank, told_position=1, told_at=now)


def offered(one: Handoff, agent: str, minutes: float = 0.5) -> Handoff:
    rules = Rules(QueueProfile("desk", "Desk", offer_timeout=MINUTE * minutes))
    return waiting.offered(one, agent, rules, now=one.updated_at).handoff


def ended(one: Handoff, agent: str, at: float) -> list[Handoff]:
    """Returns what a handoff becomes until its agent has ended it, at some minute."""
    reserved = waiting.reserved(one, agent, RULES, now=one.updated_at).handoff
    accepted = chatting.confirmed(reserved, 1, now=one.updated_at)
    assert accepted is not None
    last = chatting.given_back(accepted.handoff, Step.RELEASE, RULES, now=NOW + MINUTE * at)
    return [reserved, accepted.handoff, last.handoff]


async def put(storage: AT_ANY_DESK, *handoffs: Handoff, tenant: str = TENANT) -> None:
    async with storage.writing(tenant) as floor:
        for one in handoffs:
            await (floor.add if one.revision == 1 else floor.replace)(one)


async def staffed(storage: AT_ANY_DESK, *profiles: AgentProfile) -> None:
    async with storage.writing(TENANT) as floor:
        for profile in profiles:
            await floor.put_agent(profile, now=NOW)
            await floor.put_presence(profile.id, Presence.ONLINE)


@asynccontextmanager
async def reading(storage: AT_ANY_DESK) -> AsyncIterator[Floor]:
    async with storage.reading(TENANT) as floor:
        yield floor


def ids(handoffs: list[Handoff]) -> list[str]:
    return [one.id for one in handoffs]


async def test_returns_what_was_stored_and_its_place(storage: AT_ANY_DESK) -> None:
    first, second = asks("a"), replace(asks("b", 1), asked=replace(asked("b"), skills=(Wanted("boats", 2),)))
    await put(storage, first, second)
    async with reading(storage) as floor:
        assert await floor.handoff("b") == replace(second, position=2)
        assert await floor.open_handoff("talk-a") == replace(first, position=1)
        assert await floor.open_handoff("talk-z") is None
        with pytest.raises(HandoffNotFound):
            await floor.handoff("z")


async def test_places_follow_rank_then_time_then_id(storage: AT_ANY_DESK) -> None:
    line = [asks("d", 2, rank=1), asks("a", 0), asks("b", 1), asks("c", 1), asks("e", 0, queue="other")]
    await put(storage, *reversed(line))
    await put(storage, offered(line[1], "els"))
    async with reading(storage) as floor:
        assert [await floor.place(one) for one in line] == [1, 2, 3, 4, 1]
        assert (
            await floor.place(asks("aa", 0)) == 3
        )  # one that is not there yet, behind those who came before
        assert await floor.place(replace(line[0], rank=0)) == 4  # nobody waits behind themselves
        assert await floor.place(ended(line[3], "els", 3)[-1]) == 0
        assert ids(await floor.listed(Filter())) == ["a", "e", "b", "c", "d"]


async def test_a_failure_changes_nothing(storage: AT_ANY_DESK) -> None:
    one = asks("a")
    await staffed(storage, AgentProfile("els", "Els", ("desk",), (), 1))
    await put(storage, one)

    async def breaks() -> None:
        async with storage.writing(TENANT) as floor:
            await floor.replace(offered(one, "els"))
            await floor.add(asks("b", queue="other"))
            await floor.put_queue(QueueProfile("other", "Other"))
            await floor.put_agent(AgentProfile("els", "Elsje", (), (), 5), now=NOW + MINUTE)
            await floor.touch("els", now=NOW + MINUTE)
            await floor.put_presence("els", Presence.AWAY)
            await floor.put_agent(AgentProfile("jan", "Jan", (), (), 5), now=NOW)
            await floor.once(write("one"), str, lambda: asyncio.sleep(0, "done"))
            raise RuntimeError("crash")

    with pytest.raises(RuntimeError, match="crash"):
        await breaks()
    async with storage.writing(TENANT) as floor:
        assert await floor.listed(Filter()) == [replace(one, position=1)]
        assert await floor.queues(after="", limit=9) == []
        [els] = await floor.agents(after="", limit=9)
        assert (els.profile.display_name, els.presence, els.open_chats, els.idle_since) == (
            "Els", Presence.ONLINE, 0, NOW,
        )  # fmt: skip
        best = (await floor.roster()).best(Waiting("w", "desk", "nl", 0, NOW))
        assert best is not None
        assert (best.id, best.places) == ("els", 1)
        assert await floor.due(now=NOW + MINUTE, limit=9) == []
        assert await floor.once(write("one"), str, lambda: asyncio.sleep(0, "again")) == "again"


async def test_nobody_overwrites_what_they_have_not_seen(storage: AT_ANY_DESK) -> None:
    one = asks("a")
    await put(storage, one, offered(one, "els"))
    for late in (offered(one, "jan"), replace(one, revision=4), replace(asks("z"), revision=2)):
        with pytest.raises(WriteConflict):
            await put(storage, late)
    async with reading(storage) as floor:
        assert (await floor.handoff("a")).agent_id == "els"


async def test_a_conversation_has_one_open_handoff(storage: AT_ANY_DESK) -> None:
    one = asks("a")
    again = replace(asks("b"), asked=one.asked)
    await put(storage, one)
    with pytest.raises((WriteConflict, IntegrityError)):
        await put(storage, again)
    await put(storage, waiting.ended_waiting(one, Step.CANCEL, RULES, now=NOW).handoff, again)
    async with reading(storage) as floor:
        found = await floor.open_handoff("talk-a")
        assert found is not None
        assert found.id == "b"
        assert ids(await floor.listed(Filter(conversation_id="talk-a"))) == ["a", "b"]


async def test_lists_by_every_condition_and_goes_on_after_a_place(storage: AT_ANY_DESK) -> None:
    chance = random.Random(1)
    mine: list[Handoff] = []
    for number in range(40):
        one = asks(f"h{number:02}", chance.randrange(5), queue=chance.choice(["desk", "other"]))
        steps = [one, offered(one, chance.choice(["els", "jan"]))][: chance.randint(1, 2)]
        mine.append(steps[-1])
        await put(storage, *steps)
    mine.sort(key=lambda one: (one.created_at, one.id))
    async with reading(storage) as floor:
        for wanted in (
            Filter(),
            Filter((QUEUED,)),
            Filter((QUEUED, OFFERED), queue_id="desk"),
            Filter(agent_id="els"),
            Filter((OFFERED,), "other", "jan"),
            Filter((ACCEPTED,)),
            Filter((QUEUED,), conversation_id=mine[3].asked.conversation_id),
        ):
            expected = [
                one.id
                for one in mine
                if (not wanted.states or one.state in wanted.states)
                and wanted.queue_id in ("", one.asked.queue_id)
                and wanted.agent_id in ("", one.agent_id)
                and wanted.conversation_id in ("", one.asked.conversation_id)
            ]
            found, after = list[str](), None
            while page := await floor.listed(wanted, after=after, limit=7):
                found += ids(page)
                after = Place(page[-1].created_at, page[-1].id)
            assert found == expected


async def test_what_waits_to_be_offered_is_given_in_its_order_while_it_has_time(storage: AT_ANY_DESK) -> None:
    rings = (Ring(2 * MINUTE, (Relaxation.SKILLS,)),)
    queue = QueueProfile("desk", "Desk", rings=rings, priority_per_minute=2.0)
    urgent = asks("c", 3, rank=5, priority=5)
    taken, late = asks("b", 1), asks("d", 1, minutes=2)
    await put(storage, asks("a", 1), urgent, taken, offered(taken, "els"), late, asks("z", queue="other"))
    async with storage.writing(TENANT) as floor:
        assert await floor.queues_with_unoffered() == []
        await floor.put_queue(queue)
        assert await floor.queues_with_unoffered() == [queue]
    async with reading(storage) as floor:
        now = NOW + 3 * MINUTE
        found = await floor.unoffered(queue, now=now, limit=9)
        assert [(one.id, one.priority, one.relaxed) for one in found] == [
            ("c", 5.0, frozenset()),
            ("a", 4.0, frozenset({Relaxation.SKILLS})),
        ]
        assert [one.id for one in await floor.unoffered(queue, now=now, limit=1)] == ["c"]
    assert await storage.tenants_with_unoffered() == {TENANT}


async def test_knows_what_is_over(storage: AT_ANY_DESK) -> None:
    one, other, long = asks("a", minutes=3), asks("b", minutes=1), asks("c", minutes=60)
    await put(storage, one, offered(one, "els", 2), other, long)
    await put(storage, asks("x", minutes=90), tenant="acme")
    for minutes, due in ((0.9, []), (1, ["b"]), (2, ["b", "a"]), (3, ["b", "a"]), (60, ["b", "a", "c"])):
        now = NOW + MINUTE * minutes
        async with reading(storage) as floor:
            assert ids(await floor.due(now=now, limit=9)) == due
            assert ids(await floor.due(now=now, limit=1)) == due[:1]
        assert await storage.tenants_with_due(now=now) == ({TENANT} if due else set())
    assert await storage.tenants_with_unoffered() == await storage.tenants_with_waiting() == {TENANT, "acme"}
    await put(storage, waiting.ended_waiting(other, Step.TAKE_MESSAGE, RULES, now=NOW).handoff)
    async with reading(storage) as floor:
        assert ids(await floor.due(now=NOW + MINUTE, limit=9)) == []


async def test_knows_who_waits_elsewhere_than_they_were_told(storage: AT_ANY_DESK) -> None:
    first, second, third = asks("a"), asks("b", 1), asks("c", 2)
    await put(storage, first, second, replace(third, told_position=3), asks("d", 1, queue="other"))
    async with reading(storage) as floor:
        early = await floor.moved_up(told_before=NOW, limit=9)
        assert ids(early) == []
        found = await floor.moved_up(told_before=NOW + 5 * MINUTE, limit=9)
        assert [(one.id, one.position) for one in found] == [("b", 2)]
    await put(storage, waiting.ended_waiting(first, Step.CANCEL, RULES, now=NOW).handoff)
    async with reading(storage) as floor:
        found = await floor.moved_up(told_before=NOW + 5 * MINUTE, limit=9)
        assert [(one.id, one.position) for one in found] == [("c", 2)]
        assert len(await floor.moved_up(told_before=NOW + 5 * MINUTE, limit=0)) == 0


async def test_knows_when_a_queues_handoffs_were_accepted(storage: AT_ANY_DESK) -> None:
    for number in range(4):
        one = asks(f"h{number}", number)
        await put(storage, one, *ended(one, "els", number))
    other = asks("x", 9, queue="other")
    await put(storage, other, *ended(other, "els", 9))
    async with reading(storage) as floor:
        assert await floor.acceptances("desk", since=NOW, limit=2) == [NOW + 3 * MINUTE, NOW + 2 * MINUTE]
        assert await floor.acceptances("other", since=NOW, limit=2) == [NOW + 9 * MINUTE]
        assert await floor.acceptances("desk", since=NOW + 3 * MINUTE, limit=2) == []


async def test_a_paused_queue_gives_nothing_to_offer_and_stays_paused(storage: AT_ANY_DESK) -> None:
    await put(storage, asks("a"))
    async with storage.writing(TENANT) as floor:
        await floor.put_queue(QueueProfile("desk", "Desk"))
        await floor.pause_queue("desk", is_paused=True)
        await floor.put_queue(QueueProfile("desk", "Desk again"))
        assert (await floor.queue("desk")).is_paused
        assert await floor.queues_with_unoffered() == []
        await floor.pause_queue("desk", is_paused=False)
        assert [queue.id for queue in await floor.queues_with_unoffered()] == ["desk"]


async def test_a_calendar_counts_time_and_none_counts_all_of_it(storage: AT_ANY_DESK) -> None:
    async with reading(storage) as floor:
        assert (await floor.hours("")).business_time(NOW, NOW + MINUTE) == MINUTE
        with pytest.raises(CalendarNotFound):
            await floor.hours("office")


async def test_remembers_who_had_a_contact_last(storage: AT_ANY_DESK) -> None:
    first, second, other = asks("a"), asks("b", 5), asks("c", contact="piet")
    await put(storage, first, *ended(first, "els", 4), second, *ended(second, "jan", 8), other)
    async with reading(storage) as floor:
        for contact, since, agent in (
            ("anna", 0, "jan"),
            ("anna", 7.9, "jan"),
            ("anna", 8, ""),
            ("piet", 0, ""),
        ):
            assert await floor.last_agent(contact, since=NOW + MINUTE * since) == agent


async def test_chats_on_hold_are_counted_apart(storage: AT_ANY_DESK) -> None:
    await staffed(storage, AgentProfile("els", "Els", ("desk",), (), 2, hold_weight=0.5, max_open=3))
    one = asks("a")
    reserved, accepted, _ = ended(one, "els", 0)
    answered = replace(accepted, talk=replace(accepted.talk, contact_waits=False))
    held = chatting.held(answered, RULES, now=NOW).handoff
    await put(storage, one, reserved, answered, held)
    async with reading(storage) as floor:
        els = await floor.agent("els")
        assert (els.open_chats, els.on_hold, els.load, els.profile.ceiling) == (1, 1, 0.5, 3)
        best = (await floor.roster()).best(Waiting("w", "desk", "nl", 0, NOW))
        assert best is not None
        assert (best.spare, best.places) == (1.5, 1)


async def test_agents_keep_their_presence_and_have_chats_counted(storage: AT_ANY_DESK) -> None:
    profile = AgentProfile("els", "Els", ("desk",), ("nl",), 2, {"boats": 3})
    await staffed(storage, profile, AgentProfile("jan", "Jan", (), (), 0))
    one, other = asks("a"), asks("b")
    await put(storage, one, offered(one, "els"), other, *ended(other, "els", 1))
    async with storage.writing(TENANT) as floor:
        await floor.put_agent(replace(profile, display_name="Elsje"), now=NOW + MINUTE)
        await floor.touch("els", now=NOW + 2 * MINUTE)
        els = await floor.agent("els")
        assert (els.profile.display_name, els.presence, els.open_chats) == ("Elsje", Presence.ONLINE, 1)
        assert els.idle_since == NOW + 2 * MINUTE
        assert [agent.id for agent in await floor.agents(after="els", limit=9)] == ["jan"]
        assert [agent.id for agent in await floor.agents(after="", limit=1)] == ["els"]
        with pytest.raises(AgentNotFound):
            await floor.agent("kim")


async def test_the_roster_has_those_with_a_place(storage: AT_ANY_DESK) -> None:
    waits = Waiting("w", "desk", "nl", 0, NOW)
    await staffed(
        storage, AgentProfile("els", "Els", ("desk",), (), 1), AgentProfile("jan", "Jan", (), (), 5)
    )
    one = asks("a")

    async def best() -> str:
        async with reading(storage) as floor:
            found = (await floor.roster()).best(waits)
            return found.id if found else ""

    assert await best() == "els"
    await put(storage, one, offered(one, "els"))
    assert await best() == ""
    passed = waiting.passed(offered(one, "els"), Step.REJECT, now=NOW).handoff
    await put(storage, passed)
    assert await best() == "els"
    async with storage.writing(TENANT) as floor:
        await floor.put_presence("els", Presence.AWAY)
    assert await best() == ""
    async with storage.writing(TENANT) as floor:
        await floor.put_presence("els", Presence.ONLINE)
        await floor.put_agent(AgentProfile("els", "Els", ("other",), (), 1), now=NOW)
    assert await best() == ""


async def test_queues_are_counted_and_made_when_they_are_missing(storage: AT_ANY_DESK) -> None:
    one = asks("a")
    await put(storage, one, offered(one, "els"), asks("b"))
    async with storage.writing(TENANT) as floor:
        assert await floor.missing_queues(["other", "desk", "other2"]) == ["other", "desk", "other2"]
        assert [await floor.ensure_queue("desk") for _ in range(2)] == [True, False]
        await floor.put_queue(QueueProfile("other", "Other", max_wait=MINUTE))
        assert await floor.missing_queues(["other", "desk", "other2"]) == ["other2"]
        assert ((await floor.queue("desk")).waiting, (await floor.queue("other")).waiting) == (2, 0)
        assert [queue.profile.id for queue in await floor.queues(after="desk", limit=9)] == ["other"]
        with pytest.raises(QueueNotFound):
            await floor.queue("other2")
        with pytest.raises(CalendarNotFound):
            await floor.require_calendar("office")


async def test_what_was_asked_twice_is_done_once(storage: AT_ANY_DESK) -> None:
    made: list[Handoff] = []

    async def once(body: str = "") -> Handoff:
        async with storage.writing(TENANT) as floor:

            async def work() -> Handoff:
                made.append(asks("a", len(made)))
                return made[-1]

            return await floor.once(write("one", body=body), Handoff, work)

    assert [await once() for _ in range(3)] == [made[0]] * 3
    with pytest.raises(RequestIdReused):
        await once("other")
    assert len(made) == 1


async def test_the_log_grows_with_what_is_kept(storage: AT_ANY_DESK) -> None:
    one = asks("a")

    async def tell(name: str) -> int:
        event = HandoffEvent(name, NOW, EventKind.QUEUED, one.id, "talk-a", QUEUED, "", "desk", 1, 1)
        async with storage.writing(TENANT) as floor:
            await floor.append(event)
            if name == "broken":
                raise RuntimeError(name)
            return await floor.head()

    assert await tell("one") == 1
    with pytest.raises(RuntimeError, match="broken"):
        await tell("broken")
    assert await tell("two") == 2


async def test_a_reader_cannot_write_and_sees_no_half_of_a_write(storage: AT_ANY_DESK) -> None:
    async def writes() -> None:
        async with reading(storage) as floor:
            await floor.add(asks("a"))

    with pytest.raises((RuntimeError, DBAPIError)):  # a bug, which each storage tells in its way
        await writes()
    at_it = asyncio.Event()

    async def slowly() -> None:
        async with storage.writing(TENANT) as floor:
            await floor.add(asks("b"))
            at_it.set()
            await asyncio.sleep(0.05)
            await floor.add(asks("c"))

    task = asyncio.create_task(slowly())
    await at_it.wait()
    async with reading(storage) as floor:
        assert ids(await floor.listed(Filter())) in ([], ["b", "c"])
    await task


async def test_a_transaction_inside_a_transaction_is_refused(storage: AT_ANY_DESK) -> None:
    async with storage.writing(TENANT):
        with pytest.raises(RuntimeError, match="inside a transaction"):
            async with storage.reading(TENANT):
                pass


async def test_tenants_do_not_see_each_other(storage: AT_ANY_DESK) -> None:
    await put(storage, asks("a"), tenant="acme")
    async with reading(storage) as floor:
        assert await floor.listed(Filter()) == []
        assert await floor.head() == 0
