"""The desk that `balie simulate` tries: made of numbers, or read from a desk's folder."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from random import Random

from balie.api.handoff.v1 import agent_service_pb2, queue_service_pb2
from balie.cli.console import fail
from balie.cli.desk import Desk, DeskFolderWrong
from balie.handoff.simulation.demand import Mix
from balie.handoff.staffing.convert import agent_from_proto
from balie.handoff.staffing.profiles import AgentProfile, QueueProfile
from balie.handoff.staffing.queues.convert import queue_from_proto

QUEUE = "desk"


@dataclass(frozen=True, slots=True)
class Numbers:
    """A desk made of numbers.

    Attributes:
        agents: how many there are.
        chats: how many each has at a time.
        max_wait: how long a contact waits before a message is taken, seconds.
        languages: share of the agents who write each; empty when all write any.
        skills: share of the agents who have each.
    """

    agents: int
    chats: int
    max_wait: float
    languages: Mapping[str, float]
    skills: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Staffed:
    """A desk with its people.

    Attributes:
        queues: its queues.
        agents: its agents.
        languages: what contacts of each queue write, when nothing else is said.
    """

    queues: tuple[QueueProfile, ...]
    agents: tuple[AgentProfile, ...]
    languages: dict[str, Mix]


def of_numbers(numbers: Numbers) -> Staffed:
    """Returns a desk of one queue; who has which language and skill is drawn, each for itself and always alike."""
    languages, skills = _dealt(numbers.languages, numbers.agents), _dealt(numbers.skills, numbers.agents)
    common = max(numbers.languages, key=lambda name: numbers.languages[name], default="")
    agents = tuple(
        AgentProfile(
            f"agent-{place:05}",
            f"Agent {place}",
            (QUEUE,),
            tuple(name for name, holders in languages.items() if place in holders)
            or ((common,) if common else ()),  # an agent of no language would write any
            numbers.chats,
            {name: 1 for name, holders in skills.items() if place in holders},
        )
        for place in range(numbers.agents)
    )
    queue = QueueProfile(QUEUE, "Desk", max_wait=timedelta(seconds=numbers.max_wait))
    return Staffed((queue,), agents, {})


def of_folder(path: Path) -> Staffed:
    """Returns a desk as `balie fill` would set it up; `path` is its folder, or the desk.yaml in it.

    Contacts of a queue write the languages of its agents, in equal shares. Its calendars are left out: it is open all of the
    time that is simulated.
    """
    desk = Desk(path if path.is_dir() else path.parent)
    try:
        written = desk.staffing()
    except DeskFolderWrong as wrong:
        fail(str(wrong))
    queues = [queue_from_proto(queue_service_pb2.UpsertQueueRequest(queue=queue)) for queue in written.queues]
    agents = tuple(
        agent_from_proto(agent_service_pb2.UpsertAgentRequest(agent=agent)) for agent in written.agents
    )
    return Staffed(
        tuple(replace(queue, calendar_id="") for queue in queues),
        agents,
        {queue.id: Mix(spoken) for queue in queues if (spoken := _spoken(queue.id, agents))},
    )


def _spoken(queue_id: str, agents: tuple[AgentProfile, ...]) -> dict[str, float]:
    return {language: 1.0 for agent in agents if queue_id in agent.queue_ids for language in agent.languages}


def _dealt(shares: Mapping[str, float], agents: int) -> dict[str, set[int]]:
    """Returns which agents have what, each a share of them but one at least."""
    return {
        name: set(Random(name).sample(range(agents), max(1, round(share * agents))))  # noqa: S311
        for name, share in shares.items()
    }
