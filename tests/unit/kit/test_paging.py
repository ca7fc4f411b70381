"""Pages: sizes within their bounds, and tokens bound to the list that gave them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balie.api.faq.v1 import knowledge_service_pb2
from balie.api.gateway.v1 import conversation_service_pb2
from balie.api.handoff.v1 import agent_service_pb2, handoff_service_pb2, queue_service_pb2
from balie.kit.errors import CursorMalformed, FieldOutOfRange
from balie.kit.paging import PagedRequest, decode_page, encode_page, page_size

LISTS = (
    agent_service_pb2.ListAgentsRequest,
    conversation_service_pb2.ListConversationsRequest,
    conversation_service_pb2.ListMessagesRequest,
    handoff_service_pb2.ListHandoffsRequest,
    knowledge_service_pb2.ListCollectionsRequest,
    knowledge_service_pb2.ListEntriesRequest,
    queue_service_pb2.ListQueuesRequest,
)
SCOPE = ("notes", "default", "shop", "")


@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize(("asked", "given_"), [(None, 50), (1, 1), (500, 500)])
def test_a_page_holds_what_was_asked_or_50(kind: type[PagedRequest], asked: int | None, given_: int) -> None:
    assert page_size(kind(page_size=asked)) == given_  # type: ignore[call-arg]  # a protocol tells no constructor


@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize("asked", [-1, 0, 501, 2**31 - 1])
def test_refuses_a_size_out_of_range(kind: type[PagedRequest], asked: int) -> None:
    with pytest.raises(FieldOutOfRange) as caught:
        page_size(kind(page_size=asked))  # type: ignore[call-arg]
    assert caught.value.metadata == {
        "field": "page_size",
        "minimum": "1",
        "maximum": "500",
        "actual": str(asked),
    }


@given(st.text(min_size=1, max_size=128).filter(lambda text: text.isprintable()))
def test_a_token_gives_back_the_last_key(last: str) -> None:
    assert decode_page(SCOPE, encode_page(SCOPE, last)) == last


def test_a_list_begins_without_a_token_and_ends_without_one() -> None:
    assert decode_page(SCOPE, "") == ""
    assert encode_page(SCOPE, "") == ""


@pytest.mark.parametrize(
    "other",
    [
        ("notes", "default", "shop", "dogs"),
        ("notes", "default", "other", ""),
        ("notes", "acme", "shop", ""),
        ("shops", "default"),
        ("notes",),
    ],
)
def test_refuses_the_token_of_another_list(other: tuple[str, ...]) -> None:
    with pytest.raises(CursorMalformed) as caught:
        decode_page(SCOPE, encode_page(other, "dogs"))
    assert caught.value.metadata["field"] == "page_token"


@pytest.mark.parametrize("token", ["nonsense", "AAAA", "AAAAAAAA", "é", "\udc80"])
def test_refuses_what_is_no_token(token: str) -> None:
    with pytest.raises(CursorMalformed):
        decode_page(SCOPE, token)


@given(st.text(min_size=1))
def test_refuses_what_it_did_not_make(token: str) -> None:
    with pytest.raises(CursorMalformed):
        decode_page(SCOPE, token)
