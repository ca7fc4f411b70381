"""What the handoff service is told of conversations: who wrote, never what, and contacts' ratings.

It is on disk in the transaction of what it tells of, and deleted once the handoff service has it: a crash in between
means that it is told again, which changes nothing there. So replicas need not agree on who tells: two that tell the same
do no harm, and each conversation's part is told in order, as nobody is told a message before those that came before it.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby

import structlog

from balie.gateway import outbox_store
from balie.gateway.ports import InternalMistake, Report, ReportKind, Reports, ServiceDown
from balie.kit.database import Database, Transaction
from balie.kit.errors import Failure

_AT_ONCE = 500  # as many as one call takes
_GAP_SECONDS = (
    0.1  # between two tellings: the busier the desk, the more each one tells, and the less a message costs
)

_log = structlog.get_logger()


class Outbox:
    """Keeps what is to be told, and tells it.

    Args:
        database: where it is kept.
        reports: who is told.
        sweep: how often it is looked for what another replica, or an earlier life, left behind.
        retry: the first pause when the handoff service does not answer; it doubles each time.
        longest_retry: the longest pause.
    """

    def __init__(
        self,
        database: Database,
        reports: Reports,
        *,
        sweep: timedelta,
        retry: timedelta,
        longest_retry: timedelta,
    ) -> None:
        self._database = database
        self._reports = reports
        self._sweep_seconds = sweep.total_seconds()
        self._retry_seconds = retry.total_seconds()
        self._longest_retry_seconds = longest_retry.total_seconds()
        self._news = asyncio.Event()

    async def add(self, tx: Transaction, report: Report) -> None:
        """Keeps what is to be told, in the transaction of what it tells of; it is told once that has committed."""
        await outbox_store.insert(tx, report)
        tx.after_commit(self._news.set)

    async def run(self) -> None:
        """Tells whatever is to be told, until it is cancelled."""
        pause = self._retry_seconds
        while True:
            self._news.clear()
            try:
                while await self._tell_some():
                    pause = self._retry_seconds
            except (ServiceDown, Failure) as failed:
                _log.info("handoff is told later", error=type(failed).__name__)
            except Exception:  # noqa: BLE001  a mistake of ours must not leave it untold for ever
                _log.exception("handoff is told later")
            else:
                await asyncio.sleep(_GAP_SECONDS)
                await self._wait_for_news()
                continue
            await asyncio.sleep(pause)
            pause = min(pause * 2, self._longest_retry_seconds)

    async def _wait_for_news(self) -> None:
        try:
            async with asyncio.timeout(self._sweep_seconds):
                await self._news.wait()
        except TimeoutError:
            pass

    async def _tell_some(self) -> bool:
        """Tells the first of what there is; returns whether there may be more."""
        async with self._database.read() as tx:
            reports = await outbox_store.first(tx, _AT_ONCE)
        for tenant, of_tenant in groupby(reports, lambda report: report.tenant):
            await self._tell_all(tenant, list(of_tenant))
        return len(reports) == _AT_ONCE

    async def _tell_all(self, tenant: str, reports: Sequence[Report]) -> None:
        wrote = [report for report in reports if report.kind != ReportKind.RATED]
        if wrote:
            await self._tell(tenant, wrote)
        for rated in reports:
            if rated.kind == ReportKind.RATED:
                await self._tell(tenant, [rated])

    async def _tell(self, tenant: str, reports: Sequence[Report]) -> None:
        """Tells who wrote, or one rating, and forgets it then.

        What is refused would be refused again, and nothing behind it may wait for that: it is told apart from the rest,
        and forgotten when it is refused by itself.
        """
        try:
            if reports[0].kind == ReportKind.RATED:
                await self._reports.record_rating(tenant, reports[0])
            else:
                await self._reports.report_activity(tenant, reports)
        except InternalMistake as mistake:
            if len(reports) > 1:
                for report in reports:
                    await self._tell(tenant, [report])
                return
            _log.error("handoff was not told", handoff_id=reports[0].handoff_id, refusal=mistake.refusal)
        async with self._database.write() as tx:
            await outbox_store.delete(tx, reports)
