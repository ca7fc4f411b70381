"""`balie route replay`: recorded turns through a changed policy, and what would be done otherwise."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import grpc
from google.protobuf import json_format
from rich.progress import Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from balie.api.handoff.v1 import handoff_pb2
from balie.api.handoff.v1 import router_service_pb2 as router
from balie.cli.console import console, explain_failure, fail, printable
from balie.cli.route_policy import in_words, read_policy
from balie.client import Balie
from balie.handoff.routing.decisions import Recorded
from balie.handoff.routing.policy import Policy
from balie.handoff.routing.policy_file import parse_duration
from balie.handoff.routing.replay import convert as recorded
from balie.handoff.routing.replay import replaying
from balie.kit.errors import Failure
from balie.kit.text_files.lines import FileUnreadable, read_lines

_REPLAY_SECONDS = 3600.0
_SHOWN = 20
_LINE_CHARACTERS = 1_000_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is replayed, and how it is told."""

    policy: Path | None
    since: str
    turns: Path | None
    save: Path | None
    limit: int
    as_json: bool


@dataclass(slots=True)
class Tally:
    """What became of the turns.

    Attributes:
        turns: how many there were.
        changes: how many went from one kind of decision to another, or stayed of a kind and differ.
        examples: the first that differ.
    """

    turns: int = 0
    changes: Counter[tuple[str, str]] = field(default_factory=Counter)
    kinds: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: list[router.ReplayTurnsResponse] = field(default_factory=list)

    def add(self, replayed: router.ReplayTurnsResponse) -> None:
        """Counts a turn."""
        self.turns += 1
        pair = _kind(replayed.turn.decision), _kind(replayed.decision)
        self.kinds[pair] += 1
        if replayed.differs:
            self.changes[pair] += 1
            if len(self.examples) < _SHOWN:
                self.examples.append(replayed)


async def run_replay(address: str, wanted: Wanted) -> None:
    """Decides recorded turns again, and prints what differs."""
    content = read_policy(wanted.policy)[1] if wanted.policy else b""
    tally = Tally()
    with _saving(wanted.save) as save, _counting(quiet=wanted.as_json) as count:
        turns = _from_file(wanted, content) if wanted.turns else _from_service(address, wanted, content)
        async for replayed in turns:
            tally.add(replayed)
            count(tally.turns)
            if save is not None:
                save.write(_line(replayed.turn) + "\n")
            if wanted.as_json and replayed.differs:
                console.print(_line(replayed), markup=False, soft_wrap=True)
    if not wanted.as_json:
        _tell(tally)


async def _from_service(
    address: str, wanted: Wanted, content: bytes
) -> AsyncIterator[router.ReplayTurnsResponse]:
    try:
        back = parse_duration(wanted.since)
    except ValueError as wrong:
        fail(f"--since {wrong}")
    request = router.ReplayTurnsRequest(policy_yaml=content, limit=wanted.limit)
    request.since_time.FromDatetime(datetime.now(UTC) - back)
    async with Balie(handoff=address) as client:
        try:
            async for replayed in client.router.ReplayTurns(request, timeout=_REPLAY_SECONDS):
                yield replayed
        except grpc.RpcError as error:
            explain_failure(error, address)


async def _from_file(wanted: Wanted, content: bytes) -> AsyncIterator[router.ReplayTurnsResponse]:
    """Yields the turns of a file that `--save` wrote, decided again in this process."""
    policy = replaying.policy_of(content) if content else Policy.default()
    for place, turn in enumerate(_recorded(wanted.turns or Path()), start=1):
        if place > wanted.limit:
            return
        yield recorded.replayed_to_proto(replaying.again(turn, policy))


def _recorded(file: Path) -> Iterator[Recorded]:
    try:
        for line in read_lines(file, max_characters=_LINE_CHARACTERS):
            if line.problem:
                fail(f"{file}: line {line.place}: {line.problem}")
            if not line.text.strip():
                continue
            try:
                yield recorded.recorded_from_proto(json_format.Parse(line.text, router.RecordedTurn()))
            except (json_format.ParseError, Failure, ValueError) as wrong:
                fail(f"{file}: line {line.place}: is no recorded turn: {printable(str(wrong))}")
    except FileUnreadable as unreadable:
        fail(f"{file}: {unreadable.problem}")


def _line(message: router.RecordedTurn | router.ReplayTurnsResponse) -> str:
    told = json_format.MessageToDict(message, preserving_proto_field_name=True)
    return json.dumps(told, ensure_ascii=False)


def _kind(decision: handoff_pb2.Decision) -> str:
    return handoff_pb2.DecisionKind.Name(decision.kind).removeprefix("DECISION_KIND_").lower()


def _tell(tally: Tally) -> None:
    if not tally.turns:
        console.print("There are no turns in that time. Look further back with --since, such as 30d.")
        return
    table = Table(box=None, padding=(0, 2))
    table.add_column("then")
    table.add_column("now")
    table.add_column("turns", justify="right")
    table.add_column("differ", justify="right")
    for pair, count in sorted(tally.kinds.items(), key=lambda one: -one[1]):
        style = "" if pair[0] == pair[1] else "yellow"
        table.add_row(*pair, f"{count:,}", f"{tally.changes[pair]:,}", style=style)
    console.print(table)
    differ = sum(tally.changes.values())
    for replayed in tally.examples:
        console.print(Text(f"turn {replayed.turn.decision.turn_id}", style="bold"))
        console.print(Text(f"  then  {in_words(replayed.turn.decision)}", style="dim"), soft_wrap=True)
        console.print(Text(f"  now   {in_words(replayed.decision)}  by {replayed.rule}"), soft_wrap=True)
    if differ > len(tally.examples):
        console.print(f"and {differ - len(tally.examples):,} more; --json prints them all")
    console.print(
        f"{tally.turns:,} turns, {differ:,} would be decided otherwise ({differ / tally.turns:.1%})"
    )


@contextmanager
def _saving(file: Path | None) -> Iterator[TextIO | None]:
    if file is None:
        yield None
        return
    try:
        with file.open("w", encoding="utf-8") as stream:
            yield stream
    except OSError as error:
        fail(f"{file} cannot be written: {error.strerror}")


@contextmanager
def _counting(*, quiet: bool) -> Iterator[Callable[[int], None]]:
    columns = (TextColumn("replay"), TextColumn("{task.completed:,} turns"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=quiet) as progress:
        task = progress.add_task("replay", total=None)
        yield lambda turns: progress.update(task, completed=turns)
