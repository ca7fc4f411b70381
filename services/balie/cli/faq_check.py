"""Reads files of entries to their end before anything is sent, and remembers where each entry stands.

The memory this takes is bounded by the number of entries, some 200 bytes each, and not by the size of the files.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

from balie.faq.errors import EntryFileWrong
from balie.faq.knowledge import convert
from balie.faq.knowledge.files import FileEntry, Source, format_of, scan_entries
from balie.kit.errors import Failure
from balie.kit.text_files.encoding import wrong_encoding

MOST_PROBLEMS = 1000
_DIGEST_BYTES = 16


@dataclass
class Checked:
    """What files hold.

    Attributes:
        languages: of the texts, in the order in which they come first.
        problems: what is wrong, in the order of the files; at most `MOST_PROBLEMS`, and `wrong` counts all of it.
    """

    languages: dict[str, None] = field(default_factory=dict)
    problems: list[EntryFileWrong] = field(default_factory=list)
    wrong: int = 0
    _files: list[tuple[int, Path, str]] = field(default_factory=list)
    _places: "array[int]" = field(default_factory=lambda: array("L"))

    @property
    def entries(self) -> int:
        """Returns how many entries there are."""
        return len(self._places)

    def begin(self, file: Path, unit: str) -> None:
        """Says that the entries that come now are of a file."""
        self._files.append((len(self._places), file, unit))

    def add(self, entry: FileEntry) -> None:
        """Counts an entry."""
        self._places.append(entry.place)
        self.languages |= dict.fromkeys(text.language for text in entry.texts)

    def refuse(self, problem: EntryFileWrong) -> None:
        """Adds what is wrong."""
        self.wrong += 1
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem)

    def where(self, number: int) -> str:
        """Returns file and place of an entry, by its number among all of them, from 1."""
        _, file, unit = next(found for found in reversed(self._files) if found[0] < number)
        place = self._places[number - 1]
        return f"{file}:{place}" if unit == "line" else f"{file}: {unit} {place}"


def check(sources: Sequence[Source]) -> Checked:
    """Returns what files hold, after reading all of them to their end as far as they can be read."""
    found = Checked()
    seen: dict[bytes, int] = {}
    for source in sources:
        try:
            found.begin(source.path, format_of(source.path).unit)
            for entry in scan_entries(source):
                if isinstance(entry, EntryFileWrong):
                    found.refuse(entry)
                    continue
                found.add(entry)
                problem = _problem(entry)
                if len(sources) > 1:
                    key = blake2b(entry.id.encode("utf-8", "replace"), digest_size=_DIGEST_BYTES).digest()
                    first = seen.setdefault(key, found.entries)
                    if first != found.entries:
                        problem = problem or f"the id {entry.id!r} is that of {found.where(first)} too"
                if problem:
                    found.refuse(entry.wrong(source, problem))
        except EntryFileWrong as wrong:
            found.refuse(wrong)
    return found


def _problem(entry: FileEntry) -> str:
    """Returns why the service would refuse an entry whatever its collection is, "" if it would not."""
    content = entry.content
    texts = [content.id, *content.tags, *content.audience, *content.market, *content.metadata]
    texts += content.metadata.values()
    for text in content.texts:
        texts += [text.language, text.answer, *text.asked()]
    for word in texts:
        if problem := wrong_encoding(word):
            return f"a text {problem}"
    try:
        convert.entry_from_proto(convert.content_to_proto(content))
    except Failure as failure:
        return failure.message
    return ""
