"""Reads a desk's queues, people and canned replies from `desk.yaml`, and tells every mistake of it with its line.

queues:
  - id: service
    name: Service desk
    max_wait: 10m               # or max_wait_minutes: 10
    promises: {first_reply: 10m, next_reply: 5m}
agents:
  - id: femke
    name: Femke Cupido
    queues: [service]
    max_chats: 3
canned_replies:
  - shortcut: hello
    title: Greeting
    texts: {en: "Hello {contact}, this is {agent}."}

Every key has a field of the contract behind it, and its bounds are those that the service checks.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from google.protobuf.message import Message

from balie.api.handoff.v1 import agent_service_pb2, handoff_pb2, queue_service_pb2
from balie.api.handoff.v1 import canned_reply_service_pb2 as canned
from balie.cli import desk_values as values
from balie.cli.desk_fields import AGENT, QUEUE, REPLY, Fields, named_queues, put
from balie.cli.file_reader import FileReader
from balie.handoff.canned_replies.convert import reply_from_proto
from balie.handoff.staffing.convert import agent_from_proto
from balie.handoff.staffing.queues.convert import queue_from_proto
from balie.kit.errors import Failure
from balie.nlu.errors import DataFileWrong
from balie.nlu.yaml_file import Entry, read

_TOP = ("queues", "agents", "canned_replies")


class DeskFileWrong(Exception):
    """A file holds no desk.

    Attributes:
        mistakes: what is wrong with it, each with file and line, in their order.
    """

    def __init__(self, mistakes: list[DataFileWrong]) -> None:
        super().__init__("\n".join(map(str, mistakes)))
        self.mistakes = mistakes


@dataclass(frozen=True)
class DeskFile:
    """What a desk's file holds.

    Attributes:
        queues: in the order in which they are written.
        agents: as well.
        canned_replies: one for each language of a shortcut.
    """

    queues: list[handoff_pb2.Queue] = field(default_factory=list)
    agents: list[handoff_pb2.Agent] = field(default_factory=list)
    canned_replies: list[canned.CannedReply] = field(default_factory=list)


def read_desk(path: Path) -> DeskFile:
    """Returns what a desk's file holds.

    Raises:
        DeskFileWrong: it has mistakes; names all that can be found.
    """
    reader = _Reader()
    found = DeskFile()
    with reader.telling():
        found = reader.desk(read(path))
    if reader.mistakes:
        raise DeskFileWrong(sorted(reader.mistakes, key=lambda mistake: mistake.line))
    return found


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the file: what was made of it, and its entries by key."""

    made: list[Any]
    entries: dict[str, Entry]


class _Reader(FileReader):
    def desk(self, entry: Entry) -> DeskFile:
        """Returns what the file holds, whatever is wrong with it left out."""
        found = self.keys(entry, "a desk", _TOP)
        for needed in _TOP[:2]:
            if needed not in found:
                self.mistakes.append(entry.wrong(f"{needed} are missing"))
        queues = self._all(found.get("queues"), "queues", self._queue)
        agents = self._all(found.get("agents"), "agents", self._agent)
        replies = self._all(found.get("canned_replies"), "canned_replies", self._replies)
        known = {queue.id for part in queues for queue in part.made}
        for part in (*queues, *agents, *replies):
            self._look_up_queues(part, known)
        return DeskFile(
            *([one for part in parts for one in part.made] for parts in (queues, agents, replies))
        )

    def _all(self, entry: Entry | None, what: str, read_one: Callable[[Entry], _Part]) -> list[_Part]:
        """Returns the parts of a list; an id that comes twice is a mistake."""
        found: list[_Part] = []
        seen: set[str] = set()
        with self.telling():
            for element in entry.elements(what) if entry else ():
                with self.telling():
                    part = read_one(element)
                    found.append(part)
                    for one in part.made:
                        if one.id in seen:
                            raise element.wrong(f"{what}: {one.id} comes twice")
                        seen.add(one.id)
        return found

    def _queue(self, entry: Entry) -> _Part:
        queue = handoff_pb2.Queue()
        part = self._filled(queue, entry, "a queue", QUEUE)
        for key, other in (("max_wait", "max_wait_minutes"), ("offer_timeout", "offer_seconds")):
            if key in part.entries and other in part.entries:
                raise part.entries[other].wrong(f"{other} says what {key} says already")
        request = queue_service_pb2.UpsertQueueRequest(queue=queue)
        self._check(lambda: queue_from_proto(request), entry, part.entries, QUEUE)
        return part

    def _agent(self, entry: Entry) -> _Part:
        agent = handoff_pb2.Agent()
        part = self._filled(agent, entry, "an agent", AGENT)
        if "max_chats" not in part.entries:
            raise entry.wrong("an agent has no max_chats")
        request = agent_service_pb2.UpsertAgentRequest(agent=agent)
        self._check(lambda: agent_from_proto(request), entry, part.entries, AGENT)
        return part

    def _replies(self, entry: Entry) -> _Part:
        """Returns the replies of a shortcut, one for each language."""
        reply = canned.CannedReply()
        part = self._filled(reply, entry, "a canned reply", REPLY, others=("texts",))
        if "texts" not in part.entries:
            raise entry.wrong("a canned reply has no texts, such as texts: {en: …}")
        made = []
        for language, words in part.entries["texts"].items("texts"):
            one = canned.CannedReply()
            one.CopyFrom(reply)
            one.id, one.language = f"{reply.id or reply.shortcut}.{language}", language
            one.text = values.text(words, f"texts of {language}")
            request = canned.UpsertCannedReplyRequest(canned_reply=one)
            self._check(partial(reply_from_proto, request), words, part.entries, REPLY)
            made.append(one)
        return _Part(made, part.entries)

    def _filled(
        self, made: Message, entry: Entry, what: str, fields: Fields, others: tuple[str, ...] = ()
    ) -> _Part:
        """Gives a message of the contract what the file says of it; each mistake is told, and the rest taken in."""
        entries = self.keys(entry, what, (*fields, *others))
        for key, one in entries.items():
            if key in fields:
                with self.telling():
                    put(made, fields[key], one, key)
        return _Part([made], entries)

    def _check(
        self, convert: Callable[[], object], entry: Entry, entries: dict[str, Entry], fields: Fields
    ) -> None:
        """Tells what the service would refuse, at the entry that it is about."""
        try:
            convert()
        except Failure as failure:
            name = failure.metadata.get("field", "").partition(".")[2].partition(".")[0]
            keys = [key for key, one in fields.items() if one.name == name and key in entries]
            at = entries[keys[0]] if keys else entry
            self.mistakes.append(at.wrong(failure.message))

    def _look_up_queues(self, part: _Part, known: set[str]) -> None:
        for key, queue_id in named_queues(part.made[0]) if part.made else ():
            if queue_id not in known and key in part.entries:
                self.mistakes.append(part.entries[key].wrong(f"{key}: this file has no queue {queue_id}"))
