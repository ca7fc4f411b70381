"""Lists the kinds of encoders and the encoders on this machine, and says what one of them is made of."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from balie.encoders.errors import BUILD_HINT, EncoderDamaged, EncoderPrecisionMissing, EncoderUnavailable
from balie.encoders.exporting.errors import EncoderModelFileWrong
from balie.encoders.exporting.model_folder import (
    CONFIG_FILE,
    MODULES_FILE,
    licence_of,
    module_kinds,
    read_json,
)
from balie.encoders.exporting.model_folder_writing import EXPORT_FILE, ExportedFolder
from balie.encoders.folder.manifest import (
    MANIFEST_FILE,
    TOKENIZER_FILE,
    Adaptation,
    Manifest,
    ManifestFile,
    sha256_of,
)
from balie.encoders.registry import ENCODERS
from balie.encoders.settings import EncoderSettings, default_folder

Check = Literal["size", "full"]

_LIBRARIES = {
    "onnx": ("numpy", "onnxruntime", "tokenizers"),
    "sentence-transformers": ("numpy", "sentence_transformers"),
}
_EXTRAS = {"onnx": "encoder", "sentence-transformers": "sentence-transformers"}
_READS = {
    "onnx": "an encoder's folder: ONNX Runtime, no torch",
    "sentence-transformers": "any model, by folder or by name on a hub: torch",
}


@dataclass(frozen=True)
class Kind:
    """A kind of encoder that `BALIE_ENCODER_NAME` can choose.

    Attributes:
        name: as the setting takes it.
        reads: what it loads, in a few words.
        missing: the line that installs what it lacks; empty when it can be used.
    """

    name: str
    reads: str
    missing: str = ""


@dataclass(frozen=True)
class Listed:
    """An encoder in a folder, whole or not.

    Attributes:
        name: of the model, or of the folder when nothing says it.
        folder: where it is.
        kind: which kind of encoder reads it.
        problem: what is wrong with it; empty when it is whole.
        used: whether services that are started now would use it.
        precision: of the weights; empty when nothing says it, as all that follows.
        dimensions: of a vector, 0 when nothing says it.
        max_tokens: that are read of a text, 0 when nothing says it.
        fingerprint: what tells its vectors from any other encoder's.
        source: where the model comes from.
        licence: of the model.
        pooling: how the tokens' vectors become one.
        adaptations: what was taught to it, oldest first.
        files: size and checksum of each file, as written.
        size_bytes: of all that is in the folder.
    """

    name: str
    folder: Path
    kind: str
    problem: str = ""
    used: bool = False
    precision: str = ""
    dimensions: int = 0
    max_tokens: int = 0
    fingerprint: str = ""
    source: str = ""
    licence: str = ""
    pooling: str = ""
    adaptations: tuple[Adaptation, ...] = ()
    files: tuple[tuple[str, ManifestFile], ...] = ()
    size_bytes: int = 0

    @property
    def languages(self) -> tuple[str, ...]:
        """Returns the languages that were taught to it, each once."""
        return tuple(dict.fromkeys(tag for taught in self.adaptations for tag in taught.languages))

    @property
    def words(self) -> int:
        """Returns how many words were added to its vocabulary."""
        return sum(taught.words for taught in self.adaptations)


class EncoderNotListed(EncoderUnavailable):
    """Nothing of that name is among the encoders of this machine."""

    def __init__(self, wanted: str, known: list[str]) -> None:
        there = f"there are {', '.join(known)}" if known else f"there are none: {BUILD_HINT}"
        super().__init__(f"no encoder is called {wanted!r}, and it is no folder; {there}")


def kinds() -> list[Kind]:
    """Returns every kind: those that ship, then those that plug-ins add. Imports none of them."""
    listed = []
    for name, libraries in _LIBRARIES.items():
        missing = any(find_spec(library) is None for library in libraries)
        listed.append(Kind(name, _READS[name], f"pip install 'balie[{_EXTRAS[name]}]'" if missing else ""))
    for point in sorted(entry_points(group=ENCODERS.group), key=lambda point: point.name):
        if point.name in _LIBRARIES:
            continue
        package = point.value.partition(":")[0].partition(".")[0]
        by = f"a plug-in, {point.dist.name}" if point.dist else "a plug-in"
        listed.append(Kind(point.name, by, "" if find_spec(package) else f"pip install '{package}'"))
    return listed


def encoders(settings: EncoderSettings, *, check: Check = "size") -> list[Listed]:
    """Returns the encoders in the user's folder of encoders and the one that the settings name, by name.

    Args:
        settings: which encoder services would use.
        check: `size` looks at each file's size, `full` at its SHA-256.
    """
    return [look(folder, settings, check=check) for folder in _folders(settings)]


def look(folder: Path, settings: EncoderSettings, *, check: Check = "size") -> Listed:
    """Returns what a folder holds; a damaged one says what is wrong with it.

    Raises:
        EncoderFolderMissing: nothing of an encoder is there.
    """
    used = _is_used(folder, settings)
    if (folder / MODULES_FILE).exists() or (folder / EXPORT_FILE).exists():
        return _look_at_model(folder, used=used, check=check)
    try:
        manifest = Manifest.read(folder)
    except EncoderDamaged as error:
        return Listed(folder.name, folder, "onnx", str(error), used, size_bytes=_size(folder))
    try:
        manifest.verify(folder, check)
        problem = ""
    except EncoderDamaged as error:
        problem = str(error)
    if used and not problem and manifest.precision != settings.precision:
        problem = str(EncoderPrecisionMissing(folder, wanted=settings.precision, found=manifest.precision))
    return Listed(
        name=manifest.name,
        folder=folder,
        kind="onnx",
        problem=problem,
        used=used,
        precision=manifest.precision,
        dimensions=manifest.dimensions,
        max_tokens=manifest.max_tokens,
        fingerprint=manifest.fingerprint,
        source=manifest.source,
        licence=manifest.licence,
        pooling=f"{manifest.pooling}, {manifest.normalisation}",
        adaptations=manifest.adaptations,
        files=tuple(sorted(manifest.files.items())),
        size_bytes=_size(folder),
    )


def find(wanted: str, settings: EncoderSettings) -> Path:
    """Returns the folder of an encoder that is named by its folder or by its name; the one in use for an empty text.

    Raises:
        EncoderNotListed: it is neither a folder nor the name of an encoder on this machine.
    """
    if not wanted:
        return Path(settings.model) if settings.name == "sentence-transformers" else settings.folder
    if Path(wanted).expanduser().is_dir():
        return Path(wanted).expanduser()
    listed = encoders(settings)
    # A folder's own name tells more: an encoder and what was made of it may share the model's.
    for one in [
        *(one for one in listed if one.folder.name == wanted),
        *(one for one in listed if one.name == wanted),
    ]:
        return one.folder
    raise EncoderNotListed(wanted, sorted({one.folder.name for one in listed}))


def _folders(settings: EncoderSettings) -> Iterator[Path]:
    """Yields each folder once, the user's by name and then the one that the settings name."""
    home = default_folder().parent
    seen = set()
    candidates = sorted(home.iterdir()) if home.is_dir() else []
    in_use = Path(settings.model) if settings.name == "sentence-transformers" else settings.folder
    for folder in [*candidates, in_use]:
        if folder.name.startswith(".") or not folder.is_dir() or folder.resolve() in seen:
            continue
        seen.add(folder.resolve())
        if any(
            (folder / name).exists() for name in (MANIFEST_FILE, MODULES_FILE, TOKENIZER_FILE, EXPORT_FILE)
        ):
            yield folder


