"""Where the command keeps what it makes; the only reader of the environment here, beside the options' own variables."""

import os
from dataclasses import dataclass
from pathlib import Path

from balie.encoders.settings import default_folder


@dataclass(frozen=True)
class CliSettings:
    """Folders of the command.

    Attributes:
        encoder_folder: where the encoder is, `BALIE_ENCODER_FOLDER` or the user's data folder.
        data_folder: where `balie up` keeps its databases, `BALIE_DATA_FOLDER` or the user's data folder.
    """

    encoder_folder: Path
    data_folder: Path

    @classmethod
    def load(cls) -> "CliSettings":
        """Returns the folders that the environment names, and the usual ones where it names none."""
        usual = default_folder()
        encoder = os.environ.get("BALIE_ENCODER_FOLDER")
        data = os.environ.get("BALIE_DATA_FOLDER")
        return cls(
            encoder_folder=Path(encoder) if encoder else usual,
            data_folder=Path(data) if data else usual.parent.parent / "suite",
        )


def inherited_environment(service: str) -> dict[str, str]:
    """Returns this process's environment without another set-up of a service, which would be refused or surprise."""
    prefix = f"BALIE_{service.upper()}_"
    return {name: value for name, value in os.environ.items() if not name.startswith(prefix)}
