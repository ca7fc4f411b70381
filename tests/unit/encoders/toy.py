"""A small BERT tokenizer and pairs in a made-up language, for tests that need no built encoder."""

from typing import Any

ENGLISH = [
    "the",
    "a",
    "my",
    "your",
    "is",
    "are",
    "good",
    "bad",
    "day",
    "night",
    "house",
    "garden",
    "dog",
    "cat",
    "sees",
    "loves",
    "big",
    "small",
    "red",
    "blue",
    "please",
    "where",
    "when",
    "open",
    "close",
    "shop",
    "order",
    "invoice",
    "pay",
]
PIECES = ["##" + letter for letter in "abcdefghijklmnopqrstuvwxyz"] + list(
    "abcdefghijklmnopqrstuvwxyz0123456789-'.,!?_"
)
MADE_UP = {
    word: "".join("aeiou"[(place + at) % 5] + "klmrtvz"[(place * 3 + at) % 7] for at in range(3)) + "o"
    for place, word in enumerate(ENGLISH)
}
"""The made-up language's word for each English word."""


def toy_tokenizer() -> dict[str, Any]:
    """Returns the content of a `tokenizer.json` that knows the English words and every letter."""
    entries = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *ENGLISH, *PIECES]
    vocabulary = {entry: place for place, entry in enumerate(dict.fromkeys(entries))}
    special = [
        {
            "id": vocabulary[entry],
            "content": entry,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": True,
        }
        for entry in ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
    ]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": special,
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": True,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": None,
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": vocabulary,
        },
    }


def sentences(count: int) -> list[list[str]]:
    """Returns so many English sentences of four to six words, each different, the same every time."""
    state, found = 7, []
    while len(found) < count:
        words = []
        for _word in range(4 + len(found) % 3):
            state = (state * 1_103_515_245 + 12_345) % 2**31
            words.append(ENGLISH[state // 65_536 % len(ENGLISH)])
        if words not in found:
            found.append(words)
    return found


def translated(words: list[str]) -> list[str]:
    """Returns the sentence in the made-up language, whose words stand in the opposite order."""
    return [MADE_UP[word] for word in reversed(words)]


def toy_pairs(count: int = 240) -> list[tuple[str, str]]:
    """Returns so many sentences in English and in the made-up language."""
    return [(" ".join(words), " ".join(translated(words))) for words in sentences(count)]
