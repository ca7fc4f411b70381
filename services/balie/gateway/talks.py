"""A talk both ways on one stream: the caller's messages in, acceptances, refusals and events out.

The words are those of the contract's Converse; the stream itself is not known here.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from balie.gateway.conversations import Conversations, Creation
from balie.gateway.domain import ENDED, Conversation
from balie.gateway.errors import StreamOutOfOrder
from balie.gateway.happenings import Event, TurnChanged
from balie.gateway.sending import Posting, Sending, Sent
from balie.gateway.watching import Watching
from balie.kit.caller import Caller
from balie.kit.errors import Failure, Forbidden
from balie.kit.ledger import Write

_AHEAD = 64  # answers made before the caller takes them


@dataclass(frozen=True, slots=True)
class Open:
    """Opens a conversation there is, from a cursor."""

    conversation_id: str
    cursor: str


@dataclass(frozen=True, slots=True)
class Create:
    """Creates a conversation and opens it."""

    write: Write
    creation: Creation


@dataclass(frozen=True, slots=True)
class Send:
    """Sends a message.

    Attributes:
        request_id: by which the answer names it.
        read: returns what is sent, given the conversation of the talk; raises the failure of a field out of bounds.
    """

    request_id: str
    read: Callable[[str], tuple[Write, Posting]]


Part = Open | Create | Send


@dataclass(frozen=True, slots=True)
class Accepted:
    """A message is on disk."""

    request_id: str
    sent: Sent


@dataclass(frozen=True, slots=True)
class Refused:
    """A message was refused."""

    request_id: str
    failure: Failure


Answer = Conversation | Accepted | Refused | Event


class Talks:
    """Holds talks."""

    def __init__(self, conversations: Conversations, sending: Sending, watching: Watching) -> None:
        self._conversations = conversations
        self._sending = sending
        self._watching = watching

    async def hold(self, caller: Caller, parts: AsyncIterator[Part]) -> AsyncGenerator[Answer, None]:
        """Yields the answers to a caller's parts and the conversation's events, until both sides have come to an end.

        That is when the conversation is closed, or when the caller has ended their side and every turn begun on it
        has ended.

        Raises:
            StreamOutOfOrder: the first part does not open the talk, or a later one does.
            Forbidden: the caller may not create, or may not write.
            Failure: the opening is refused.
        """
        conversation, position = await self._opened(caller, parts)
        yield conversation
        talk = _Talk(caller, conversation, self._sending, self._watching)
        async with aclosing(talk.answers(parts, position)) as answers:
            async for answer in answers:
                yield answer

    async def _opened(self, caller: Caller, parts: AsyncIterator[Part]) -> tuple[Conversation, int]:
        match await anext(aiter(parts), None):
            case Open(conversation_id, cursor):
                return await self._watching.open(caller, conversation_id, cursor)
            case Create(write, creation):
                return await self._conversations.create(caller, write, creation), 0
            case _:
                raise StreamOutOfOrder(expected="open or create")


class _Talk:
    """One talk that is open: a task that hears the caller and one that tells events fill one queue."""

    def __init__(
        self, caller: Caller, conversation: Conversation, sending: Sending, watching: Watching
    ) -> None:
        self._caller = caller
        self._conversation = conversation
        self._sending = sending
        self._watching = watching
        # None at the end; an error that ends the talk.
        self._queue: asyncio.Queue[Answer | Exception | None] = asyncio.Queue(_AHEAD)
        self._begun: set[str] = set()  # turns of the messages sent on this stream
        self._ended: set[str] = set()  # turns whose end was told on it
        self._last_own = 0  # position of the newest message that was sent on it
        self._told = 0  # position of the newest event that was told on it
        self._has_heard_all = False

    async def answers(self, parts: AsyncIterator[Part], position: int) -> AsyncGenerator[Answer, None]:
        self._told = position
        jobs = (self._hear(parts), self._tell(position))
        tasks = [asyncio.create_task(self._to_its_end(job)) for job in jobs]
        try:
            while (answer := await self._queue.get()) is not None:
                if isinstance(answer, Exception):
                    raise answer
                yield answer
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _to_its_end(self, job: Coroutine[Any, Any, bool]) -> None:
        try:
            is_over, last = await job, None
        except Exception as error:  # noqa: BLE001  raised again by the task that serves the call
            is_over, last = True, error
        if is_over:
            await self._queue.put(last)

    async def _hear(self, parts: AsyncIterator[Part]) -> bool:
        """Answers the caller's messages; returns whether the talk is over with the last of them."""
        async for part in parts:
            if not isinstance(part, Send):
                raise StreamOutOfOrder(expected="message")
            await self._queue.put(await self._answered(part))
        self._has_heard_all = True
        return self._is_over

    async def _answered(self, part: Send) -> Answer:
        try:
            write, posting = part.read(self._conversation.id)
            sent = await self._sending.send(self._caller, write, posting)
        except Forbidden:
            raise  # of the caller, not of this message: none of theirs can be accepted
        except Failure as failure:
            return Refused(part.request_id, failure)
        if sent.message.conversation_id == self._conversation.id:
            self._last_own = max(self._last_own, sent.position)
            if sent.turn_id and sent.turn_state not in ENDED:
                self._begun.add(sent.turn_id)
        return Accepted(part.request_id, sent)

    async def _tell(self, position: int) -> bool:
        """Tells events; returns when the conversation is closed, or the caller waits for none of them any more."""
        async with aclosing(self._watching.events(self._conversation, position)) as events:
            async for event in events:
                await self._queue.put(event)
                self._told = event.position
                happening = event.happening
                if isinstance(happening, TurnChanged) and happening.state in ENDED:
                    self._ended.add(happening.turn_id)
                if self._is_over:
                    break
        return True

    @property
    def _is_over(self) -> bool:
        return self._has_heard_all and self._begun <= self._ended and self._told >= self._last_own
