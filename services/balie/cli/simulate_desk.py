"""The desk that `balie simulate` tries: made of numbers, or read from a desk's folder."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from random import Random

from balie.api.handoff.v1 import agent_service_pb2, queue_service_pb2
from balie.cli.console import fail
from balie.cli.desk import Desk, DeskFolderWrong
from balie.cli.importing import agent_to_proto, queue_to_proto
from balie.handoff.simulation.demand import Mix
from balie.handoff.staffing.convert import agent_from_proto
from balie.handoff.staffing.profiles import AgentProfile, QueueProfile
from balie.handoff.staffing.queues.convert import queue_from_proto
from balie.kit.errors import Failure
from balie.kit.ids import new_id

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

    Its calendars are left out: it is open all of the time that is simulated.
    """
    desk = Desk(path if path.is_dir() else path.parent)
    try:
        written, people = desk.queues(), desk.agents()
        queues = tuple(
            queue_from_proto(
                queue_service_pb2.UpsertQueueRequest(queue=queue_to_proto(queue), request_id=new_id())
            )
            for queue in written
        )
        agents = tuple(
            agent_from_proto(
                agent_service_pb2.UpsertAgentRequest(agent=agent_to_proto(agent), request_id=new_id())
            )
            for agent in people
        )
    except (DeskFolderWrong, Failure) as wrong:
        fail(str(wrong))
    except (KeyError, ValueError, TypeError) as wrong:
        fail(f"{path} does not describe a desk: {wrong!r}")
    spoken = {str(queue["id"]): queue.get("languages", []) for queue in written}
    return Staffed(
        tuple(replace(queue, calendar_id="") for queue in queues),
        agents,
        {name: Mix(dict.fromkeys(languages, 1.0)) for name, languages in spoken.items() if languages},
    )


def _dealt(shares: Mapping[str, float], agents: int) -> dict[str, set[int]]:
    """Returns which agents have what, each a share of them but one at least."""
    return {
        name: set(Random(name).sample(range(agents), max(1, round(share * agents))))  # noqa: S311
        for name, share in shares.items()
    }
