"""The Dockerfile and the compose file, read without Docker."""

import json
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from tests.deploy.sources import (
    COMPOSE,
    DEPLOY,
    DOCKERFILE,
    ENCODING,
    KEEPING,
    ROOT,
    SAMPLE,
    SERVICES,
    compose,
    compose_environment,
    image_environment,
    lineage,
    load,
    settings_class,
    stages,
)

FINAL = (*SERVICES, "cli")
each_service = pytest.mark.parametrize("service", SERVICES)
each_final = pytest.mark.parametrize("stage", FINAL)


def project() -> dict[str, object]:
    found: dict[str, object] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return found


def ignored_rules() -> list[str]:
    text = (DOCKERFILE.parent / "Dockerfile.dockerignore").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def options(healthcheck: str) -> dict[str, int]:
    return {name: int(value) for name, value in re.findall(r"--([a-z-]+)=(\d+)", healthcheck)}


def test_there_is_a_stage_for_each_service() -> None:
    assert {"build", "encoder", "base", *FINAL} <= set(stages())


@each_service
def test_the_service_is_process_one(service: str) -> None:
    (entrypoint,) = stages()[service].all("ENTRYPOINT")
    assert json.loads(entrypoint) == ["python", "-m", f"balie.{service}"]
    assert stages()[service].all("CMD") == []


@each_final
def test_nothing_is_installed_or_compiled_in_a_final_image(stage: str) -> None:
    commands = " ".join(command for one in lineage(stage) for command in one.all("RUN"))
    assert not re.search(r"\b(pip|apt|apt-get|gcc|curl|wget)\b", commands)


@each_final
def test_the_image_runs_as_a_numbered_user_that_is_not_root(stage: str) -> None:
    users = [user for one in lineage(stage) for user in one.all("USER")]
    assert users == ["10001:10001"]


@each_final
def test_the_image_stops_on_sigterm(stage: str) -> None:
    assert [name for one in lineage(stage) for name in one.all("STOPSIGNAL")] == ["SIGTERM"]


@each_final
def test_the_image_holds_the_libraries_of_its_own_extra_alone(stage: str) -> None:
    copied = [source for one in lineage(stage) for source in one.all("COPY") if "-libraries" in source]
    assert copied == [f"--from={stage}-libraries /opt/balie /opt/balie"]
    (command,) = stages()[f"{stage}-libraries"].all("RUN")
    assert f"requirements.py {stage} >" in command
    assert "--constraint constraints.txt" in command
    assert "--only-binary :all:" in command


@pytest.mark.parametrize("service", sorted(set(FINAL) - set(ENCODING)))
def test_only_who_encodes_carries_the_encoder(service: str) -> None:
    assert not any("encoder" in source for one in lineage(service) for source in one.all("COPY"))


@pytest.mark.parametrize("stage", [*FINAL, "encoder"])
def test_no_image_reports_to_the_maker_of_a_library(stage: str) -> None:
    assert image_environment(stage)["ORT_DISABLE_TELEMETRY"] == "1"


def test_the_wheel_is_installed_without_what_it_needs() -> None:
    (_, command) = stages()["build"].all("RUN")
    assert "--no-deps --no-index --target /app" in command


def test_stages_are_made_from_stages_above_them() -> None:
    seen: set[str] = set()
    for name, stage in stages().items():
        assert stage.source == "${PYTHON}" or stage.source in seen
        sources = re.findall(r"--from=(\S+)", " ".join(stage.all("COPY")))
        assert set(sources) <= seen
        seen.add(name)


def test_the_base_image_can_be_pinned_by_digest() -> None:
    assert re.search(
        r"^ARG PYTHON=python:3\.11-slim-\w+$", DOCKERFILE.read_text(encoding="utf-8"), re.MULTILINE
    )


def test_everything_copied_exists_and_is_let_into_the_build() -> None:
    allowed = [rule[1:] for rule in ignored_rules() if rule.startswith("!")]
    assert ignored_rules()[0] == "*"
    for stage in stages().values():
        for line in stage.all("COPY"):
            if line.startswith("--from="):
                continue
            *sources, _ = shlex.split(line)
            for source in sources:
                assert (ROOT / source).exists(), source
                assert any(Path(source).is_relative_to(rule) for rule in allowed), source


