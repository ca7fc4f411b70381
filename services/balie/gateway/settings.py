"""What the gateway is told; the only reader of its environment."""

import re
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_settings import SettingsConfigDict

from balie.kit.settings import DatabaseSettings

Target = Annotated[str, StringConstraints(min_length=1, max_length=512, pattern=r"^\S+$")]
Language = Annotated[str, StringConstraints(max_length=35, pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
_ZONE = re.compile(r"[A-Z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*")


def _zone(value: str) -> str:
    try:
        if _ZONE.fullmatch(value):
            return ZoneInfo(value).key
    except (ZoneInfoNotFoundError, OSError, ValueError):  # also the name of a folder
        pass
    raise ValueError("must be a time zone of the IANA database, such as Europe/Amsterdam")


class GatewaySettings(DatabaseSettings):
    """The gateway's settings, `BALIE_GATEWAY_*`."""

    model_config = SettingsConfigDict(env_prefix="BALIE_GATEWAY_")

    nlu_address: Target = Field(
        description="Where NLU is: host:port, or any gRPC target such as dns:///nlu:50052. Required."
    )
    faq_address: Target = Field(
        description="Where the FAQ service is: host:port, or any gRPC target. Required."
    )
    handoff_address: Target = Field(
        description="Where the handoff service is: host:port, or any gRPC target. Required."
    )
    faq_collection: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@+-]{0,127}$",
        description="Collection of the FAQ service that contacts' questions are searched in. Required.",
    )
    follow_ups_file: Path = Field(
        description="YAML file that maps intents to an FAQ entry, a canned reply, a queue or nothing. Required."
    )
    wording_file: Path | None = Field(
        default=None,
        description="YAML file with the desk's own words in every language. Without it, those that come with Balie.",
    )
    languages: tuple[Language, ...] = Field(
        default=("nl", "de", "en"),
        min_length=1,
        max_length=20,
        description='Languages of the desk as BCP-47 tags, a JSON list such as ["nl", "de"]; both files must speak all of them. The first is for contacts whose language nobody knows. 1 to 20.',
    )
    time_zone: Annotated[str, AfterValidator(_zone)] = Field(
        default="Europe/Amsterdam",
        description="Time zone of the desk, of the IANA database: by its clock contacts are told when they are called back.",
    )
    turn_workers: int = Field(
        default=16, ge=1, le=1024, description="Conversations worked on at a time, 1 to 1024."
    )
    analyze_timeout_seconds: float = Field(
        default=3.0,
        gt=0,
        le=60,
        description="How long a turn waits for NLU before it goes on without, seconds, above 0 to 60.",
    )
    search_timeout_seconds: float = Field(
        default=3.0,
        gt=0,
        le=60,
        description="How long a turn waits for the FAQ before it goes on without, seconds, above 0 to 60.",
    )
    route_timeout_seconds: float = Field(
        default=3.0,
        gt=0,
        le=60,
        description="How long a turn waits for the handoff service before it is put off, seconds, above 0 to 60.",
    )
    retry_seconds: float = Field(
        default=0.2,
        gt=0,
        le=60,
        description="First pause of a turn that was put off, seconds, above 0 to 60; it doubles each time.",
    )
    longest_retry_seconds: float = Field(
        default=5.0,
        gt=0,
        le=600,
        description="Longest pause of a turn that was put off, seconds, above 0 to 600.",
    )
    delay_notice_seconds: float = Field(
        default=2.0,
        ge=0,
        le=600,
        description="How long a contact waits before they are told that the answer takes longer, seconds, 0 to 600.",
    )
    lease_seconds: float = Field(
        default=10.0,
        ge=0.3,
        le=600,
        description="How long a replica that is gone keeps its conversations from the others, seconds, 0.3 to 600.",
    )
    poll_seconds: float = Field(
        default=0.2,
        ge=0.01,
        le=60,
        description="How soon a replica sees what another wrote or left behind, seconds, 0.01 to 60.",
    )
