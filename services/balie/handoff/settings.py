"""What the handoff service is told; the only reader of its environment."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from balie.kit.settings import DatabaseSettings


class HandoffSettings(DatabaseSettings):
    """Settings of the handoff service, `BALIE_HANDOFF_*`."""

    model_config = SettingsConfigDict(env_prefix="BALIE_HANDOFF_")

    policy: Path | None = Field(
        default=None,
        description="File that decides who speaks, in YAML (docs/routing.md). It is taken up anew within a few seconds when it changes; one with a mistake is refused with its line, and the one before stays. Without it the policy that ships.",
    )
    confirm_wait_seconds: float = Field(
        default=5.0,
        ge=0,
        le=60,
        description="How long AcceptHandoff, ReleaseHandoff and ResolveHandoff wait for the gateway to apply the owner, seconds, 0 to 60, and never past the call's deadline. Beyond it they answer UNAVAILABLE, and the same call again goes on waiting.",
    )
    plugin_address: str = Field(
        default="",
        description="Address of a plug-in that chooses agents (RoutingPluginService, docs/routing-plugin.md), for example `chooser:50060`. Empty: the service chooses by its own rules.",
    )
    plugin_timeout_seconds: float = Field(
        default=0.2,
        ge=0.01,
        le=5,
        description="How long the plug-in may take to choose, seconds, 0.01 to 5; the service chooses when it takes longer.",
    )
    sweep_seconds: float = Field(
        default=1.0,
        ge=0.05,
        le=60,
        description="Time between two looks at offers and waits that are over, seconds, 0.05 to 60: how late they may end.",
    )
    poll_seconds: float = Field(
        default=0.2,
        ge=0.01,
        le=10,
        description="How soon a stream sees what another replica wrote, seconds, 0.01 to 10.",
    )
    keep_events: int = Field(
        default=1_000_000,
        ge=1000,
        le=1_000_000_000,
        description="Events kept of each tenant, 1000 to 1000000000. A watch that is further behind is answered with OUT_OF_RANGE and starts from a list.",
    )
    metrics_port: int = Field(
        default=0,
        ge=0,
        le=65_535,
        description="Port on which Prometheus may scrape figures by HTTP, on the host of BALIE_HANDOFF_LISTEN (docs/figures.md), 0 to 65535. 0 opens none.",
    )
