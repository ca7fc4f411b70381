"""The rules of the manifests, asserted over what the base and every overlay render to."""

import tomllib
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from tests.deploy.sources import (
    BASE,
    CALLS,
    KEEPING,
    LOCAL,
    NO_KUBECTL,
    PORTS,
    ROOT,
    SERVICES,
    Document,
    container,
    of_kind,
    pod,
    pod_environment,
    rendered,
    settings_class,
    validation,
)

pytestmark = [
    pytest.mark.kubectl,
    pytest.mark.skipif(NO_KUBECTL is not None, reason=str(NO_KUBECTL)),
    pytest.mark.parametrize("folder", [BASE, LOCAL], ids=["base", "local"]),
]
each_service = pytest.mark.parametrize("service", SERVICES)

CLOSING_SECONDS = 5
"""What a service needs at least to close its database after the last call."""


def mebibytes(quantity: str) -> int:
    return int(quantity[:-2]) * {"Mi": 1, "Gi": 1024}[quantity[-2:]]


def chosen_by(selector: Document, labels: dict[str, str]) -> bool:
    return all(labels.get(name) == value for name, value in selector.get("matchLabels", {}).items())


def labels_of_pod(folder: Path, service: str) -> dict[str, str]:
    labels: dict[str, str] = of_kind(folder, "Deployment")[service]["spec"]["template"]["metadata"]["labels"]
    return labels


def test_every_document_is_valid(folder: Path) -> None:
    check = validation()
    for version in (check.OLDEST, check.newest()):
        assert check.mistakes(rendered(folder), version) == []


def test_the_four_services_are_there(folder: Path) -> None:
    for kind in ("Deployment", "Service", "ServiceAccount", "PodDisruptionBudget"):
        assert sorted(of_kind(folder, kind)) == sorted(SERVICES)


@each_service
def test_probes_ask_over_grpc_and_tell_readiness_from_liveness(folder: Path, service: str) -> None:
    one = container(folder, service)
    asked = {probe: one[f"{probe}Probe"]["grpc"]["service"] for probe in ("startup", "readiness", "liveness")}
    assert asked == {"startup": "", "readiness": "", "liveness": "liveness"}
    for probe in asked:
        assert isinstance(one[f"{probe}Probe"]["grpc"]["port"], int)


