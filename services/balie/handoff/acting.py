"""Who acts: an agent for themselves, or a service or an administrator for the agent they name."""

from balie.kit import bounds
from balie.kit.caller import Caller, Role
from balie.kit.errors import CallerForbidden

OPERATORS = (Role.SERVICE, Role.ADMIN)
"""Who may set the desk up, decide turns and confirm owners."""
STAFF = (Role.AGENT, *OPERATORS)
"""Who may see the desk: everyone but contacts."""


def agent_acting(caller: Caller, agent_id: str) -> str:
    """Returns the agent that a call is about: the caller, or the one that a service or an administrator names.

    Raises:
        CallerForbidden: the caller is a contact, or another agent than the one named.
    """
    caller.require(*STAFF)
    named = bounds.identifier("agent_id", agent_id, required=caller.role is not Role.AGENT)
    if caller.role is Role.AGENT and named not in ("", caller.id):
        raise CallerForbidden(role=caller.role, needed=OPERATORS)
    return named or caller.id


def agent_holding(caller: Caller) -> str:
    """Returns the agent who must have what the call is about; empty when the caller may end anybody's."""
    caller.require(*STAFF)
    return caller.id if caller.role is Role.AGENT else ""
