"""The lock files pin what pyproject.toml asks for, by hash, and say nothing of where it came from."""

import re
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = ("runtime.lock", "dev.lock")
ADDRESS = re.compile(r"\w+://|^\s*-(?!-hash=)|\s@\s", re.MULTILINE)


class Pin(NamedTuple):
    version: str
    hashes: int


def lock_text(name: str) -> str:
    return (ROOT / "requirements" / name).read_text()


def pins(text: str) -> dict[str, Pin]:
    """Return what a lock pins, by canonical name."""
    lines = re.sub(r"#.*", "", text.replace("\\\n", " ")).splitlines()
    found = {}
    for line in filter(str.strip, lines):
        requirement = Requirement(line.split("--hash")[0].strip())
        (specifier,) = requirement.specifier
        assert specifier.operator == "==", line
        hashes = len(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", line))
        found[canonicalize_name(requirement.name)] = Pin(specifier.version, hashes)
    return found


def asked_for(lock: str) -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = [*project["build-system"]["requires"], *project["project"]["dependencies"]]
    if lock == "dev.lock":
        extras, groups = project["project"]["optional-dependencies"], project["dependency-groups"]
        asked += [line for lines in (*extras.values(), *groups.values()) for line in lines]
    return asked


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_no_address(lock: str) -> None:
    assert ADDRESS.findall(lock_text(lock)) == []


@pytest.mark.parametrize(
    "line",
    ["-i simple", "-f wheels", "--no-index", "a @ file", "# from https://example.org/simple"],
)
def test_an_address_in_a_lock_would_be_seen(line: str) -> None:
    assert ADDRESS.search(f"a==1 \\\n    --hash=sha256:00\n{line}\n")


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_in_a_lock_has_its_hashes(lock: str) -> None:
    pinned = pins(lock_text(lock))
    assert len(pinned) > 20
    assert [name for name, pin in pinned.items() if pin.hashes == 0] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_everything_the_project_asks_for(lock: str) -> None:
    pinned = pins(lock_text(lock))
    for requirement in map(Requirement, asked_for(lock)):
        pin = pinned.get(canonicalize_name(requirement.name))
        assert pin is not None, f"{requirement.name} is not in {lock}: make lock"
        assert requirement.specifier.contains(pin.version, prereleases=True), (
            f"{requirement} does not admit {pin.version} of {lock}: make lock"
        )


def test_tests_run_on_the_versions_that_users_get() -> None:
    runtime, dev = pins(lock_text("runtime.lock")), pins(lock_text("dev.lock"))
    assert {name: dev.get(name) for name in runtime} == runtime


def test_the_build_backend_is_in_the_locks() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["dependency-groups"]["build"] == project["build-system"]["requires"]
