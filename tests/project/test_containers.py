"""compose.yaml and the Dockerfile agree with each other and with the project."""

import base64
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from real_kafka import IMAGE
from typer.main import get_command

from api.cli import app
from cluster.jars import VERSION
from cluster.local import Plan, steps

ROOT = Path(__file__).parents[2]


@pytest.fixture
def services() -> dict[str, Any]:
    """Return compose.yaml's services with every variable at its default."""
    text = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", (ROOT / "compose.yaml").read_text())
    return yaml.safe_load(text)["services"]


@pytest.fixture
def image() -> str:
    return (ROOT / "Dockerfile").read_text()


@pytest.mark.parametrize("name", ["projector", "feeds", "api"])
def test_who_has_views_is_given_the_postgres_beside_it(services: dict[str, Any], name: str) -> None:
    given = services["postgres"]["environment"]
    asked = urlsplit(services[name]["environment"]["ONEBOOK_DATABASE_URL"])
    assert asked.hostname in services[name]["depends_on"]
    assert (asked.username, asked.password) == (given["POSTGRES_USER"], given["POSTGRES_PASSWORD"])
    assert asked.path == f"/{given['POSTGRES_DB']}"


def test_everyone_is_given_the_brokers_beside_them(services: dict[str, Any]) -> None:
    brokers = [name for name in services if services[name]["image"].startswith("apache/kafka")]
    reached = ",".join(f"{name}:9092" for name in brokers)
    ours = [service for service in services.values() if "build" in service]
    assert len(ours) == 6
    assert {service["environment"]["ONEBOOK_KAFKA_BOOTSTRAP"] for service in ours} == {reached}
    advertised = [services[name]["environment"]["KAFKA_ADVERTISED_LISTENERS"] for name in brokers]
    assert [address.removeprefix("PLAINTEXT://") for address in advertised] == reached.split(",")


def test_three_brokers_vote_for_each_other(services: dict[str, Any]) -> None:
    brokers = {name: s for name, s in services.items() if s["image"].startswith("apache/kafka")}
    voters = ",".join(f"{s['environment']['KAFKA_NODE_ID']}@{n}:9093" for n, s in brokers.items())
    assert len(brokers) == 3
    for service in brokers.values():
        settings = service["environment"]
        assert settings["KAFKA_CONTROLLER_QUORUM_VOTERS"] == voters
        assert len(base64.urlsafe_b64decode(f"{settings['CLUSTER_ID']}==")) == 16


def test_every_kafka_of_the_project_is_the_same_release(services: dict[str, Any]) -> None:
    images = {s["image"] for s in services.values() if s["image"].startswith("apache/kafka")}
    assert images == {IMAGE} == {f"apache/kafka:{VERSION}"}


def test_nobody_starts_before_the_topics_are_there(services: dict[str, Any]) -> None:
    done = {"condition": "service_completed_successfully"}
    ours = [name for name, service in services.items() if "build" in service and name != "topics"]
    assert [name for name in ours if services[name]["depends_on"]["topics"] != done] == []


def test_containers_and_make_cluster_run_the_same(services: dict[str, Any], tmp_path: Path) -> None:
    local = {start.name.lower() for step in steps(Plan(tmp_path), tmp_path) for start in step}
    assert local == {name for name, s in services.items() if "build" in s} - {"topics"}


def test_every_command_of_a_container_is_one_of_ours(services: dict[str, Any]) -> None:
    for name, service in services.items():
        if "build" not in service:
            continue
        words = [*service["command"]]
        command = get_command(app)
        while words and (found := getattr(command, "commands", {}).get(words[0])) is not None:
            command = found
            words.pop(0)
        assert not hasattr(command, "commands"), (
            f"{name} runs no command of onebook: {service['command']}"
        )
        options = {option for parameter in command.params for option in parameter.opts}
        options |= {option for parameter in command.params for option in parameter.secondary_opts}
        unknown = [word for word in words if word.startswith("--") and word not in options]
        assert unknown == [], name


def test_nothing_is_open_to_the_network_by_default(services: dict[str, Any]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_what_is_recorded_outlives_its_container(services: dict[str, Any], image: str) -> None:
    assert "postgres:/var/lib/postgresql" in services["postgres"]["volumes"]
    for name, service in services.items():
        if service["image"].startswith("apache/kafka"):
            folder = service["environment"]["KAFKA_LOG_DIRS"]
            assert service["volumes"] == [f"{name}:{folder}"]
    assert "VOLUME /data\n" in image
    assert "ONEBOOK_DATA=/data\n" in image
    for name in ("writer-1", "writer-2"):
        assert services[name]["volumes"] == [f"{name}:/data"]


def test_the_image_holds_what_the_lock_says_and_serves_as_no_root(image: str) -> None:
    installs = re.findall(r"pip install (.*)", image)
    assert len(installs) == 2
    assert "--require-hashes --requirement requirements/runtime.lock" in installs[0]
    assert "--no-deps --no-build-isolation" in installs[1]
    assert re.findall(r"^USER (\S+)", image, re.MULTILINE) == ["onebook"]


def test_the_image_uses_a_python_that_the_project_names(image: str) -> None:
    named = (ROOT / "pyproject.toml").read_text()
    versions = re.findall(r"^FROM python:(3\.\d+)-slim", image, re.MULTILINE)
    assert len(versions) == 2
    assert [v for v in versions if f"Python :: {v}" not in named] == []
