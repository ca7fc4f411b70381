"""The gateway's ports in memory: what NLU, the FAQ and the router say is what a test tells them to."""

from datetime import UTC, datetime

from balie.gateway.domain import (
    BOT,
    Conversation,
    ConversationState,
    HandoffState,
    History,
    Owner,
    Turn,
    TurnState,
)
from balie.gateway.ports import Case, InternalMistake, Question, ServiceDown
from balie.gateway.said import (
    Answer,
    Answers,
    Decision,
    DecisionKind,
    HandoffNow,
    Keyword,
    Routing,
    Understanding,
    Verdict,
)
from balie.gateway.turn_store import Claim

MOMENT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

Refusal = ServiceDown | InternalMistake


def understood(
    verdict: Verdict = Verdict.MATCH,
    *intents: str,
    language: str = "nl",
    keywords: tuple[Keyword, ...] = (),
    wire: bytes = b"understanding",
) -> Understanding:
    return Understanding(language, verdict, intents, keywords, "model-1", wire, b"vector")


def found(*entries: str, wire: bytes = b"answers") -> Answers:
    return Answers(
        tuple(
            Answer(f"a-{entry}", entry, "nl", f"Vraag {entry}?", f"Antwoord {entry}.") for entry in entries
        ),
        index_generation=4,
        encoder_fingerprint="enc",
        wire=wire,
    )


def conversation(
    *, language: str = "nl", owner: Owner = BOT, owner_epoch: int = 1, history: History | None = None
) -> Conversation:
    return Conversation(
        tenant="default",
        id="c1",
        contact_id="anna",
        channel="web",
        state=ConversationState.OPEN,
        owner=owner,
        owner_epoch=owner_epoch,
        last_seq=1,
        language=language,
        handoff_id="",
        handoff_state=HandoffState.NONE,
        history=history or History(),
        created_at=MOMENT,
        updated_at=MOMENT,
    )


def claim(
    text: str = "hoe laat open",
    *,
    of: Conversation | None = None,
    understanding: bytes = b"",
    answers: bytes = b"",
) -> Claim:
    held = of or conversation()
    turn = Turn(
        "t1",
        held.id,
        "m1",
        1,
        TurnState.WORKING,
        held.owner_epoch,
        MOMENT,
        attempts=1,
        understanding=understanding,
        answers=answers,
    )
    return Claim(held, turn, text, MOMENT)


def routing(
    kind: DecisionKind,
    *,
    answer: object = None,
    options: tuple[object, ...] = (),
    handoff: HandoffNow | None = None,
    handoff_was_open: bool = False,
    is_silent: bool = False,
) -> Routing:
    return Routing(
        Decision(kind, answer, options, handoff_was_open, is_silent, "policy-1", b"decision"), handoff
    )  # type: ignore[arg-type]


def waiting_handoff(position: int = 1) -> HandoffNow:
    return HandoffNow("h1", "c1", HandoffState.QUEUED, "", 1, position)


class PortNlu:
    """Understands everything the same way."""

    def __init__(self, says: Understanding | Refusal | None = None) -> None:
        self.says = says or understood()
        self.asked: list[str] = []

    async def analyze(self, tenant: str, turn_id: str, text: str) -> Understanding:
        self.asked.append(text)
        if isinstance(self.says, Exception):
            raise self.says
        return self.says

    def recall(self, wire: bytes) -> Understanding:
        return understood(wire=wire)


class PortFaq:
    """Finds the same answers for everything."""

    def __init__(self, says: Answers | Refusal | None = None) -> None:
        self.says = says or found("hours")
        self.asked: list[Question] = []

    async def search(self, question: Question) -> Answers:
        self.asked.append(question)
        if isinstance(self.says, Exception):
            raise self.says
        return self.says

    def recall(self, wire: bytes) -> Answers:
        return found("stored", wire=wire)


class PortRouter:
    """Decides the same for everything."""

    def __init__(self, says: Routing | Refusal, person: HandoffNow | Refusal | None = None) -> None:
        self.says = says
        self.person = person or waiting_handoff()
        self.asked: list[Case] = []
        self.persons_asked: list[Case] = []

    async def route(self, case: Case) -> Routing:
        self.asked.append(case)
        if isinstance(self.says, Exception):
            raise self.says
        return self.says

    async def ask_for_person(self, case: Case) -> HandoffNow:
        self.persons_asked.append(case)
        if isinstance(self.person, Exception):
            raise self.person
        return self.person
