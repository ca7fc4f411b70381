"""Who is calling, and how that is read from a call's metadata.

Every call has a caller: a tenant, a role and an id. What someone may say or do follows from it, never from the
request alone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from balie.kit.errors import CallerForbidden, CallerUnknown

ACT_AS = "balie-act-as"
TENANT = "balie-tenant"
DEFAULT_TENANT = "default"

_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@+-]{0,127}")


class Role(StrEnum):
    """What a caller is to the desk."""

    ADMIN = "admin"
    """Sets up and looks after a tenant, and may act for the others."""
    SERVICE = "service"
    """Another service of the desk, or an integrator's."""
    AGENT = "agent"
    """A person who answers."""
    CONTACT = "contact"
    """The person who writes."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling.

    Attributes:
        tenant: whose desk it is; every key and topic begins with it.
        role: what the caller is to the desk.
        id: who it is among those of its role and tenant.
    """

    tenant: str
    role: Role
    id: str

    @property
    def key(self) -> str:
        """Returns the caller as one word within its tenant, `role:id`."""
        return f"{self.role}:{self.id}"

    def require(self, *roles: Role) -> "Caller":
        """Returns this caller, whose role is one of `roles`.

        Raises:
            CallerForbidden: its role is another.
        """
        if self.role not in roles:
            raise CallerForbidden(role=self.role, needed=roles)
        return self


class CallerResolver(Protocol):
    """Tells from a call's metadata who is calling."""

    async def resolve(self, metadata: Mapping[str, str]) -> Caller:
        """Returns the caller.

        Args:
            metadata: the call's text metadata; names in lower case, the last value of a repeated name.

        Raises:
            CallerUnknown: the metadata does not say, or not in a form that can be read.
        """


class LocalCallers:
    """Trusts whoever reaches the port: a local administrator, who may name a tenant and whom it acts for.

    `balie-tenant: acme` names the tenant, `balie-act-as: contact:anna` the one it acts for. Meant for one machine or
    a closed network.
    """

    async def resolve(self, metadata: Mapping[str, str]) -> Caller:
        """Returns the caller that the metadata names, or the administrator `local` of the tenant `default`."""
        tenant = metadata.get(TENANT, DEFAULT_TENANT)
        if not _TENANT.fullmatch(tenant):
            raise CallerUnknown(TENANT, expected="1 to 63 letters, digits and any of ._-")
        if ACT_AS not in metadata:
            return Caller(tenant, Role.ADMIN, "local")
        role, _, name = metadata[ACT_AS].partition(":")
        if role not in set(Role) or not _ID.fullmatch(name):
            raise CallerUnknown(ACT_AS, expected=f"role:id, where role is one of {', '.join(Role)}")
        return Caller(tenant, Role(role), name)
