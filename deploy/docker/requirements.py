"""Prints the requirements of extras as pyproject.toml declares them; `python requirements.py server encoder`.

The image installs libraries before Balie itself, so that a change of code leaves their layers as they are. pip can do that
only with a list that does not name Balie: an extra that names others (`balie[server]`) is replaced by what they hold.
"""

import re
import sys
import tomllib
from pathlib import Path


def requirements(project: dict[str, object], extras: list[str]) -> list[str]:
    """Returns the base requirements and those of the extras, each once.

    Args:
        project: the `project` table of pyproject.toml.
        extras: names of extras.

    Raises:
        KeyError: an extra is not declared.
    """
    declared: dict[str, list[str]] = dict(project["optional-dependencies"])  # type: ignore[call-overload]
    own = re.compile(rf"{project['name']}\[([^\]]+)\]")
    waiting, seen = list(extras), set(extras)
    found: dict[str, None] = dict.fromkeys(project["dependencies"])  # type: ignore[call-overload]
    while waiting:
        for requirement in declared[waiting.pop()]:
            if named := own.fullmatch(requirement):
                others = {name.strip() for name in named[1].split(",")} - seen
                waiting += sorted(others)
                seen |= others
            else:
                found[requirement] = None
    return sorted(found)


def main() -> int:
    """Prints the list; returns 2 when an extra is not declared."""
    extras = sys.argv[1:]
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    if unknown := [name for name in extras if name not in project["optional-dependencies"]]:
        sys.stderr.write(f"pyproject.toml declares no extra {', '.join(unknown)}\n")
        return 2
    sys.stdout.write("\n".join(requirements(project, extras)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
