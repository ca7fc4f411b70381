"""The forms of words: what a plural, a diminutive, an inflected verb may be a form of, one file for each language.

Every rule gives what a word *may* come from, in the spelling of its language; two words are forms of each other when they
have one of those in common. A stemmer gives one answer and is wrong where spelling is ambiguous (Snowball 3's Dutch cuts
`kaartje` to `kaar`, and its German makes `Fähre` and `fahren` the same); several answers that are looked up among the
keywords need not choose.
"""

from collections.abc import Callable

from balie.nlu.keywords.forms import dutch, english, german

Bases = Callable[[str], tuple[str, ...]]
"""Takes a word in lower case, accents kept; returns the word and what it may be a form of, each once."""

BASES: dict[str, Bases] = {"nl": dutch.bases, "de": german.bases, "en": english.bases}
"""By primary subtag; words of other languages are taken as they are."""

TERM_BASES: dict[str, Bases] = {**BASES, "nl": dutch.own_bases, "de": german.own_bases}
"""The same for words that are known as they are, such as a keyword's terms."""

LINKS: dict[str, tuple[str, ...]] = {"nl": dutch.LINKS, "de": german.LINKS}
"""What may stand between the parts of a compound, in the languages that write compounds as one word."""


def bases_of(language: str) -> Bases | None:
    """Returns the rules for a language tag, None when there are none."""
    return BASES.get(primary(language))


def term_bases_of(language: str) -> Bases | None:
    """Returns the rules for words of a language that are known as they are, None when there are none."""
    return TERM_BASES.get(primary(language))


def links_of(language: str) -> tuple[str, ...]:
    """Returns what may stand between the parts of a compound; empty where compounds are not written as one word."""
    return LINKS.get(primary(language), ())


def primary(language: str) -> str:
    """Returns the primary subtag of a language tag: `nl` of `nl-BE`."""
    return language.partition("-")[0].lower()
