"""The benches of FAQ: what is held and asked, what their targets say, and how the curves are drawn."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree

import numpy as np
import pytest
import typer
from rich.console import Console

from balie.api.faq.v1.faq_service_pb2 import SearchAnswersRequest
from balie.cli.bench import calls, texts
from balie.cli.bench.faq import figures, server, txtai
from balie.cli.bench.faq.corpus import Corpus
from balie.cli.bench.faq.figures import ENCODED, GIVEN, Held, Report
from balie.cli.bench.faq.txtai import TXTAI
from balie.cli.bench.faq_index import figures as index_figures
from balie.cli.bench.faq_index.cloud import Cloud, nearest
from balie.cli.bench.faq_index.entries import entries
from balie.cli.bench.faq_index.figures import Row
from balie.cli.bench.faq_index.order import Built, Order, Reopened
from balie.cli.bench.faq_index.picture import picture
from balie.cli.bench.http import Http, HttpFailed, get, post
from balie.cli.bench.speeds import Speed
from balie.cli.bench_options import end, placed


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name, language in (("ours", "en"), ("theirs", "nl")):
        folder = tmp_path / "intents" / name
        folder.mkdir(parents=True)
        rows = [{"text": f"{name} question {n}", "label": str(n // 50), "lang": language} for n in range(200)]
        rows += [{"text": f"  {name}  QUESTION {n}", "label": "again", "lang": language} for n in range(200)]
        (folder / "train.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    (tmp_path / "faq" / "desk").mkdir(parents=True)
    rows = [{"answer": f"This is sentence {n} of all. And number {n} comes after it."} for n in range(10)]
    (tmp_path / "faq" / "desk" / "entries.jsonl").write_text(
        "\n".join(map(json.dumps, rows)), encoding="utf-8"
    )
    return tmp_path


def key(text: str) -> str:
    return " ".join(text.lower().split())


def test_every_question_comes_once_and_sets_are_mixed(data: Path) -> None:
    found = texts.questions(data)
    assert len({key(text) for text in found}) == len(found) == 400
    assert found == texts.questions(data)
    assert 30 < sum("ours" in text for text in found[:100]) < 70
    assert len({int(key(text).split()[-1]) // 50 for text in found[:100]}) == 4
    assert all("ours" in key(text) for text in texts.questions(data, ("en",)))


def test_answers_are_as_many_as_are_wanted_and_all_different(data: Path) -> None:
    found = texts.answers(data, 20 * 19)
    assert len(set(found)) == 20 * 19
    with pytest.raises(typer.Exit):
        texts.answers(data, 20 * 19 + 1)


def test_nothing_that_is_asked_is_held(data: Path) -> None:
    corpus = Corpus.read(data, 50, 2)
    held = [*corpus.questions, *(phrasing for several in corpus.phrasings for phrasing in several)]
    assert [len(several) for several in corpus.phrasings] == [2] * 50
    assert len({key(text) for text in held}) == 150
    assert len(corpus.asked) == 50
    assert not {key(text) for text in held} & {key(text) for text in corpus.asked}
    made = list(corpus.entries())
    assert len({entry.id for entry in made}) == 50
    assert made[3].texts[0].phrasings == corpus.phrasings[3]


def test_too_few_texts_are_said_to_be_too_few(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        Corpus.read(data, 100, 1)
    assert "200" in capsys.readouterr().err


def test_requests_ask_with_the_embedding_and_without() -> None:
    [given] = server.requests_with(["hé"], np.asarray([[0.5, 0.25]], np.float32), "f1")
    [encoded] = server.requests(["hé"])
    asked = SearchAnswersRequest.FromString(given)
    assert asked.text == "hé"
    assert asked.embedding.fingerprint == "f1"
    assert list(asked.embedding.values) == [0.5, 0.25]
    asked.ClearField("embedding")
    assert asked == SearchAnswersRequest.FromString(encoded)


@asynccontextmanager
async def web() -> AsyncIterator[str]:
    """Serves what a request says back in capitals, on connections that stay open; `/bad` fails."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                length = 0
                while (header := await reader.readline()).strip():
                    if header.lower().startswith(b"content-length"):
                        length = int(header.split(b":")[1])
                path = line.split()[1]
                body = (path + await reader.readexactly(length)).upper()
                status = b"500 No" if path == b"/bad" else b"200 OK"
                writer.write(b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body))
        finally:
            writer.close()

    running = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{running.sockets[0].getsockname()[1]}"
    finally:
        running.close()


