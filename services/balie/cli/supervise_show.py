"""How queues, agents and handoffs look to a supervisor."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import typer
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from rich.table import Table
from rich.text import Text

from balie.api.handoff.v1 import handoff_pb2, handoff_service_pb2
from balie.cli import supervise_calls as calls
from balie.cli.agent.urgency import brief, colour, is_broken, moment, promise_of
from balie.cli.console import console, printable
from balie.cli.listing import explaining
from balie.client import Balie

_STATE = "HANDOFF_STATE_"
_ENDING = 8
"""Characters of an id that are shown: its end, by which `transfer` finds it as well."""
_PRESENCE = {"online": "green", "away": "yellow", "offline": "dim"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which handoffs are wanted; what is empty does not matter.

    Attributes:
        states: in small letters; all that are open without one.
        queue: a queue's id.
        agent: an agent's id.
    """

    states: tuple[str, ...] = ()
    queue: str = ""
    agent: str = ""

    def request(self) -> handoff_service_pb2.ListHandoffsRequest:
        """Returns what is asked for.

        Raises:
            typer.BadParameter: there is no such state.
        """
        known = {
            name.removeprefix(_STATE).lower(): number
            for name, number in handoff_pb2.HandoffState.items()
            if number
        }
        if unknown := [state for state in self.states if state.lower() not in known]:
            raise typer.BadParameter(f"{unknown[0]!r} is none of {', '.join(known)}.", param_hint="--state")
        states = [known[state.lower()] for state in self.states]
        return handoff_service_pb2.ListHandoffsRequest(
            states=states or calls.OPEN, queue_id=self.queue, agent_id=self.agent
        )


async def run_queues(address: str, *, as_json: bool) -> None:
    """Prints the queues."""
    async with Balie(handoff=address) as client:
        with explaining(address):
            found = [one async for one in calls.queues(client)]
            request = handoff_service_pb2.ListHandoffsRequest(states=calls.WAITING)
            waiting = [one async for one in calls.handoffs(client, request)]
    if as_json:
        print_json(found)
        return
    console.print(queue_table(found, waiting, datetime.now(UTC)))


async def run_agents(address: str, *, as_json: bool) -> None:
    """Prints the agents."""
    async with Balie(handoff=address) as client:
        with explaining(address):
            found = [one async for one in calls.agents(client)]
    if as_json:
        print_json(found)
        return
    console.print(agent_table(found))


async def run_handoffs(address: str, wanted: Wanted, *, as_json: bool) -> None:
    """Prints handoffs."""
    request = wanted.request()
    async with Balie(handoff=address) as client:
        with explaining(address):
            found = [one async for one in calls.handoffs(client, request)]
    if as_json:
        print_json(found)
        return
    console.print(handoff_table(found, datetime.now(UTC)))
    console.print(Text(f"{len(found)} handoffs", style="dim"))


def queue_table(
    queues: Iterable[handoff_pb2.Queue], waiting: Iterable[handoff_pb2.Handoff], now: datetime
) -> Table:
    """Returns queues as a table.

    Args:
        queues: by id.
        waiting: the handoffs that wait in any of them, those asked for longest ago first.
        now: the time.
    """
    longest: dict[str, datetime] = {}
    for handoff in waiting:
        longest.setdefault(handoff.queue_id, moment(handoff.create_time))
    table = _table("queue", "name", "waiting", "longest wait", "calendar", "state")
    for queue in queues:
        since = longest.get(queue.id)
        used = (now - since) / queue.max_wait.ToTimedelta() if since else 0.0
        table.add_row(
            Text(queue.id, style="bold"),
            Text(printable(queue.display_name)),
            str(queue.waiting),
            Text(brief(now - since), style=colour(used)) if since else "",
            queue.calendar_id,
            Text("paused", style="red") if queue.paused else "",
        )
    return table


def agent_table(agents: Iterable[handoff_pb2.Agent]) -> Table:
    """Returns agents as a table."""
    table = _table("agent", "name", "presence", "load", "chats", "queues", "languages")
    for agent in agents:
        presence = handoff_pb2.Presence.Name(agent.presence).removeprefix("PRESENCE_").lower()
        is_full = agent.load > agent.max_chats - 1
        table.add_row(
            Text(agent.id, style="bold"),
            Text(printable(agent.display_name)),
            Text(presence, style=_PRESENCE.get(presence, "")),
            Text(f"{agent.load:g} of {agent.max_chats}", style="yellow" if is_full else ""),
            str(agent.open_chats),
            ", ".join(agent.queue_ids),
            ", ".join(agent.languages) or "any",
        )
    return table


def handoff_table(handoffs: Iterable[handoff_pb2.Handoff], now: datetime) -> Table:
    """Returns handoffs as a table."""
    table = _table("handoff", "contact", "lang", "queue", "state", "agent", "since", "promise")
    for one in handoffs:
        table.add_row(
            Text(one.id[-_ENDING:], style="bold", no_wrap=True),
            Text(printable(one.contact_id)),
            one.language,
            one.queue_id,
            standing(one),
            one.agent_id,
            brief(now - moment(one.create_time)),
            promise(one, now),
        )
    return table


def standing(handoff: handoff_pb2.Handoff) -> str:
    """Returns how a handoff stands, in words."""
    state = handoff_pb2.HandoffState.Name(handoff.state).removeprefix(_STATE).replace("_", " ").lower()
    if handoff.position:
        return f"{state}, place {handoff.position}"
    if handoff.state == handoff_pb2.HANDOFF_STATE_ACCEPTED:
        return f"{state}, contact waits" if handoff.contact_waits else state
    if handoff.state == handoff_pb2.HANDOFF_STATE_CALL_BACK:
        return f"{state} by {moment(handoff.call_back_time).astimezone():%a %H:%M}"
    return f"{state}: {handoff.outcome}" if handoff.outcome else state


def promise(handoff: handoff_pb2.Handoff, now: datetime) -> Text:
    """Returns the promise that is broken first, with what is left of it; else whether one is broken."""
    due = promise_of(handoff)
    if due is not None:
        words = due.what.removesuffix(" promised")
        return Text(f"{words} in {brief(due.left(now))}", style=colour(due.used(now)))
    if is_broken(handoff):
        return Text("broken", style="red")
    return Text("")


def print_json(found: Iterable[Message]) -> None:
    """Prints messages of the contract, one a line."""
    for one in found:
        console.out(json.dumps(MessageToDict(one, preserving_proto_field_name=True), ensure_ascii=False))


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 1), header_style="dim")
    for column in columns:
        table.add_column(column)
    return table
