"""Lets a run say what must not be skipped: `BALIE_REQUIRE=postgres,node` fails a skipped test that carries such a marker."""

import os
from collections.abc import Generator

import pytest

_VARIABLE = "BALIE_REQUIRE"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    required = {name for name in os.environ.get(_VARIABLE, "").split(",") if name}
    needed = sorted(required & {mark.name for mark in item.iter_markers()})
    if report.skipped and needed and not hasattr(report, "wasxfail"):
        reason = call.excinfo.value if call.excinfo else "skipped"
        report.outcome = "failed"
        report.longrepr = (
            f"{item.nodeid} was skipped ({reason}), but {_VARIABLE} asks for {', '.join(needed)}"
        )
    return report
