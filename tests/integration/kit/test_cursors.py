"""Cursors say how far a follower has come, and are understood by nobody else."""

import base64

import pytest
from tests.integration.kit.steps import TENANT, given_up

from balie.kit.cursors import FollowerCursors, decode_cursor, encode_cursor
from balie.kit.database import Database
from balie.kit.errors import CursorMalformed

LAST = 2**63 - 1


@pytest.mark.parametrize("position", [0, 1, 255, 256, LAST])
@pytest.mark.parametrize("topic", ["", "conversation:7", "zoë"])
def test_a_cursor_decodes_to_its_position(topic: str, position: int) -> None:
    assert decode_cursor(topic, encode_cursor(topic, position)) == position


def test_the_empty_cursor_is_the_beginning() -> None:
    assert decode_cursor("conversation:7", "") == 0


def test_a_cursor_of_another_topic_is_refused() -> None:
    cursor = encode_cursor("conversation:7", 12)
    with pytest.raises(CursorMalformed):
        decode_cursor("conversation:8", cursor)


def altered(cursor: str, index: int) -> str:
    packed = bytearray(base64.urlsafe_b64decode(cursor))
    packed[index] ^= 1
    return base64.urlsafe_b64encode(packed).decode()


@pytest.mark.parametrize("index", range(15))
def test_a_cursor_with_one_bit_changed_is_refused(index: int) -> None:
    with pytest.raises(CursorMalformed):
        decode_cursor("conversation:7", altered(encode_cursor("conversation:7", 12), index))


@pytest.mark.parametrize(
    "cursor",
    ["12", "0", "-1", " ", "AAAA", "é", "\x00", "A" * 20, "=" * 8, "A" * 100_000, encode_cursor("topic", -1)],
)
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(CursorMalformed):
        decode_cursor("topic", cursor)


def test_a_cursor_with_something_around_it_is_refused() -> None:
    cursor = encode_cursor("topic", 12)
    for changed in (cursor + "\n", " " + cursor, cursor + "AAAA", cursor[:-4], cursor.replace("A", "", 1)):
        with pytest.raises(CursorMalformed):
            decode_cursor("topic", changed)


def test_cursors_are_safe_in_urls_and_metadata() -> None:
    for position in range(300):
        assert encode_cursor("topic", position).replace("-", "").replace("_", "").isalnum()


async def test_a_follower_finds_its_cursor_again(database: Database) -> None:
    cursors = FollowerCursors(database)
    assert await cursors.load(TENANT, "gateway", "handoff") == ""
    for cursor in ("first", "second"):
        async with database.write() as tx:
            await cursors.save(tx, TENANT, "gateway", "handoff", cursor)
        assert await cursors.load(TENANT, "gateway", "handoff") == cursor
    for other in (("globex", "gateway", "handoff"), (TENANT, "faq", "handoff"), (TENANT, "gateway", "nlu")):
        assert await cursors.load(*other) == ""


async def test_a_cursor_is_saved_with_the_transaction_it_belongs_to(database: Database) -> None:
    cursors = FollowerCursors(database)
    async with database.write() as tx:
        await cursors.save(tx, TENANT, "gateway", "handoff", "first")
    async with given_up(database) as tx:
        await cursors.save(tx, TENANT, "gateway", "handoff", "second")
    assert await cursors.load(TENANT, "gateway", "handoff") == "first"
