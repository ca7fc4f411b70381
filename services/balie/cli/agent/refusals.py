"""Why a command was refused, in an agent's words, and what to do next."""

from collections.abc import Iterable, Mapping

import grpc

from balie.cli.agent.stream import Refused
from balie.client import error_of

_WORDS: Mapping[str, tuple[str, str]] = {
    "HANDOFF_STATE_INVALID": (
        "That is not possible with this chat as it stands.",
        "/chats shows how each one stands.",
    ),
    "HANDOFF_OF_ANOTHER_AGENT": ("Somebody else has it by now.", "/chats lists what is yours."),
    "HANDOFF_NOT_FOUND": ("It is gone.", "/chats lists what is yours."),
    "CONTACT_WAITS": ("The customer wrote last.", "Answer first, then /hold."),
    "AGENT_AT_CAPACITY": (
        "You have as many chats as you may.",
        "/hold one you have answered, or end one with /release or /resolve; then /accept again.",
    ),
    "AGENT_NOT_ONLINE": ("You are away.", "/online first, then /accept again."),
    "OWNER_NOT_CONFIRMED": ("The gateway has not followed yet.", "Do it once more; nothing is done twice."),
    "NOT_OWNER": (
        "This conversation is not yours to write in.",
        "/chats shows what is; /accept offers first.",
    ),
    "CONVERSATION_CLOSED": ("The conversation was closed.", "/resolve or /release ends the chat."),
    "FIELD_TOO_LONG": (
        "That is too long: 4096 characters for a message, 2000 for a note, 64 for a code.",
        "Send it in parts.",
    ),
    "CALLER_FORBIDDEN": ("You may not do that.", "Ask a supervisor."),
}


def in_words(
    error: Refused | grpc.RpcError,
    command: str = "",
    *,
    queue_ids: Iterable[str] = (),
    agent_ids: Iterable[str] = (),
) -> tuple[str, str]:
    """Returns why something was refused, and what to do next.

    Args:
        error: the refusal.
        command: what was typed.
        queue_ids: the queues there are.
        agent_ids: the agents there are.
    """
    if isinstance(error, Refused):
        reason, message = error.reason, error.message
    else:
        failed = error_of(error)
        reason, message = failed.reason, failed.message
        if not reason and failed.code in (
            grpc.StatusCode.UNAVAILABLE,
            grpc.StatusCode.DEADLINE_EXCEEDED,
        ):
            return "The desk does not answer.", "Do it once more in a moment."
    match reason:
        case "QUEUE_NOT_FOUND":
            return "There is no such queue.", f"The queues are {', '.join(queue_ids)}."
        case "AGENT_NOT_FOUND":
            return "There is no such agent.", f"The agents are {', '.join(agent_ids)}."
        case "AGENT_NOT_ONLINE" if command == "/transfer":
            return "That agent takes no chats now.", "/transfer QUEUE passes it to whoever is there."
        case _ if reason in _WORDS:
            return _WORDS[reason]
        case _:
            return f"Refused: {message}.", "/help shows what can be done."
