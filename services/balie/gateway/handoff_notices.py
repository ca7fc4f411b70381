"""What contacts are told of their handoffs: one message for a change at most, and each once."""

from balie.gateway.conversation_store import Locked
from balie.gateway.domain import WAITS_FOR_AGENT, Author, Draft, HandoffState, Notice, ReleaseReason
from balie.gateway.messages import Messages
from balie.gateway.said import HandoffEventKind, HandoffNow
from balie.gateway.wording import Phrase, Wording
from balie.kit.database import Transaction

_RETURNED = {
    ReleaseReason.RESUME: Phrase.RETURNED_AND_RESUMED,
    ReleaseReason.IDLE: Phrase.RETURNED_WHEN_IDLE,
}


class HandoffNotices:
    """Tells contacts, as the desk itself."""

    def __init__(self, messages: Messages, wording: Wording) -> None:
        self._messages = messages
        self._wording = wording

    async def agent_joined(self, tx: Transaction, held: Locked, now: HandoffNow, name: str) -> None:
        """Tells that a person speaks from here on; the name is empty when it is not known."""
        phrase = Phrase.AGENT_JOINED_NAMED if name else Phrase.AGENT_JOINED
        await self._tell(tx, held, now, Notice.AGENT_JOINED, phrase, name=name)

    async def moved_on(self, tx: Transaction, held: Locked, now: HandoffNow, *, was_held: bool) -> None:
        """Tells what became of a handoff that no agent has.

        Args:
            tx: the transaction.
            held: the conversation.
            now: the handoff after its change.
            was_held: whether an agent owned the conversation by it until now.
        """
        if now.state == HandoffState.MESSAGE_TAKEN:
            await self._tell(tx, held, now, Notice.MESSAGE_TAKEN, Phrase.MESSAGE_TAKEN)
        elif was_held and now.state in WAITS_FOR_AGENT:
            silent = now.kind == HandoffEventKind.AGENT_SILENT
            notice = Notice.AGENT_SILENT if silent else Notice.TRANSFERRED
            await self._tell(tx, held, now, notice, Phrase.AGENT_SILENT if silent else Phrase.TRANSFERRED)
        elif was_held:
            phrase = _RETURNED.get(now.release_reason, Phrase.RETURNED_TO_BOT)
            await self._tell(tx, held, now, Notice.RETURNED_TO_BOT, phrase)

    async def _tell(
        self, tx: Transaction, held: Locked, now: HandoffNow, notice: Notice, phrase: Phrase, **values: object
    ) -> None:
        if not held.conversation.is_open:
            return
        text, language = self._wording.say(phrase, held.conversation.language, **values)
        once = f"handoff:{now.id}:{now.revision}"
        draft = Draft(Author.SYSTEM, text, language=language, notice=notice, once_key=once)
        await self._messages.append(tx, held, draft)
