"""Making PostgreSQL's data directory, whole or not at all."""

import secrets
import shutil
import subprocess
from pathlib import Path

from consumers.embedded import home as homes
from consumers.embedded.binaries import MAJOR_VERSION
from consumers.embedded.home import EmbeddedPostgresError, Home, run_as
from consumers.embedded.settings import ACCESS, USER
from ledger.log import get_logger

log = get_logger(__name__)

INITDB_LIMIT_S = 120.0
LOW_DISK_BYTES = 128 << 20


def ready_cluster(home: Home, directory: Path, binaries: Path) -> None:
    """Make the home's cluster if it is new, check that it is ours if not.

    Raises EmbeddedPostgresError with what initdb says, or if another major version made it.
    """
    if home.is_new:
        _make(home, binaries)
        homes.remember_home(home, directory)
    _check_version(home)
    home.sockets.mkdir(mode=0o700, exist_ok=True)
    home.sockets.chmod(0o700)
    home.own(home.sockets)


def read_password(home: Home) -> str:
    """Return the superuser's password. Raises EmbeddedPostgresError if its file is gone."""
    try:
        return home.password_file.read_text().strip()
    except OSError as error:
        raise EmbeddedPostgresError(
            f"cannot read {home.password_file}, the password of this PostgreSQL: "
            f"{error.strerror}; restore the file from a backup of the folder"
        ) from error


def low_disk(folder: Path) -> str:
    """Return a sentence if the disk under the folder is nearly full, else nothing."""
    free = shutil.disk_usage(folder).free
    if free >= LOW_DISK_BYTES:
        return ""
    return f" The disk of {folder} has only {free >> 20} MiB left: free some space first."


def _make(home: Home, binaries: Path) -> None:
    _make_password(home)
    unfinished = home.cluster.with_name(f"{home.cluster.name}.new")
    shutil.rmtree(unfinished, ignore_errors=True)  # of a start that was killed in between
    unfinished.mkdir(mode=0o700)
    home.own(unfinished)
    # --locale=C: ids sort byte for byte, on every machine alike.
    _initdb(
        home,
        [
            str(binaries / "initdb"),
            f"--pgdata={unfinished}",
            f"--username={USER}",
            f"--pwfile={home.password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--data-checksums",
        ],
    )
    access = unfinished / "pg_hba.conf"
    access.write_text(ACCESS)
    unfinished.rename(home.cluster)
    log.info("postgres_made", cluster=home.cluster)


def _initdb(home: Home, command: list[str]) -> None:
    try:
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            timeout=INITDB_LIMIT_S,
            cwd=home.folder,
            **run_as(home.account),
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise EmbeddedPostgresError(
            f"cannot run {command[0]}: {error}; {homes.ELSEWHERE}"
        ) from error
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        raise EmbeddedPostgresError(
            f"initdb could not make {home.cluster}.{low_disk(home.folder)} It said:\n{said}"
        )


def _make_password(home: Home) -> None:
    home.password_file.unlink(missing_ok=True)  # of a start that was killed in between
    home.password_file.touch(mode=0o600, exist_ok=False)
    home.password_file.write_text(f"{secrets.token_hex(32)}\n")
    home.own(home.password_file)


def _check_version(home: Home) -> None:
    found = (home.cluster / "PG_VERSION").read_text().strip()
    if found != MAJOR_VERSION:
        raise EmbeddedPostgresError(
            f"{home.cluster} was made by PostgreSQL {found}, and this is {MAJOR_VERSION}: run the "
            f"release of onebook that made it, or name another data directory"
        )
