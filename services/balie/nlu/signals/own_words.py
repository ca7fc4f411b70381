"""What contacts wrote themselves: without the mails they reply to or forward, addresses, and what others are quoted with."""

import re

_HEAD = re.compile(
    r"^[ \t*_]*(?:-{2,}[ \t]*(?:original message|forwarded message|oorspronkelijk bericht|doorgestuurd bericht"
    r"|urspr\u00fcngliche nachricht|weitergeleitete nachricht)"
    r"|begin (?:forwarded message|doorgestuurd bericht)[ \t]*:|anfang der weitergeleiteten nachricht[ \t]*:"
    r"|(?:on|op|am) [^\n]{4,200} (?:wrote|schreef|schrieb)\b[^\n]{0,200}:[ \t]*$"
    r"|(?:from|van|von)[ \t]*:[^\n]*\n[ \t*_]*(?:sent|date|to|verzonden|datum|aan|gesendet|an|cc|subject|onderwerp|betreff)[ \t]*:)",
    re.IGNORECASE | re.MULTILINE,
)
_QUOTE = re.compile(
    '"[^"\n]{1,400}"|[\u201c\u201e\u201d][^\u201c\u201d\u201e\n]{1,400}[\u201c\u201d]|\u00ab[^\u00bb\n]{1,400}\u00bb'
)
_LETTER = re.compile(r"[^\W\d_]")
_SHORT_WORDS = 2


def own_text(text: str) -> str:
    """Returns a message without quoted lines, forwarded mails and addresses; all of it when nothing else is left.

    Args:
        text: as it was sent.
    """
    kept = text
    if ">" in text or ":" in text or "--" in text:
        head = _HEAD.search(text)
        lines = text[: head.start() if head else None].split("\n")
        kept = "\n".join(line for line in lines if not line.lstrip().startswith(">"))
    kept = _without_addresses(kept)
    return kept if _LETTER.search(kept) or not _LETTER.search(text) else text


def without_quotes(text: str, *, short_too: bool) -> str:
    """Returns a text without what stands in double quotation marks, unless that is all there is.

    Args:
        text: the contact's own.
        short_too: leaves out quotes of one or two words as well, which else only lose their marks, as these are often
            meant in earnest: I want a "real" person.
    """
    if not _QUOTE.search(text):
        return text

    def replaced(quote: re.Match[str]) -> str:
        inner = quote[0][1:-1]
        return inner if not short_too and len(inner.split()) <= _SHORT_WORDS else " , "

    kept = _QUOTE.sub(replaced, text)
    return kept if _LETTER.search(_QUOTE.sub("", text)) else text


def _without_addresses(text: str) -> str:
    if "://" not in text and "www." not in text and "@" not in text:
        return text
    return " ".join(word for word in text.replace("\n", " \n ").split(" ") if not _is_address(word))


def _is_address(word: str) -> bool:
    return "://" in word or word.startswith("www.") or ("@" in word and "." in word)
