"""Answer ids: opaque to callers, and enough to find the entry, its revision and language again.

Nothing is stored when an answer is shown, so the id carries what feedback on it will need. 63 random bits, the same for
all answers of one search, make each unique and lead to the question it was given to.
"""

import base64
import binascii
import hashlib
import secrets
import struct
from dataclasses import dataclass, field

from balie.faq.errors import AnswerNotFound
from balie.kit.errors import FieldMalformed

_FORM = 2  # first byte of every id; another form gets another number
_HEAD = struct.Struct(">Bqqqq")
_CHECK_BYTES = 6


def new_nonce() -> int:
    """Returns 63 random bits: what a signed column of 64 bits holds."""
    return secrets.randbits(63)


@dataclass(frozen=True, slots=True)
class AnswerId:
    """What an answer's id says.

    Attributes:
        number: the entry's.
        revision: of the entry, as it was shown.
        generation: of the index that found it.
        language: in which it was shown.
        nonce: 63 random bits, the same for all answers of one search.
    """

    number: int
    revision: int
    generation: int
    language: str
    nonce: int = field(default_factory=new_nonce)

    def encode(self, tenant: str) -> str:
        """Returns the id of an answer of a tenant: letters, digits, `-` and `_`."""
        head = _HEAD.pack(_FORM, self.number, self.revision, self.generation, self.nonce)
        body = head + self.language.encode()
        return base64.urlsafe_b64encode(_check(tenant, body) + body).decode("ascii").rstrip("=")

    @staticmethod
    def decode(text: str, tenant: str, *, name: str = "answer_id") -> "AnswerId":
        """Returns what an id says.

        Numbers of entries begin with 1 in every tenant, so another tenant's id would name an entry that is there. The
        check guards against that mistake, not against forgery.

        Args:
            text: the id.
            tenant: whose answer it shall be.
            name: the field it came in, for the failure.

        Raises:
            FieldMalformed: it does not have the form of an id.
            AnswerNotFound: it has, and `encode` did not make it for this tenant.
        """
        try:
            packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            check, body = packed[:_CHECK_BYTES], packed[_CHECK_BYTES:]
            form, number, revision, generation, nonce = _HEAD.unpack_from(body)
            language = body[_HEAD.size :].decode()
        except (ValueError, struct.error, binascii.Error):
            raise FieldMalformed(name, expected="the id of an answer") from None
        if form != _FORM:
            raise FieldMalformed(name, expected="the id of an answer")
        found = AnswerId(number, revision, generation, language, nonce)
        if check != _check(tenant, body) or found.encode(tenant) != text:
            raise AnswerNotFound(text)
        return found


def _check(tenant: str, body: bytes) -> bytes:
    return hashlib.blake2b(body, key=tenant.encode(), digest_size=_CHECK_BYTES).digest()
