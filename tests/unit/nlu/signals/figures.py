"""How well signals are read, on this project's own lists and on the evaluation data: the tables of docs/signals.md.

python -m tests.unit.nlu.signals.figures
"""

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from balie.nlu.domain import Frustration
from balie.nlu.signals import SignalReader

LISTS = Path(__file__).parent / "lists"
DATA = Path(__file__).parents[5] / "shared" / "data" / "intents"
LANGUAGES = ("nl", "de", "en")
HALVES = ("dev", "held_out")
EVERYDAY = ("banking77", "clinc150", "hwu64", "massive_nl", "massive_de", "massive_en")

Row = dict[str, str]


@dataclass(frozen=True)
class Figures:
    """Of those that are, those that are told, and both."""

    positives: int
    negatives: int
    hits: int
    false_alarms: int

    @property
    def precision(self) -> float:
        return self.hits / max(1, self.hits + self.false_alarms)

    @property
    def recall(self) -> float:
        return self.hits / max(1, self.positives)

    @property
    def f1(self) -> float:
        return 2 * self.hits / max(1, self.hits + self.false_alarms + self.positives)

    def __str__(self) -> str:
        told = f"{self.precision:.3f} | {self.recall:.3f} | {self.f1:.3f}"
        return f"{self.positives} | {self.negatives} | {told}"


def rows(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def listed(signal: str, language: str, half: str) -> list[Row]:
    return rows(LISTS / f"{signal}_{language}_{half}.jsonl")


def figures(found: Iterable[Row], is_one: Callable[[Row], bool], says: Callable[[str], bool]) -> Figures:
    told = [(is_one(row), says(row["text"])) for row in found]
    return Figures(
        positives=sum(one for one, _ in told),
        negatives=sum(not one for one, _ in told),
        hits=sum(one and said for one, said in told),
        false_alarms=sum(said and not one for one, said in told),
    )


def asks(reader: SignalReader, found: Iterable[Row]) -> Figures:
    return figures(found, lambda row: row["label"] == "human", lambda text: reader.read(text).asks_for_person)


def frustrated(reader: SignalReader, found: Iterable[Row], least: Frustration) -> Figures:
    levels = {"none": Frustration.NONE, "mild": Frustration.MILD, "strong": Frustration.STRONG}
    return figures(
        found, lambda row: levels[row["label"]] >= least, lambda text: reader.read(text).frustration >= least
    )


def _head(*names: str) -> None:
    print("\n| " + " | ".join(names) + " |\n|" + " --- |" * len(names))


def _lists(reader: SignalReader) -> None:
    _head("list", "half", "are", "are not", "precision", "recall", "F1")
    for language in LANGUAGES:
        for half in HALVES:
            print(
                f"| asks for a person, {language} | {half} | {asks(reader, listed('person', language, half))} |"
            )
    for least in (Frustration.MILD, Frustration.STRONG):
        for language in LANGUAGES:
            for half in HALVES:
                told = frustrated(reader, listed("frustration", language, half), least)
                print(f"| frustration, {least.name.lower()} or more, {language} | {half} | {told} |")


def _handoff(reader: SignalReader) -> None:
    found = rows(DATA / "handoff_en" / "train.jsonl")
    _head("handoff_en", "are", "are not", "precision", "recall", "F1")
    for source in sorted({row["source"] for row in found}):
        print(f"| {source} | {asks(reader, [row for row in found if row['source'] == source])} |")
    print(f"| all | {asks(reader, found)} |")
    rest = [row for row in found if row.get("intent") != "contact_customer_service"]
    print(f"| all but the intent contact_customer_service | {asks(reader, rest)} |")


def _everyday(reader: SignalReader) -> None:
    _head(
        "train and valid of", "messages", "ask for a person", "sound frustrated", "strongly", "µs a message"
    )
    for name in EVERYDAY:
        files = [path for half in ("train", "valid") if (path := DATA / name / f"{half}.jsonl").exists()]
        texts = [row["text"] for file in files for row in rows(file)]
        began = time.process_time()
        read = [reader.read(text) for text in texts]
        spent = (time.process_time() - began) / len(texts) * 1e6
        shares = [
            sum(one.asks_for_person for one in read),
            sum(one.frustration >= Frustration.MILD for one in read),
            sum(one.frustration >= Frustration.STRONG for one in read),
        ]
        told = " | ".join(f"{count} ({count / len(texts):.2%})" for count in shares)
        print(f"| {name} | {len(texts)} | {told} | {spent:.0f} |")


def main(parts: Sequence[Callable[[SignalReader], None]] = (_lists, _handoff, _everyday)) -> None:
    reader = SignalReader(LANGUAGES)
    for part in parts if DATA.is_dir() else parts[:1]:
        part(reader)


if __name__ == "__main__":
    main()
