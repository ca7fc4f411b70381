"""What a command needs beyond the command line itself, and how it says so."""

from collections.abc import Iterator
from contextlib import contextmanager

from balie.cli.console import fail


@contextmanager
def libraries_of(extra: str) -> Iterator[None]:
    """Ends the command with the line that installs what an import in the block lacks.

    Args:
        extra: of the distribution, such as `nlu`.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("balie"):
            raise
        fail(f"This command needs {error.name}, which is not installed: pip install 'balie[{extra}]'")
