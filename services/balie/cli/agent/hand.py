"""What an agent has at hand: canned replies, and the names that commands take."""

from collections.abc import AsyncIterator, Sequence

from balie.api.handoff.v1 import agent_service_pb2 as work
from balie.api.handoff.v1 import canned_reply_service_pb2 as canned
from balie.api.handoff.v1 import handoff_pb2
from balie.api.handoff.v1 import handoff_service_pb2 as handoffs
from balie.api.handoff.v1 import queue_service_pb2 as lines
from balie.cli.agent.chats import Chat
from balie.cli.listing import listed
from balie.cli.talk import CALL_SECONDS
from balie.client import Balie

_ANY = "und"
_USUAL_CODE = "resolved"
_PAGE = 500


class Hand:
    """Queues, agents, canned replies and codes, as they were when they were read last.

    Args:
        client: calls the handoff service.
    """

    def __init__(self, client: Balie) -> None:
        self._client = client
        self.queue_ids: list[str] = []
        self.agent_ids: list[str] = []
        self.codes: list[str] = [_USUAL_CODE]
        self.replies: list[canned.CannedReply] = []

    async def read(self) -> None:
        """Reads all of it."""
        queues = await self._client.queues.ListQueues(
            lines.ListQueuesRequest(page_size=_PAGE), timeout=CALL_SECONDS
        )
        agents = await self._client.agents.ListAgents(
            work.ListAgentsRequest(page_size=_PAGE), timeout=CALL_SECONDS
        )
        resolved = handoffs.ListHandoffsRequest(states=[handoff_pb2.HANDOFF_STATE_RESOLVED], page_size=_PAGE)
        ended = await self._client.handoffs.ListHandoffs(resolved, timeout=CALL_SECONDS)
        self.queue_ids = [queue.id for queue in queues.queues]
        self.agent_ids = [agent.id for agent in agents.agents]
        self.codes = sorted({_USUAL_CODE, *self.codes, *(one.outcome for one in ended.handoffs)})
        await self.read_replies()

    async def read_replies(self) -> None:
        """Reads the canned replies."""
        self.replies = [reply async for reply in self._pages()]

    def replies_for(self, chat: Chat, prefix: str = "") -> list[canned.CannedReply]:
        """Returns the canned replies for a chat's queue and language; in all languages when the contact's is not known."""
        handoff = chat.handoff
        fitting = [
            reply
            for reply in self.replies
            if reply.shortcut.startswith(prefix)
            and (not reply.queue_ids or handoff.queue_id in reply.queue_ids)
        ]
        return [reply for reply in fitting if _is_in(reply.language, handoff.language)]

    def languages_of(self, shortcut: str) -> list[str]:
        """Returns the languages in which there is a reply of a shortcut, whatever queue it is for."""
        return sorted(reply.language for reply in self.replies if reply.shortcut == shortcut)

    def _pages(self) -> AsyncIterator[canned.CannedReply]:
        request = canned.ListCannedRepliesRequest()
        replies = self._client.canned_replies
        return listed(replies.ListCannedReplies, request, lambda page: page.canned_replies)


def chosen(replies: Sequence[canned.CannedReply], shortcut: str, language: str) -> canned.CannedReply | None:
    """Returns the reply of a shortcut: in the very language if there is one, else in a variety of it; None without."""
    found = [reply for reply in replies if reply.shortcut == shortcut]
    exact = [reply for reply in found if reply.language.casefold() == language.casefold()]
    return next(iter(exact or found), None)


def filled(text: str, *, contact: str, agent: str) -> str:
    """Returns a canned reply with the names in place of its placeholders."""
    parts = text.split("{agent}")  # names may hold braces of their own, and are not looked into
    return agent.join(part.replace("{contact}", contact) for part in parts)


def _is_in(language: str, wanted: str) -> bool:
    return wanted in ("", _ANY) or _primary(language) == _primary(wanted)


def _primary(language: str) -> str:
    return language.partition("-")[0].casefold()
