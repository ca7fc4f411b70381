"""Reads files of examples, of whichever format: to learn from, to be measured by, or to say what is wrong with them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from balie.nlu.errors import DataFileWrong
from balie.nlu.examples import OUT_OF_SCOPE, Example, Examples, Note
from balie.nlu.folding import phrase_of
from balie.nlu.training_data.collecting import Collector
from balie.nlu.training_data.formats import files_in, reader_of
from balie.nlu.training_data.languages import with_languages

_TAGS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Gathered:
    """All that files hold.

    Attributes:
        files: which were read.
        examples: in the order of the files, in any language; `language` is "" where nobody says it and none was asked for.
        problems: what is wrong, in the order of the files.
        notes: what is not used, or understood otherwise than it may have been meant.
    """

    files: Sequence[Path]
    examples: Sequence[Example]
    problems: Sequence[DataFileWrong]
    notes: Sequence[Note]


def gather(
    paths: Sequence[Path],
    languages: Sequence[str] = (),
    *,
    language: str = "",
    oos_labels: Sequence[str] | None = None,
) -> Gathered:
    """Returns what files hold, and all that is wrong with them.

    Args:
        paths: files, or folders of them; at least one.
        languages: those that examples without a language may be in.
        language: that of examples whose file does not say it; otherwise it is told from their words.
        oos_labels: what is called out of scope in the files, beside `oos`; by default what the format usually calls it.

    Raises:
        StartRefused: a language cannot be told from words.
    """
    collector = Collector(oos_labels)
    files = []
    for file, of_folder in _files(paths, collector):
        files.append(file)
        with collector.reading(file, of_folder=of_folder):
            reader_of(file)(file, collector)
    examples, told = with_languages(collector.examples, languages, language)
    notes = list(collector.notes)
    if told:
        shares = ", ".join(f"{tag} {count}" for tag, count in told.most_common())
        notes.append(
            Note(files[0], 0, f"the files do not say the language of all; told from their words: {shares}")
        )
    return Gathered(files, examples, collector.problems, notes)


def read_examples(
    paths: Path | Sequence[Path],
    languages: Sequence[str],
    *,
    language: str = "",
    oos_labels: Sequence[str] | None = None,
) -> Examples:
    """Returns what there is to learn from in the configured languages; the same words for the same intent count once.

    The order of the files and in them changes nothing: neither the fingerprint nor the model that is trained.

    Args:
        paths: a file or a folder of them, or several.
        languages: the configured ones; examples in others are left out, with a note.
        language: that of examples whose file does not say it; otherwise it is told from their words.
        oos_labels: what is called out of scope in the files, beside `oos`; by default what the format usually calls it.

    Raises:
        DataFileWrong: a file cannot be read, something in it makes no sense, or too little is left to learn from; names
            the line, and says how many more mistakes there are.
        StartRefused: a language cannot be told from words.
    """
    gathered = _right(paths, languages, language, oos_labels)
    kept, notes = _in_configured(gathered, languages)
    result = Examples(distinct(kept), notes)
    if len({example.intent for example in result.items}) < 2 or not result.intents:
        raise DataFileWrong(gathered.files[0], 0, _too_little(result))
    return result


def distinct(examples: Iterable[Example]) -> list[Example]:
    """Returns examples to learn from, sorted; the same words for the same intent in the same language count once."""
    found: dict[tuple[str, str, str], Example] = {}
    for example in examples:
        key = (example.intent, example.language, phrase_of(example.text) or example.text)
        before = found.setdefault(key, example)
        if example.text < before.text:
            found[key] = example
    return sorted(found.values())


def read_messages(
    paths: Path | Sequence[Path],
    languages: Sequence[str],
    *,
    language: str = "",
    oos_labels: Sequence[str] | None = None,
) -> Examples:
    """Returns every example in the configured languages, in the order of the files: what a model is measured by.

    Args and errors are those of `read_examples`, except that one example is enough.
    """
    gathered = _right(paths, languages, language, oos_labels)
    kept, notes = _in_configured(gathered, languages)
    return Examples(kept, notes)


def _files(paths: Sequence[Path], collector: Collector) -> Iterator[tuple[Path, bool]]:
    """Yields the files, and whether each is of a folder that was named instead of it."""
    for path in paths:
        if not path.is_dir():
            yield path, False
            continue
        try:
            found = files_in(path)
        except OSError as error:
            found = []
            problem = f"cannot be read: {error.strerror or type(error).__name__}"
        else:
            problem = "holds no file of examples"
        if not found:
            collector.problems.append(DataFileWrong(path, 0, problem))
        for file in found:
            yield file, True


def _right(
    paths: Path | Sequence[Path], languages: Sequence[str], language: str, oos_labels: Sequence[str] | None
) -> Gathered:
    """Returns what files hold if nothing is wrong with them."""
    several = [paths] if isinstance(paths, Path) else list(paths)
    gathered = gather(several, languages, language=language, oos_labels=oos_labels)
    if gathered.problems:
        first, *more = gathered.problems
        rest = f" (and {len(more)} more; balie nlu validate lists them)" if more else ""
        raise DataFileWrong(first.path, first.line, first.problem + rest)
    return gathered


def _in_configured(gathered: Gathered, languages: Sequence[str]) -> tuple[list[Example], list[Note]]:
    """Returns the examples in configured languages, and the notes with one on the others.

    Raises:
        DataFileWrong: there are none.
    """
    kept = [example for example in gathered.examples if example.language in languages]
    others = Counter(example.language for example in gathered.examples if example.language not in languages)
    if not kept:
        problem = f"there are no examples in the configured languages, {', '.join(languages)}"
        raise DataFileWrong(
            gathered.files[0], 0, f"{problem}; there are some in {_tags(others)}" if others else problem
        )
    notes = list(gathered.notes)
    if others:
        notes.append(
            Note(gathered.files[0], 0, f"left out, in languages that are not configured: {_tags(others)}")
        )
    if lost := sorted({e.intent for e in gathered.examples} - {e.intent for e in kept}):
        shown = ", ".join(lost[:_TAGS_SHOWN])
        notes.append(
            Note(gathered.files[0], 0, f"left out, without an example in a configured language: {shown}")
        )
    return kept, notes


def _tags(counts: Counter[str]) -> str:
    shown = ", ".join(f"{tag} ({count})" for tag, count in counts.most_common(_TAGS_SHOWN))
    return shown + (" and others" if len(counts) > _TAGS_SHOWN else "")


def _too_little(examples: Examples) -> str:
    if not examples.intents:
        return f"there is only {OUT_OF_SCOPE}, and no intent to learn"
    return f"one intent cannot be told from others: add another, or {OUT_OF_SCOPE}"