def _is_used(folder: Path, settings: EncoderSettings) -> bool:
    if settings.name == "sentence-transformers":
        return bool(settings.model) and Path(settings.model).resolve() == folder.resolve()
    return settings.name == "onnx" and settings.folder.resolve() == folder.resolve()


def _look_at_model(folder: Path, *, used: bool, check: Check) -> Listed:
    """Returns what a sentence-transformers folder holds: all of it for an export, and what it states otherwise."""
    kind, size = "sentence-transformers", _size(folder)
    try:
        modules = module_kinds(folder)
        config = read_json(folder / modules[0][1] / CONFIG_FILE) if modules else {}
        exported = ExportedFolder.read(folder) if (folder / EXPORT_FILE).exists() else None
    except EncoderModelFileWrong as error:
        return Listed(folder.name, folder, kind, str(error), used, size_bytes=size)
    pooling = " → ".join(name for name, _ in modules)
    if exported is None:
        dimensions = config.get("hidden_size") or config.get("dim") or 0
        return Listed(
            folder.name,
            folder,
            kind,
            used=used,
            dimensions=dimensions if isinstance(dimensions, int) else 0,
            licence=licence_of(folder),
            pooling=pooling,
            size_bytes=size,
        )
    return Listed(
        name=exported.name,
        folder=folder,
        kind=kind,
        problem=_problem(folder, exported, check),
        used=used,
        precision="fp32",
        dimensions=exported.dimensions,
        max_tokens=exported.max_tokens,
        source=f"{exported.source}, exported from {exported.fingerprint}",
        licence=exported.licence,
        pooling=pooling,
        adaptations=exported.adaptations,
        files=tuple(sorted(exported.files.items())),
        size_bytes=size,
    )


def _problem(folder: Path, exported: ExportedFolder, check: Check) -> str:
    for name, expected in exported.files.items():
        path = folder / name
        try:
            if path.stat().st_size != expected.size_bytes:
                return f"{path} has {path.stat().st_size} bytes instead of {expected.size_bytes}: export it again"
            if check == "full" and sha256_of(path) != expected.sha256:
                return f"{path} does not match its checksum: export it again"
        except OSError:
            return f"{path} is missing: export it again"
    return ""


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
