"""In which encoding a text file is, and what is wrong with the characters of one.

A file is UTF-8, with or without a mark, or UTF-16 with one, unless its reader was told another encoding. Bytes that do not
fit are decoded with `surrogateescape`, so that reading goes on and each of them can be told with its line.
"""

import codecs
import re
from pathlib import Path

_SURROGATE = re.compile(r"[\ud800-\udfff]")
_UNDECODED = re.compile(r"[\udc80-\udcff]")


def encoding_of(file: Path) -> str:
    """Returns how to decode a file whose encoding nobody named.

    Raises:
        OSError: it cannot be read.
    """
    with file.open("rb") as stream:
        start = stream.read(2)
    return "utf-16" if start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"


def is_encoding(name: str) -> bool:
    """Returns whether text can be in an encoding of this name."""
    try:
        "".encode(name)
    except (LookupError, ValueError):  # unknown, or one that makes no bytes of text, such as rot13
        return False
    return True


def undecoded(text: str) -> tuple[int, int] | None:
    """Returns the first byte that could not be decoded and its column, from 1; None when there is none."""
    found = None if text.isascii() else _UNDECODED.search(text)
    return None if found is None else (ord(found[0]) - 0xDC00, found.start() + 1)


def as_windows_1252(text: str) -> str:
    """Returns a line that could not be decoded as UTF-8 as Windows-1252 has it; "" when it cannot be that either."""
    try:
        return text.encode("utf-8", "surrogateescape").decode("cp1252")
    except UnicodeError:
        return ""


def wrong_encoding(text: str) -> str:
    """Returns what is wrong with the characters of a text, "" if nothing."""
    if text.isascii():
        return ""
    if found := undecoded(text):
        return f"holds the byte 0x{found[0]:02X}, which is not UTF-8: save the file as UTF-8"
    if _SURROGATE.search(text):
        return "holds half a character: check how its escapes were written"
    return ""
