"""Dutch: plurals, diminutives and the regular forms of verbs.

Source: Donaldson 2017, Dutch: A Comprehensive Grammar, chapters 2 (spelling), 8.1 (plurals), 8.3 (diminutives), 11 (verbs).
"""

import re

LINKS = ("", "s", "en", "e", "n")

_LEAST = 3
_LEAST_CERTAIN = 4
"""Letters that must be left by endings that words have by themselves as well: `muts` is no plural, `honden` no past tense."""

_VOWELS = "aeiou"
_SINGLE_CONSONANT = re.compile(r"(?:^|[^aeiou])([aeiou])([bdfgklmnprstz])$")
_DOUBLE_CONSONANT = re.compile(r"([bdfgklmnprst])\1$")
_PARTICIPLE = re.compile(r"ge(.{3,}?)(?:d|t)$")
_VOICED = {"v": "f", "z": "s"}

# Endings of a diminutive, and what the rest must end with. `-etje` and `-kje` give other rests and are done apart.
_DIMINUTIVES = (
    ("pje", re.compile(r"m$")),
    ("tje", re.compile(r"(?:[aeiouywjlnr])$")),
    ("je", re.compile(r"[^aeiou]$")),
)


def bases(word: str) -> tuple[str, ...]:
    """Returns the word and what it may be a form of."""
    found = {word: None}
    for small in (word, word.removesuffix("s")) if word.endswith("jes") else (word,):
        found |= dict.fromkeys(_diminutive(small))
    found |= dict.fromkeys(_plural(word))
    found |= dict.fromkeys(_verb(word))
    return tuple(base for base in found if len(base) >= _LEAST)


def own_bases(word: str) -> tuple[str, ...]:
    """Returns what a word may be a form of when it is known as it is: `fiets` is no plural, as `trams` is."""
    return tuple(base for base in bases(word) if base + "s" != word or len(base) > _LEAST_CERTAIN)


def _diminutive(word: str) -> list[str]:
    if not word.endswith("je"):
        return []
    found = [word]
    for ending, before in _DIMINUTIVES:
        rest = word.removesuffix(ending)
        if rest != word and before.search(rest):
            found += [rest, *_open(rest)]
    if word.endswith("nkje"):  # koninkje
        found.append(word.removesuffix("kje") + "g")
    if word.endswith("etje"):  # kammetje, wandelingetje
        rest = word.removesuffix("etje")
        found += [_DOUBLE_CONSONANT.sub(r"\1", rest), word.removesuffix("tje")]
    return found


def _open(rest: str) -> list[str]:
    """Returns `auto` for `autoo`: a long vowel at the end is written once."""
    return [rest[:-1]] if len(rest) > 2 and rest[-1] == rest[-2] and rest[-1] in _VOWELS else []


def _plural(word: str) -> list[str]:
    found = []
    if word.endswith("en"):
        found += _closed(word[:-2])
        if word.endswith("eren"):  # kinderen
            found.append(word[:-4])
    if word.endswith("s") and not word.endswith("ss") and len(word) > _LEAST_CERTAIN:
        found.append(word[:-1])
    if word.endswith("n") and word[-2:-1] in ("e", "\u00eb"):  # ziektes aside: ziekten, zee\u00ebn
        found.append(word[:-1] if word[-2] == "e" else word[:-2])
    if word.endswith("e") and len(word) > _LEAST_CERTAIN:  # an adjective's ending
        found += _closed(word[:-1])
    return found


def _closed(rest: str) -> list[str]:
    """Returns how a stem may be written once its last syllable is closed: `kat` for `katt`, `boot` for `bot`."""
    found = []
    if _DOUBLE_CONSONANT.search(rest):
        found.append(rest[:-1])
    else:
        found.append(rest)
        if (match := _SINGLE_CONSONANT.search(rest)) and match[1] != "i":
            found.append(rest[:-1] + match[1] + match[2])
    return (
        found + [form[:-1] + _VOICED[form[-1]] for form in found if form[-1:] in _VOICED] + _long_voiced(rest)
    )


def _long_voiced(rest: str) -> list[str]:
    """Returns `graaf` for `grav`."""
    if len(rest) > 2 and rest[-1] == "v" and rest[-2] in "aeou" and rest[-3] not in _VOWELS:
        return [rest[:-1] + rest[-2] + "f"]
    return []


def _verb(word: str) -> list[str]:
    found = []
    if word.endswith("t") and len(word) > _LEAST and word[-2] != "t":
        found.append(word[:-1])
    if match := _PARTICIPLE.match(word):
        found.append(match[1])
    past = (word.removesuffix(ending) for ending in ("de", "te", "den", "ten"))  # parkeerde
    return found + [rest for rest in past if rest != word and len(rest) >= _LEAST_CERTAIN]
