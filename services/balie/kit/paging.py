"""Pages of lists: how many items one holds, and tokens that say where the next begins.

A token is opaque to callers and bound to the list that gave it.
"""

import base64
import binascii
import hashlib
from typing import Literal, Protocol

from balie.kit import bounds
from balie.kit.errors import CursorMalformed

PAGE_SIZE = 500
PAGE_SIZE_DEFAULT = 50

_CHECK_BYTES = 6
_FIELD = "page_token"


class PagedRequest(Protocol):
    """What a request for a page offers: a size that may be absent."""

    page_size: int

    def HasField(self, field_name: Literal["page_size"], /) -> bool:  # noqa: N802  protobuf's name
        """Returns whether the size was given."""


def page_size(request: PagedRequest) -> int:
    """Returns how many items a page holds at most.

    Raises:
        FieldOutOfRange: it was given and is not from 1 to `PAGE_SIZE`.
    """
    if not request.HasField("page_size"):
        return PAGE_SIZE_DEFAULT
    return bounds.number("page_size", request.page_size, 1, PAGE_SIZE)


def encode_page(scope: tuple[str, ...], last: str) -> str:
    """Returns a token for what follows `last`; empty when `last` is, as nothing follows.

    Args:
        scope: which list it is: its name, and all that narrows it.
        last: key of the last item of the page before.
    """
    if not last:
        return ""
    body = last.encode()
    return base64.urlsafe_b64encode(_check(scope, body) + body).decode("ascii")


def decode_page(scope: tuple[str, ...], token: str) -> str:
    """Returns the key after which the list goes on; empty, its beginning, for the empty token.

    The check guards against mistakes, not against forgery: a token opens nothing that its caller may not read.

    Raises:
        CursorMalformed: `encode_page` did not make it, or made it for another list.
    """
    if not token:
        return ""
    try:
        packed = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
        check, body = packed[:_CHECK_BYTES], packed[_CHECK_BYTES:]
        last = body.decode()
    except (ValueError, binascii.Error):
        raise CursorMalformed(_FIELD) from None
    if not last or check != _check(scope, body):
        raise CursorMalformed(_FIELD)
    return last


def _check(scope: tuple[str, ...], body: bytes) -> bytes:
    digest = hashlib.sha256(body)
    for part in scope:
        digest.update(b"\0" + part.encode())
    return digest.digest()[:_CHECK_BYTES]
