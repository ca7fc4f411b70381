"""Answer ids: opaque to callers, and enough to find the entry, its revision and language again.

Nothing is stored when an answer is shown, so the id carries what feedback on it will need. 64 random bits make each
unique.
"""

import base64
import binascii
import secrets
import struct
from dataclasses import dataclass, field

from balie.kit.errors import FieldMalformed

_FORM = 1  # first byte of every id; another form gets another number
_HEAD = struct.Struct(">BQQQQ")


def _random() -> int:
    return secrets.randbits(64)


@dataclass(frozen=True, slots=True)
class AnswerId:
    """What an answer's id says.

    Attributes:
        number: the entry's.
        revision: of the entry, as it was shown.
        generation: of the index that found it.
        language: in which it was shown.
        nonce: 64 random bits.
    """

    number: int
    revision: int
    generation: int
    language: str
    nonce: int = field(default_factory=_random)

    def encode(self) -> str:
        """Returns the id: letters, digits, `-` and `_`."""
        head = _HEAD.pack(_FORM, self.number, self.revision, self.generation, self.nonce)
        return base64.urlsafe_b64encode(head + self.language.encode()).decode("ascii").rstrip("=")

    @staticmethod
    def decode(text: str, *, name: str = "answer_id") -> "AnswerId":
        """Returns what an id says.

        Args:
            text: the id.
            name: the field it came in, for the failure.

        Raises:
            FieldMalformed: `encode` did not make it.
        """
        try:
            packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            form, number, revision, generation, nonce = _HEAD.unpack_from(packed)
            found = AnswerId(number, revision, generation, packed[_HEAD.size :].decode(), nonce)
        except (ValueError, struct.error, binascii.Error):
            raise FieldMalformed(name, expected="the id of an answer") from None
        if form != _FORM or found.encode() != text:
            raise FieldMalformed(name, expected="the id of an answer")
        return found
