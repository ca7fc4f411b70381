"""A bench's figures from known measurements, its arithmetic beside a count by hand, and what it encodes."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from pydantic import TypeAdapter

from balie.encoders.batcher import BatchingEncoder
from balie.encoders.bench.arithmetic import Arithmetic
from balie.encoders.bench.errors import BenchSentencesWrong
from balie.encoders.bench.figures import (
    ALL_WORKERS,
    CONCURRENT,
    Report,
    Sample,
    SentenceSet,
    speeds_of,
    targets_of,
)
from balie.encoders.bench.measuring import concurrent_samples
from balie.encoders.bench.peak import Peak, PeakMeter
from balie.encoders.bench.sentences import SHORT_TOKENS, built_in, questions, read_sentences
from balie.encoders.bench.start import Start
from balie.encoders.folder.graph import GRAPH_FILE
from balie.encoders.onnx import OnnxEncoder

START = Start(wall_seconds=0.7, cpu_seconds=0.5, resident_mb=120.0, starts=3)


def product(rows: int, inner: int, columns: int) -> int:
    return 2 * rows * inner * columns


def by_hand(tokens: int) -> int:
    """The matrix products of MiniLM-L6 on one text, one after the other."""
    layer = 4 * product(tokens, 384, 384)  # query, key, value and what is attended
    layer += 12 * (product(tokens, 32, tokens) + product(tokens, tokens, 32))  # each of 12 heads
    layer += product(tokens, 384, 1536) + product(tokens, 1536, 384)
    return 6 * layer


class CountingEncoder:
    """Gives vectors of nothing, and counts what it was given."""

    name = fingerprint = "counting"
    dimensions = max_tokens = 4

    def __init__(self) -> None:
        self.texts: Counter[str] = Counter()

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        self.texts.update(texts)
        return np.zeros((len(texts), self.dimensions), np.float32)


def test_counts_the_arithmetic_of_the_packaged_model(encoder_folder: Path):
    arithmetic = Arithmetic.of_graph(encoder_folder / GRAPH_FILE)

    assert by_hand(16) == 342_097_920
    assert arithmetic.operations([16]) == by_hand(16)
    assert arithmetic.operations([5, 60, 16]) == by_hand(5) + by_hand(60) + by_hand(16)


def test_counts_padding_apart(encoder_folder: Path):
    arithmetic = Arithmetic.of_graph(encoder_folder / GRAPH_FILE)

    assert arithmetic.padded_operations([5, 60, 16]) == 3 * by_hand(60)
    assert arithmetic.padded_operations([]) == arithmetic.operations([]) == 0


def test_counts_the_other_kinds_of_product(tmp_path: Path):
    helper = onnx.helper
    matrix = onnx.numpy_helper.from_array(np.zeros((8, 24), np.float32), "joined")
    nodes = [
        helper.make_node("MatMul", ["given", "joined"], ["all"]),
        helper.make_node("Split", ["all"], ["q", "k", "v"], axis=-1),
        helper.make_node(
            "MultiHeadAttention", ["q", "k", "v"], ["mixed"], domain="com.microsoft", num_heads=2
        ),
        helper.make_node("MatMulNBits", ["mixed", "b", "s"], ["out"], domain="com.microsoft", K=8, N=16),
        helper.make_node("MatMul", ["out", "mixed"], ["no weights"]),
    ]
    graph = helper.make_graph(nodes, "small", [], [], initializer=[matrix])
    (tmp_path / GRAPH_FILE).write_bytes(helper.make_model(graph).SerializeToString())

    arithmetic = Arithmetic.of_graph(tmp_path / GRAPH_FILE)

    assert arithmetic == Arithmetic(weights=8 * 24 + 8 * 16, attention_width=8)


def test_takes_medians_over_rounds_and_ratios_within_them():
    # The machine is four times as slow in the second round, for both.
    samples = {
        ("encoder", "short", "batch 8"): [
            Sample(8, 0.08, 0.04, operations=2_000_000_000, peak_gflops=100),
            Sample(8, 0.32, 0.16, operations=2_000_000_000, peak_gflops=25),
            Sample(8, 0.08, 0.05, operations=2_000_000_000, peak_gflops=100),
        ],
        ("torch", "short", "batch 8"): [Sample(8, 0.2, 0.12), Sample(8, 0.8, 0.48), Sample(8, 0.2, 0.1)],
    }

    own, torch = speeds_of(samples)

    assert (own.sentences_per_second, own.cpu_ms_per_sentence) == pytest.approx((100.0, 6.25))
    assert own.share_of_peak == pytest.approx(0.5)
    assert own.times_torch == pytest.approx(3.0)
    assert (torch.share_of_peak, torch.times_torch, torch.share_of_batched) == (None, None, None)


def test_holds_concurrent_callers_against_the_batched_rate_by_wall_time():
    samples = {
        ("encoder", "short", ALL_WORKERS): [Sample(64, 1.0, 9.0), Sample(64, 4.0, 9.0)],
        ("encoder", "short", CONCURRENT): [Sample(64, 1.25, 1.0), Sample(64, 5.0, 1.0)],
    }

    batched, callers = speeds_of(samples)

    assert batched.share_of_batched is None
    assert callers.share_of_batched == pytest.approx(0.8)


def report(*, batch_8_cpu: float = 0.05, precision: str = "fp32", torch: bool = True) -> Report:
    rounds = {
        ("encoder", "short", "batch 1"): [Sample(1, 0.01, 0.01)],
        ("encoder", "short", "batch 8"): [Sample(8, 0.05, batch_8_cpu, 3_000_000_000, 100.0)],
        ("encoder", "short", ALL_WORKERS): [Sample(64, 1.0, 1.0)],
        ("encoder", "short", CONCURRENT): [Sample(64, 1.05, 1.0)],
        ("encoder", "mixed", "batch 8"): [Sample(8, 0.05, 9.0, 3_000_000_000, 100.0)],
    }
    if torch:
        rounds["torch", "short", "batch 1"] = [Sample(1, 0.025, 0.025)]
    speeds = speeds_of(rounds)
    return Report(
        machine={"processor": "Ünicode"},
        encoder={"name": "minilm-l6-v2", "precision": precision, "fingerprint": "f"},
        torch="the packaged model",
        rounds=1,
        workers=2,
        sets=[SentenceSet("short", "one", 16.0, 342.1, 342.1)],
        speeds=speeds,
        peak=Peak(100.0, "NumPy 512", {"NumPy 512": 100.0}),
        start=START,
        targets=targets_of(speeds, START, precision),
    )


def test_meets_its_targets_with_the_first_set():
    met = report()

    assert [target.met for target in met.targets] == [True] * 5
    assert [target.found for target in met.targets] == pytest.approx([2.5, 0.6, 1 / 1.05, 0.5, 120.0])
    assert not met.missed


def test_says_which_target_is_missed():
    missed = report(batch_8_cpu=0.06)

    assert [target.met for target in missed.targets] == [True, False, True, True, True]
    assert missed.missed


def test_a_start_that_takes_too_much_is_missed():
    slow = targets_of(report().speeds, replace(START, cpu_seconds=1.1, resident_mb=251), "fp32")

    assert [target.met for target in slow[3:]] == [False, False]


def test_what_was_not_measured_is_neither_met_nor_missed():
    without = report(torch=False, precision="int8", batch_8_cpu=9.0)

    assert [target.met for target in without.targets] == [None, None, True, True, True]
    assert not without.missed


def test_a_report_survives_json():
    whole = report()

    assert TypeAdapter(Report).validate_json(json.dumps(whole.as_dict())) == whole


def test_the_short_set_is_of_one_length_in_three_languages(encoder: OnnxEncoder):
    short, _ = built_in(encoder.count_tokens)

    assert set(encoder.count_tokens(short.texts)) == {SHORT_TOKENS}
    assert len(set(short.texts)) == len(short.texts) >= 32
    words = " ".join(short.texts).split()
    assert {"ik", "ich", "I"} <= set(words)


def test_the_short_set_is_as_long_for_every_competitor(encoder: OnnxEncoder):
    def another(texts: Sequence[str]) -> list[int]:
        return [
            length + text.startswith("Can")
            for length, text in zip(encoder.count_tokens(texts), texts, strict=True)
        ]

    short, _ = built_in(encoder.count_tokens, another)

    assert short.texts
    assert not any(text.startswith("Can") for text in short.texts)


def test_the_mixed_set_has_many_lengths_and_is_the_same_each_time(encoder: OnnxEncoder):
    _, mixed = built_in(encoder.count_tokens)
    lengths = encoder.count_tokens(mixed.texts)

    assert (min(lengths) < 10, max(lengths) > 50, len(set(lengths)) > 30) == (True, True, True)
    assert mixed == built_in(encoder.count_tokens)[1]
    assert len(set(questions())) == len(questions())


def test_says_when_no_question_has_the_length():
    with pytest.raises(BenchSentencesWrong, match="--sentences"):
        built_in(lambda texts: [1] * len(texts))


def test_reads_sentences_of_a_file(tmp_path: Path):
    file = tmp_path / "own.jsonl"
    file.write_text('{"text": "één"}\n\n{"text": "two", "label": 2}\n', encoding="utf-8")

    assert (read_sentences(file).name, read_sentences(file).texts) == ("own", ("één", "two"))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b'{"text": "one"}\nnot json\n', "line 2"),
        (b'{"text": "one"}\n{"word": "two"}\n', "line 2"),
        (b'{"text": 7}\n', "line 1"),
        (b'["text"]\n', "line 1"),
        (b"\n", "no sentences"),
        (b'{"text": "one"}\n\xff\xfe', "line 2 is not UTF-8"),
    ],
)
def test_refuses_a_file_that_holds_something_else(tmp_path: Path, content: bytes, problem: str):
    file = tmp_path / "wrong.jsonl"
    file.write_bytes(content)

    with pytest.raises(BenchSentencesWrong, match=problem):
        read_sentences(file)


def test_refuses_a_file_that_is_not_there(tmp_path: Path):
    with pytest.raises(
        BenchSentencesWrong, match=r"cannot be read \(No such file.*\): name a file of JSON Lines"
    ):
        read_sentences(tmp_path / "absent.jsonl")


def test_refuses_a_folder_in_a_sentence(tmp_path: Path):
    with pytest.raises(BenchSentencesWrong, match="is a folder: name a file of JSON Lines") as refused:
        read_sentences(tmp_path)

    assert "Errno" not in str(refused.value)


def test_the_peak_is_the_best_of_every_library_and_size():
    meter = PeakMeter((32, 64))
    now = meter.measure()

    peak = meter.peak()

    assert {"NumPy 32", "NumPy 64", "ONNX Runtime 32", "ONNX Runtime 64"} <= set(peak.each)
    assert peak.gflops == peak.each[peak.by] == max(peak.each.values())
    assert 0 < now <= peak.gflops


async def test_encodes_every_text_once_in_each_way():
    counting = CountingEncoder()
    batching = BatchingEncoder(counting, workers=2, cache_texts=0)
    texts = [str(number) for number in range(50)]

    found = await concurrent_samples(batching, texts, 100, workers=2)
    await batching.close()

    assert [sample.sentences for sample in found.values()] == [100, 100]
    assert list(found) == [ALL_WORKERS, CONCURRENT]
    assert counting.texts == Counter(texts * 4)


async def test_leaves_out_large_requests_when_told_to():
    batching = BatchingEncoder(CountingEncoder(), cache_texts=0)

    assert list(await concurrent_samples(batching, ["a"], 4, workers=0)) == [CONCURRENT]
    await batching.close()


def test_is_imported_without_a_matrix_library():
    # Its threads are limited by variables that it reads at its import.
    code = "import sys, balie.encoders.bench.__main__; print('numpy' in sys.modules)"

    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert answer.stdout.strip() == "False"
