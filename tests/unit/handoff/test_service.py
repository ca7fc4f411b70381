"""What the servicers do beside translating."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.handoff.desks import Desks

from balie.api.handoff.v1 import agent_service_pb2, handoff_service_pb2
from balie.handoff import acting, convert
from balie.handoff.chats.service import Commands
from balie.handoff.floor import Place
from balie.handoff.notes.notes import Notes
from balie.handoff.suggestions.suggestions import Suggestions
from balie.kit import call
from balie.kit.call import Call
from balie.kit.caller import Caller, Role
from balie.kit.errors import CallerForbidden, CursorMalformed, FieldRequired
from balie.kit.paging import encode_page

ADMIN, SERVICE = Caller("default", Role.ADMIN, "local"), Caller("default", Role.SERVICE, "gateway")
ELS, ANNA = Caller("default", Role.AGENT, "els"), Caller("default", Role.CONTACT, "anna")
WORK, ACCEPT = "/balie.api.handoff.v1.AgentService/Work", "/balie.api.handoff.v1.HandoffService/AcceptHandoff"


async def test_waits_for_the_gateway_no_longer_than_the_call_lasts(at: Desks) -> None:
    notes, suggestions = Notes(at.journal), Suggestions(at.journal)
    wait = timedelta(seconds=5)
    commands = Commands(at.desk, at.chats, at.staff, notes, suggestions, confirm_wait=wait)
    with call.serving(Call(ACCEPT, "r1", ADMIN, deadline=time.monotonic() + 2)):
        assert timedelta(0) < commands._wait() < timedelta(seconds=2)
    with call.serving(Call(WORK, "r1", ADMIN)):
        assert commands._wait() == timedelta(seconds=5)


def test_an_agent_acts_for_themselves_and_others_for_whom_they_name() -> None:
    assert acting.agent_acting(ELS, "") == acting.agent_acting(ELS, "els") == "els"
    assert acting.agent_acting(ADMIN, "jan") == acting.agent_acting(SERVICE, "jan") == "jan"
    for caller, named, refusal in (
        (ELS, "jan", CallerForbidden),
        (ANNA, "els", CallerForbidden),
        (ADMIN, "", FieldRequired),
    ):
        with pytest.raises(refusal):
            acting.agent_acting(caller, named)


def test_only_an_agent_must_hold_what_they_give_back() -> None:
    assert (acting.agent_holding(ELS), acting.agent_holding(ADMIN), acting.agent_holding(SERVICE)) == (
        "els",
        "",
        "",
    )
    with pytest.raises(CallerForbidden):
        acting.agent_holding(ANNA)


def test_a_command_is_the_same_write_on_the_stream_and_by_its_own_rpc() -> None:
    named = handoff_service_pb2.AcceptHandoffRequest(handoff_id="h1", agent_id="els", request_id="r1")
    unnamed = handoff_service_pb2.AcceptHandoffRequest(handoff_id="h1", request_id="r1")
    with call.serving(Call(ACCEPT, "c1", ELS)):
        by_rpc = convert.write_of(named, ELS)
    with call.serving(Call(WORK, "c2", ADMIN)):
        on_stream = convert.write_of(unnamed, ELS)
    assert by_rpc == on_stream
    assert (by_rpc.rpc, by_rpc.caller) == (ACCEPT, "agent:els")


def test_commands_of_one_shape_are_different_writes() -> None:
    commands = (
        handoff_service_pb2.ReleaseHandoffRequest(handoff_id="h1", request_id="r1"),
        handoff_service_pb2.ResolveHandoffRequest(handoff_id="h1", request_id="r1"),
        handoff_service_pb2.AcceptHandoffRequest(handoff_id="h1", request_id="r1"),
        handoff_service_pb2.RejectOfferRequest(handoff_id="h1", request_id="r1"),
        agent_service_pb2.SetPresenceRequest(request_id="r1"),
    )
    with call.serving(Call(WORK, "c1", ELS)):
        assert len({convert.write_of(command, ELS).rpc for command in commands}) == len(commands)


def test_the_agent_an_administrator_names_belongs_to_what_was_asked() -> None:
    with call.serving(Call(ACCEPT, "c1", ADMIN)):
        digests = {
            convert.write_of(
                handoff_service_pb2.AcceptHandoffRequest(handoff_id="h1", agent_id=name, request_id="r1"),
                ADMIN,
            ).digest
            for name in ("els", "jan")
        }
    assert len(digests) == 2


def test_a_page_token_leads_back_to_its_place() -> None:
    place = Place(datetime(2025, 5, 1, 12, 0, 0, 123456, UTC), "0192-a")
    assert convert.place_from_token(convert.place_to_token(place)) == place
    assert (convert.place_to_token(None), convert.place_from_token("")) == ("", None)


@pytest.mark.parametrize("token", ["nonsense", encode_page(("queues",), "els")])
def test_a_token_of_another_list_is_refused(token: str) -> None:
    with pytest.raises(CursorMalformed):
        convert.place_from_token(token)
