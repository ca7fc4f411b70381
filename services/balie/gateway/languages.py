"""Which of several texts a contact gets: their language, else the nearest, else the first that the desk speaks."""

from collections.abc import Mapping, Sequence

from balie.gateway.domain import UNKNOWN_LANGUAGE


def nearest(language: str, texts: Mapping[str, str], order: Sequence[str]) -> str:
    """Returns the language out of `texts` to speak to somebody of `language`.

    `nl-BE` is spoken to in `nl-BE`, else in `nl`, else in the first of `order` that there is.

    Args:
        language: a BCP-47 tag, or `und`.
        texts: by language; holds at least one of `order`.
        order: the languages of the desk, best first.
    """
    known = {tag.lower(): tag for tag in texts}
    wanted = language.lower()
    while wanted:
        if wanted in known:
            return known[wanted]
        wanted = wanted.rpartition("-")[0]
    return next(tag for tag in order if tag in texts)


def first_known(*languages: str) -> str:
    """Returns the first language that is known, `und` when none is."""
    return next((tag for tag in languages if tag and tag != UNKNOWN_LANGUAGE), UNKNOWN_LANGUAGE)
