"""The bench of NLU: what is learned and sent, how calls are made and timed, and what its targets say."""

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import grpc
import pytest
import typer
from rich.console import Console

from balie.api.common.v1.language_pb2 import ScoredIntent
from balie.api.nlu.v1.nlu_service_pb2 import AnalyzeRequest, AnalyzeResponse, Understanding
from balie.cli.bench.calls import measure
from balie.cli.bench.nlu import server, yardstick
from balie.cli.bench.nlu.figures import EARLY, WHOLE, YARDSTICK, Answers, Report, shown
from balie.cli.bench.nlu.messages import Labelled, Messages
from balie.cli.bench.speeds import Speed

Unary = grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]

FAKE = Path(__file__).parents[2] / "fakes" / "slow_yardstick.py"


def write(file: Path, rows: list[dict[str, str]]) -> Path:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


def test_a_fifth_of_the_examples_is_sent_and_none_of_it_is_learned(tmp_path: Path) -> None:
    rows = [{"text": f"message number {number}", "label": f"l{number % 7}"} for number in range(1000)]
    again = [{"text": f"  Message NUMBER {number}", "label": "l0"} for number in range(1000)]
    messages = Messages.read(write(tmp_path / "train.jsonl", rows + again), None)
    learned = {row.text.strip().lower() for row in messages.learned}
    sent = [row.text.strip().lower() for row in messages.sent]
    assert not learned & set(sent)
    assert len(set(sent)) == len(sent)
    assert learned | set(sent) == {row["text"] for row in rows}
    assert 150 < len(sent) < 250


def test_messages_of_another_file_are_sent_less_those_that_were_learned(tmp_path: Path) -> None:
    train = write(tmp_path / "train.jsonl", [{"text": "hello", "label": "greet"}])
    other = write(
        tmp_path / "valid.jsonl", [{"text": "Hello"}, {"text": "bye", "label": "leave"}, {"text": "hm"}]
    )
    messages = Messages.read(train, other)
    assert messages.learned == [Labelled("hello", "greet")]
    assert messages.sent == [Labelled("bye", "leave"), Labelled("hm", None)]


