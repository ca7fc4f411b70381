"""A desk with many handoffs open, and turns to decide on it: what the bench of the router fills and asks."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from balie.api.common.v1 import language_pb2
from balie.api.handoff.v1 import router_service_pb2 as router
from balie.cli.bench.rounds import Step
from balie.handoff import waiting
from balie.handoff.app import MIGRATIONS
from balie.handoff.chats import chatting
from balie.handoff.domain import Asked, Handoff
from balie.handoff.reasons import Reason, ReasonCode
from balie.handoff.rules import Rules
from balie.handoff.staffing.profiles import AgentProfile, Presence, QueueProfile
from balie.handoff.storage.sql import SqlFloor, SqlStorage
from balie.kit.database import Database
from balie.kit.eventlog import EventLog
from balie.kit.ids import new_id
from balie.kit.ledger import Ledger

METHOD = "/balie.api.handoff.v1.RouterService/Route"
TENANT = "default"

_QUEUES = tuple(f"queue-{number}" for number in range(10))
_CHATS = 5  # of each agent
_PATIENCE = timedelta(days=7)  # nothing is due by itself while it is measured
_IN_ONE_TRANSACTION = 500
_TURNS_PER_CONVERSATION = 4
_LANGUAGES = ("nl", "de", "en")


async def fill(url: str, handoffs: int, step: Step) -> None:
    """Fills an empty database: half of the handoffs are chats of agents who have as many as they may, half wait in ten queues."""
    async with Database.open(url, migrations=MIGRATIONS) as database:
        storage = SqlStorage(database, EventLog(database), Ledger())
        now = datetime.now(UTC)
        async with storage.writing(TENANT) as floor:
            for queue in _QUEUES:
                await floor.put_queue(QueueProfile(queue, queue, max_wait=_PATIENCE, silent_after=_PATIENCE))
            for number in range(max(1, handoffs // (2 * _CHATS))):
                name = f"agent-{number}"
                await floor.put_agent(AgentProfile(name, name, _QUEUES, _LANGUAGES, _CHATS), now=now)
                await floor.put_presence(name, Presence.ONLINE)
        for begin in range(0, handoffs, _IN_ONE_TRANSACTION):
            step(f"{handoffs:,} open handoffs", begin / handoffs)
            async with storage.writing(TENANT) as floor:
                for number in range(begin, min(begin + _IN_ONE_TRANSACTION, handoffs)):
                    await _open(floor, number, now + timedelta(microseconds=number))


async def _open(floor: SqlFloor, number: int, now: datetime) -> None:
    place, line = divmod(number // 2, len(_QUEUES))
    queue = QueueProfile(_QUEUES[line], "", max_wait=_PATIENCE, silent_after=_PATIENCE)
    rules = Rules(queue)
    asked = Asked(
        conversation_id=f"open-{number}",
        contact_id=f"contact-{number}",
        channel="web",
        language=_LANGUAGES[number % len(_LANGUAGES)],
        queue_id=queue.id,
        reasons=(Reason(ReasonCode.PERSON_REQUESTED),),
    )
    one = replace(
        waiting.queued(new_id(), asked, rules, now=now).handoff, told_position=place + 1, told_at=now
    )
    await floor.add(one)
    if number % 2:
        for step in _accepted(one, f"agent-{number // 2 // _CHATS}", rules, now):
            await floor.replace(step)


def _accepted(one: Handoff, agent: str, rules: Rules, now: datetime) -> Iterator[Handoff]:
    reserved = waiting.reserved(one, agent, rules, now=now).handoff
    yield reserved
    if accepted := chatting.confirmed(reserved, 2, now=now):
        yield accepted.handoff


def turns(amount: int) -> list[bytes]:
    """Returns turns to decide, each of its own: seven in ten are answered, one is asked back, two ask for a person."""
    return [_turn(number).SerializeToString() for number in range(amount)]


def _turn(number: int) -> router.RouteRequest:
    kind = number % 10
    asks = kind >= 8
    request = router.RouteRequest(
        turn_id=f"turn-{number}",
        conversation_id=f"talk-{number // _TURNS_PER_CONVERSATION}-{'person' if asks else 'bot'}",
        contact_id=f"guest-{number // _TURNS_PER_CONVERSATION}",
        channel="web",
        owner_epoch=1,
        language=_LANGUAGES[number % len(_LANGUAGES)],
        default_queue_id=_QUEUES[number % len(_QUEUES)],
        understanding=router.TurnUnderstanding(
            verdict=language_pb2.VERDICT_MATCH if kind < 7 or asks else language_pb2.VERDICT_AMBIGUOUS,
            intents=[
                language_pb2.ScoredIntent(name=f"intent-{place}", score=0.9 - 0.2 * place)
                for place in range(5)
            ],
        ),
        answers=router.TurnAnswers(
            candidates=[
                router.CandidateAnswer(
                    answer_id=f"answer-{number}-{place}",
                    entry_id=f"entry-{(number + place) % 500}",
                    score=0.9 - 0.15 * place,
                    above_threshold=not place and kind < 7,
                )
                for place in range(5)
            ]
        ),
    )
    if asks:
        request.understanding.signals.asks_for_person = True
    return request
