from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from balie.gateway.settings import GatewaySettings

NEEDED: dict[str, Any] = {
    "listen": "127.0.0.1:0",
    "database_url": "sqlite+aiosqlite:////tmp/gateway.sqlite3",
    "nlu_address": "127.0.0.1:50052",
    "faq_address": "dns:///faq:50053",
    "handoff_address": "127.0.0.1:50054",
    "faq_collection": "waddenveer",
    "follow_ups_file": Path("follow_ups.yaml"),
}


@pytest.mark.parametrize("field", NEEDED)
def test_needs_addresses_collection_and_follow_ups(field: str) -> None:
    with pytest.raises(ValidationError, match="Field required"):
        GatewaySettings(**{name: value for name, value in NEEDED.items() if name != field})


@pytest.mark.parametrize(
    "change",
    [
        {"languages": ()},
        {"languages": ("n",)},
        {"languages": ("nl", "not a language")},
        {"turn_workers": 0},
        {"lease_seconds": 0.1},
        {"nlu_address": ""},
        {"nlu_address": "two words"},
        {"faq_collection": "-"},
        {"analyze_timeout_seconds": 0},
        {"time_zone": "Europe/Amsterdm"},
        {"time_zone": "Europe"},
        {"time_zone": "../etc/passwd"},
        {"time_zone": ""},
    ],
)
def test_refuses_what_is_out_of_range(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        GatewaySettings(**(NEEDED | change))


def test_reads_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in NEEDED.items():
        monkeypatch.setenv(f"BALIE_GATEWAY_{name.upper()}", str(value))
    monkeypatch.setenv("BALIE_GATEWAY_LANGUAGES", '["de", "nl"]')
    settings = GatewaySettings.load()
    assert settings.languages == ("de", "nl")
    assert settings.turn_workers == 16
    assert settings.wording_file is None
