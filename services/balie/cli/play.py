"""Plays the scripted conversations of a desk against a running suite, and checks how every turn ended."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.rule import Rule
from rich.text import Text

from balie.api.gateway.v1 import conversation_pb2 as resources
from balie.api.gateway.v1 import conversation_service_pb2 as door
from balie.api.handoff.v1 import agent_service_pb2, handoff_pb2, handoff_service_pb2
from balie.cli import talk
from balie.cli.console import console, draw, note
from balie.cli.explain import answered_entry, because, kind
from balie.cli.suite import Addresses
from balie.client import Balie
from balie.kit.ids import new_id

_WAIT_SECONDS = 30.0
_OFFER_SECONDS = 30.0
_POLL_SECONDS = 0.1
_LANGUAGES = {"nl": "Nederlands", "de": "Deutsch", "en": "English"}


@dataclass
class Outcome:
    """What a played desk showed."""

    steps: int = 0
    mistakes: list[str] = field(default_factory=list)


async def play(addresses: Addresses, conversations: Sequence[dict[str, Any]], agent: str) -> Outcome:
    """Plays conversations one after another, visibly.

    Args:
        addresses: of the running suite.
        conversations: as written in the desk's demo file.
        agent: who takes the handoffs; online while the demo plays, offline afterwards.
    """
    outcome = Outcome()
    async with addresses.client() as operator, addresses.client(act_as=f"agent:{agent}") as person:
        await _be(person, agent, handoff_pb2.PRESENCE_ONLINE)
        try:
            for number, written in enumerate(conversations, start=1):
                async with addresses.client(act_as=f"contact:demo-{number}") as contact:
                    await _Play(operator, person, contact, agent, f"demo-{number}", outcome).run(written)
        finally:
            await _be(person, agent, handoff_pb2.PRESENCE_OFFLINE)
    return outcome


async def _be(person: Balie, agent: str, presence: "handoff_pb2.Presence.ValueType") -> None:
    request = agent_service_pb2.SetPresenceRequest(agent_id=agent, presence=presence, request_id=new_id())
    await person.agents.SetPresence(request, timeout=talk.CALL_SECONDS)


class _Play:
    """One conversation of the demo."""

    def __init__(
        self, operator: Balie, person: Balie, contact: Balie, agent: str, name: str, outcome: Outcome
    ) -> None:
        self._operator, self._person, self._contact = operator, person, contact
        self._agent, self._name, self._outcome = agent, name, outcome
        self._conversation = resources.Conversation()
        self._seen = 0
        self._handoff = ""

    async def run(self, written: dict[str, Any]) -> None:
        language = str(written["language"])
        console.print(Rule(Text(_LANGUAGES.get(language, language), style="bold"), style="dim"))
        self._conversation = await talk.begin(self._contact, self._name, language=language)
        try:
            await self._steps(written["steps"])
        finally:
            # Nobody is left waiting for a person who will not come.
            request = door.CloseConversationRequest(
                conversation_id=self._conversation.id, request_id=new_id()
            )
            await self._operator.conversations.CloseConversation(request, timeout=talk.CALL_SECONDS)

    async def _steps(self, steps: Sequence[dict[str, Any]]) -> None:
        for step in steps:
            self._outcome.steps += 1
            if "say" in step:
                await self._say(step)
            elif "agent_says" in step:
                await self._agent_says(str(step["agent_says"]))
            elif step["agent"] == "accept":
                await self._accept()
            else:
                await self._release()

    async def _say(self, step: dict[str, Any]) -> None:
        text = str(step["say"])
        sent = await talk.say(self._contact, self._conversation.id, text, wait_seconds=_WAIT_SECONDS)
        await self._show_new()
        turn = await talk.turn(self._operator, sent.turn_id)
        self._handoff = turn.decision.handoff_id or self._handoff
        wanted = step["expect"] if isinstance(step["expect"], list) else [step["expect"]]
        came = _how_it_ended(turn, sent)
        entry = answered_entry(turn)
        if came not in wanted:
            self._mistake(f"{text!r}: expected {' or '.join(wanted)}, came {came} ({because(turn)})")
        elif step.get("entry") and entry != step["entry"]:
            self._mistake(f"{text!r}: expected the answer {step['entry']}, came {entry or 'another'}")
        milliseconds = sum(timing.duration.ToNanoseconds() for timing in turn.timings) / 1e6
        console.print(note(f"{came}: {because(turn)}, {milliseconds:.0f} ms"))

    async def _accept(self) -> None:
        try:
            await self._offered()
        except TimeoutError:
            self._mistake(f"nobody offered the handoff to {self._agent}")
            return
        request = handoff_service_pb2.AcceptHandoffRequest(
            handoff_id=self._handoff, agent_id=self._agent, request_id=new_id()
        )
        await self._person.handoffs.AcceptHandoff(request, timeout=talk.CALL_SECONDS)
        await self._show_new()

    async def _offered(self) -> None:
        """Waits until the handoff is this agent's to accept."""
        async with asyncio.timeout(_OFFER_SECONDS):
            while True:
                request = handoff_service_pb2.GetHandoffRequest(handoff_id=self._handoff)
                reply = await self._person.handoffs.GetHandoff(request, timeout=talk.CALL_SECONDS)
                if reply.handoff.agent_id == self._agent:
                    return
                await asyncio.sleep(_POLL_SECONDS)

    async def _agent_says(self, text: str) -> None:
        request = door.SendMessageRequest(
            conversation_id=self._conversation.id, text=text, request_id=new_id()
        )
        await self._person.conversations.SendMessage(request, timeout=talk.CALL_SECONDS)
        await self._show_new()

    async def _release(self) -> None:
        request = handoff_service_pb2.ReleaseHandoffRequest(handoff_id=self._handoff, request_id=new_id())
        await self._person.handoffs.ReleaseHandoff(request, timeout=talk.CALL_SECONDS)
        await self._show_new()

    async def _show_new(self) -> None:
        request = door.ListMessagesRequest(
            conversation_id=self._conversation.id, after_seq=self._seen, page_size=100
        )
        reply = await self._contact.conversations.ListMessages(request, timeout=talk.CALL_SECONDS)
        for message in reply.messages:
            console.print(draw(message))
            self._seen = message.seq

    def _mistake(self, words: str) -> None:
        self._outcome.mistakes.append(words)
        console.print(note(f"✗ {words}", style="bold red"))


def _how_it_ended(turn: resources.Turn, sent: door.SendMessageResponse) -> str:
    """Returns the word of the demo file for how a turn ended."""
    decided = kind(turn)
    if decided == "assist":
        return "answered over a person" if sent.replies else "silent"
    if not sent.replies:
        return f"{decided} without a reply"
    return (
        "reply" if decided == "answer" and turn.decision.answer.WhichOneof("choice") == "reply" else decided
    )
