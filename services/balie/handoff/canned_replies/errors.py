"""What can go wrong with canned replies."""

from collections.abc import Iterable

from balie.kit.errors import AlreadyExists, InvalidRequest, NotFound

__all__ = ["CannedReplyNotFound", "PlaceholderUnknown", "ShortcutTaken"]


class CannedReplyNotFound(NotFound):
    """The tenant has no canned reply of this id."""

    reason = "CANNED_REPLY_NOT_FOUND"

    def __init__(self, reply_id: str) -> None:
        super().__init__(f"canned reply {reply_id} does not exist", canned_reply_id=reply_id)


class ShortcutTaken(AlreadyExists):
    """Another reply in this language has the shortcut."""

    reason = "SHORTCUT_TAKEN"

    def __init__(self, shortcut: str, *, language: str, reply_id: str) -> None:
        super().__init__(
            f"{shortcut} is the shortcut of canned reply {reply_id} in {language}",
            shortcut=shortcut,
            language=language,
            canned_reply_id=reply_id,
        )


class PlaceholderUnknown(InvalidRequest):
    """A brace of a text is of no placeholder that is known."""

    reason = "PLACEHOLDER_UNKNOWN"

    def __init__(self, field: str, *, placeholder: str, known: Iterable[str]) -> None:
        names = ", ".join(known)
        super().__init__(
            f"{field} holds {placeholder}: braces are of {names} alone",
            field=field,
            placeholder=placeholder,
            known=names,
        )
