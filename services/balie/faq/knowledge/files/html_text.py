"""The text of a piece of HTML as a customer can read it: no tags, lines where there are blocks, addresses beside links."""

import re
from collections.abc import Sequence
from html.parser import HTMLParser

BLOCKS = frozenset(
    {"p", "div", "br", "ul", "ol", "li", "tr", "table", "section", "h1", "h2", "h3", "h4", "h5", "h6"}
)
UNSEEN = frozenset({"script", "style", "template", "noscript"})

_SPACES = re.compile(r"[ \t\r\n\f]+")
_AROUND_LINES = re.compile(r" *\n *")
_MANY_LINES = re.compile(r"\n{3,}")
_MARKUP = re.compile(r"<[a-zA-Z/!]|&(?:#\d+|#[xX][0-9a-fA-F]+|[a-zA-Z][a-zA-Z0-9]*);")
_ADDRESS = re.compile(r"(?:https?://|mailto:|tel:)\S+")


def html_text(text: str) -> str:
    """Returns what a text says, which may or may not be HTML."""
    if not _MARKUP.search(text):
        return text.strip()
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return tidy(reader.parts)


def tidy(parts: Sequence[str]) -> str:
    """Returns pieces of text and line ends as one text, without the spaces that HTML does not show."""
    joined = _AROUND_LINES.sub("\n", "".join(parts))
    return _MANY_LINES.sub("\n\n", joined).strip()


def shown(data: str) -> str:
    """Returns text between tags as HTML shows it."""
    return _SPACES.sub(" ", data)


def opened(tag: str) -> str:
    """Returns what a text gets where a tag begins."""
    if tag == "li":
        return "\n- "
    return "\n" if tag in BLOCKS else ""


def address(attributes: Sequence[tuple[str, str | None]]) -> str:
    """Returns where a link leads, "" when that is no address that can be written to a customer."""
    value = next((value or "" for name, value in attributes if name == "href"), "").strip()
    return value.removeprefix("mailto:").removeprefix("tel:") if _ADDRESS.fullmatch(value) else ""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._unseen = 0
        self._links: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unseen += tag in UNSEEN
        self.parts.append(opened(tag))
        if tag == "a":
            self._links.append((address(attrs), len(self.parts)))

    def handle_endtag(self, tag: str) -> None:
        if tag in UNSEEN and self._unseen:
            self._unseen -= 1
        if tag in BLOCKS and tag not in ("br", "li"):
            self.parts.append("\n")
        if tag == "a" and self._links:
            link, start = self._links.pop()
            if link and link not in "".join(self.parts[start:]):
                self.parts.append(f" ({link})")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.parts.append(shown(data))
