"""The log is one JSON object a line, and never repeats what an exception says."""

import asyncio
import json
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import structlog

from balie.kit import log


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def written(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def a_bug() -> Exception:
    try:
        try:
            raise KeyError("canary one")
        except KeyError as cause:
            raise ValueError("canary two") from cause
    except ValueError as error:
        return error


def test_writes_one_json_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(service="shop")
    structlog.get_logger().info("opened", doors=2, name="één")
    (line,) = written(capsys)
    time = datetime.fromisoformat(line.pop("time"))
    assert line == {"event": "opened", "doors": 2, "name": "één", "service": "shop", "level": "info"}
    assert time.utcoffset() == timedelta(0)


def test_writes_for_people_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(service="shop", form="console")
    structlog.get_logger().info("opened", doors=2)
    out = capsys.readouterr().out
    assert "opened" in out
    assert not out.startswith("{")


def test_leaves_out_what_is_below_its_level(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(service="shop", level="warning")
    structlog.get_logger().info("quiet")
    structlog.get_logger().warning("loud")
    assert [line["event"] for line in written(capsys)] == ["loud"]


def test_describes_an_exception_without_its_text() -> None:
    described = log.described(a_bug())
    assert described["error"] == "ValueError from KeyError"
    assert described["traceback"].endswith("in a_bug")
    assert "canary" not in repr(described)


def test_never_writes_the_text_of_an_exception(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(service="shop")
    structlog.get_logger().error("failed", exc_info=a_bug())
    try:
        raise a_bug()
    except ValueError:
        structlog.get_logger().exception("failed again")
    lines = written(capsys)
    assert [line["error"] for line in lines] == ["ValueError from KeyError"] * 2
    assert "canary" not in repr(lines)


def test_hands_on_what_libraries_report_without_what_they_put_into_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log.configure(service="shop")
    library = logging.getLogger("some.library")
    library.info("not shown")
    library.warning("statement %s failed", "canary")
    library.error("ready-made canary", exc_info=a_bug())
    first, second = written(capsys)
    assert (first["library"], first["level"], first["template"]) == (
        "some.library",
        "warning",
        "statement %s failed",
    )
    assert second["error"] == "ValueError from KeyError"
    assert "canary" not in repr([first, second])


async def test_reports_a_task_that_failed_unseen(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(service="shop")
    loop = asyncio.get_running_loop()
    log.watch_loop(loop)
    loop.call_exception_handler({"message": "canary", "exception": a_bug()})
    (line,) = written(capsys)
    assert (line["event"], line["error"]) == ("task failed unseen", "ValueError from KeyError")
    assert "canary" not in repr(line)