async def test_http_keeps_its_connections_and_tells_failures() -> None:
    async with web() as address, Http(address, 5) as http:
        assert await http.call(get("/a?q=b%20c")) == b"/A?Q=B%20C"
        assert await http.call(post("/a", ["b"])) == b'/A["B"]'
        with pytest.raises(HttpFailed, match="500"):
            await http.call(get("/bad"))
        assert await http.call(get("/d")) == b"/D"


async def test_nobody_there_is_a_failed_call() -> None:
    async with Http("127.0.0.1:1", 5) as http:
        with pytest.raises(HttpFailed):
            await http.call(get("/"))


@pytest.mark.parametrize("in_flight", [1, 16])
async def test_the_load_calls_over_http_too(in_flight: int) -> None:
    async with web() as address:
        requests = [get("/one"), get("/bad"), get("/two")]
        found = await calls.measure(address, calls.HTTP, requests, in_flight, 0, 0)
    assert found["replies"] == {0: "L09ORQ==", 2: "L1RXTw=="}
    assert found["failed"] == 1


def test_a_search_of_txtai_is_a_path_of_plain_letters() -> None:
    [request] = txtai.requests(["où est &ça?"])
    assert request.startswith(b"GET /search?query=o%C3%B9+est+%26%C3%A7a%3F&limit=5 HTTP/1.1\r\n")


def speed(way: str, in_flight: int, times: float | None) -> Speed:
    return Speed(way, in_flight, 100, 0, 50.0, 10.0, 20.0, 5.0, times, times)


@pytest.fixture
def good() -> Report:
    ways = ((TXTAI, None), (GIVEN, 10.0), (ENCODED, 3.0))
    speeds = [speed(way, in_flight, times) for in_flight in (1, 16) for way, times in ways]
    held = [Held(TXTAI, 100, 100, 9.0, 787.0), Held("balie", 100, 300, 8.0, 300.0)]
    return Report({"cores": "2"}, "100 entries", 5, 3.0, speeds, held)


def test_targets_are_met_at_their_bounds_and_missed_below(good: Report) -> None:
    assert [target.met for target in good.targets] == [True, True]
    for place, way in enumerate((GIVEN, ENCODED)):
        speeds = [
            replace(one, times_yardstick=2.9) if (one.way, one.in_flight) == (way, 16) else one
            for one in good.speeds
        ]
        worse = replace(good, speeds=speeds)
        assert [number for number, target in enumerate(worse.targets) if not target.met] == [place]
        assert worse.missed


def test_without_txtai_targets_are_not_measured(good: Report) -> None:
    speeds = [replace(one, times_yardstick=None) for one in good.speeds if one.way != TXTAI]
    alone = replace(good, speeds=speeds)
    assert [target.met for target in alone.targets] == [None, None]
    assert alone.missed


def test_the_report_is_shown_whole(good: Report) -> None:
    screen = Console(width=140, no_color=True, record=True)
    screen.print(figures.shown(good))
    text = screen.export_text()
    for words in (GIVEN, ENCODED, TXTAI, "787", "at least 10x", "16 searches in flight"):
        assert words in text
    told = good.as_dict()
    assert json.loads(json.dumps(told)) == told


@pytest.fixture
def cloud() -> Cloud:
    rows = np.random.default_rng(1).standard_normal((100, 384))
    return Cloud((rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16))


def test_a_cloud_is_the_same_in_part_and_begins_with_real_vectors(cloud: Cloud) -> None:
    rows = cloud.rows(20_100)
    assert np.array_equal(cloud.rows(10_050), rows[:10_050])
    assert np.allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-5)
    assert np.allclose(rows[:100], cloud.texts.astype(np.float32), atol=1e-3)
    alike = (rows[100:] * rows[[cloud.text_of(n) for n in range(100, 20_100)]]).sum(axis=1)
    assert 0.87 < alike.min() < alike.max() < 0.98
    assert len(np.unique(rows, axis=0)) == len(rows)


def test_the_nearest_are_found_over_all_blocks(cloud: Cloud) -> None:
    rows = cloud.rows(20_100)
    queries = rows[::4000]
    numbers, scores = nearest(rows, queries, 10)
    whole = queries @ rows.T
    assert np.array_equal(numbers, np.argsort(-whole, axis=1, kind="stable")[:, :10])
    assert np.allclose(scores, -np.sort(-whole, axis=1)[:, :10])


