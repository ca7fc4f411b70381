"""The metadata with which a test acts as somebody: `await stub.SendMessage(request, metadata=callers.contact("anna"))`."""

from balie.kit.caller import ACT_AS, TENANT, Role
from balie.kit.interceptors import REQUEST_ID

Metadata = tuple[tuple[str, str], ...]


def contact(name: str, *, tenant: str | None = None, request_id: str | None = None) -> Metadata:
    """Returns the metadata of a contact."""
    return _acting(Role.CONTACT, name, tenant, request_id)


def agent(name: str, *, tenant: str | None = None, request_id: str | None = None) -> Metadata:
    """Returns the metadata of an agent."""
    return _acting(Role.AGENT, name, tenant, request_id)


def service(name: str, *, tenant: str | None = None, request_id: str | None = None) -> Metadata:
    """Returns the metadata of a service."""
    return _acting(Role.SERVICE, name, tenant, request_id)


def admin(name: str = "local", *, tenant: str | None = None, request_id: str | None = None) -> Metadata:
    """Returns the metadata of an administrator."""
    return _acting(Role.ADMIN, name, tenant, request_id)


def _acting(role: Role, name: str, tenant: str | None, request_id: str | None) -> Metadata:
    pairs = ((ACT_AS, f"{role}:{name}"), (TENANT, tenant), (REQUEST_ID, request_id))
    return tuple((key, value) for key, value in pairs if value is not None)
