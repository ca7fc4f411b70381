"""What an agent says in a chat, to the customer or to colleagues, and what becomes of suggested answers by that."""

from balie.api.gateway.v1 import conversation_service_pb2 as door
from balie.api.handoff.v1 import note_service_pb2 as notes
from balie.api.handoff.v1 import suggestion_service_pb2 as suggested
from balie.cli.agent import screen
from balie.cli.agent.briefs import read_notes
from balie.cli.agent.chats import Chat, Suggestion
from balie.cli.agent.desk import AgentDesk
from balie.cli.agent.hand import Hand, chosen, filled
from balie.cli.agent.screen import advise
from balie.cli.agent.stream import Refused, Stream
from balie.cli.console import console, printable
from balie.cli.talk import CALL_SECONDS
from balie.client import Balie
from balie.kit.ids import new_id


class Speaking:
    """Says things in chats.

    Args:
        client: calls gateway and handoff.
        desk: the agent's desk.
        stream: takes commands.
        hand: what is at hand.
    """

    def __init__(self, client: Balie, desk: AgentDesk, stream: Stream, hand: Hand) -> None:
        self._client, self._desk, self._stream, self._hand = client, desk, stream, hand

    async def say(self, chat: Chat, text: str) -> None:
        """Sends words to the customer; what was suggested and not used is recorded as ignored."""
        if not text:
            return
        await self._send(chat, text)
        await self.ignore(chat)

    async def use(self, chat: Chat, rest: str) -> None:
        """Sends a suggestion as it is."""
        if suggestion := self._suggestion(chat, rest):
            await self._send(chat, suggestion.text)
            await self._decide(chat, suggestion, suggested.SUGGESTION_OUTCOME_USED)

    async def edit(self, chat: Chat, rest: str) -> None:
        """Sends what the agent made of a suggestion."""
        number, _, text = rest.partition(" ")
        suggestion = self._suggestion(chat, number)
        if suggestion is None:
            return
        if not text.strip():
            advise("Write what to send.", f"/edit {number} TEXT, or /use {number} for it as it is.")
            return
        await self._send(chat, text.strip())
        same = text.strip() == suggestion.text.strip()
        used, edited = suggested.SUGGESTION_OUTCOME_USED, suggested.SUGGESTION_OUTCOME_EDITED
        await self._decide(chat, suggestion, used if same else edited)

    async def canned(self, chat: Chat, rest: str) -> None:
        """Sends a canned reply with the names filled in."""
        reply = chosen(self._hand.replies_for(chat), rest, chat.handoff.language) if rest else None
        if reply is None:
            await self._hand.read_replies()
            reply = chosen(self._hand.replies_for(chat), rest, chat.handoff.language) if rest else None
        if reply is None:
            self._no_reply(chat, rest)
            return
        agent = self._desk.agent.display_name
        await self.say(chat, filled(reply.text, contact=chat.contact, agent=agent))

    async def list_canned(self, chat: Chat, rest: str) -> None:
        """Lists the canned replies for a chat."""
        await self._hand.read_replies()
        found = self._hand.replies_for(chat, rest)
        if found:
            console.print(screen.replies_at_hand(found))
        else:
            self._no_reply(chat, rest)

    async def note(self, chat: Chat, rest: str) -> None:
        """Writes something down for colleagues."""
        if not rest:
            advise("Write what to note.", "/note TEXT; /notes shows what is noted.")
            return
        await self._stream.ask(add_note=notes.AddNoteRequest(handoff_id=chat.handoff.id, text=rest))
        console.print(screen.remark(chat, f"✎ noted: {rest}"))

    async def notes(self, chat: Chat, _: str) -> None:
        """Shows what colleagues wrote down."""
        found = await read_notes(self._client, chat.handoff)
        for one in found:
            console.print(screen.noted(chat, one))
        if not found:
            advise("Nothing is noted.", "/note TEXT writes something down for colleagues.")

    async def ignore(self, chat: Chat) -> None:
        """Records that what was suggested since the agent wrote last was put aside."""
        undecided, chat.undecided = chat.undecided, {}
        for answer_id in undecided:
            await self._record(chat, answer_id, suggested.SUGGESTION_OUTCOME_IGNORED)

    async def _send(self, chat: Chat, text: str) -> None:
        request = door.SendMessageRequest(
            conversation_id=chat.handoff.conversation_id, text=text, request_id=new_id()
        )
        sent = await self._client.conversations.SendMessage(request, timeout=CALL_SECONDS)
        chat.heard(sent.message)

    async def _decide(
        self, chat: Chat, suggestion: Suggestion, outcome: "suggested.SuggestionOutcome.ValueType"
    ) -> None:
        chat.undecided.pop(suggestion.answer_id, None)
        await self.ignore(chat)
        if suggestion.answer_id:
            await self._record(chat, suggestion.answer_id, outcome)

    async def _record(
        self, chat: Chat, answer_id: str, outcome: "suggested.SuggestionOutcome.ValueType"
    ) -> None:
        request = suggested.RecordSuggestionRequest(
            handoff_id=chat.handoff.id, answer_id=answer_id, outcome=outcome
        )
        try:
            await self._stream.ask(record_suggestion=request)
        except (
            Refused
        ) as refused:  # the words are said; that it could not be counted is no matter for the agent
            console.print(
                screen.remark(chat, f"what became of the suggestion was not kept ({refused.reason})")
            )

    def _suggestion(self, chat: Chat, number: str) -> Suggestion | None:
        if number.isdecimal() and 1 <= int(number) <= len(chat.suggestions):
            return chat.suggestions[int(number) - 1]
        count = len(chat.suggestions)
        there = (
            f"There are 1 to {count}." if count else "They are shown when the customer asks something known."
        )
        advise(f"There is no suggestion {printable(number)}".rstrip() + ".", there)
        return None

    def _no_reply(self, chat: Chat, shortcut: str) -> None:
        elsewhere = self._hand.languages_of(shortcut)
        known = list(dict.fromkeys(reply.shortcut for reply in self._hand.replies_for(chat)))
        if elsewhere:
            then = f"There is one in {', '.join(elsewhere)}."
        else:
            then = f"There are {', '.join(known)}." if known else "A supervisor adds them in desk.yaml."
        language = screen.language(chat.handoff.language)
        advise(
            f"There is no reply {printable(shortcut)} for this queue in {language}.".replace("  ", " "), then
        )
