"""Between the contract and the domain: agents and skills; checks every documented bound on the way in."""

from collections.abc import Iterable, Sequence

from balie.api.handoff.v1 import agent_service_pb2, handoff_pb2
from balie.handoff.staffing.profiles import HOLD_WEIGHT, Agent, AgentProfile
from balie.handoff.staffing.skills import LEVELS, Wanted
from balie.kit import bounds
from balie.kit.errors import FieldRequired

DISPLAY_NAME_CHARACTERS = 200
QUEUE_IDS = 100
LANGUAGES = 20
MAX_CHATS = 100
MAX_OPEN_CHATS = 500
SKILLS = 50
SKILL_CHARACTERS = 64


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
        hold_weight=bounds.number("agent.hold_weight", agent.hold_weight, 0, 1)
        if agent.HasField("hold_weight")
        else HOLD_WEIGHT,
        max_open=bounds.number("agent.max_open_chats", agent.max_open_chats, 0, MAX_OPEN_CHATS)
        if agent.HasField("max_open_chats")
        else None,
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
        hold_weight=agent.profile.hold_weight,
        max_open_chats=agent.profile.max_open,
        load=agent.load,
        skills=[
            handoff_pb2.Skill(name=name, level=level) for name, level in sorted(agent.profile.skills.items())
        ],
    )
