"""Regular expressions of RE2, which take no longer than the text is long, and ignore case."""

from typing import Any

import re2


class NoExpression(ValueError):
    """A text is no regular expression of RE2, or one that takes too much memory; the message says why."""


def options_of(most_bytes: int) -> Any:
    """Returns how expressions are compiled.

    Args:
        most_bytes: memory that one may take, and that searching for it may.
    """
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = most_bytes
    return options


def compiled(expression: str, most_bytes: int) -> Any:
    """Returns an expression that can be searched for, by several threads at once.

    Raises:
        NoExpression: it is none.
    """
    try:
        return re2.compile(expression, options_of(most_bytes))
    except re2.error as error:
        said = error.args[0] if error.args else ""
        raise NoExpression(
            said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        ) from None
