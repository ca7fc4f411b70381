"""What an import tells of itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an item of an import was refused.

    Attributes:
        number: its place in the stream, from 1.
        item_id: its id as far as it was given.
        reason: of the failure, as the contract has it.
        message: for a person.
    """

    number: int
    item_id: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class ImportCounts:
    """What became of the items of an import so far.

    Attributes:
        generation: of what they belong to, with all that was written.
        pruned: others that were taken out, because the import did not hold them.
    """

    received: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    generation: int = 0
    pruned: int = 0


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """One message of an import's progress."""

    counts: ImportCounts
    problems: tuple[Problem, ...]
    done: bool
