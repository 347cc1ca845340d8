"""What a machine lacks for Kafka is said before anything is tried, and jars are fetched once."""

import re
from pathlib import Path

import pytest

from cluster import jars
from cluster.jars import KafkaUnavailable, kafka_jars

JAVA_17 = """echo 'openjdk version "17.0.1" 2021-10-19' >&2"""
JAVA_8 = """echo 'java version "1.8.0_401"' >&2"""
# Makes the folder that it is told to fill, and counts how often it was asked.
MAVEN = f"""
echo asked >> "$0.calls"
for word in "$@"; do
  case "$word" in -DoutputDirectory=*) folder=${{word#*=}} ;; esac
done
mkdir -p "$folder" && touch "$folder/kafka_2.13-{jars.VERSION}.jar"
"""
NO_REGISTRY = "echo 'Could not transfer artifact'; exit 1"


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that alone is on PATH, but for what stand-ins need."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for needed in ("mkdir", "touch"):
        (folder / needed).symlink_to(f"/bin/{needed}")
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    return folder


def program(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_a_machine_without_java_is_told_what_to_install(programs: Path, tmp_path: Path) -> None:
    with pytest.raises(KafkaUnavailable, match=r"no java on PATH: install .*apt-get install"):
        kafka_jars(tmp_path)


def test_a_java_too_old_is_named(programs: Path, tmp_path: Path) -> None:
    program(programs, "java", JAVA_8)
    with pytest.raises(KafkaUnavailable, match=r"java is too old for Kafka \(java version .1\.8"):
        kafka_jars(tmp_path)


def test_a_machine_without_maven_is_told_what_to_install(programs: Path, tmp_path: Path) -> None:
    program(programs, "java", JAVA_17)
    with pytest.raises(KafkaUnavailable, match=r"no mvn on PATH: install .*maven"):
        kafka_jars(tmp_path)


def test_jars_are_fetched_once(programs: Path, tmp_path: Path) -> None:
    program(programs, "java", JAVA_17)
    maven = program(programs, "mvn", MAVEN)
    folder = kafka_jars(tmp_path)
    assert kafka_jars(tmp_path) == folder
    assert (folder / f"kafka_2.13-{jars.VERSION}.jar").exists()
    assert Path(f"{maven}.calls").read_text().split() == ["asked"]


def test_a_fetch_that_failed_leaves_nothing_to_be_taken_for_jars(
    programs: Path, tmp_path: Path
) -> None:
    program(programs, "java", JAVA_17)
    program(programs, "mvn", NO_REGISTRY)
    with pytest.raises(KafkaUnavailable, match="could not fetch Kafka's jars: Could not transfer"):
        kafka_jars(tmp_path / "cache")
    assert [path for path in (tmp_path / "cache").iterdir() if path.is_dir()] == []


def test_the_version_is_the_one_that_maven_is_told() -> None:
    versions = re.findall(r"kafka[_-][\w.]*</artifactId>\s*<version>(.*?)<", jars.POM.read_text())
    assert versions == [jars.VERSION, jars.VERSION]
