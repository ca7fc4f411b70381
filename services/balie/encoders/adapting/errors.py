"""What can be wrong with what an encoder learns a language from, each with what to do about it."""

from collections.abc import Sequence
from pathlib import Path

from balie.encoders.errors import EncoderUnavailable


class PairsUnusable(Exception):
    """No language can be learned from these sentence pairs.

    For whoever adapts an encoder, and no `Failure`: no service reads pairs.
    """


class PairsLanguageWrong(PairsUnusable):
    """What is to be learned is English, or no language tag."""

    def __init__(self, language: str) -> None:
        super().__init__(
            f"{language!r} is no language that can be learned: name it such as nl or pt-BR, and not en"
        )


class PairsFileUnreadable(PairsUnusable):
    """A file of pairs is not there or cannot be opened."""

    def __init__(self, file: Path, problem: str) -> None:
        super().__init__(f"the sentence pairs in {file} cannot be read: {problem}; check the path")


class PairsFileEmpty(PairsUnusable):
    """A file of pairs holds nothing but blank lines."""

    def __init__(self, file: Path) -> None:
        super().__init__(
            f'{file} is empty: write one pair a line, such as {{"en": "good day", "nl": "goedendag"}}'
        )


class PairsLineWrong(PairsUnusable):
    """A line is no pair."""

    def __init__(self, file: Path, line: int, problem: str, advice: str) -> None:
        super().__init__(f"{file}, line {line}: {problem}; {advice}")


class PairsMissing(PairsUnusable):
    """The files hold too few pairs of the language that is to be learned."""

    def __init__(self, files: str, language: str, *, found: int, least: int, which: str = "") -> None:
        super().__init__(
            f"{files}: usable pairs of en and {language}{which}: {found}, needed: at least {least}; "
            f'give lines that hold both "en" and "{language}", '
            f'or lines with "id", "lang" and "text" whose ids occur in both languages',
        )


class PairsLanguageAbsent(PairsUnusable):
    """The files hold no pair of the language that is to be learned."""

    def __init__(self, files: str, language: str, *, held: Sequence[str]) -> None:
        there = f"they hold {', '.join(held)}" if held else "they hold no language but en"
        super().__init__(
            f"{files}: usable pairs of en and {language}: 0; {there}: name one of those with --languages, "
            f'or give lines that hold both "en" and "{language}", '
            f'or lines with "id", "lang" and "text" whose ids occur in both languages'
        )


class PairsTooMany(PairsUnusable):
    """The pairs do not fit into the memory that alignment may take."""

    def __init__(self, files: str, language: str, limit: int) -> None:
        super().__init__(
            f"{files}: the pairs of en and {language} have more than {limit} word combinations: "
            "give fewer pairs, or shorter ones",
        )


class PairsSwapped(PairsUnusable):
    """The texts called English are less English than those of the other language."""

    def __init__(self, files: str, language: str, *, english: float, other: float) -> None:
        super().__init__(
            f'{files}: the vocabulary knows {english:.0%} of the words under "en" and {other:.0%} of those under '
            f'"{language}": the two languages seem to be swapped, or both to be the same; English texts belong under "en"',
        )


class PairsNotTranslations(PairsUnusable):
    """The texts of a pair do not mean the same."""

    def __init__(self, files: str, language: str, problem: str) -> None:
        super().__init__(
            f"{files}: the pairs of en and {language} are no translations of one another: {problem}; "
            "check that both texts of a line belong together and that each is in the language it is filed under",
        )


class PairsInAnotherLanguage(PairsUnusable):
    """Most texts of a side are in another language than the one they are filed under."""

    def __init__(self, files: str, language: str, found: str, *, share: float) -> None:
        super().__init__(
            f'{files}: {share:.0%} of what is filed under "{language}" looks like {found}: file each text under its own '
            f"language and name that with --languages; when it is {language} all the same, give --trust-languages"
        )


class PairsTeachNothing(PairsUnusable):
    """Every frequent word of the pairs is one that the encoder has."""

    def __init__(self, files: str, languages: str) -> None:
        super().__init__(
            f"{files}: no word of {languages} occurs often enough and is new to this encoder: give more pairs"
        )


class WordTableDamaged(EncoderUnavailable):
    """A word table holds something that no table holds."""

    def __init__(self, file: Path | str, line: int, problem: str) -> None:
        super().__init__(
            f"the word table {file}, line {line}, {problem}: reinstall balie, or make the table again with `balie encoder adapt`"
        )


class WordTableUnfitting(EncoderUnavailable):
    """A word table was made for another vocabulary than the encoder's."""

    def __init__(self, *, made_for: str, found: str) -> None:
        super().__init__(
            f"the word table was made for the vocabulary {made_for}, and the encoder has {found}: "
            "make a table for this encoder with `balie encoder adapt`"
        )
