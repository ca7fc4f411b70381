"""What is done with conversations as a whole: created, read, listed and closed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from balie.gateway import conversation_store, turn_store
from balie.gateway.access import as_seen_by, check_visible, visible
from balie.gateway.conversation_store import Work
from balie.gateway.domain import (
    BOT,
    FIRST_EPOCH,
    UNKNOWN_LANGUAGE,
    Author,
    Conversation,
    ConversationState,
    Draft,
    HandoffState,
    History,
    Notice,
    Turn,
    TurnState,
)
from balie.gateway.errors import ConversationClosed
from balie.gateway.happenings import Closed, TurnChanged
from balie.gateway.journal import Journal
from balie.gateway.messages import Messages
from balie.gateway.wording import Phrase, Wording
from balie.kit.caller import Caller, Role
from balie.kit.database import Database
from balie.kit.errors import CallerForbidden
from balie.kit.ids import new_id
from balie.kit.ledger import Ledger, Write


@dataclass(frozen=True, slots=True)
class Creation:
    """What a new conversation is to be; `contact_id` may be empty when the contact creates it."""

    contact_id: str
    channel: str
    language: str
    contact_attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which conversations a list holds; empty parts keep all."""

    contact_id: str = ""
    agent_id: str = ""
    state: ConversationState | None = None
    page_size: int = 50
    before_id: str = ""


class Conversations:
    """The use cases of conversations.

    Args:
        database: where they are.
        ledger: remembers what was asked before.
        messages: adds the last message.
        journal: tells watchers.
        wording: the words of the last message.
        tenant_seen: is told each tenant that has a conversation.
        orphaned: is told tenant and id of each handoff whose conversation was closed.
    """

    def __init__(
        self,
        database: Database,
        ledger: Ledger,
        messages: Messages,
        journal: Journal,
        wording: Wording,
        *,
        tenant_seen: Callable[[str], None],
        orphaned: Callable[[str, str], None],
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._messages = messages
        self._journal = journal
        self._wording = wording
        self._tenant_seen = tenant_seen
        self._orphaned = orphaned

    async def create(self, caller: Caller, write: Write, creation: Creation) -> Conversation:
        """Returns a new conversation, or the one that the same request created before.

        Raises:
            CallerForbidden: a contact asks for another contact or says what is known of them, or an agent asks.
            RequestIdReused: the request id was used with another request.
        """
        caller.require(Role.ADMIN, Role.SERVICE, Role.CONTACT)
        contact_id = creation.contact_id or caller.id
        of_themselves = contact_id == caller.id and not creation.contact_attributes
        if caller.role == Role.CONTACT and not of_themselves:
            raise CallerForbidden(role=caller.role, needed=(Role.ADMIN, Role.SERVICE))
        async with self._database.write() as tx:

            async def insert() -> Conversation:
                conversation = _new(caller.tenant, contact_id, creation)
                await conversation_store.insert(tx, conversation)
                return conversation

            created = await self._ledger.once(tx, write, Conversation, insert)
            tx.after_commit(lambda: self._tenant_seen(caller.tenant))
        return created

    async def get(self, caller: Caller, conversation_id: str) -> Conversation:
        """Returns a conversation.

        Raises:
            ConversationNotFound: there is none, or not for this caller.
        """
        async with self._database.read() as tx:
            return await visible(tx, caller, conversation_id)

    async def list(self, caller: Caller, wanted: Filter) -> tuple[list[Conversation], bool]:
        """Returns conversations, newest first, and whether there are more; a contact sees their own alone."""
        contact_id = wanted.contact_id
        if caller.role == Role.CONTACT:
            if contact_id not in ("", caller.id):
                return [], False
            contact_id = caller.id
        async with self._database.read() as tx:
            found = await conversation_store.page(
                tx,
                caller.tenant,
                limit=wanted.page_size + 1,
                before_id=wanted.before_id,
                contact_id=contact_id,
                agent_id=wanted.agent_id,
                state=wanted.state,
            )
        shown = [as_seen_by(caller, one) for one in found[: wanted.page_size]]
        return shown, len(found) > wanted.page_size

    async def turn(self, caller: Caller, turn_id: str) -> Turn:
        """Returns a turn's record.

        Raises:
            CallerForbidden: the caller is a contact.
            TurnNotFound: there is none.
        """
        caller.require(Role.ADMIN, Role.SERVICE, Role.AGENT)
        async with self._database.read() as tx:
            return await turn_store.find(tx, caller.tenant, turn_id)

    async def close(self, caller: Caller, write: Write, conversation_id: str) -> Conversation:
        """Returns a conversation after it was closed, now or by the same request before.

        Its last message says so, and its open turns end without a reply.

        Raises:
            ConversationNotFound: there is none, or not for this caller.
            ConversationClosed: another request closed it.
            RequestIdReused: the request id was used with another request.
        """
        async with self._database.write() as tx:

            async def work() -> Conversation:
                async with conversation_store.locked(tx, caller.tenant, conversation_id) as held:
                    check_visible(held.conversation, caller)
                    if not held.conversation.is_open:
                        raise ConversationClosed(conversation_id)
                    text, language = self._wording.say(Phrase.CLOSED, held.conversation.language)
                    notice = Draft(Author.SYSTEM, text, language=language, notice=Notice.CLOSED)
                    await self._messages.append(tx, held, notice)
                    now = datetime.now(UTC)
                    for turn_id in await turn_store.supersede_open(tx, held.conversation, now):
                        ended = TurnChanged(turn_id, TurnState.SUPERSEDED)
                        await self._journal.add(tx, caller.tenant, conversation_id, ended)
                    held.change(state=ConversationState.CLOSED, updated_at=now)
                    held.work = Work()
                    await self._journal.add(tx, caller.tenant, conversation_id, Closed())
                return held.conversation

            closed = await self._ledger.once(tx, write, Conversation, work)
            if closed.handoff_id:
                tx.after_commit(lambda: self._orphaned(caller.tenant, closed.handoff_id))
        return as_seen_by(caller, closed)


def _new(tenant: str, contact_id: str, creation: Creation) -> Conversation:
    now = datetime.now(UTC)
    return Conversation(
        tenant=tenant,
        id=new_id(),
        contact_id=contact_id,
        channel=creation.channel,
        state=ConversationState.OPEN,
        owner=BOT,
        owner_epoch=FIRST_EPOCH,
        last_seq=0,
        language=creation.language or UNKNOWN_LANGUAGE,
        handoff_id="",
        handoff_state=HandoffState.NONE,
        history=History(),
        created_at=now,
        updated_at=now,
        contact_attributes=creation.contact_attributes,
    )
