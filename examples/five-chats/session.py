"""Five customers at once and one person: `balie agent` driven through its pipe, against a suite that runs.

    make run                                        # in another terminal
    .venv/bin/python examples/five-chats/session.py

Prints what the person sees; lines that begin with `>` are what they type. The customers write over the gateway's API.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from google.protobuf.duration_pb2 import Duration

from balie.api.gateway.v1 import conversation_service_pb2 as door
from balie.client import Balie
from balie.kit.ids import new_id

PATIENCE_SECONDS = 60.0
SETTLE_SECONDS = 0.4


@dataclass(frozen=True)
class Step:
    """Something that somebody writes.

    Attributes:
        who: a customer, or `agent`.
        words: what they write.
        until: what the person sees when it has arrived; empty when they see nothing of it yet.
    """

    who: str
    words: str
    until: str = ""


STEPS: Sequence[Step] = (
    # Three customers ask for a person: that is all that Femke has places for.
    Step("anna", "I want to speak to a person", "/accept 1"),
    Step("agent", "/accept", "anna is yours"),
    Step("bert", "ik wil een medewerker spreken", "/accept 2"),
    Step("agent", "/accept", "bert is yours"),
    Step("carla", "Ich möchte mit einem Menschen sprechen", "/accept 3"),
    Step("agent", "/accept", "carla is yours"),
    # Two more wait. Whoever was answered and is waited for weighs less, so that they can come too.
    Step("dirk", "kan ik iemand spreken over mijn boeking"),
    Step("emma", "Can I talk to a human please"),
    Step("agent", "/chats", "load 3 of 3"),
    Step("agent", "/1 /c hello", "Hello anna"),
    Step("agent", "@2 Goedendag Bert, waarmee kan ik u helpen?", "kan ik u helpen"),
    Step("agent", "/1 /hold", "on hold"),
    Step("agent", "/2 /hold", "/accept 4"),
    Step("agent", "/accept 4", "dirk is yours"),
    Step("agent", "/3 /c hello", "Guten Tag carla"),
    Step("agent", "/3 /hold", "/accept 5"),
    Step("agent", "/accept 5", "emma is yours"),
    Step("agent", "/chats", "load 2.6 of 3"),
    # Customers write whenever they like; every line says whose it is, and what is known is suggested.
    Step("anna", "Where can my dog stay on board the ship?", "/use 1"),
    Step("carla", "Was kostet denn die Mitnahme eines Fahrrads?", "/use 1"),
    Step("bert", "Wat kost het om mijn fiets mee te nemen?", "/use 1"),
    Step("agent", "/1 /use 1", "you"),
    Step("agent", "/3 /edit 1 Ein Fahrrad kostet 16 Euro hin und zurück.", "hin und zurück"),
    Step("agent", "/2 Een ogenblik, ik kijk het even na.", "even na"),
    # What colleagues should know, and where a chat goes from here.
    Step("agent", "/4 /note Dirk wil zijn boeking van vrijdag verzetten", "noted"),
    Step("agent", "/4 /notes", "Dirk wil"),
    Step("agent", "/4 /transfer complaints boot van vrijdag viel uit", "waits for somebody else"),
    Step("agent", "/go 5", "you speak with emma"),
    Step("agent", "Hello Emma, I have changed your booking. Anything else?", "Anything else"),
    Step("emma", "No, thank you!", "thank you"),
    Step("agent", "/c bye", "Have a good trip"),
    Step("agent", "/resolve booking_changed", "booking_changed"),
    Step("agent", "/3 /release resume", "with the bot again"),
    Step("agent", "/transfer nowhere", "The queues are"),
    Step("agent", "/chats", "load 2 of 3"),
)


class Person:
    """The person's terminal: `balie agent` with a pipe for a keyboard."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._seen = ""
        self._news = asyncio.Event()
        self._reading = asyncio.create_task(self._read())
        self._reading.add_done_callback(lambda _: self._news.set())

    async def type(self, line: str) -> None:
        """Types a line."""
        assert self._process.stdin
        print(f"> {line}", flush=True)
        self._process.stdin.write(f"{line}\n".encode())
        await self._process.stdin.drain()

    def mark(self) -> int:
        """Returns how much has been seen."""
        return len(self._seen)

    async def sees(self, words: str, after: int) -> None:
        """Returns when words stand on the screen, and nothing has come for a moment."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while words not in self._seen[after:]:
                if self._reading.done():
                    raise SystemExit("the person's command has ended")
                self._news.clear()
                await self._news.wait()
        await self.settles()

    async def settles(self) -> None:
        """Returns when nothing has come for a moment."""
        with suppress(TimeoutError):
            while True:
                self._news.clear()
                await asyncio.wait_for(self._news.wait(), SETTLE_SECONDS)

    async def leaves(self) -> int:
        """Goes home; returns the exit code."""
        await self.type("/quit")
        code = await self._process.wait()
        await self._reading
        return code

    async def _read(self) -> None:
        assert self._process.stdout
        while line := await self._process.stdout.readline():
            text = line.decode()
            print(text.rstrip(), flush=True)
            self._seen += text
            self._news.set()


async def play(gateway: str, handoff: str, agent: str) -> int:
    """Plays the session; returns the exit code of the person's command."""
    person = Person(await _desk(gateway, handoff, agent))
    customers: dict[str, Balie] = {}
    conversations: dict[str, str] = {}
    try:
        await person.sees("You are", 0)
        for step in STEPS:
            before = person.mark()
            if step.who == "agent":
                await person.type(step.words)
            else:
                await _say(customers, conversations, gateway, step)
            await (person.sees(step.until, before) if step.until else person.settles())
        return await person.leaves()
    finally:
        await _close(gateway, conversations.values())
        for customer in customers.values():
            await customer.close()


async def _desk(gateway: str, handoff: str, agent: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *("env", "COLUMNS=110", "NO_COLOR=1", sys.executable, "-m", "balie.cli", "agent", agent),
        *("--gateway", gateway, "--handoff", handoff),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )


async def _say(customers: dict[str, Balie], conversations: dict[str, str], gateway: str, step: Step) -> None:
    """Writes as a customer, in a conversation of their own."""
    if step.who not in customers:
        customers[step.who] = Balie(gateway=gateway, act_as=f"contact:{step.who}")
        create = door.CreateConversationRequest(contact_id=step.who, channel="web", request_id=new_id())
        made = await customers[step.who].conversations.CreateConversation(create)
        conversations[step.who] = made.conversation.id
    message = door.SendMessageRequest(
        conversation_id=conversations[step.who],
        text=step.words,
        wait_for_reply=Duration(seconds=5),
        request_id=new_id(),
    )
    await customers[step.who].conversations.SendMessage(message)


async def _close(gateway: str, conversations: "Sequence[str] | object") -> None:
    """Leaves nobody waiting for a person who will not come."""
    async with Balie(gateway=gateway) as operator:
        for conversation in conversations:
            close = door.CloseConversationRequest(conversation_id=conversation, request_id=new_id())
            await operator.conversations.CloseConversation(close)


if __name__ == "__main__":
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--gateway", default="127.0.0.1:50051")
    options.add_argument("--handoff", default="127.0.0.1:50054")
    options.add_argument("--agent", default="femke")
    given = options.parse_args()
    sys.exit(asyncio.run(play(given.gateway, given.handoff, given.agent)))
