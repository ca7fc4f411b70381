r"""Several texts in one cell, parted by bars: `hond | hondje`; a bar within a text is written `\|`."""

import re
from collections.abc import Iterable

_PART = re.compile(r"(?:[^|\\]|\\.|\\$)*", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_SPECIAL = re.compile(r"[\\|]")


def split(cell: str) -> list[str]:
    """Returns the texts of a cell, without spaces around them; blank ones are left out."""
    if "\\" not in cell:
        return [part.strip() for part in cell.split("|") if part.strip()]
    parts, start = list[str](), 0
    while start <= len(cell):
        found = _PART.match(cell, start)
        end = found.end() if found else len(cell)
        parts.append(_unescaped(cell[start:end]))
        start = end + 1
    return [part for part in parts if part]


def join(texts: Iterable[str]) -> str:
    """Returns texts as one cell, from which `split` gets the same ones."""
    return "|".join(map(_escaped, texts))


def _unescaped(part: str) -> str:
    part = part.lstrip()
    kept = part.rstrip()
    if len(kept) < len(part) and (len(kept) - len(kept.rstrip("\\"))) % 2:
        kept = part[: len(kept) + 1]  # the first space after a backslash is one of the text's
    return _ESCAPED.sub(r"\1", kept)


def _escaped(text: str) -> str:
    found = _SPECIAL.sub(r"\\\g<0>", text)
    if found[:1].isspace():
        found = "\\" + found
    inner = found.rstrip()
    if len(inner) == len(found):
        return found
    return inner + "".join(f"\\{sign}" for sign in found[len(inner) :])
