"""What the images, the compose file and the manifests tell the services is what their settings' classes read."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.deploy.sources import (
    BASE,
    ENCODING,
    KEEPING,
    LOCAL,
    NO_KUBECTL,
    PORTS,
    SAMPLE,
    SERVICES,
    compose,
    compose_environment,
    container,
    image_environment,
    known_variables,
    of_kind,
    pod_environment,
    settings_class,
    stages,
)

from balie.cli.suite import Addresses

Environment = Callable[[str], dict[str, str]]

needs_kubectl = (
    pytest.mark.kubectl,
    pytest.mark.skipif(NO_KUBECTL is not None, reason=str(NO_KUBECTL)),
)
PLACES = [
    pytest.param(image_environment, id="image"),
    pytest.param(compose_environment, id="compose"),
    pytest.param(lambda service: pod_environment(BASE, service), id="base", marks=needs_kubectl),
    pytest.param(lambda service: pod_environment(LOCAL, service), id="local", marks=needs_kubectl),
]
DESK_IN_IMAGE = "/usr/share/balie/desk"


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("place", PLACES)
def test_names_only_settings_of_the_service(place: Environment, service: str) -> None:
    given = {name for name in place(service) if name.startswith("BALIE_")}
    assert given <= known_variables(service)


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("place", PLACES[1:])
def test_the_service_can_read_what_it_is_given(
    place: Environment, service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = image_environment(service) | place(service)
    for name, value in environment.items():
        if not name.startswith(f"BALIE_{service.upper()}_"):
            continue
        if name.endswith("_DATABASE_URL_FILE"):
            secret = tmp_path / "url"
            secret.write_text("postgresql+asyncpg://somebody@somewhere/something\n", encoding="utf-8")
            value = str(secret)
        monkeypatch.setenv(name, value.replace(DESK_IN_IMAGE, str(SAMPLE)))
    settings = settings_class(service).load()
    assert settings.listen == f"0.0.0.0:{PORTS[service]}"


@pytest.mark.parametrize("service", SERVICES)
def test_files_of_the_desk_are_in_the_image(service: str) -> None:
    named = [
        value for value in compose_environment(service).values() if value.startswith(f"{DESK_IN_IMAGE}/")
    ]
    assert [path for path in named if not (SAMPLE / Path(path).name).is_file()] == []
    assert len(named) == {"gateway": 1, "nlu": 2, "faq": 0, "handoff": 0}[service]


def test_the_gateway_finds_its_neighbours_under_their_names() -> None:
    given = compose_environment("gateway")
    for service in ("nlu", "faq", "handoff"):
        assert given[f"BALIE_GATEWAY_{service.upper()}_ADDRESS"] == f"dns:///{service}:{PORTS[service]}"


@pytest.mark.parametrize("service", SERVICES)
def test_ports_are_the_usual_ones_everywhere(service: str) -> None:
    port = PORTS[service]
    assert getattr(Addresses.usual(), service) == f"127.0.0.1:{port}"
    assert stages()[service].all("EXPOSE") == [str(port)]
    (check,) = stages()[service].all("HEALTHCHECK")
    assert f'"127.0.0.1:{port}"]' in check
    published = compose()["services"][service].get("ports", [])
    assert published == ([f"127.0.0.1:{port}:{port}"] if service in ("gateway", "handoff") else [])


@pytest.mark.kubectl
@pytest.mark.skipif(NO_KUBECTL is not None, reason=str(NO_KUBECTL))
@pytest.mark.parametrize("service", SERVICES)
def test_ports_of_the_manifests_are_the_usual_ones(service: str) -> None:
    port = PORTS[service]
    one = container(BASE, service)
    assert [entry["containerPort"] for entry in one["ports"]] == [port]
    assert {one[probe]["grpc"]["port"] for probe in ("startupProbe", "readinessProbe", "livenessProbe")} == {
        port
    }
    entries = of_kind(BASE, "Service")[service]["spec"]["ports"]
    assert [(entry["port"], entry["targetPort"]) for entry in entries] == [(port, port)]


@pytest.mark.kubectl
@pytest.mark.skipif(NO_KUBECTL is not None, reason=str(NO_KUBECTL))
@pytest.mark.parametrize("folder", [BASE, LOCAL], ids=["base", "local"])
@pytest.mark.parametrize("service", SERVICES)
def test_secrets_come_as_files(service: str, folder: Path) -> None:
    given = {name for name in pod_environment(folder, service) if "DATABASE" in name}
    assert given == ({f"BALIE_{service.upper()}_DATABASE_URL_FILE"} if service in KEEPING else set())


@pytest.mark.parametrize("service", ENCODING)
def test_the_encoder_is_read_from_the_image(service: str) -> None:
    assert image_environment(service)["BALIE_ENCODER_FOLDER"] == "/usr/share/balie/encoder"
    assert "--from=encoder /encoder /usr/share/balie/encoder" in stages()[service].all("COPY")
