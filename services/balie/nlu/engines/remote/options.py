"""What the engine `remote` can be told."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from balie.nlu.engines.options import EngineOptions, read_options

NAME = "remote"
SERVER_PREFIX = "server."
"""Stands before the options that are not the engine's but the server's."""

_TARGET = re.compile(r"(dns:///)?(\[[0-9A-Fa-f:.]+\]|[^\s:/\[\]]+):(\d{1,5})|unix:/\S+")
_LARGEST_PORT = 65_535


def _target(value: str) -> str:
    parts = _TARGET.fullmatch(value)
    if parts is None or int(parts[3] or 1) not in range(1, _LARGEST_PORT + 1):
        raise ValueError("must be host:port, dns:///host:port or unix:/path, without http://")
    return value


class RemoteOptions(EngineOptions):
    """The engine's own options; those that begin with `server.` go to the server as they are."""

    address: Annotated[str, AfterValidator(_target)] = Field(
        description="Where the server listens: host:port, dns:///host:port for all its replicas in turn, or unix:/path."
    )
    vectors: bool = Field(
        default=False,
        description="Whether the base encoder's vectors are sent along, for a server that needs them: true or false.",
    )
    timeout_ms: int = Field(
        default=1000,
        ge=10,
        le=60_000,
        description="Time that ranking up to 64 messages may take, tries again included, milliseconds, 10 to 60000.",
    )
    train_timeout_s: int = Field(
        default=3600,
        ge=1,
        le=86_400,
        description="Time that training one model may take, seconds, 1 to 86400; with `folds` there is one more.",
    )
    folds: int = Field(
        default=5,
        ge=2,
        le=20,
        description="How many models are trained on parts of the examples, to see what each says of the others; they are deleted. 2 to 20.",
    )
    failures: int = Field(
        default=3,
        ge=1,
        le=100,
        description="Calls that fail in a row before the server is left alone for a while, 1 to 100.",
    )
    pause_ms: int = Field(
        default=5000,
        ge=100,
        le=600_000,
        description="How long it is left alone before one message tries it again, milliseconds, 100 to 600000.",
    )
    tls: bool = Field(default=False, description="Whether the line is encrypted: true or false.")
    ca_file: Path | None = Field(
        default=None,
        description="With tls: PEM file of who vouches for the server; the system's own without.",
    )
    cert_file: Path | None = Field(default=None, description="With tls: PEM file of our certificate.")
    key_file: Path | None = Field(default=None, description="With tls: PEM file of our key.")
    token_file: Path | None = Field(
        default=None, description="With tls: file of a token that calls carry as `authorization: Bearer`."
    )

    @model_validator(mode="after")
    def _go_together(self) -> Self:
        files = [name for name in ("ca_file", "cert_file", "key_file", "token_file") if getattr(self, name)]
        if files and not self.tls:
            raise ValueError(f"{files[0]} is of an encrypted line: add tls=true")
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file go together")
        return self


def read_remote_options(given: Mapping[str, str]) -> tuple[RemoteOptions, dict[str, str]]:
    """Returns the engine's options and the server's.

    Raises:
        OptionWrong: one of the engine's is unknown, or makes no sense.
    """
    own = {name: value for name, value in given.items() if not name.startswith(SERVER_PREFIX)}
    theirs = {
        name.removeprefix(SERVER_PREFIX): value
        for name, value in given.items()
        if name.startswith(SERVER_PREFIX)
    }
    return read_options(NAME, RemoteOptions, own), theirs
