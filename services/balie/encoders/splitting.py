"""How an encoder's tokenizer splits texts: what each token costs and which whole words it knows."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from balie.encoders.errors import EncoderDamaged
from balie.encoders.folder.manifest import TOKENIZER_FILE

SAMPLES = {
    "nl": (
        "Ik wil mijn kaartje voor morgen wijzigen.",
        "Hoe laat vertrekt de laatste boot naar het eiland?",
        "Waarom is er twee keer geld van mijn rekening afgeschreven?",
        "Kan ik mijn fiets meenemen zonder extra te betalen?",
    ),
    "de": (
        "Ich möchte meine Fahrkarte für morgen ändern.",
        "Wann fährt das letzte Schiff zur Insel?",
        "Warum wurde zweimal Geld von meinem Konto abgebucht?",
        "Kann ich mein Fahrrad mitnehmen, ohne mehr zu bezahlen?",
    ),
    "en": (
        "I want to change my ticket for tomorrow.",
        "What time does the last boat to the island leave?",
        "Why was money taken from my account twice?",
        "Can I bring my bicycle without paying extra?",
    ),
}
"""Short sentences of customers, to count tokens of."""


@dataclass(frozen=True)
class Token:
    """A token of a text.

    Attributes:
        text: as the vocabulary has it.
        id: its row.
        word: whether it is a whole word that was added to the vocabulary.
        special: whether it stands for no text, such as `[CLS]`.
    """

    text: str
    id: int
    word: bool
    special: bool


class Splitter:
    """Splits texts as the encoder of a folder does.

    Args:
        folder: holds `tokenizer.json`.
        max_tokens: that are read of a text; 0 for no limit.

    Raises:
        EncoderDamaged: the file is missing or is not a tokenizer.
    """

    def __init__(self, folder: Path, max_tokens: int = 0) -> None:
        import tokenizers

        path = folder / TOKENIZER_FILE
        try:
            self._tokenizer = tokenizers.Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises bare Exception
            raise EncoderDamaged(path, "is not a tokenizer" if path.exists() else "is missing") from error
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        if max_tokens:
            self._tokenizer.enable_truncation(max_tokens)
        added = self._tokenizer.get_added_tokens_decoder()
        self._words = {number for number, token in added.items() if not token.special}

    def split(self, text: str) -> list[Token]:
        """Returns the tokens that the encoder reads of a text, special ones included."""
        found = self._tokenizer.encode(text.encode("utf-8", "replace").decode("utf-8"))
        return [
            Token(token, number, word=number in self._words, special=bool(special))
            for token, number, special in zip(found.tokens, found.ids, found.special_tokens_mask, strict=True)
        ]

    def tokens_per_word(self, texts: Sequence[str]) -> float:
        """Returns the mean number of tokens for each word between blanks, special tokens left out."""
        tokens = sum(1 for text in texts for token in self.split(text) if not token.special)
        return tokens / max(1, sum(len(text.split()) for text in texts))