def test_entries_beyond_the_questions_ask_something_else() -> None:
    questions = [f"may {n} people of {n} come on board" for n in range(40)]
    made = entries(questions, ["yes", "no"], 400)
    assert len({entry.texts[0].question for entry in made}) == 400
    assert len({entry.digest for entry in made}) == 400


def test_an_order_is_read_as_it_was_written(tmp_path: Path) -> None:
    order = Order("whole", 7, tmp_path, tmp_path / "a", tmp_path / "b", tmp_path / "c", 10)
    assert Order.read(order.write(tmp_path / "order.json")) == order


def row(what: Literal["vectors", "whole"], size: int) -> Row:
    recall = 0.991 if what == "vectors" else None
    built = Built("flat", size, size / 100, 200 + size / 10, size / 500)
    return Row(what, size, built, Reopened(1.5, 90.0, 95.0 + size / 100, size / 1e4, size / 5e3, recall))


@pytest.fixture
def grown() -> index_figures.Report:
    rows = [*(row("vectors", size) for size in (1000, 10_000, 1_000_000)), row("whole", 1000)]
    return index_figures.Report({"cores": "2"}, "real texts", 10, rows)


def test_the_curves_are_shown_whole_on_a_narrow_screen(grown: index_figures.Report) -> None:
    screen = Console(width=80, no_color=True, record=True)
    screen.print(index_figures.shown(grown))
    text = screen.export_text()
    for words in ("1,000,000", "99.1%", "100.00", "recall", "the whole index", "90 of them"):
        assert words in text
    assert "…" not in text
    told = grown.as_dict()
    assert json.loads(json.dumps(told)) == told


def test_the_curves_are_drawn(grown: index_figures.Report) -> None:
    drawn = picture(grown)
    root = ElementTree.fromstring(drawn)  # noqa: S314  our own
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    lines = root.findall(".//{http://www.w3.org/2000/svg}polyline")
    assert len(lines) == 3 * 2 * 2
    written = [text.text for text in root.findall(".//{http://www.w3.org/2000/svg}text")]
    for words in ("1,000", "1,000,000", "0.1", "p50", "p99", "resident", "first answer"):
        assert words in written
    numbers = [float(n) for line in lines for pair in line.attrib["points"].split() for n in pair.split(",")]
    assert all(-1 <= number <= 421 for number in numbers)


def test_figures_take_the_place_of_those_that_stood_between_their_marks() -> None:
    document = "a\n<!-- balie bench faq: begin -->\nold\n<!-- balie bench faq: end -->\nb"
    new = placed(document, "bench faq", "\none  \ntwo\n")
    assert (
        new == "a\n<!-- balie bench faq: begin -->\n\n```\none\ntwo\n```\n\n<!-- balie bench faq: end -->\nb"
    )
    assert placed(document, "bench faq-index", "x") is None
    drawn = placed(document, "bench faq", "one", "images/a.svg")
    assert drawn is not None
    assert "```\n\n![what bench faq measured](images/a.svg)\n\n<!-- balie bench faq: end -->" in drawn


def test_figures_are_printed_and_written_and_a_miss_ends_with_1(
    good: Report, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = tmp_path / "docs.md"
    document.write_text("<!-- balie bench faq: begin -->\n<!-- balie bench faq: end -->\n", encoding="utf-8")
    told = {"docs": (document, "bench faq"), "picture": tmp_path / "images" / "a.svg", "as_json": True}
    end(figures.shown(good), good.as_dict(), **told, failed=False)  # type: ignore[arg-type]
    written = document.read_text(encoding="utf-8")
    assert "16 searches in flight" in written
    assert "](images/a.svg)" in written
    assert json.loads(capsys.readouterr().out) == good.as_dict()
    with pytest.raises(typer.Exit) as ended:
        end(figures.shown(good), good.as_dict(), **told, failed=True)  # type: ignore[arg-type]
    assert ended.value.exit_code == 1
    document.write_text("no marks", encoding="utf-8")
    with pytest.raises(typer.Exit):
        end(figures.shown(good), good.as_dict(), **told, failed=False)  # type: ignore[arg-type]