@pytest.mark.parametrize("line", ["no json", "[1]", '{"label": "a"}', "7"])
def test_a_line_that_is_no_message_is_named(
    tmp_path: Path, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "train.jsonl"
    file.write_text('{"text": "a", "label": "b"}\n' + line + "\n", encoding="utf-8")
    with pytest.raises(typer.Exit):
        Messages.read(file, None)
    assert "train.jsonl:2" in capsys.readouterr().err.replace("\n", "")


@asynccontextmanager
async def reversing() -> AsyncIterator[str]:
    """Serves a method that answers with its request back to front, and fails for one request."""

    async def back(request: bytes, context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
        if request == b"bad":
            await context.abort(grpc.StatusCode.INTERNAL, "no")
        return request[::-1]

    running = grpc.aio.server()
    handler = grpc.method_handlers_generic_handler(
        "test.Test", {"Back": grpc.unary_unary_rpc_method_handler(back)}
    )
    running.add_generic_rpc_handlers((handler,))
    port = running.add_insecure_port("127.0.0.1:0")
    await running.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await running.stop(None)


@pytest.mark.parametrize("in_flight", [1, 16])
async def test_without_a_time_each_request_is_sent_once_and_answered(in_flight: int) -> None:
    requests = [b"one", b"bad", b"two", b"three"]
    async with reversing() as address:
        found = await measure(address, "/test.Test/Back", requests, in_flight, 0, 2)
    assert found["replies"] == {0: "ZW5v", 2: "b3d0", 3: "ZWVyaHQ="}
    assert found["failed"] == 1
    assert len(found["latencies"]) == 3  # type: ignore[arg-type]


async def test_calls_are_made_until_the_time_is_over() -> None:
    async with reversing() as address:
        found = await measure(address, "/test.Test/Back", [b"one", b"two"], 4, 0.3, 0)
    latencies = found["latencies"]
    assert isinstance(latencies, list)
    assert len(latencies) > 8
    assert found["replies"] == {}
    assert isinstance(found["seconds"], float)
    assert found["seconds"] >= 0.3


async def test_the_yardstick_learns_serves_and_is_understood(tmp_path: Path) -> None:
    learned = [Labelled("waar is mijn kaart?", "card"), Labelled("hé", "greet")]
    script = yardstick.Script(sys.executable, FAKE)
    async with yardstick.serving(script, learned, tmp_path) as running:
        requests = [yardstick.request(row.text) for row in learned]
        async with grpc.aio.insecure_channel(running.address) as channel:
            call: Unary = channel.unary_unary(yardstick.METHOD)
            intents = [yardstick.intent_of(await call(request, timeout=5)) for request in requests]
    assert intents == ["card", "greet"]


async def test_a_yardstick_that_cannot_serve_is_shown_with_its_last_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("import no_such_library_of_ours\n", encoding="utf-8")
    with pytest.raises(typer.Exit):
        async with yardstick.serving(yardstick.Script(sys.executable, broken), [], tmp_path):
            pass
    assert "no_such_library_of_ours" in capsys.readouterr().err


def reply(*scores: float) -> bytes:
    intents = [ScoredIntent(name=f"i{place}", score=score) for place, score in enumerate(scores)]
    return AnalyzeResponse(understanding=Understanding(intents=intents)).SerializeToString()


def test_a_message_counts_as_encoded_when_its_scores_are_those_of_the_whole_ranking() -> None:
    whole = {0: reply(0.9, 0.1), 1: reply(0.8, 0.15), 2: reply(0.7)}
    early = {0: reply(0.90001, 0.1), 1: reply(0.97, 0.01)}
    assert server.encoded_share(early, whole) == 0.5
    assert server.encoded_share(whole, whole) == 1.0


def test_a_request_asks_for_the_embedding_when_every_message_is_to_be_encoded() -> None:
    for encoded in (True, False):
        asked = AnalyzeRequest.FromString(server.request("hé", encoded=encoded))
        assert asked == AnalyzeRequest(text="hé", want_embedding=encoded)


def speed(way: str, in_flight: int, times: float | None, share: float | None) -> Speed:
    return Speed(way, in_flight, 100, 0, 50.0, 10.0, 20.0, 5.0, times, share)


@pytest.fixture
def good() -> Report:
    speeds = [
        *(speed(YARDSTICK, in_flight, None, None) for in_flight in (1, 16)),
        *(speed(EARLY, in_flight, 5.0, 0.5) for in_flight in (1, 16)),
        *(speed(WHOLE, in_flight, 3.0, 0.5) for in_flight in (1, 16)),
    ]
    answers = [Answers(WHOLE, 950, 1000, 1.0, 300.0), Answers(EARLY, 948, 1000, 0.4, 300.0)]
    return Report({"cores": "2"}, "8 learned, 2 sent", {"balie": 3.0}, 5, 3.0, speeds, answers)


def test_targets_are_met_at_their_bounds(good: Report) -> None:
    assert [target.met for target in good.targets] == [True] * 5
    assert not good.missed


@pytest.mark.parametrize(
    ("way", "in_flight", "times", "share", "missed"),
    [(EARLY, 16, 4.9, 0.5, 0), (WHOLE, 16, 2.9, 0.5, 1), (EARLY, 1, 5.0, 0.6, 2), (WHOLE, 1, 3.0, 0.6, 3)],
)
def test_a_target_beyond_its_bound_is_missed(
    good: Report, way: str, in_flight: int, times: float, share: float, missed: int
) -> None:
    worse = [
        speed(way, in_flight, times, share) if (one.way, one.in_flight) == (way, in_flight) else one
        for one in good.speeds
    ]
    report = replace(good, speeds=worse)
    assert [place for place, target in enumerate(report.targets) if not target.met] == [missed]
    assert report.missed


def test_accuracy_lost_to_early_exit_is_a_target(good: Report) -> None:
    answers = [good.answers[0], replace(good.answers[1], right=947)]
    report = replace(good, answers=answers)
    assert [target.met for target in report.targets] == [True] * 4 + [False]


def test_what_was_not_measured_is_not_met(good: Report) -> None:
    alone = [replace(one, times_yardstick=None, share_of_its_p50=None) for one in good.speeds]
    report = replace(good, speeds=alone)
    assert [target.met for target in report.targets] == [None] * 4 + [True]
    assert report.missed


def test_the_report_is_shown_whole(good: Report) -> None:
    screen = Console(width=140, no_color=True, record=True)
    screen.print(shown(good))
    text = screen.export_text()
    for words in (
        EARLY,
        WHOLE,
        YARDSTICK,
        "94.80%",
        "40.0%",
        "at least 5x",
        "met",
        "+0.20",
        "16 messages in flight",
    ):
        assert words in text
    told = good.as_dict()
    assert json.loads(json.dumps(told)) == told
