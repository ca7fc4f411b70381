"""A web page that holds an `FAQPage`: as JSON-LD in a script, or as microdata among what people see.

Source: the HTML standard, section 5 (microdata); schema.org/FAQPage.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from balie.faq.errors import EntryFileWrong
from balie.faq.knowledge.files.entry import FileEntry
from balie.faq.knowledge.files.faq_page import PLAIN, entries_of, pages_of
from balie.faq.knowledge.files.html_text import BLOCKS, UNSEEN, address, opened, shown, tidy
from balie.faq.knowledge.files.source import Source

_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
_ATTRIBUTE_VALUES = {"meta": "content", "a": "href", "link": "href", "time": "datetime", "data": "value"}


def read(source: Source) -> Iterator[FileEntry | EntryFileWrong]:
    """Yields the questions of a page, one language each, and what is wrong with those that are none.

    Raises:
        EntryFileWrong: it cannot be read to its end, or holds no FAQPage.
    """
    page = _Page()
    page.feed(source.whole())
    page.close()
    found = []
    for line, script in page.scripts:
        try:
            document = json.loads(script, strict=False)  # line ends within texts are common there
        except json.JSONDecodeError as error:
            if "FAQPage" in script:
                place = line + error.lineno - 1
                raise source.wrong(place, f"the JSON-LD is not JSON: {error.msg}") from None
        except (ValueError, RecursionError):
            continue
        else:
            found += list(pages_of(document))
    found += list(pages_of(page.items)) if not found else []  # a page may say the same in both ways
    if not found:
        raise source.wrong(
            0, "holds no FAQPage of schema.org, neither as JSON-LD in a script nor as microdata"
        )
    yield from entries_of(source, found, page.language)


@dataclass
class _Element:
    """An element that is open.

    Attributes:
        item: the microdata item that it is.
        name: the property whose text it holds, "" for none.
        owner: the item that the property belongs to.
        parts: the property's text so far.
    """

    tag: str
    item: dict[str, Any] | None = None
    name: str = ""
    owner: dict[str, Any] | None = None
    parts: list[str] = field(default_factory=list)
    link: str = ""


class _Page(HTMLParser):
    """Collects a page's scripts of JSON-LD with their lines, its microdata items, and its language."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.scripts: list[tuple[int, str]] = []
        self.items: list[dict[str, Any]] = []
        self.language = ""
        self._open: list[_Element] = []
        self._script: list[str] | None = None
        self._script_line = 0
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.language = values.get("lang", "").strip()
        if tag in UNSEEN:
            self._unseen += 1
            if (
                tag == "script"
                and values.get("type", "").split(";")[0].strip().lower() == "application/ld+json"
            ):
                self._script, self._script_line = [], self.getpos()[0]
            return
        element = _Element(tag)
        owner = next((one.item for one in reversed(self._open) if one.item is not None), None)
        name = values.get("itemprop", "").split(" ")[0]
        if "itemscope" in values:
            element.item = {"@type": values.get("itemtype", "").strip(), "encodingFormat": PLAIN}
            if "itemid" in values:
                element.item["@id"] = values["itemid"]
            if name and owner is not None:
                _add(owner, name, element.item)
            else:
                self.items.append(element.item)
        elif name and owner is not None:
            attribute = "content" if "content" in values else _ATTRIBUTE_VALUES.get(tag, "")
            if attribute in values:
                _add(owner, name, values[attribute])
            elif tag not in _VOID:
                element.name, element.owner = name, owner
        if tag == "a":
            element.link = address(attrs)
        self._say(opened(tag))
        if tag not in _VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in UNSEEN:
            self._unseen = max(0, self._unseen - 1)
            if tag == "script" and self._script is not None:
                self.scripts.append((self._script_line, "".join(self._script)))
                self._script = None
            return
        if all(one.tag != tag for one in self._open):
            return
        while True:  # elements whose end is left out end with the one around them
            element = self._open.pop()
            self._close(element)
            if element.tag == tag:
                break
        if tag in BLOCKS and tag != "li":
            self._say("\n")

    def handle_data(self, data: str) -> None:
        if self._script is not None:
            self._script.append(data)
        elif not self._unseen:
            self._say(shown(data))

    def close(self) -> None:
        super().close()
        while self._open:
            self._close(self._open.pop())

    def _say(self, text: str) -> None:
        for element in self._open:
            if element.name:
                element.parts.append(text)

    def _close(self, element: _Element) -> None:
        if element.link:
            self._say(f" ({element.link})")
        if element.name and element.owner is not None:
            _add(element.owner, element.name, tidy(element.parts))


def _add(item: dict[str, Any], name: str, value: object) -> None:
    """Gives an item a property, which may come several times."""
    if name not in item:
        item[name] = value
    elif isinstance(item[name], list):
        item[name].append(value)
    else:
        item[name] = [item[name], value]
