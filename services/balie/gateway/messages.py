"""The one place where a message is added to a conversation: who may speak is decided here, and nowhere else."""

from datetime import UTC, datetime

from balie.gateway import message_store
from balie.gateway.conversation_store import Locked
from balie.gateway.domain import Author, Conversation, Draft, Message, Owner, OwnerKind
from balie.gateway.errors import ConversationClosed, NotOwner, StaleOwnerEpoch
from balie.gateway.happenings import MessageAppended
from balie.gateway.journal import Journal
from balie.gateway.outbox import Outbox
from balie.gateway.ports import Report, ReportKind
from balie.kit.database import Transaction
from balie.kit.ids import new_id

_TOLD_OF = {Author.CONTACT: ReportKind.CONTACT_WROTE, Author.AGENT: ReportKind.AGENT_WROTE}


class Messages:
    """Adds messages to locked conversations."""

    def __init__(self, journal: Journal, outbox: Outbox) -> None:
        self._journal = journal
        self._outbox = outbox

    async def append(self, tx: Transaction, held: Locked, draft: Draft) -> tuple[Message, int]:
        """Returns a message as it stands in the conversation, and the position of its event in the log.

        The row's lock makes its `seq` the next without a gap. When the message is there already - the same in its
        channel, the same reply of a turn, the same `once_key` - it is returned, with position 0, and nothing is added.

        Raises:
            ConversationClosed: the conversation takes no messages any more.
            NotOwner: an agent writes who does not own the conversation.
            StaleOwnerEpoch: a turn's reply was worked out before the owner changed, or a person speaks.
        """
        conversation = held.conversation
        if draft.channel_message_id:
            first = await message_store.find_in_channel(tx, conversation, draft.channel_message_id)
            if first is not None:
                return first, 0
        _check_voice(conversation, draft)
        message = _message(conversation, draft)
        if not await message_store.insert(tx, conversation, message, draft.once_key):
            same = await message_store.find_same(tx, conversation, draft)
            if same is None:
                raise RuntimeError("a message was refused by a key that no other message has")
            return same, 0
        held.change(last_seq=message.seq)
        await self._report(tx, conversation, message)
        appended = MessageAppended(message.id, message.seq)
        return message, await self._journal.add(tx, conversation.tenant, conversation.id, appended)

    async def _report(self, tx: Transaction, conversation: Conversation, message: Message) -> None:
        """Lets the handoff service know who wrote, as long as the conversation has an open handoff."""
        kind = _TOLD_OF.get(message.author)
        if kind is None or not conversation.handoff_id:
            return
        report = Report(
            conversation.tenant,
            conversation.id,
            message.seq,
            kind,
            conversation.handoff_id,
            message.created_at,
        )
        await self._outbox.add(tx, report)


def _check_voice(conversation: Conversation, draft: Draft) -> None:
    if not conversation.is_open:
        raise ConversationClosed(conversation.id)
    if draft.author == Author.AGENT and conversation.owner != Owner(OwnerKind.AGENT, draft.author_id):
        raise NotOwner(conversation.id, owner=_named(conversation.owner))
    if draft.owner_epoch:
        spoken_over = conversation.owner.kind != OwnerKind.BOT
        if spoken_over or draft.owner_epoch != conversation.owner_epoch:
            raise StaleOwnerEpoch(epoch=draft.owner_epoch, current_epoch=conversation.owner_epoch)
    elif draft.author == Author.BOT:
        raise ValueError("a message of the bot names the epoch under which it was worked out")


def _named(owner: Owner) -> str:
    return "bot" if owner.kind == OwnerKind.BOT else f"agent:{owner.agent_id}"


def _message(conversation: Conversation, draft: Draft) -> Message:
    return Message(
        id=new_id(),
        conversation_id=conversation.id,
        seq=conversation.last_seq + 1,
        author=draft.author,
        author_id=draft.author_id,
        text=draft.text,
        language=draft.language,
        attachments=draft.attachments,
        turn_id=draft.turn_id,
        ordinal=draft.ordinal,
        notice=draft.notice,
        answer_id=draft.answer_id,
        options=draft.options,
        owner_epoch=conversation.owner_epoch,
        channel_message_id=draft.channel_message_id,
        created_at=datetime.now(UTC),
    )
