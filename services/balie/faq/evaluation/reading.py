"""Reads the entries and the questions of an evaluation from several files each."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from balie.faq.domain import EntryContent, EntryState
from balie.faq.errors import EntryFileWrong
from balie.faq.evaluation.queries import EvalQuery, is_broken, known, read_queries
from balie.faq.knowledge.files import Source, read_entries


def read_contents(sources: Sequence[Source]) -> tuple[dict[str, EntryContent], list[str]]:
    """Returns the entries that searches find now, by id, and what was left out.

    Raises:
        EntryFileWrong: a file cannot be read, or something in it is no entry; an id is in two files; or there are none.
    """
    found: dict[str, EntryContent] = {}
    files: dict[str, Source] = {}
    now, hidden = datetime.now(UTC), 0
    for source in sources:
        for entry in read_entries(source):
            if entry.id in files:
                raise entry.wrong(source, f"the id {entry.id!r} is in {files[entry.id].path} too")
            if any(map(is_broken, entry.content.worded())):
                raise entry.wrong(source, f"a text of {entry.id!r} holds half of a character")
            files[entry.id] = source
            if _is_found(entry.content, now):
                found[entry.id] = entry.content
            else:
                hidden += 1
    if not found:
        raise EntryFileWrong(sources[0].path, 0, "holds no entry that searches find now")
    notes = [f"{hidden} entries are left out, as searches do not find them now."] if hidden else []
    return found, notes


def read_questions(sources: Sequence[Source], ids: Collection[str]) -> list[EvalQuery]:
    """Returns the questions of files, in their order.

    Args:
        sources: the files.
        ids: of the entries that may be named.

    Raises:
        EntryFileWrong: a file cannot be read, a line is no question, or it names an entry that is not there.
    """
    found: list[EvalQuery] = []
    for source in sources:
        queries = read_queries(source)
        known(queries, frozenset(ids), source.path)
        found += queries
    return found


def _is_found(content: EntryContent, now: datetime) -> bool:
    return (
        content.state is EntryState.PUBLISHED
        and (content.valid_from is None or content.valid_from <= now)
        and (content.valid_until is None or now < content.valid_until)
    )
