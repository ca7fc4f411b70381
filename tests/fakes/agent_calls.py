"""The desk that an agent's commands are given to: it keeps what was asked, and refuses what it is told to."""

from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from balie.api.gateway.v1 import briefing_pb2 as briefs
from balie.api.gateway.v1 import conversation_pb2 as resources
from balie.api.gateway.v1 import conversation_service_pb2 as door
from balie.api.handoff.v1 import agent_service_pb2 as work
from balie.api.handoff.v1 import canned_reply_service_pb2 as canned
from balie.api.handoff.v1 import handoff_pb2, note_service_pb2
from balie.api.handoff.v1 import handoff_service_pb2 as handoffs
from balie.api.handoff.v1 import queue_service_pb2 as lines
from balie.cli.agent.stream import Refused

AGENT = "femke"
_STATES = {
    "accept": handoff_pb2.HANDOFF_STATE_ACCEPTED,
    "hold": handoff_pb2.HANDOFF_STATE_ON_HOLD,
    "resume": handoff_pb2.HANDOFF_STATE_ACCEPTED,
    "release": handoff_pb2.HANDOFF_STATE_RELEASED,
    "resolve": handoff_pb2.HANDOFF_STATE_RESOLVED,
    "transfer": handoff_pb2.HANDOFF_STATE_QUEUED,
}


def handoff(handoff_id: str, contact: str, state: int, **values: Any) -> handoff_pb2.Handoff:
    """Returns a handoff of the agent's."""
    usual: dict[str, Any] = {
        "conversation_id": f"conversation-{handoff_id}",
        "contact_id": contact,
        "language": "en",
        "queue_id": "service",
        "agent_id": AGENT,
        "revision": 1,
        "contact_waits": True,
        "create_time": now(),
    }
    return handoff_pb2.Handoff(
        id=handoff_id, state=handoff_pb2.HandoffState.ValueType(state), **usual | values
    )


def now() -> Timestamp:
    stamp = Timestamp()
    stamp.GetCurrentTime()
    return stamp


class FakeStream:
    """Takes an agent's commands; `refusals` are reasons by command, each for one try."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []
        self.refusals: dict[str, list[str]] = {}
        self.handoffs: dict[str, handoff_pb2.Handoff] = {}

    async def ask(self, **command: Any) -> work.WorkResult:
        ((name, request),) = command.items()
        self.asked.append((name, request))
        if reasons := self.refusals.get(name):
            raise Refused(reasons.pop(0), "no")
        if name == "set_presence":
            agent = handoff_pb2.Agent(id=AGENT, presence=request.presence, max_chats=3)
            return work.WorkResult(agent=agent)
        changed = self.handoffs[request.handoff_id]
        if name in _STATES:
            changed.state = handoff_pb2.HandoffState.ValueType(_STATES[name])
            changed.revision += 1
            changed.agent_id = "" if name == "transfer" else AGENT
            changed.outcome = getattr(request, "outcome", "")
        return work.WorkResult(handoff=changed)


class _Calls:
    """A stub: calls by name."""

    def __init__(self, **calls: Any) -> None:
        for name, call in calls.items():
            setattr(self, name, call)


class FakeClient:
    """Answers the calls of an agent's terminal; keeps what was sent to customers, as (conversation, words)."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []
        self.replies: list[canned.CannedReply] = []
        self.notes_kept: list[note_service_pb2.Note] = []
        self.conversations = _Calls(
            SendMessage=self._send,
            GetConversation=self._conversation,
            ListMessages=self._messages,
            WatchConversation=self._watch,
            GetBriefing=self._briefing,
        )
        self.canned_replies = _Calls(ListCannedReplies=self._replies)
        self.notes = _Calls(ListNotes=self._notes)
        self.queues = _Calls(ListQueues=self._queues)
        self.agents = _Calls(ListAgents=self._agents)
        self.handoffs = _Calls(ListHandoffs=self._handoffs)

    async def _send(self, request: door.SendMessageRequest, **_: Any) -> door.SendMessageResponse:
        self.sent.append((request.conversation_id, request.text))
        message = resources.Message(
            author=resources.AUTHOR_AGENT, author_id=AGENT, text=request.text, create_time=now()
        )
        return door.SendMessageResponse(message=message)

    async def _conversation(
        self, request: door.GetConversationRequest, **_: Any
    ) -> door.GetConversationResponse:
        found = resources.Conversation(id=request.conversation_id, contact_attributes={"name": "Anna Bos"})
        return door.GetConversationResponse(conversation=found)

    async def _briefing(self, request: door.GetBriefingRequest, **_: Any) -> door.GetBriefingResponse:
        asked = door.GetConversationRequest(conversation_id=request.conversation_id)
        briefing = briefs.Briefing(conversation=(await self._conversation(asked)).conversation)
        briefing.question.text = "Where is my boat? I wait."
        briefing.summary.add(text="Where is my boat?")
        briefing.summary.add(text="Where is my boat? I wait.")
        briefing.attempts.add().message.text = "Your boat is late."
        briefing.understanding.intents.add(name="delay", score=0.9)
        briefing.suggested_answers.add(answer_id="late", answer="It is late.", above_threshold=True)
        briefing.suggested_answers.add(answer_id="early", answer="It is early.")
        return door.GetBriefingResponse(briefing=briefing)

    async def _messages(self, request: door.ListMessagesRequest, **_: Any) -> door.ListMessagesResponse:
        return door.ListMessagesResponse(cursor="now")

    async def _watch(self, request: door.WatchConversationRequest, **_: Any) -> Any:
        for event in ():
            yield event

    async def _replies(self, request: Any, **_: Any) -> canned.ListCannedRepliesResponse:
        return canned.ListCannedRepliesResponse(canned_replies=self.replies)

    async def _notes(self, request: Any, **_: Any) -> note_service_pb2.ListNotesResponse:
        return note_service_pb2.ListNotesResponse(notes=self.notes_kept)

    async def _queues(self, request: Any, **_: Any) -> lines.ListQueuesResponse:
        return lines.ListQueuesResponse(
            queues=[handoff_pb2.Queue(id="service"), handoff_pb2.Queue(id="rail")]
        )

    async def _agents(self, request: Any, **_: Any) -> work.ListAgentsResponse:
        return work.ListAgentsResponse(agents=[handoff_pb2.Agent(id=AGENT), handoff_pb2.Agent(id="jonas")])

    async def _handoffs(self, request: Any, **_: Any) -> handoffs.ListHandoffsResponse:
        ended = handoff("ended", "anna", handoff_pb2.HANDOFF_STATE_RESOLVED, outcome="booking_changed")
        return handoffs.ListHandoffsResponse(handoffs=[ended])
