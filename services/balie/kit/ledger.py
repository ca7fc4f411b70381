"""Request ids: a write that is sent twice is carried out once."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa
from pydantic import TypeAdapter

from balie.kit.database import Transaction
from balie.kit.errors import RequestIdReused, WriteConflict
from balie.kit.tables import requests

T = TypeVar("T")

_LEAST_KEEP = timedelta(hours=24)  # promised to callers


@dataclass(frozen=True)
class Write:
    """One write as its caller named it; the first four fields are its key in the ledger.

    Attributes:
        tenant: whose data it changes.
        caller: who asks, as `Caller.key`: the same request id of another caller is another write.
        rpc: full method name, such as `/balie.api.gateway.v1.ConversationService/SendMessage`.
        request_id: chosen by the caller, 1 to 64 characters.
        digest: hash of the request without its id: a replay must carry the same one.
    """

    tenant: str
    caller: str
    rpc: str
    request_id: str
    digest: str


class Ledger:
    """Remembers the results of writes by request id, in the transaction that does the work.

    Attributes:
        keep: how long a result is remembered at least; at least 24 hours.
    """

    def __init__(self, keep: timedelta = timedelta(hours=48)) -> None:
        if keep < _LEAST_KEEP:
            raise ValueError("results of writes are kept for at least 24 hours")
        self.keep = keep
        self._adapters: dict[Any, TypeAdapter[Any]] = {}

    async def once(self, tx: Transaction, write: Write, kind: type[T], work: Callable[[], Awaitable[T]]) -> T:
        """Does the work, or returns the result of the time it was done before.

        The row is claimed before the work begins. A second one with the same key waits in its claim until the first
        has committed, and then finds the result; if the first was rolled back, nothing was claimed.

        Args:
            tx: the writing transaction of the work: both are on disk or neither is.
            write: what was asked.
            kind: type of the result, whose JSON by pydantic is stored: a dataclass, a model, a builtin type. The
                first caller gets its result through that JSON as well, so all callers get equal ones.
            work: writes through `tx` alone, and calls nothing that cannot be rolled back.

        Raises:
            RequestIdReused: this id came before with another request.
            WriteConflict: the result was forgotten between two statements; asking again does the work.
        """
        key = (
            requests.c.tenant == write.tenant,
            requests.c.caller == write.caller,
            requests.c.rpc == write.rpc,
            requests.c.request_id == write.request_id,
        )
        claim = tx.insert(requests).values(
            tenant=write.tenant,
            caller=write.caller,
            rpc=write.rpc,
            request_id=write.request_id,
            digest=write.digest,
            recorded_at=datetime.now(UTC),
        )
        claimed = await tx.one(
            claim.on_conflict_do_nothing(index_elements=list(requests.primary_key)).returning(
                requests.c.request_id
            )
        )
        if claimed is not None:
            result = self._adapter(kind).dump_json(await work()).decode()
            await tx.execute(sa.update(requests).where(*key).values(result=result))
            return self._parsed(kind, result)
        before = await tx.one(sa.select(requests.c.digest, requests.c.result).where(*key))
        if before is None:
            raise WriteConflict
        if before.digest != write.digest:
            raise RequestIdReused(write.request_id)
        return self._parsed(kind, before.result)

    async def forget(self, tx: Transaction, before: datetime) -> int:
        """Returns how many results were deleted, of all tenants: those recorded before a moment.

        For a chore that calls it with `now - ledger.keep`.
        """
        return (await tx.execute(sa.delete(requests).where(requests.c.recorded_at < before))).rowcount

    def _adapter(self, kind: type[T]) -> TypeAdapter[T]:
        if kind not in self._adapters:  # building one takes longer than a write
            self._adapters[kind] = TypeAdapter(kind)
        return self._adapters[kind]

    def _parsed(self, kind: type[T], result: str) -> T:
        return self._adapter(kind).validate_json(result)
