"""Canned replies on both databases."""

import pytest
from tests.unit.handoff.desks import TENANT, Desks, write

from balie.handoff.canned_replies.errors import ShortcutTaken
from balie.handoff.canned_replies.replies import CannedReplies
from balie.handoff.canned_replies.reply import CannedReply, unknown_placeholder
from balie.handoff.canned_replies.store import Wanted


def reply(name: str, *, language: str = "nl", queues: tuple[str, ...] = ()) -> CannedReply:
    return CannedReply(f"{name}-{language}", name, language, name.title(), "Dag {contact}.", queues)


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("", ""),
        ("Dag {contact}, dit is {agent}.", ""),
        ("{contact}{name}", "{name}"),
        ("{contact", "{"),
        ("contact}", "}"),
        ("{{agent}}", "{"),
    ],
)
def test_placeholders(text: str, unknown: str) -> None:
    assert unknown_placeholder(text) == unknown


async def test_replies_are_kept_with_their_queues_in_order(at: Desks) -> None:
    replies = CannedReplies(at.journal)
    await at.queue("a-queue")
    stored = await replies.put(write(), reply("hours", queues=("desk", "a-queue")))
    assert stored.updated_at == at.clock.time
    assert await replies.get(TENANT, "hours-nl") == stored
    changed = await replies.put(write(), reply("hours"))
    assert await replies.get(TENANT, "hours-nl") == changed
    assert changed.queue_ids == ()


async def test_a_page_goes_on_after_shortcut_and_language(at: Desks) -> None:
    replies = CannedReplies(at.journal)
    for name, language in (("b", "nl"), ("a", "nl"), ("a", "de"), ("b", "de"), ("B", "nl")):
        await replies.put(write(), reply(name, language=language))
    found: list[str] = []
    after = None
    while True:
        page, after = await replies.page(TENANT, Wanted(), after=after, size=2)
        found += [one.id for one in page]
        if after is None:
            break
    assert found == ["B-nl", "a-de", "a-nl", "b-de", "b-nl"]


async def test_a_shortcut_is_one_replys_in_a_language(at: Desks) -> None:
    replies = CannedReplies(at.journal)
    await replies.put(write(), reply("hours"))
    with pytest.raises(ShortcutTaken):
        await replies.put(write(), CannedReply("other", "hours", "nl", "Other", "Dag."))
    await replies.delete(write(), "hours-nl")
    await replies.put(write(), CannedReply("other", "hours", "nl", "Other", "Dag."))


async def test_a_page_ends_before_it_is_too_large(at: Desks) -> None:
    replies = CannedReplies(at.journal)
    for number in range(130):
        await replies.put(write(), CannedReply(f"r{number:03}", f"r{number:03}", "nl", "R", "x" * 4000))
    page, after = await replies.page(TENANT, Wanted(), after=None, size=500)
    assert len(page) == 124
    assert after == ("r123", "nl")
