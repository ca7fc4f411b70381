"""The component that lets Prometheus scrape handoff."""

import shutil
from pathlib import Path

import pytest
from tests.deploy.sources import (
    DEPLOY,
    NO_KUBECTL,
    container,
    known_variables,
    of_kind,
    pod_environment,
    rendered,
    validation,
)

PORT = 9054
OVERLAY = """
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: desk
resources: [../../base]
components: [../../components/metrics]
"""

pytestmark = [
    pytest.mark.kubectl,
    pytest.mark.skipif(NO_KUBECTL is not None, reason=str(NO_KUBECTL)),
]


def test_handoff_is_scraped_from_namespaces_that_may(tmp_path: Path) -> None:
    kubernetes = Path(shutil.copytree(DEPLOY / "kubernetes", tmp_path / "kubernetes"))
    overlay = kubernetes / "overlays" / "scraped"
    overlay.mkdir()
    (overlay / "kustomization.yaml").write_text(OVERLAY, encoding="utf-8")
    assert validation().mistakes(rendered(overlay), validation().newest()) == []
    environment = pod_environment(overlay, "handoff")
    assert environment["BALIE_HANDOFF_METRICS_PORT"] == str(PORT)
    assert set(environment) <= known_variables("handoff")
    assert {port["containerPort"] for port in container(overlay, "handoff")["ports"]} == {50054, PORT}
    policy = of_kind(overlay, "NetworkPolicy")["handoff-metrics"]["spec"]
    (rule,) = policy["ingress"]
    assert rule["ports"] == [{"port": PORT}]
    assert rule["from"] == [{"namespaceSelector": {"matchLabels": {"balie/may-scrape": "true"}}}]
