"""Calls over HTTP/1.1 on connections that stay open: as little work as a client can do, so that it measures the server."""

import asyncio
import json
from types import TracebackType
from typing import Any, Self

_LENGTH = b"content-length:"


class HttpFailed(Exception):
    """A call was not answered with 200; the message says how."""


class Http:
    """A client that takes a connection for each call under way, and keeps it for the next.

    Args:
        address: host:port.
        timeout_seconds: of a call.
    """

    def __init__(self, address: str, timeout_seconds: float) -> None:
        self._host, _, port = address.rpartition(":")
        self._port = int(port)
        self._timeout = timeout_seconds
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for _, writer in self._idle:
            writer.close()

    async def call(self, request: bytes) -> bytes:
        """Returns the body of the reply to a whole request.

        Raises:
            HttpFailed: there was none in time, or another status than 200.
        """
        writer = None
        try:
            async with asyncio.timeout(self._timeout):
                reader, writer = (
                    self._idle.pop() if self._idle else await asyncio.open_connection(self._host, self._port)
                )
                writer.write(request)
                head = await reader.readuntil(b"\r\n\r\n")
                body = await reader.readexactly(_length(head))
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            if writer is not None:
                writer.close()
            raise HttpFailed(str(error) or type(error).__name__) from error
        self._idle.append((reader, writer))
        status = head.split(b" ", 2)[1]
        if status != b"200":
            raise HttpFailed(f"{status.decode()}: {body[:200].decode(errors='replace')}")
        return body


def get(path: str) -> bytes:
    """Returns the bytes of a request without a body."""
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode("ascii")


def post(path: str, body: Any) -> bytes:
    """Returns the bytes of a request with JSON."""
    written = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: {len(written)}\r\n\r\n"
    return head.encode("ascii") + written


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(_LENGTH):
            return int(line.removeprefix(_LENGTH))
    return 0
