"""The docs list settings as the classes describe them."""

from pathlib import Path

from pydantic_core import PydanticUndefined

from balie.encoders.settings import EncoderSettings
from balie.faq.settings import FaqSettings
from balie.gateway.settings import GatewaySettings
from balie.handoff.settings import HandoffSettings

DOCS = Path(__file__).parents[2] / "docs"


def described(
    settings: type[EncoderSettings] | type[FaqSettings] | type[HandoffSettings] | type[GatewaySettings],
    *prefixes: str,
) -> str:
    """Returns the table that the docs should hold."""
    lines = ["| variable | default | what it is, and what it costs |", "| --- | --- | --- |"]
    for name, variable in settings.variables().items():
        if not name.startswith(prefixes):
            continue
        field = settings.model_fields[name]
        default = f"`{field.default}`" if field.default not in (PydanticUndefined, "", None) else ""
        lines.append(f"| `{variable}` | {default} | {field.description} |")
    return "\n".join(lines)


def test_the_docs_list_every_setting_of_the_encoder():
    table = described(EncoderSettings, "")
    assert table in (DOCS / "encoder.md").read_text(encoding="utf-8"), f"put this table there:\n{table}"


def test_the_docs_list_every_setting_of_an_index():
    table = described(FaqSettings, "index_", "encoder_watch")
    assert table in (DOCS / "index.md").read_text(encoding="utf-8"), f"put this table there:\n{table}"


def test_the_docs_list_the_setting_of_the_policy():
    table = described(HandoffSettings, "policy")
    assert table in (DOCS / "routing.md").read_text(encoding="utf-8"), f"put this table there:\n{table}"


def test_the_docs_list_the_setting_of_the_desks_clock():
    table = described(GatewaySettings, "time_zone")
    assert table in (DOCS / "conversations.md").read_text(encoding="utf-8"), f"put this table there:\n{table}"


def test_the_docs_list_the_setting_of_metrics():
    table = described(HandoffSettings, "metrics_port")
    assert table in (DOCS / "figures.md").read_text(encoding="utf-8"), f"put this table there:\n{table}"


def test_the_docs_list_the_settings_of_the_plug_in_that_chooses_agents():
    table = described(HandoffSettings, "plugin_address", "plugin_timeout_seconds")
    assert table in (DOCS / "routing-plugin.md").read_text(encoding="utf-8"), (
        f"put this table there:\n{table}"
    )
