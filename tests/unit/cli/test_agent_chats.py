"""An agent's offers and chats, how long who waits, and how near a promise is."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.fakes.agent_calls import AGENT, handoff

from balie.api.gateway.v1 import conversation_pb2 as resources
from balie.api.handoff.v1 import handoff_pb2
from balie.cli.agent.chats import ACCEPTED, OFFERED, ON_HOLD, RESERVED, Chat, Chats
from balie.cli.agent.urgency import brief, colour, due_of, is_broken, moment, promise_of

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def at(minutes: float) -> datetime:
    return NOON + minutes * MINUTE


def message(author: int, minutes: float, **values: object) -> resources.Message:
    return resources.Message(author=author, create_time=at(minutes), **values)


def clock(kind: int, minutes: float, due: float | None, state: int = 1) -> handoff_pb2.Clock:
    made = handoff_pb2.Clock(kind=kind, state=state, target=minutes * MINUTE)
    if due is not None:
        made.due_time.FromDatetime(at(due))
    return made


@pytest.mark.parametrize(
    ("span", "shown"),
    [
        (timedelta(seconds=5), "0:05"),
        (timedelta(minutes=12, seconds=3), "12:03"),
        (timedelta(hours=2, minutes=5), "2 h 05"),
        (timedelta(days=3, hours=4), "3 d"),
        (timedelta(seconds=-61), "-1:01"),
    ],
)
def test_a_length_of_time_is_short(span: timedelta, shown: str) -> None:
    assert brief(span) == shown


@pytest.mark.parametrize(
    ("used", "shown"),
    [(0, "green"), (0.49, "green"), (0.5, "yellow"), (0.79, "yellow"), (0.8, "red"), (2, "red")],
)
def test_a_colour_says_how_much_is_used_up(used: float, shown: str) -> None:
    assert colour(used) == shown


def test_what_runs_out_first_is_told() -> None:
    chat = handoff(
        "1",
        "anna",
        ACCEPTED,
        reply_due_time=at(5),
        clocks=[clock(1, 10, 8), clock(3, 60, 3)],  # the end is not the agent's next word
    )
    due = due_of(chat, at(0))
    assert due is not None
    assert (due.what, due.at, due.since) == ("goes back to the queue", at(5), at(0))
    assert due.used(at(4)) == pytest.approx(0.8)
    chat.reply_due_time.FromDatetime(at(9))
    due = due_of(chat, at(0))
    assert due is not None
    assert (due.what, due.at, due.since) == ("first reply promised", at(8), at(-2))
    assert due.left(at(9)) == -MINUTE
    found = promise_of(chat)
    assert found is not None
    assert found.at == at(3)


def test_an_offer_runs_out() -> None:
    chat = handoff("1", "anna", OFFERED, update_time=at(0), offer_expire_time=at(0.5))
    due = due_of(chat, at(0))
    assert due is not None
    assert due.used(at(0.25)) == pytest.approx(0.5)


def test_a_broken_promise_is_seen() -> None:
    assert is_broken(handoff("1", "anna", ACCEPTED, clocks=[clock(1, 10, None, state=4)]))
    assert not is_broken(handoff("1", "anna", ACCEPTED, clocks=[clock(1, 10, 8)]))


def test_how_a_chat_stands_follows_from_who_spoke_last() -> None:
    chat = Chat(1, handoff("1", "anna", RESERVED, create_time=at(1), owner_epoch=2))
    assert chat.standing == "one moment"
    chat.handoff.state = ACCEPTED
    chat.heard(message(resources.AUTHOR_CONTACT, 0, owner_epoch=1))
    assert (chat.standing, chat.waits_since) == ("new", at(1))
    chat.heard(message(resources.AUTHOR_AGENT, 2, owner_epoch=2))
    assert (chat.standing, chat.waits_since, chat.due) == ("answered", None, None)
    chat.heard(message(resources.AUTHOR_CONTACT, 3, owner_epoch=2))
    chat.heard(message(resources.AUTHOR_CONTACT, 4, owner_epoch=2))
    assert (chat.standing, chat.waits_since) == ("waits for you", at(3))
    chat.handoff.state = ON_HOLD
    assert (chat.standing, chat.waits_since) == ("on hold", None)


def test_another_agents_words_are_not_ones_own() -> None:
    chat = Chat(1, handoff("1", "anna", ACCEPTED, create_time=at(0), owner_epoch=4))
    chat.heard(message(resources.AUTHOR_AGENT, 2, owner_epoch=2))
    assert chat.standing == "new"
    assert chat.waits_since == at(2)


def test_numbers_are_not_given_again_soon() -> None:
    chats = Chats(AGENT)
    first = chats.put(handoff("a", "anna", OFFERED))
    second = chats.put(handoff("b", "bert", OFFERED))
    chats.drop(second)
    third = chats.put(handoff("c", "carla", OFFERED))
    assert [first.number, second.number, third.number] == [1, 2, 3]
    for name in range(96):
        chats.drop(chats.put(handoff(str(name), "x", OFFERED)))
    assert chats.put(handoff("z", "zoe", OFFERED)).number == 2
    assert chats.numbered(3) is third


def test_an_older_revision_changes_nothing() -> None:
    chats = Chats(AGENT)
    chats.put(handoff("a", "anna", ACCEPTED, revision=5))
    assert chats.put(handoff("a", "anna", OFFERED, revision=4)).state == ACCEPTED


def test_holds_weigh_less() -> None:
    chats = Chats(AGENT)
    for name, state in (("a", ACCEPTED), ("b", ON_HOLD), ("c", ON_HOLD), ("d", OFFERED)):
        chats.put(handoff(name, name, state))
    assert chats.load(0.2) == pytest.approx(2.4)
    assert [chat.handoff.id for chat in chats.open()] == ["a", "b", "c"]
    assert [chat.handoff.id for chat in chats.offers()] == ["d"]


def test_another_chat_is_spoken_in_when_one_goes() -> None:
    chats = Chats(AGENT)
    chats.current = chats.put(handoff("a", "anna", ACCEPTED))
    other = chats.put(handoff("b", "bert", ACCEPTED))
    chats.drop(chats.current)
    assert chats.current is other
    assert moment(other.handoff.create_time).tzinfo is UTC
