"""Between the contract and the domain: agents, their skills, and queues; checks every documented bound on the way in."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from google.protobuf.duration_pb2 import Duration

from balie.api.handoff.v1 import agent_service_pb2, handoff_pb2, queue_service_pb2
from balie.handoff.domain import Agent, AgentProfile, Queue, QueueProfile
from balie.handoff.staffing.skills import LEVELS, Relaxation, Ring, Wanted
from balie.kit import bounds
from balie.kit.errors import FieldRequired

DISPLAY_NAME_CHARACTERS = 200
QUEUE_IDS = 100
LANGUAGES = 20
MAX_CHATS = 100
SKILLS = 50
SKILL_CHARACTERS = 64
RINGS = 10
PRIORITY_PER_MINUTE = 100
LEAST_DURATION = timedelta(seconds=1)
MAX_WAIT_MOST = timedelta(days=7)
OFFER_TIMEOUT_MOST = timedelta(hours=1)
LAST_AGENT_WINDOW_MOST = timedelta(days=90)


def agent_from_proto(request: agent_service_pb2.UpsertAgentRequest) -> AgentProfile:
    """Returns what a caller says of an agent; a queue or language that is listed twice counts once."""
    if not request.HasField("agent"):
        raise FieldRequired("agent")
    agent = request.agent
    queue_ids = bounds.items("agent.queue_ids", agent.queue_ids, QUEUE_IDS)
    languages = bounds.items("agent.languages", agent.languages, LANGUAGES)
    return AgentProfile(
        id=bounds.identifier("agent.id", agent.id),
        display_name=bounds.text("agent.display_name", agent.display_name, DISPLAY_NAME_CHARACTERS),
        queue_ids=tuple(dict.fromkeys(bounds.identifier("agent.queue_ids", one) for one in queue_ids)),
        languages=tuple(
            dict.fromkeys(bounds.language("agent.languages", one, required=True) for one in languages)
        ),
        max_chats=bounds.number("agent.max_chats", agent.max_chats, 0, MAX_CHATS),
        skills={
            bounds.text("agent.skills.name", one.name, SKILL_CHARACTERS): bounds.number(
                "agent.skills.level", one.level, *LEVELS
            )
            for one in bounds.items("agent.skills", agent.skills, SKILLS)
        },
    )


def wanted_from_proto(field: str, skills: Sequence[handoff_pb2.WantedSkill]) -> tuple[Wanted, ...]:
    """Returns the skills that a handoff wants; without a level, having one is enough."""
    return tuple(
        Wanted(
            bounds.text(f"{field}.name", one.name, SKILL_CHARACTERS),
            bounds.number(f"{field}.level", one.level, *LEVELS) if one.HasField("level") else LEVELS[0],
            one.preferred,
        )
        for one in bounds.items(field, skills, SKILLS)
    )


def wanted_to_proto(skills: Iterable[Wanted]) -> list[handoff_pb2.WantedSkill]:
    """Returns the skills that a handoff wants as they are sent."""
    return [
        handoff_pb2.WantedSkill(name=one.name, level=one.level, preferred=one.is_preferred) for one in skills
    ]


def queue_from_proto(request: queue_service_pb2.UpsertQueueRequest) -> QueueProfile:
    """Returns what a caller says of a queue, with the default of each limit that is not given."""
    if not request.HasField("queue"):
        raise FieldRequired("queue")
    queue = request.queue
    profile = QueueProfile(
        id=bounds.identifier("queue.id", queue.id),
        display_name=bounds.text("queue.display_name", queue.display_name, DISPLAY_NAME_CHARACTERS),
        calendar_id=bounds.identifier("queue.calendar_id", queue.calendar_id, required=False),
        rings=tuple(map(_ring, bounds.items("queue.rings", queue.rings, RINGS))),
        priority_per_minute=bounds.number(
            "queue.priority_per_minute", queue.priority_per_minute, 0, PRIORITY_PER_MINUTE
        ),
    )
    if queue.HasField("max_wait"):
        wait = _duration("queue.max_wait", queue.max_wait, LEAST_DURATION, MAX_WAIT_MOST)
        profile = replace(profile, max_wait=wait)
    if queue.HasField("offer_timeout"):
        offer = _duration("queue.offer_timeout", queue.offer_timeout, LEAST_DURATION, OFFER_TIMEOUT_MOST)
        profile = replace(profile, offer_timeout=offer)
    if queue.HasField("last_agent_window"):
        window = _duration(
            "queue.last_agent_window", queue.last_agent_window, timedelta(), LAST_AGENT_WINDOW_MOST
        )
        profile = replace(profile, last_agent_window=window)
    return profile


def _ring(ring: handoff_pb2.Ring) -> Ring:
    field = "queue.rings.relaxations"
    return Ring(
        _duration("queue.rings.after", ring.after, timedelta(), MAX_WAIT_MOST),
        tuple(
            bounds.enum(field, one, Relaxation)
            for one in bounds.items(field, ring.relaxations, len(Relaxation), minimum=1)
        ),
    )


def _duration(field: str, value: Duration, least: timedelta, most: timedelta) -> timedelta:
    seconds = value.seconds + value.nanos / 1e9
    return timedelta(seconds=bounds.duration(field, seconds, least.total_seconds(), most.total_seconds()))


def agent_to_proto(agent: Agent) -> handoff_pb2.Agent:
    """Returns an agent as it is sent."""
    return handoff_pb2.Agent(
        id=agent.id,
        display_name=agent.profile.display_name,
        queue_ids=agent.profile.queue_ids,
        languages=agent.profile.languages,
        max_chats=agent.profile.max_chats,
        presence=handoff_pb2.Presence.ValueType(agent.presence),
        open_chats=agent.open_chats,
        skills=[
            handoff_pb2.Skill(name=name, level=level) for name, level in sorted(agent.profile.skills.items())
        ],
    )


def queue_to_proto(queue: Queue) -> handoff_pb2.Queue:
    """Returns a queue as it is sent."""
    profile = queue.profile
    return handoff_pb2.Queue(
        id=profile.id,
        display_name=profile.display_name,
        max_wait=_span(profile.max_wait),
        offer_timeout=_span(profile.offer_timeout),
        waiting=queue.waiting,
        calendar_id=profile.calendar_id,
        rings=[
            handoff_pb2.Ring(
                after=_span(ring.after),
                relaxations=[handoff_pb2.Relaxation.ValueType(one) for one in ring.relaxations],
            )
            for ring in profile.rings
        ],
        priority_per_minute=profile.priority_per_minute,
        last_agent_window=_span(profile.last_agent_window),
    )


def _span(span: timedelta) -> Duration:
    duration = Duration()
    duration.FromTimedelta(span)
    return duration
