"""Finds out when sentence pairs are in another language than the one that they are filed under.

It needs py3langid, which comes with `balie[nlu]` and not with `balie[encoder]`; without it the pairs are taken as named.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from importlib.util import find_spec

from balie.encoders.adapting.errors import PairsInAnotherLanguage
from balie.encoders.adapting.pairs import Pairs

CHECKED = "checked"
NOT_INSTALLED = "not checked: pip install 'balie[nlu]'"
NOT_LOADED = "not checked: py3langid cannot be loaded"
TRUSTED = "not checked: trusted as named"
UNKNOWN = "not checked: it is none of those that can be told"

_CHUNK_TEXTS = 15
"""Sentences that are looked at as one text: a single one is often too short to tell its language."""
_MOST_CHUNKS = 100
"""About so many are looked at, from first to last: 0.1 s."""
_MOST_OTHER = 0.8
"""From this share of chunks in one other language, the pairs are refused. Names, loan words and quotes stay below it."""

_NO_LANGUAGE = "zxx"
_ALIKE = (
    # Tags for one language, or languages that are written so much alike that the classifier mistakes them.
    "no nb nn",
    "bs hr sr sh",
    "id in ms",
    "zh cmn wuu yue",
    "ar arb ary arz",
    "fa pes prs",
    "he iw",
    "tl fil",
    "ro mo",
    "en pcm",
    "lv lvs ltg",
    "ku kmr sdh ckb",
    "uz uzs",
)
_KIN = {tag: group.split()[0] for group in _ALIKE for tag in group.split()}


def check_languages(pairs: Sequence[Pairs], *, trust: bool = False) -> dict[str, str]:
    """Returns for each language whether its texts were checked: `checked`, or why not.

    Args:
        pairs: of each language, as `read_pairs` gives them.
        trust: take the texts for what they are filed under.

    Raises:
        PairsInAnotherLanguage: most texts of a side are in one other language.
    """
    if trust:
        return {part.language: TRUSTED for part in pairs}
    if find_spec("py3langid") is None:
        return {part.language: NOT_INSTALLED for part in pairs}
    try:
        tell, known = _classifier()
    except OSError as error:  # it unpacks its model into the folder for temporary files, which may be full
        return {part.language: f"{NOT_LOADED}: {error.strerror or error}" for part in pairs}
    checked = {}
    for part in pairs:
        _check_side(part, "en", [english for english, _other in part.texts], tell)
        checked[part.language] = UNKNOWN
        if _kin(part.language) in known:
            _check_side(part, part.language, [other for _english, other in part.texts], tell)
            checked[part.language] = CHECKED
    return checked


def _check_side(pairs: Pairs, language: str, texts: Sequence[str], tell: Callable[[str], str]) -> None:
    different = list(dict.fromkeys(texts))
    chunks = [different[start : start + _CHUNK_TEXTS] for start in range(0, len(different), _CHUNK_TEXTS)]
    told = [tell(" ".join(chunk)) for chunk in chunks[:: -(-len(chunks) // _MOST_CHUNKS)]]
    kin, count = Counter(_kin(tag) for tag in told).most_common(1)[0]
    if kin in (_kin(language), _NO_LANGUAGE) or count < _MOST_OTHER * len(told):
        return
    found = next(tag for tag in told if _kin(tag) == kin)
    raise PairsInAnotherLanguage(pairs.files, language, found, share=count / len(told))


def _kin(tag: str) -> str:
    """Returns the primary subtag, and the same one for languages that are alike."""
    primary = tag.split("-")[0].lower()
    return _KIN.get(primary, primary)


@cache
def _classifier() -> tuple[Callable[[str], str], frozenset[str]]:
    """Returns a function that names a text's language, and all languages that it may name; loaded once."""
    langid = import_module("py3langid.langid")
    identifier = langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE)
    return lambda text: str(identifier.classify(text)[0]), frozenset(map(_kin, identifier.labels))
