"""compose.yaml and the Dockerfile agree with each other and with the project."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

ROOT = Path(__file__).parents[2]


@pytest.fixture
def services() -> dict[str, Any]:
    """Return compose.yaml's services with every variable at its default."""
    text = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", (ROOT / "compose.yaml").read_text())
    return yaml.safe_load(text)["services"]


@pytest.fixture
def image() -> str:
    return (ROOT / "Dockerfile").read_text()


def test_onebook_is_given_the_postgres_beside_it(services: dict[str, Any]) -> None:
    given = services["postgres"]["environment"]
    asked = urlsplit(services["onebook"]["environment"]["ONEBOOK_DATABASE_URL"])
    assert asked.hostname in services["onebook"]["depends_on"]
    assert (asked.username, asked.password) == (given["POSTGRES_USER"], given["POSTGRES_PASSWORD"])
    assert asked.path == f"/{given['POSTGRES_DB']}"


def test_nothing_is_open_to_the_network_by_default(services: dict[str, Any]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_what_is_recorded_outlives_its_container(services: dict[str, Any], image: str) -> None:
    assert "postgres:/var/lib/postgresql" in services["postgres"]["volumes"]
    (folder,) = [volume.split(":")[1] for volume in services["onebook"]["volumes"]]
    assert f"VOLUME {folder}\n" in image
    assert f"ONEBOOK_DATA={folder}\n" in image


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
