"""Runs the `balie` command, or says how to install what it needs."""

import sys


def main() -> None:
    """Runs the command line."""
    try:
        from balie.cli.app import app
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("balie"):
            raise
        sys.exit(f"The balie command needs {error.name}, which is not installed: pip install 'balie[cli]'")
    app(prog_name="balie")


if __name__ == "__main__":
    main()
