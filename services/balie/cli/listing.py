"""Reading whole lists page by page, and what a call that fails means: what most commands that list have in common."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import grpc

from balie.cli.console import explain_failure

T = TypeVar("T")

_PAGE = 500
_CALL_SECONDS = 30.0


async def listed(
    call: Callable[..., Awaitable[Any]], request: Any, of: Callable[[Any], Iterator[T]]
) -> AsyncIterator[T]:
    """Yields everything of a list.

    Args:
        call: asks for a page.
        request: what is asked, without a page; its page is set here.
        of: returns what is listed in a page.
    """
    request.page_size = _PAGE
    while True:
        page = await call(request, timeout=_CALL_SECONDS)
        for one in of(page):
            yield one
        request.page_token = page.next_page_token
        if not request.page_token:
            return


@contextmanager
def explaining(address: str) -> Iterator[None]:
    """Ends the command with what a failed call means.

    Args:
        address: whom was called.
    """
    try:
        yield
    except grpc.RpcError as error:
        explain_failure(error, address)
