"""What contacts are told of their handoffs: one message for a change at most, and each once."""

from balie.gateway.conversation_store import Locked
from balie.gateway.domain import WAITS_FOR_AGENT, Author, Draft, HandoffState, Notice, ReleaseReason
from balie.gateway.handoff_words import HandoffWords, has_call_back, once_key, place
from balie.gateway.messages import Messages
from balie.gateway.said import HandoffEventKind, HandoffNow
from balie.gateway.wording import Phrase
from balie.kit.database import Transaction

_RETURNED = {
    ReleaseReason.RESUME: Phrase.RETURNED_AND_RESUMED,
    ReleaseReason.IDLE: Phrase.RETURNED_WHEN_IDLE,
}
_ENDED = {
    HandoffState.MESSAGE_TAKEN: (Notice.MESSAGE_TAKEN, Phrase.MESSAGE_TAKEN),
    HandoffState.EXPIRED: (Notice.EXPIRED, Phrase.EXPIRED),
}


class HandoffNotices:
    """Tells contacts, as the desk itself."""

    def __init__(self, messages: Messages, words: HandoffWords) -> None:
        self._messages = messages
        self._words = words

    async def agent_joined(self, tx: Transaction, held: Locked, now: HandoffNow, name: str) -> None:
        """Tells that a person speaks from here on; the name is empty when it is not known."""
        phrase = Phrase.AGENT_JOINED_NAMED if name else Phrase.AGENT_JOINED
        await self._tell(tx, held, now, Notice.AGENT_JOINED, phrase, name=name)

    async def moved_on(
        self, tx: Transaction, held: Locked, now: HandoffNow, before: HandoffState, *, was_held: bool
    ) -> None:
        """Tells what became of a handoff that no agent has.

        Args:
            tx: the transaction.
            held: the conversation.
            now: the handoff after its change.
            before: its state as far as it was followed; NONE when it is new.
            was_held: whether an agent owned the conversation by it until now.
        """
        told = _told(now, before, was_held=was_held)
        if told is not None:
            await self._tell(tx, held, now, *told)

    async def place(self, tx: Transaction, held: Locked, now: HandoffNow) -> bool:
        """Returns whether the contact was told of a new place in line: not when they were before."""
        # Its event names it: a place changes by what others do, which need not be a revision of this handoff.
        once = f"handoff:{now.id}:{now.event_id}"
        return await self._tell(tx, held, now, Notice.POSITION, place(now), once=once)

    async def _tell(
        self,
        tx: Transaction,
        held: Locked,
        now: HandoffNow,
        notice: Notice,
        phrase: Phrase,
        *,
        name: str = "",
        once: str = "",
    ) -> bool:
        if not held.conversation.is_open:
            return False
        text, language = self._words.say(phrase, held.conversation.language, now, name=name)
        draft = Draft(Author.SYSTEM, text, language=language, notice=notice, once_key=once or once_key(now))
        _, position = await self._messages.append(tx, held, draft)
        return position > 0


def _told(now: HandoffNow, before: HandoffState, *, was_held: bool) -> tuple[Notice, Phrase] | None:
    """Returns what is worth telling of a change; from states rather than events, as those of a snapshot tell no more."""
    if now.state in _ENDED:
        return _ENDED[now.state]
    if has_call_back(now) and before != HandoffState.CALL_BACK:
        return Notice.CALL_BACK_PROMISED, Phrase.CALL_BACK_PROMISED
    if now.state in WAITS_FOR_AGENT:
        return _told_in_line(now, before, was_held=was_held)
    if was_held:
        return Notice.RETURNED_TO_BOT, _RETURNED.get(now.release_reason, Phrase.RETURNED_TO_BOT)
    return None


def _told_in_line(now: HandoffNow, before: HandoffState, *, was_held: bool) -> tuple[Notice, Phrase] | None:
    if before == HandoffState.CALL_BACK:
        return Notice.CALL_BACK_DUE, Phrase.CALL_BACK_DUE
    if was_held and now.kind == HandoffEventKind.AGENT_SILENT:
        return Notice.AGENT_SILENT, Phrase.AGENT_SILENT
    return (Notice.TRANSFERRED, Phrase.TRANSFERRED) if was_held else None


def is_new_place(now: HandoffNow) -> bool:
    """Returns whether a change tells of another place in line."""
    in_line = now.state in WAITS_FOR_AGENT and now.position > 0
    return in_line and now.kind == HandoffEventKind.POSITION
