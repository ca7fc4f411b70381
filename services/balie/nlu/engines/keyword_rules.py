r"""Reads the rules that an operator gives the engine `keyword`.

A file names intents, and under each what to look for:

    bicycle_information: [fiets, "mag mijn fiets mee", '/\bbikes?\b/']

A word or a phrase stands for itself, whole words, whatever their case and accents. What stands between slashes is a regular
expression of RE2, which takes no longer than the text is long, searched for anywhere and whatever the case.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from balie.nlu.errors import DataFileWrong, TrainingFailed
from balie.nlu.expressions import NoExpression, compiled
from balie.nlu.folding import phrase_of
from balie.nlu.yaml_file import Entry, read

_EXPRESSION_BYTES = 1 << 20


class GivenRule(BaseModel):
    """A rule of the operator's: a phrase of whole words, folded, or else a regular expression that ignores case."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    intent: str
    phrase: str = ""
    pattern: str = ""


def compiled_rule(pattern: str) -> Any:
    """Returns a pattern that can be searched for.

    Raises:
        NoExpression: it is none.
    """
    return compiled(pattern, _EXPRESSION_BYTES)


def read_rules(path: Path, intents: Sequence[str]) -> list[GivenRule]:
    """Returns the rules of a file.

    Raises:
        TrainingFailed: it cannot be read, or something in it makes no sense; names the line.
    """
    try:
        return [
            _rule(intent, entry)
            for intent, rules in read(path).items("the file of rules")
            for entry in _known(intent, rules, intents).elements(f"the rules of {intent}")
        ]
    except DataFileWrong as wrong:
        raise TrainingFailed(f"engine keyword: {wrong}") from None


def _known(intent: str, rules: Entry, intents: Sequence[str]) -> Entry:
    if intent not in intents:
        raise rules.wrong(
            f"there are rules for {intent}, which has no examples; known are: {', '.join(intents)}"
        )
    return rules


def _rule(intent: str, entry: Entry) -> GivenRule:
    text = entry.text(f"a rule of {intent}")
    if len(text) > 2 and text.startswith("/") and text.endswith("/"):
        try:
            compiled_rule(text[1:-1])
        except NoExpression as error:
            raise entry.wrong(f"a rule of {intent} is no regular expression of RE2: {error}") from None
        return GivenRule(intent=intent, pattern=text[1:-1])
    phrase = phrase_of(text)
    if not phrase:
        raise entry.wrong(f"a rule of {intent} has neither a letter nor a digit")
    return GivenRule(intent=intent, phrase=phrase)
