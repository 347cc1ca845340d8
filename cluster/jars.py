"""Apache Kafka's jars: fetched once by Maven, then kept in a cache folder of this user."""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

POM: Final = Path(__file__).with_name("pom.xml")
VERSION: Final = "4.3.1"
JAVA_SINCE: Final = 17
FETCH_LIMIT_S: Final = 600.0
ANSWER_LIMIT_S: Final = 30.0
SHOWN_LINES: Final = 15
HOW_TO_INSTALL: Final = (
    f"install a Java {JAVA_SINCE} or later and Maven (Debian, Ubuntu: apt-get install "
    "openjdk-17-jre-headless maven; macOS: brew install openjdk maven)"
)


class KafkaUnavailable(Exception):
    """Kafka cannot run on this machine; the text says what is missing and what to do."""


def kafka_jars(cache: Path | None = None) -> Path:
    """Return the folder of Kafka's jars; fetches them (54 MB) where they are not there yet.

    Safe when several processes ask at once: one fetches, the others wait for it. What a killed
    process left half-done is never used. Raises KafkaUnavailable.
    """
    find_java()
    folder = (cache or cache_folder()) / _name()
    if folder.is_dir():
        return folder
    if not (maven := shutil.which("mvn")):
        raise KafkaUnavailable(
            f"Kafka's jars are not in {folder}, and no mvn on PATH: {HOW_TO_INSTALL}"
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _alone(folder.parent / f"{folder.name}.lock"):
        if not folder.is_dir():
            _fetch(maven, folder)
    return folder


def cache_folder() -> Path:
    """Return the folder in which this user's programs keep what they can fetch again."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "onebook"


def find_java() -> str:
    """Return the path of a Java that can run Kafka: of JAVA_HOME, else on PATH.

    Raises KafkaUnavailable.
    """
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=str(Path(home) / "bin") if home else None)
    if not java:
        where = f"in JAVA_HOME ({home})" if home else "on PATH"
        raise KafkaUnavailable(f"no java {where}: {HOW_TO_INSTALL}")
    asked = [java, "-version"]
    said = subprocess.run(
        asked, capture_output=True, text=True, check=False, timeout=ANSWER_LIMIT_S
    ).stderr
    found = re.search(r'version "(?:1\.)?(\d+)', said)
    if found is None or int(found[1]) < JAVA_SINCE:
        first = said.strip().partition("\n")[0]
        raise KafkaUnavailable(f"{java} is too old for Kafka ({first}): {HOW_TO_INSTALL}")
    return java


def _name() -> str:
    # Another pom.xml, another folder: a change in it is fetched by everyone who has the old one.
    return f"kafka-{VERSION}-{hashlib.sha256(POM.read_bytes()).hexdigest()[:8]}"


def _fetch(maven: str, folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".fetching-") as scratch:
        jars = Path(scratch) / "jars"
        goal = ["dependency:copy-dependencies", f"-DoutputDirectory={jars}"]
        command = [maven, "--quiet", "--batch-mode", "--file", str(POM), *goal]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=FETCH_LIMIT_S
            )
        except subprocess.TimeoutExpired as error:
            raise KafkaUnavailable(
                f"Maven did not fetch Kafka's jars within {FETCH_LIMIT_S:g} s: try again"
            ) from error
        if done.returncode or not (jars / f"kafka_2.13-{VERSION}.jar").is_file():
            said = "\n".join((done.stdout + done.stderr).splitlines()[-SHOWN_LINES:])
            raise KafkaUnavailable(f"Maven could not fetch Kafka's jars: {said}")
        jars.rename(folder)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold a lock that the system gives back when this process ends, however it ends."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    print(kafka_jars())  # noqa: T201
