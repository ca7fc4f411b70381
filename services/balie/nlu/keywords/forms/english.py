"""English: plurals and the regular forms of verbs.

Source: Quirk et al. 1985, A Comprehensive Grammar of the English Language, sections 3.5 to 3.10 and 5.80 to 5.81.
"""

import re

_LEAST = 3
_LEAST_CERTAIN = 4
"""Letters that must be left by endings that words have by themselves as well: `moped` is no past tense."""

_DOUBLED = re.compile(r"([bdfgklmnprstz])\1$")
_HISSING = ("ses", "xes", "zes", "ches", "shes", "oes")


def bases(word: str) -> tuple[str, ...]:
    """Returns the word and what it may be a form of."""
    found = {word: None}
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        found[word[:-1]] = None
        if word.endswith("ies"):
            found[word[:-3] + "y"] = None
        if word.endswith(_HISSING):
            found[word[:-2]] = None
        if word.endswith("ves"):  # knives, shelves
            found |= dict.fromkeys((word[:-3] + "f", word[:-3] + "fe"))
    for ending in ("ing", "ed"):
        rest = word.removesuffix(ending)
        if rest != word and len(rest) >= _LEAST_CERTAIN:
            found |= dict.fromkeys(_bare(rest))
    if word.endswith("ied"):
        found[word[:-3] + "y"] = None
    return tuple(base for base in found if len(base) >= _LEAST)


def _bare(rest: str) -> tuple[str, ...]:
    """Returns how a verb may be written without its ending: `stop` of `stopp`, `park`, `cycle` of `cycl`."""
    if _DOUBLED.search(rest):
        return rest, rest[:-1]
    return rest, rest + "e"
