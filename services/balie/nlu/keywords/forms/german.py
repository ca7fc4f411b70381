"""German: plurals, cases, diminutives and the regular forms of verbs.

Source: Durrell 2017, Hammer's German Grammar and Usage, chapters 1 (plurals and cases of nouns), 10 (verbs), 20.2.1
(diminutives).
"""

LINKS = ("", "s", "n", "en", "es", "er", "e", "ens")

_LEAST = 3
_LEAST_CERTAIN = 4
"""Letters that must be left by endings that words have by themselves as well: `rauchen` is no diminutive."""

_PLAIN = str.maketrans({"\u00e4": "a", "\u00f6": "o", "\u00fc": "u"})

# Endings, and whether the vowel before may have changed with them: `Pl\u00e4tze` comes from `Platz`.
_ENDINGS = (
    ("ern", True),
    ("er", True),
    ("en", True),
    ("es", False),
    ("em", False),
    ("e", True),
    ("n", True),
    ("s", False),
)
_SMALL = ("chen", "lein", "chens", "leins")
_VERBS = ("test", "ten", "tet", "te", "st", "t")


def bases(word: str) -> tuple[str, ...]:
    """Returns the word and what it may be a form of; `ae` may be `ä`."""
    spelt = _spelt(word)
    found = dict.fromkeys((*_bases(word), *_bases(spelt)) if spelt != word else _bases(word))
    return tuple(base for base in found if len(base) >= _LEAST)


def _spelt(word: str) -> str:
    """Returns the word with `ä` for `ae`, as those write it whose keyboard has none."""
    if "e" not in word:
        return word
    return word.replace("ae", "\u00e4").replace("oe", "\u00f6").replace("ue", "\u00fc")


def _bases(word: str) -> tuple[str, ...]:
    found = dict.fromkeys(own_bases(word))
    for ending, changes in _ENDINGS:
        if changes and word.endswith(ending):
            found[_unchanged(word.removesuffix(ending))] = None
    for ending in _SMALL:
        rest = word.removesuffix(ending)
        if rest != word and len(rest) >= _LEAST_CERTAIN:
            found |= dict.fromkeys((rest, _unchanged(rest), rest + "e", _unchanged(rest) + "e"))
    found[_unchanged(word)] = None
    found |= dict.fromkeys(_verb(word))
    return tuple(found)


def own_bases(word: str) -> tuple[str, ...]:
    """Returns what a word may be a form of when its vowels are its own: `Fähre` comes from no `fahr`, as `fahren` does."""
    found = {word: None}
    found |= dict.fromkeys(word.removesuffix(ending) for ending, _ in _ENDINGS if word.endswith(ending))
    found |= dict.fromkeys(_verb(word))
    return tuple(base for base in found if len(base) >= _LEAST)


def _unchanged(word: str) -> str:
    """Returns the word with the last of its changed vowels as it was: `fahrrad` of `fahrr\u00e4d`, `haus` of `h\u00e4us`."""
    for place in range(len(word) - 1, -1, -1):
        if word[place] in "\u00e4\u00f6\u00fc":
            return word[:place] + word[place].translate(_PLAIN) + word[place + 1 :]
    return word


def _verb(word: str) -> list[str]:
    cut = (word.removesuffix(ending) for ending in _VERBS)
    found = [rest for rest in cut if rest != word and len(rest) >= _LEAST_CERTAIN]
    if word.startswith("ge") and word.endswith("t") and len(word) > 6:
        found.append(word[2:-1])
    return found
