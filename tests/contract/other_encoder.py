"""A second real encoder, for what has to happen when another one is installed."""

from pathlib import Path

from tests.encoder_fixture import encoder_folder

from balie.encoders.folder.manifest import MANIFEST_FILE, Manifest


def other_encoder(folder: Path) -> Path:
    """Returns a folder with the built encoder's files that reads half as many tokens, and so is another encoder."""
    built = encoder_folder()
    folder.mkdir()
    for path in built.iterdir():
        if path.name != MANIFEST_FILE:
            (folder / path.name).symlink_to(path)
    manifest = Manifest.read(built)
    changes = {
        "max_tokens": manifest.max_tokens // 2,
        "fingerprint": f"{manifest.name}.{manifest.precision}.short",
    }
    manifest.model_copy(update=changes).write(folder)
    return folder
