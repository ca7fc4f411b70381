"""Settings of an NLU that a test serves: the sample's files, and a database of its own."""

from pathlib import Path
from typing import Any

from tests.encoder_fixture import encoder_folder
from tests.unit.nlu.sample import LANGUAGES, intents_file, keywords_file

from balie.nlu.settings import NluSettings


def settings_in(folder: Path, **more: Any) -> NluSettings:
    """Returns settings that keep everything in a folder.

    Args:
        folder: where to.
        more: settings that differ.
    """
    usual = {
        "listen": "127.0.0.1:0",
        "database_url": f"sqlite+aiosqlite:///{folder / 'nlu.sqlite3'}",
        "intents_file": intents_file(folder),
        "keywords_file": keywords_file(folder),
        "model_folder": folder / "models",
        "languages": LANGUAGES,
        "encoder_folder": encoder_folder(),
    }
    return NluSettings(**(usual | more))