@each_service
def test_a_service_may_take_a_minute_or_more_to_start(folder: Path, service: str) -> None:
    probe = container(folder, service)["startupProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] >= 60


@each_service
def test_the_container_may_do_next_to_nothing(folder: Path, service: str) -> None:
    whole = pod(folder, service)["securityContext"]
    assert whole["runAsNonRoot"] is True
    assert whole["runAsUser"] == whole["runAsGroup"] == 10001
    assert whole["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container(folder, service)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


@each_service
def test_the_pod_has_an_identity_of_its_own_and_no_token(folder: Path, service: str) -> None:
    specification = pod(folder, service)
    assert specification["serviceAccountName"] == service
    assert specification["automountServiceAccountToken"] is False
    assert of_kind(folder, "ServiceAccount")[service]["automountServiceAccountToken"] is False


@each_service
def test_kubernetes_adds_no_variables_that_the_service_would_refuse(folder: Path, service: str) -> None:
    assert pod(folder, service)["enableServiceLinks"] is False


@each_service
def test_resources_are_asked_for_and_memory_is_limited(folder: Path, service: str) -> None:
    resources = container(folder, service)["resources"]
    assert set(resources["requests"]) == {"cpu", "memory"}
    assert set(resources["limits"]) == {"memory"}, "a limit on CPU is a decision, not a default"
    assert mebibytes(resources["requests"]["memory"]) <= mebibytes(resources["limits"]["memory"])


@each_service
def test_an_update_takes_no_pod_away_before_another_is_ready(folder: Path, service: str) -> None:
    specification = of_kind(folder, "Deployment")[service]["spec"]
    on_disk = any("persistentVolumeClaim" in volume for volume in pod(folder, service)["volumes"])
    if on_disk:
        assert specification["strategy"] == {"type": "Recreate"}, "a SQLite file belongs to one process"
        assert specification["replicas"] == 1
    else:
        assert specification["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


@each_service
def test_a_drained_node_takes_one_pod_at_a_time(folder: Path, service: str) -> None:
    budget = of_kind(folder, "PodDisruptionBudget")[service]["spec"]
    assert budget["maxUnavailable"] == 1
    assert chosen_by(budget["selector"], labels_of_pod(folder, service))


@each_service
def test_pods_are_spread_over_nodes_and_zones(folder: Path, service: str) -> None:
    constraints = pod(folder, service)["topologySpreadConstraints"]
    assert {one["topologyKey"] for one in constraints} == {
        "kubernetes.io/hostname",
        "topology.kubernetes.io/zone",
    }
    assert all(chosen_by(one["labelSelector"], labels_of_pod(folder, service)) for one in constraints)


@each_service
def test_a_pod_has_time_to_stop(folder: Path, service: str) -> None:
    given = pod_environment(folder, service)
    fields = settings_class(service).model_fields
    seconds = {
        name: float(given.get(f"BALIE_{service.upper()}_{name.upper()}", fields[name].default))
        for name in ("drain_seconds", "grace_seconds")
    }
    waiting = container(folder, service)["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert waiting > 0
    whole = waiting + sum(seconds.values()) + CLOSING_SECONDS
    assert whole <= pod(folder, service)["terminationGracePeriodSeconds"]


@each_service
def test_clients_see_every_pod(folder: Path, service: str) -> None:
    specification = of_kind(folder, "Service")[service]["spec"]
    assert specification["clusterIP"] == "None"
    assert "publishNotReadyAddresses" not in specification
    for other in SERVICES:
        reached = all(labels_of_pod(folder, other).get(k) == v for k, v in specification["selector"].items())
        assert reached == (other == service)


@each_service
def test_selectors_hold_no_version(folder: Path, service: str) -> None:
    selector = of_kind(folder, "Deployment")[service]["spec"]["selector"]["matchLabels"]
    assert set(selector) == {"app.kubernetes.io/name", "app.kubernetes.io/part-of"}


def test_everything_says_what_it_is_part_of(folder: Path) -> None:
    wanted = {f"app.kubernetes.io/{name}" for name in ("name", "component", "part-of")}
    without = [
        f"{one['kind']} {one['metadata']['name']}"
        for one in rendered(folder)
        if not wanted <= set(one["metadata"].get("labels", {}))
        or one["metadata"]["labels"]["app.kubernetes.io/part-of"] != "balie"
    ]
    assert without == []


@each_service
def test_image_and_label_carry_the_version_of_the_project(folder: Path, service: str) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert container(folder, service)["image"] == f"balie/{service}:{version}"
    assert labels_of_pod(folder, service)["app.kubernetes.io/version"] == version


@each_service
def test_a_changed_setting_rolls_the_pods(folder: Path, service: str) -> None:
    ((name,),) = [list(source.values()) for source in container(folder, service)["envFrom"]]
    assert name["name"].startswith(f"{service}-"), "the name carries a hash of the settings"
    assert name["name"] in of_kind(folder, "ConfigMap")


@each_service
def test_what_the_service_writes_to_is_a_volume(folder: Path, service: str) -> None:
    kinds = {
        volume["name"]: next(kind for kind in volume if kind != "name")
        for volume in pod(folder, service)["volumes"]
    }
    mounted = {
        entry["mountPath"]: kinds[entry["name"]] for entry in container(folder, service)["volumeMounts"]
    }
    assert mounted.pop("/tmp") == "emptyDir"  # noqa: S108
    if service in KEEPING:
        assert mounted.pop("/run/secrets/database") == "secret"
    disk = {"/var/lib/balie": "persistentVolumeClaim"} if folder == LOCAL and service in KEEPING else {}
    model = {"/var/lib/balie/models": "emptyDir"} if service == "nlu" else {}
    assert mounted == disk | model


# Who may reach whom


def policies_of(folder: Path, service: str, direction: str) -> list[Document]:
    """Returns the policies that hold for a service's pods in a direction."""
    return [
        one["spec"]
        for one in of_kind(folder, "NetworkPolicy").values()
        if chosen_by(one["spec"]["podSelector"], labels_of_pod(folder, service))
        and direction in one["spec"]["policyTypes"]
    ]


def opens(rule: Document, side: str, labels: dict[str, str] | None, port: int) -> bool:
    """Tells whether a rule lets through to or from pods of this namespace with these labels, or to anywhere at all."""
    if not any(entry["port"] == port for entry in rule.get("ports", [])):
        return False
    peers: list[Any] | None = rule.get(side)
    if peers is None or labels is None:
        return peers is None
    return any(set(peer) == {"podSelector"} and chosen_by(peer["podSelector"], labels) for peer in peers)


@each_service
def test_nothing_passes_unless_a_policy_opens_it(folder: Path, service: str) -> None:
    for direction in ("Ingress", "Egress"):
        assert policies_of(folder, service, direction)
        for policy in policies_of(folder, service, direction):
            rules = policy.get(direction.lower(), [])
            assert all(rule.get("ports") for rule in rules), "a rule without ports opens all of them"
    deny = of_kind(folder, "NetworkPolicy")["default-deny"]["spec"]
    assert set(deny) == {"podSelector", "policyTypes"}
    assert set(deny["policyTypes"]) == {"Ingress", "Egress"}


def test_the_gateway_alone_calls_the_others(folder: Path) -> None:
    open_ways = set()
    for caller, callee in permutations(SERVICES, 2):
        out = any(
            opens(rule, "to", labels_of_pod(folder, callee), PORTS[callee])
            for policy in policies_of(folder, caller, "Egress")
            for rule in policy.get("egress", [])
        )
        into = any(
            opens(rule, "from", labels_of_pod(folder, caller), PORTS[callee])
            for policy in policies_of(folder, callee, "Ingress")
            for rule in policy.get("ingress", [])
        )
        assert out == into, f"{caller} to {callee} is open on one side only"
        if out:
            open_ways.add((caller, callee))
    assert open_ways == CALLS


@each_service
def test_only_gateway_and_handoff_are_called_from_other_namespaces(folder: Path, service: str) -> None:
    allowed = [
        peer["namespaceSelector"]["matchLabels"]
        for policy in policies_of(folder, service, "Ingress")
        for rule in policy.get("ingress", [])
        for peer in rule["from"]
        if "namespaceSelector" in peer
    ]
    outside = service in ("gateway", "handoff")
    assert allowed == ([{f"balie/may-call-{service}": "true"}] if outside else [])


@each_service
def test_only_services_with_a_database_elsewhere_reach_it(folder: Path, service: str) -> None:
    reaching = any(
        opens(rule, "to", None, 5432)
        for policy in policies_of(folder, service, "Egress")
        for rule in policy.get("egress", [])
    )
    assert reaching == (folder == BASE and service in KEEPING)


@each_service
def test_names_can_be_looked_up_by_those_who_call(folder: Path, service: str) -> None:
    asking = {
        entry["protocol"]
        for policy in policies_of(folder, service, "Egress")
        for rule in policy.get("egress", [])
        for entry in rule["ports"]
        if entry["port"] == 53
    }
    assert asking == ({"UDP", "TCP"} if service in KEEPING else set())


# The overlay


def test_the_overlay_keeps_each_database_on_a_volume_of_its_own(folder: Path) -> None:
    if folder == BASE:
        assert of_kind(folder, "PersistentVolumeClaim") == of_kind(folder, "Secret") == {}
        return
    claims = of_kind(folder, "PersistentVolumeClaim")
    used = [
        volume["persistentVolumeClaim"]["claimName"]
        for service in KEEPING
        for volume in pod(folder, service)["volumes"]
        if "persistentVolumeClaim" in volume
    ]
    assert sorted(used) == sorted(claims) == [f"{service}-data" for service in sorted(KEEPING)]
    for service in KEEPING:
        (name,) = [v["secret"]["secretName"] for v in pod(folder, service)["volumes"] if "secret" in v]
        assert name in of_kind(folder, "Secret")


def test_the_overlay_refuses_privileged_pods_in_its_namespace(folder: Path) -> None:
    spaces = of_kind(folder, "Namespace")
    assert list(spaces) == (["balie"] if folder == LOCAL else [])
    for space in spaces.values():
        assert space["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
