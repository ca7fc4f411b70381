"""Which format a file is of, told from its ending and from what it holds, and what reads and writes it."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from balie.nlu.errors import DataFileWrong
from balie.nlu.examples import OUT_OF_SCOPE, Example
from balie.nlu.training_data import balie_yaml, delimited, json_lines, rasa
from balie.nlu.training_data.collecting import Collector, HoldsNoExamples
from balie.nlu.yaml_file import read as read_yaml

Reader = Callable[[Path, Collector], None]
Writer = Callable[[Iterable[Example], TextIO], None]

_START_BYTES = 512


@dataclass(frozen=True, slots=True)
class Target:
    """What examples can be written as.

    Attributes:
        write: writes them; raises ValueError when the format cannot hold one of them.
        ending: the usual one of its files.
    """

    write: Writer
    ending: str


def _read_yaml(file: Path, into: Collector) -> None:
    root = read_yaml(file)
    if "nlu" in root.keys:  # a file of Rasa's may hold its intents' names as well
        rasa.read(root, into)
    elif root.keys & {"intents", OUT_OF_SCOPE} or not root.keys:
        balie_yaml.read(root, into)
    else:
        raise HoldsNoExamples(file, 0, "holds no examples: neither the key intents nor Rasa's nlu is there")


def _read_json(file: Path, into: Collector) -> None:
    start = b""
    with suppress(OSError), file.open("rb") as stream:  # what cannot be read is told below
        start = stream.read(_START_BYTES)
    if b'"rasa_nlu_data"' in start:
        advice = "convert it with `rasa data convert nlu --format yaml`"
        raise DataFileWrong(file, 0, f"is Rasa's older JSON, which is not read: {advice}")
    json_lines.read(file, into)


_READERS: Mapping[str, Reader] = {
    ".yaml": _read_yaml,
    ".yml": _read_yaml,
    ".jsonl": json_lines.read,
    ".ndjson": json_lines.read,
    ".json": _read_json,
    ".csv": delimited.read,
    ".tsv": delimited.read,
    ".tab": delimited.read,
    ".txt": delimited.read,
}
"""By the ending of a file's name, in lower case."""

_NEVER_OF_A_FOLDER = frozenset({".json", ".txt"})
"""What is often something else: files like these are named one by one."""

WRITERS: Mapping[str, Target] = {
    "csv": Target(delimited.write, ".csv"),
    "jsonl": Target(json_lines.write, ".jsonl"),
    "rasa": Target(rasa.write, ".yml"),
    "yaml": Target(balie_yaml.write, ".yaml"),
}
"""By the format's name."""


def reader_of(file: Path) -> Reader:
    """Returns what reads a file.

    Raises:
        DataFileWrong: its ending says nothing, and what it begins with neither; names what is known.
    """
    known = _READERS.get(file.suffix.lower())
    if known is not None:
        return known
    start = b""
    with suppress(OSError), file.open("rb") as stream:
        start = stream.read(_START_BYTES)
    if start.lstrip().startswith(b"{"):
        return json_lines.read
    if start and delimited.looks_delimited(file):
        return delimited.read
    raise DataFileWrong(file, 0, f"is of no known kind; its name should end in one of {', '.join(_READERS)}")


def files_in(folder: Path) -> list[Path]:
    """Returns the files of a folder, and of the folders within, that may hold examples; in the order of their names.

    Raises:
        OSError: it cannot be listed.
    """
    endings = _READERS.keys() - _NEVER_OF_A_FOLDER
    found = (file for file in folder.rglob("*") if file.suffix.lower() in endings and file.is_file())
    return sorted(
        file for file in found if not any(part.startswith(".") for part in file.relative_to(folder).parts)
    )