def test_the_encoder_is_built_from_what_its_stage_copies(tmp_path: Path) -> None:
    for line in stages()["encoder"].all("COPY"):
        source, target = line.split()
        place = tmp_path / target / (Path(source).name if target.endswith("/") else "")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(ROOT / source)
    program = "import balie.encoders.build, balie; print(balie.__path__[0])"
    done = subprocess.run(
        [
            sys.executable,
            "-S",
            "-c",
            f"import sys; sys.path[:0] = {[str(tmp_path), *third_party()]!r}; {program}",
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        timeout=60,
    )
    assert done.stdout.strip() == str(tmp_path / "balie"), done.stderr


def third_party() -> list[str]:
    return [path for path in sys.path if path.endswith("site-packages")]


# The list of requirements


@pytest.mark.parametrize("extra", ["gateway", "handoff"])
def test_door_and_router_need_no_model_library(extra: str) -> None:
    needed = load(DEPLOY / "docker" / "requirements.py").requirements(project(), [extra])
    names = {re.split(r"[\[><=~ ]", line)[0] for line in needed}
    assert {"grpcio", "sqlalchemy", "structlog"} <= names
    assert not names & {"numpy", "onnxruntime", "spacy", "faiss-cpu", "torch", "balie"}


def test_an_extra_brings_those_it_names() -> None:
    requirements = load(DEPLOY / "docker" / "requirements.py").requirements
    nested: dict[str, object] = {
        "name": "balie",
        "dependencies": ["a"],
        "optional-dependencies": {
            "one": ["b"],
            "two": ["balie[one]", "c"],
            "three": ["balie[one, two]", "d[x]>1"],
        },
    }
    assert requirements(nested, ["three"]) == ["a", "b", "c", "d[x]>1"]
    assert requirements(nested, ["one"]) == ["a", "b"]


def test_an_unknown_extra_is_refused() -> None:
    script = DEPLOY / "docker" / "requirements.py"
    done = subprocess.run(
        [sys.executable, script, "gatway"], capture_output=True, text=True, check=False, cwd=ROOT, timeout=30
    )
    assert done.returncode == 2
    assert "gatway" in done.stderr


# The compose file


def test_compose_runs_the_four_services_and_their_database() -> None:
    assert set(compose()["services"]) == {*SERVICES, "postgres", "fill", "cli"}
    assert compose()["services"]["postgres"]["image"].startswith("postgres:16")


@each_service
def test_compose_builds_the_stage_of_the_service(service: str) -> None:
    build = compose()["services"][service]["build"]
    assert build["target"] == service
    assert (COMPOSE.parent / build["context"]).resolve() == ROOT
    assert (ROOT / build["dockerfile"]).resolve() == DOCKERFILE
    assert compose()["services"][service]["image"] == f"balie/{service}:{project()['version']}"


@pytest.mark.parametrize("service", [*SERVICES, "fill", "cli"])
def test_compose_lets_a_container_do_next_to_nothing(service: str) -> None:
    written = compose()["services"][service]
    assert written["read_only"] is True
    assert written["cap_drop"] == ["ALL"]
    assert written["security_opt"] == ["no-new-privileges:true"]


@each_service
def test_compose_waits_for_healthy_neighbours(service: str) -> None:
    needed = compose()["services"][service].get("depends_on", {})
    assert {name for name, how in needed.items() if how["condition"] == "service_healthy"} == {
        "gateway": {"postgres", "nlu", "faq", "handoff"},
        "nlu": {"postgres"},
        "faq": {"postgres"},
        "handoff": {"postgres"},
    }[service]


def test_the_door_opens_once_the_desk_is_filled() -> None:
    needed = compose()["services"]["gateway"]["depends_on"]
    assert needed["fill"] == {"condition": "service_completed_successfully"}
    filling = compose()["services"]["fill"]
    assert filling["command"][0] == "fill"
    assert filling["build"]["target"] == "cli"


@each_service
def test_compose_gives_a_container_time_to_stop(service: str) -> None:
    given = compose_environment(service)
    fields = settings_class(service).model_fields
    needed = sum(
        float(given.get(f"BALIE_{service.upper()}_{name.upper()}", fields[name].default))
        for name in ("drain_seconds", "grace_seconds")
    )
    assert needed < int(compose()["services"][service]["stop_grace_period"].removesuffix("s"))


@each_service
def test_a_container_is_asked_for_its_health_with_a_bound(service: str) -> None:
    (check,) = stages()[service].all("HEALTHCHECK")
    _, _, command = check.partition(" CMD ")
    assert json.loads(command)[:2] == ["python", "/usr/share/balie/probe.py"]
    assert options(check)["timeout"] > load(DEPLOY / "docker" / "probe.py")._TIMEOUT_SECONDS
    assert options(check)["start-period"] >= 60


@pytest.mark.parametrize("service", KEEPING)
def test_each_service_enters_a_database_of_its_own(service: str) -> None:
    url = f"postgresql+asyncpg://{service}@postgres:5432/{service}"
    assert compose_environment(service)[f"BALIE_{service.upper()}_DATABASE_URL"] == url
    script = (DEPLOY / "docker" / "databases.sql").read_text(encoding="utf-8")
    assert f"CREATE DATABASE {service} OWNER {service};" in script
    assert f"REVOKE ALL ON DATABASE {service} FROM PUBLIC;" in script


def test_the_database_is_reached_by_its_services_alone() -> None:
    reaching = {name for name, one in compose()["services"].items() if "database" in one.get("networks", [])}
    assert reaching == {*KEEPING, "postgres"}
    assert compose()["networks"]["database"] == {"internal": True}
    assert "ports" not in compose()["services"]["postgres"]


def test_files_that_compose_names_exist() -> None:
    for one in compose()["services"].values():
        for name in one.get("env_file", []):
            assert (DEPLOY / name).is_file()
        for volume in one.get("volumes", []):
            source = volume.split(":")[0]
            assert source in compose()["volumes"] or (DEPLOY / source).is_file()


def test_the_collection_that_the_gateway_asks_is_the_one_that_is_filled() -> None:
    head = yaml.safe_load((SAMPLE / "faq.yaml").read_text(encoding="utf-8"))
    assert compose_environment("gateway")["BALIE_GATEWAY_FAQ_COLLECTION"] == head["collection"]
    assert json.loads(compose_environment("nlu")["BALIE_NLU_LANGUAGES"]) == head["languages"]
