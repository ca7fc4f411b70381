"""The measurement of one encoder beside another, on made-up texts and encoders whose every vector is known."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from balie.encoders.bench.quality import Agreement, QualityDataMissing, compare

LABELS = ("card", "cash", "rate")


class Words:
    """Counts words; one word may be taken for another."""

    name = "words"
    dimensions = 4096
    max_tokens = 256
    _places: ClassVar[dict[str, int]] = {}
    """Of each word in a vector, the same for all: two encoders differ only in what they take for what."""

    def __init__(self, fingerprint: str = "words.fp32", taken_for: dict[str, str] | None = None) -> None:
        self.fingerprint = fingerprint
        self._taken_for = taken_for or {}

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        vectors = np.zeros((len(texts), self.dimensions), np.float32)
        for row, text in enumerate(texts):
            for word in text.split():
                word = self._taken_for.get(word, word)
                vectors[row, self._places.setdefault(word, len(self._places))] += 1
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


class Swayed(Words):
    """Lets a text's vector depend on how many it was encoded with."""

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        vectors = super().encode(texts)
        vectors[:, -1] = len(texts) > 1
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _write(data: Path, name: str, rows: list[dict[str, object]]) -> None:
    path = data / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_data(tmp_path)
    return tmp_path


def write_data(folder: Path) -> None:
    """Writes evaluation data of the real layout, with made-up texts."""
    for language in ("en", "nl", "de"):
        texts = [f"{language} thing{number % 167} here" for number in range(167)]
        texts += [f"{language} thing{number} there" for number in range(30)]
        texts.append(texts[0])  # a text of the pool that is asked for as well
        _write(folder, f"intents/massive_{language}/valid.jsonl", [{"text": text} for text in texts])
    shot = [{"text": f"my {label} please {n}", "label": label} for label in LABELS for n in range(10)]
    other = [{"text": f"about {label} number {n}", "label": label} for label in LABELS for n in range(60)]
    _write(folder, "intents/banking77/train_10shot.jsonl", shot)
    _write(folder, "intents/banking77/train.jsonl", shot + other)
    entries = [{"id": f"e{n}", "question": f"topic{n // 2} how"} for n in range(8)]
    queries: list[dict[str, object]] = [
        {"text": f"asking topic{n}", "entry_ids": [f"e{2 * n}", f"e{2 * n + 1}"]} for n in range(4)
    ]
    queries.append({"text": "nobody knows", "entry_ids": []})
    _write(folder, "faq/stackfaq/entries.jsonl", entries)
    _write(folder, "faq/stackfaq/queries.jsonl", queries)


def test_an_encoder_agrees_with_itself(data: Path):
    found = compare(Words(), Words("words.same"), data)

    assert (found.reference, found.other) == ("words.fp32", "words.same")
    assert found.mean_cosine == pytest.approx(1.0, abs=1e-6)
    assert found.least_cosine == pytest.approx(1.0, abs=1e-6)
    assert (found.top1, found.equal) == (1.0, True)
    assert found.intents.reference == found.intents.other == found.intents.alike == 1.0
    assert found.answers.reference == found.answers.other == found.answers.alike == 1.0


def test_counts_what_is_compared(data: Path):
    found = compare(Words(), Words(), data)

    assert found.sentences == 3 * 167
    assert found.pool == 3 * 30
    assert found.intents.questions == 3 * 40  # not the examples, and at most 40 an intent
    assert found.answers.questions == 4  # not what nobody knows


def test_an_encoder_that_takes_one_intent_for_another_loses_it(data: Path):
    found = compare(Words(), Words(taken_for={"cash": "card"}), data)

    assert found.intents.reference == 1.0
    assert found.intents.other == pytest.approx(2 / 3)
    assert found.intents.alike == pytest.approx(2 / 3)
    assert found.answers.other == 1.0
    assert not found.equal


def test_an_encoder_that_takes_one_question_for_another_loses_it(data: Path):
    found = compare(Words(), Words(taken_for={"topic3": "topic0"}), data)

    assert (found.answers.reference, found.answers.other) == (1.0, 0.75)
    assert (found.intents.other, found.top1) == (1.0, 1.0)
    assert not found.equal


def test_a_nearest_text_that_changes_is_seen(data: Path):
    found = compare(Words(), Words(taken_for={"thing7": "thing9"}), data)

    assert found.top1 == pytest.approx(1 - 3 / (3 * 167))
    assert found.least_cosine == pytest.approx(2 / 3, abs=1e-6)
    assert found.mean_cosine == pytest.approx(1 - 3 / (3 * 167) / 3, abs=1e-6)


def test_a_vector_that_depends_on_its_batch_is_seen(data: Path):
    steady = compare(Words(), Words(), data)
    swayed = compare(Words(), Swayed(), data)

    assert steady.batch_least_cosine == pytest.approx(1.0, abs=1e-6)
    assert swayed.batch_least_cosine < 0.8


def test_tells_what_it_is_doing(data: Path):
    told: list[tuple[str, float]] = []

    compare(Words(), Words(), data, lambda step, share: told.append((step, share)))

    shares = [share for _step, share in told]
    assert shares == sorted(shares)
    assert (shares[0], told[-1]) == (0.0, ("done", 1.0))
    assert {"encoding with the reference", "encoding with the other"} <= {step for step, _share in told}


def test_figures_can_be_written_as_json(data: Path):
    found = compare(Words(), Words(), data)

    figures = json.loads(json.dumps(found.as_dict()))

    assert figures["intents"] == {"questions": 120, "reference": 1.0, "other": 1.0, "alike": 1.0}
    assert figures.keys() == {*Agreement.__dataclass_fields__, "equal"}


@pytest.mark.parametrize(
    "name",
    [
        "intents/massive_de/valid.jsonl",
        "intents/banking77/train.jsonl",
        "intents/banking77/train_10shot.jsonl",
        "faq/stackfaq/entries.jsonl",
        "faq/stackfaq/queries.jsonl",
    ],
)
def test_names_the_folder_and_the_file_that_is_missing(data: Path, name: str):
    (data / name).unlink()

    with pytest.raises(QualityDataMissing, match=f"{data}: {name} is missing") as refused:
        compare(Words(), Words(), data)

    assert "name the folder that holds intents/massive_en" in str(refused.value)


@pytest.mark.parametrize("line", ["{", "[]", '{"txt": "a"}', '"text"'])
def test_names_the_line_that_holds_something_else(data: Path, line: str):
    with (data / "intents/massive_nl/valid.jsonl").open("a", encoding="utf-8") as file:
        file.write(line + "\n")

    with pytest.raises(QualityDataMissing, match=r"massive_nl/valid\.jsonl has no text in line 199"):
        compare(Words(), Words(), data)


def test_refuses_a_file_that_is_not_text(data: Path):
    (data / "faq/stackfaq/queries.jsonl").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(QualityDataMissing, match="cannot be read"):
        compare(Words(), Words(), data)


@pytest.mark.parametrize(
    ("name", "part"),
    [("faq/stackfaq/queries.jsonl", "stackfaq"), ("intents/banking77/train.jsonl", "banking77")],
)
def test_refuses_a_file_with_too_few_texts(data: Path, name: str, part: str):
    (data / name).write_text("", encoding="utf-8")

    with pytest.raises(QualityDataMissing, match=f"{part} holds too few texts"):
        compare(Words(), Words(), data)
