"""What is asked of an adaptation, and the places that it may write to."""

import errno
import re
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from balie.encoders.adapting.report import Limits
from balie.encoders.adapting.word_table import WordTable, table_text
from balie.encoders.errors import EncoderBuildFailed, EncoderUnavailable
from balie.encoders.folder.manifest import Manifest
from balie.encoders.folder.writing import in_place, refuse_foreign

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class AdaptationMisplaced(EncoderUnavailable):
    """The adapted encoder would take the place of something else, or cannot have the name it was given."""


class TableNotWritten(EncoderUnavailable):
    """The word table cannot be written to where it was to go."""

    def __init__(self, file: Path, problem: str) -> None:
        super().__init__(f"the word table cannot be written to {file}: {problem}; name another file")


@dataclass(frozen=True)
class Plan:
    """What is to be taught, to which encoder, and where the result goes.

    Attributes:
        pairs: files of sentence pairs, see `pairs.read_pairs`.
        languages: BCP-47 tags as the pairs name them, such as `nl`.
        base: folder of the encoder that is adapted; it is only read.
        folder: where the adapted encoder goes; beside the base, under its name, when absent.
        name: of the adapted encoder; the base's with the languages when empty.
        english: JSON Lines of English texts on which it must stay as good.
        attribution: lines on the pairs' origin and licence that the adapted encoder keeps.
        table: where to write the words and what they are made of, when wanted.
        limits: how much English may lose.
        trust_languages: whether texts are taken for what they are filed under, and their language is not checked.
        train: whether the new rows are trained too; needs torch.
        replace: whether the result may take the place of an encoder of the same name.
        dry_run: measure alone, write nothing.
    """

    pairs: tuple[Path, ...]
    languages: tuple[str, ...]
    base: Path
    folder: Path | None = None
    name: str = ""
    english: Path | None = None
    attribution: tuple[str, ...] = ()
    table: Path | None = None
    limits: Limits = field(default_factory=Limits)
    trust_languages: bool = False
    train: bool = False
    replace: bool = False
    dry_run: bool = False


def destination(plan: Plan) -> tuple[str, Path]:
    """Returns name and folder of the adapted encoder, and refuses to lose anything.

    Raises:
        AdaptationMisplaced: the name is none, or the folder holds another encoder.
        EncoderBuildFailed: the folder holds other things.
    """
    base = plan.base.resolve()
    name = plan.name or "-".join([Manifest.read(base).name, *plan.languages])
    if not _NAME.fullmatch(name):
        raise AdaptationMisplaced(
            f"{name!r} is no name for an encoder: give letters, digits, dots, dashes and underscores with --name"
        )
    folder = (plan.folder or base.parent / name).resolve()
    if folder == base or base in folder.parents:
        raise AdaptationMisplaced(f"{folder} is the encoder that is adapted: name another folder with --to")
    refuse_foreign(folder)
    try:
        there = Manifest.read(folder).name
    except EncoderUnavailable:
        return name, folder
    if there != name:
        raise AdaptationMisplaced(f"{folder} holds the encoder {there}: name another folder with --to")
    if not plan.replace and not plan.dry_run:
        raise AdaptationMisplaced(
            f"{folder} holds an encoder {there} already: name another folder with --to, or give --replace"
        )
    return name, folder


@contextmanager
def workspace(plan: Plan, folder: Path) -> Iterator[Path]:
    """Gives an empty folder to build in, which becomes the encoder's folder when the block ends well."""
    if not plan.dry_run:
        with in_place(folder) as built:
            yield built
            destination(plan)  # another run may have put an encoder there meanwhile
        return
    try:
        with tempfile.TemporaryDirectory(prefix="balie-adapt-") as work:
            built = Path(work) / "built"
            built.mkdir()
            yield built
    except OSError as error:
        raise EncoderBuildFailed(Path(tempfile.gettempdir()), error.strerror or str(error)) from error


@contextmanager
def written(table: WordTable, file: Path | None) -> Iterator[None]:
    """Writes the table when the block ends well: under another name before it, so that what fails fails there."""
    if file is None:
        yield
        return
    with ExitStack() as stack:
        with _refusing(file):
            if file.is_dir():
                raise IsADirectoryError(errno.EISDIR, "it is a folder")
            # A folder of its own: no other run writes there, and no file of the user's has its name.
            work = tempfile.TemporaryDirectory(prefix=f".{file.name}.", dir=file.parent)
            part = Path(stack.enter_context(work)) / "table"
            part.write_text(table_text(table), encoding="utf-8", newline="\n")
        yield
        with _refusing(file):
            part.replace(file)


@contextmanager
def _refusing(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise TableNotWritten(file, error.strerror or str(error)) from None
