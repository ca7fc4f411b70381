"""The embedded default trusts its port, and reads who is meant from the metadata."""

import pytest

from balie.client import defaults
from balie.kit import caller, interceptors, status
from balie.kit.caller import Caller, LocalCallers, Role
from balie.kit.errors import CallerForbidden, CallerUnknown


async def test_is_the_local_administrator_without_metadata() -> None:
    assert await LocalCallers().resolve({}) == Caller("default", Role.ADMIN, "local")


@pytest.mark.parametrize("role", list(Role))
async def test_acts_for_whom_the_metadata_names(role: Role) -> None:
    who = await LocalCallers().resolve({"balie-act-as": f"{role}:an:na@x", "balie-tenant": "acme.nl"})
    assert who == Caller("acme.nl", role, "an:na@x")
    assert who.key == f"{role.value}:an:na@x"


@pytest.mark.parametrize(
    "text",
    ["", "anna", "contact:", ":anna", "king:anna", "CONTACT:anna", "contact:-a", "contact:a b", "contact:é"],
)
async def test_refuses_a_form_it_cannot_read(text: str) -> None:
    with pytest.raises(CallerUnknown) as caught:
        await LocalCallers().resolve({"balie-act-as": text})
    assert caught.value.metadata["key"] == "balie-act-as"


@pytest.mark.parametrize("tenant", ["", "-a", "a/b", "x" * 64, "a\n"])
async def test_refuses_a_tenant_that_is_no_name(tenant: str) -> None:
    with pytest.raises(CallerUnknown) as caught:
        await LocalCallers().resolve({"balie-tenant": tenant})
    assert caught.value.metadata["key"] == "balie-tenant"


def test_requires_one_of_the_roles() -> None:
    anna = Caller("acme", Role.CONTACT, "anna")
    assert anna.require(Role.AGENT, Role.CONTACT) is anna
    with pytest.raises(CallerForbidden) as caught:
        anna.require(Role.AGENT, Role.ADMIN)
    assert caught.value.metadata == {"role": "contact", "needed": "agent, admin"}


def test_client_and_kit_use_the_same_names() -> None:
    from balie.client import errors as client_errors

    assert (defaults.TENANT, defaults.ACT_AS) == (caller.TENANT, caller.ACT_AS)
    assert interceptors.REQUEST_ID == defaults.REQUEST_ID
    assert client_errors.DETAILS_KEY == status.DETAILS_KEY
