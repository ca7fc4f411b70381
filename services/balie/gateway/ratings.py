"""What contacts think of how they were helped: asked once, given once, and told to the handoff service."""

from datetime import UTC, datetime

from balie.gateway import conversation_store
from balie.gateway.access import as_seen_by, check_visible
from balie.gateway.conversation_store import Locked
from balie.gateway.domain import Author, Conversation, Draft, Message, Notice, OwnerKind
from balie.gateway.errors import ConversationNotRatable, ConversationRated
from balie.gateway.messages import Messages
from balie.gateway.outbox import Outbox
from balie.gateway.ports import Report, ReportKind
from balie.gateway.wording import Phrase, Wording
from balie.kit.caller import Caller, Role
from balie.kit.database import Database, Transaction
from balie.kit.ledger import Ledger, Write

_DIGITS = {"1": 1, "2": 2, "3": 3, "4": 4, "5": 5}


class Ratings:
    """Asks for ratings and keeps them.

    Args:
        database: where they are.
        ledger: remembers what was asked before.
        messages: adds the question and the thanks.
        outbox: tells the handoff service.
        wording: the words of both.
    """

    def __init__(
        self, database: Database, ledger: Ledger, messages: Messages, outbox: Outbox, wording: Wording
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._messages = messages
        self._outbox = outbox
        self._wording = wording

    async def ask(self, tx: Transaction, held: Locked, handoff_id: str) -> None:
        """Asks the contact for a rating of a handoff that has ended: once in a conversation, and while no person speaks."""
        conversation = held.conversation
        is_bots = conversation.owner.kind == OwnerKind.BOT
        was_asked = conversation.survey_seq or conversation.rating is not None
        if was_asked or not (conversation.is_open and is_bots):
            return
        draft = self._notice(conversation, Phrase.SURVEY, Notice.SURVEY, f"survey:{conversation.id}")
        asked, _ = await self._messages.append(tx, held, draft)
        held.change(survey_seq=asked.seq, helped_handoff_id=handoff_id)

    def meant(self, conversation: Conversation, text: str) -> int | None:
        """Returns the rating that a contact's words are: one digit, said directly after the question; None for any others."""
        was_just_asked = conversation.survey_seq and conversation.survey_seq == conversation.last_seq
        return _DIGITS.get(text.strip()) if was_just_asked and conversation.rating is None else None

    async def rate(self, caller: Caller, write: Write, conversation_id: str, rating: int) -> Conversation:
        """Returns a conversation once its rating is on disk, now or by the same request before.

        Raises:
            CallerForbidden: an agent asks.
            ConversationNotFound: there is none, or not for this caller.
            ConversationNotRatable: no person has helped, or one is still at it.
            ConversationRated: there is a rating already.
            RequestIdReused: the request id was used with another request.
        """
        caller.require(Role.ADMIN, Role.SERVICE, Role.CONTACT)
        async with self._database.write() as tx:

            async def work() -> Conversation:
                async with conversation_store.locked(tx, caller.tenant, conversation_id) as held:
                    check_visible(held.conversation, caller)
                    _check_ratable(held.conversation)
                    await self.keep(tx, held, rating)
                return held.conversation

            rated = await self._ledger.once(tx, write, Conversation, work)
        return as_seen_by(caller, rated)

    async def keep(self, tx: Transaction, held: Locked, rating: int) -> int:
        """Keeps a rating and thanks for it; returns the position of the thanks in the log, 0 when the conversation is closed."""
        conversation = held.conversation
        held.change(rating=rating)
        report = Report(
            conversation.tenant,
            conversation.id,
            conversation.last_seq,
            ReportKind.RATED,
            conversation.helped_handoff_id,
            datetime.now(UTC),
            rating,
        )
        await self._outbox.add(tx, report)
        if not conversation.is_open:
            return 0
        draft = self._notice(conversation, Phrase.RATED, Notice.RATED, thanks_key(conversation.id))
        _, position = await self._messages.append(tx, held, draft)
        return position

    def _notice(self, conversation: Conversation, phrase: Phrase, notice: Notice, once: str) -> Draft:
        text, language = self._wording.say(phrase, conversation.language)
        return Draft(Author.SYSTEM, text, language=language, notice=notice, once_key=once)


def thanks_key(conversation_id: str) -> str:
    """Returns what makes the thanks for a conversation's rating the only ones."""
    return f"rated:{conversation_id}"


def is_rating(message: Message) -> bool:
    """Returns whether a message was taken as a rating: the only ones of contacts that begin no turn."""
    return message.author == Author.CONTACT and not message.turn_id


def _check_ratable(conversation: Conversation) -> None:
    if conversation.rating is not None:
        raise ConversationRated(conversation.id)
    is_helped = conversation.is_open and conversation.owner.kind == OwnerKind.AGENT
    if not conversation.helped_handoff_id or is_helped:
        raise ConversationNotRatable(conversation.id)
