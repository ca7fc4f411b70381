"""Writes a text as YAML reads it back, without quotes where it needs none."""

import re

_PLAIN = re.compile(r"[^\W\d_](?:[\w ',.?!()/+-]*[\w',.?!()/+])?")
"""What no reader of YAML takes for anything but this text; the words below aside."""

_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
"""What YAML 1.1 takes for a truth value or nothing. Source: yaml.org/type/bool.html, yaml.org/type/null.html."""

_ESCAPED = re.compile(
    r'["\\]|[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]'
)


def quoted(text: str) -> str:
    """Returns a text for one line of YAML: as it is, or in double quotes."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return '"' + _ESCAPED.sub(_escape, text) + '"'


def is_plain_line(text: str) -> bool:
    """Returns whether a text is one line that needs no escapes, as a block (`|`) holds it."""
    return not _ESCAPED.search(text.replace('"', "").replace("\\", ""))


def _escape(found: re.Match[str]) -> str:
    sign = found[0]
    if sign in '"\\':
        return f"\\{sign}"
    code = ord(sign)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
