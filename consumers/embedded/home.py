"""Where the embedded PostgreSQL lives, and as whom it runs.

For an ordinary user everything is in the data directory. PostgreSQL refuses root: for root it runs
as an unprivileged account in a folder of its own under ROOT_HOME, because that account cannot
reach, and must not be let into, the folders of root. Decisions: embedded-postgresql.md.
"""

import os
import pwd
import re
import secrets
import shutil
from pathlib import Path
from typing import Any

import msgspec

from consumers.data_directory import DataDirectoryError
from ledger.log import get_logger

log = get_logger(__name__)

ELSEWHERE = "set ONEBOOK_DATABASE_URL to the URL of a PostgreSQL 18 of yours instead"

ROOT_HOME = Path("/var/lib/onebook")
# In this order: an account made for this, the account that exists to run PostgreSQL, and, where
# there is neither, the one that every system has. It owns nothing else, but other services may
# run as it too, so it comes last.
ACCOUNTS = ("onebook", "postgres", "nobody")
ID_FILE = "postgres.id"
CLUSTER = "postgres"


class EmbeddedPostgresError(DataDirectoryError):
    """The embedded PostgreSQL cannot run; the text says why and what to do."""


class Account(msgspec.Struct, frozen=True):
    """The unprivileged account that PostgreSQL runs as when we are root."""

    name: str
    uid: int
    gid: int


class Home(msgspec.Struct, frozen=True):
    """A folder for the files of one server.

    ``account`` is None for an ordinary user: then the server runs as ourselves and ``folder`` is
    the data directory. ``is_new``: no database has been made in it yet.
    """

    folder: Path
    account: Account | None
    is_new: bool

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own data directory."""
        return self.folder / CLUSTER

    @property
    def sockets(self) -> Path:
        """The folder of the unix socket; nobody else may enter it."""
        return self.folder / "run"

    @property
    def password_file(self) -> Path:
        """The password of the superuser, mode 0600."""
        return self.folder / "postgres.password"

    def own(self, path: Path) -> None:
        """Give a file or folder to the account that the server runs as."""
        if self.account is not None:
            os.chown(path, self.account.uid, self.account.gid, follow_symlinks=False)


def find_home(directory: Path) -> Home:
    """Find the folder of the data directory's server, or make an empty one for a fresh one.

    Raises EmbeddedPostgresError where another user's server belongs to this directory, or where
    the folder that it names is gone: an empty ledger never takes the place of a lost one.
    """
    id_file, cluster = directory / ID_FILE, directory / CLUSTER
    if os.geteuid() != 0:
        if id_file.exists():
            raise EmbeddedPostgresError(f"{directory} was made by root: run this as root again")
        return Home(directory, None, is_new=not cluster.exists())
    if cluster.exists():
        owner = pwd.getpwuid(cluster.stat().st_uid).pw_name
        raise EmbeddedPostgresError(f"{directory} belongs to user {owner}: run this as {owner}")
    return _known_home(id_file) if id_file.exists() else _fresh_home()


def remember_home(home: Home, directory: Path) -> None:
    """Keep the folder's id in the data directory, once there is a database in the folder.

    The folder's name is taken as the id. Atomic, and refused if the directory has an id already.
    """
    if home.account is None:
        return
    fresh = directory / f"{ID_FILE}.{os.getpid()}"
    fresh.write_text(f"{home.folder.name}\n")
    try:
        os.link(fresh, directory / ID_FILE)
    except FileExistsError as error:
        raise EmbeddedPostgresError(f"{directory} is being set up by another process") from error
    finally:
        fresh.unlink()
    log.info("postgres_home", folder=home.folder, account=home.account.name, directory=directory)


def discard_unused_home(home: Home, directory: Path) -> None:
    """Remove a folder under ROOT_HOME that was made for a start that failed before it was used."""
    id_file = directory / ID_FILE
    remembered = id_file.exists() and id_file.read_text().strip() == home.folder.name
    if home.account is not None and home.is_new and not remembered:
        shutil.rmtree(home.folder, ignore_errors=True)


def run_as(account: Account | None) -> dict[str, Any]:
    """Return the arguments of ``subprocess`` that start a program as the account."""
    # Our environment stays outside: PGDATA, PGPORT and locale settings would change the server.
    clean = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
    if account is None:
        return {"env": clean, "umask": 0o077}
    who = {"user": account.uid, "group": account.gid, "extra_groups": []}
    return {"env": clean, "umask": 0o077, **who}


def _known_home(id_file: Path) -> Home:
    name = id_file.read_text().strip()
    if re.fullmatch(r"[0-9a-f]{32}", name) is None:
        raise EmbeddedPostgresError(f"{id_file} holds no id of 32 hexadecimal digits: restore it")
    cluster = ROOT_HOME / name / CLUSTER
    if not cluster.is_dir():
        raise EmbeddedPostgresError(
            f"the ledger of {id_file.parent} was in {cluster.parent}, which is gone: restore that "
            f"folder, or remove {id_file} to begin a new, empty ledger"
        )
    owner = pwd.getpwuid(cluster.stat().st_uid)
    return Home(cluster.parent, Account(owner.pw_name, owner.pw_uid, owner.pw_gid), is_new=False)


def _fresh_home() -> Home:
    account = _account()
    make_root_folder()
    folder = ROOT_HOME / secrets.token_hex(16)
    # The account may pass through but plant nothing where root works.
    folder.mkdir(mode=0o710)
    os.chown(folder, 0, account.gid)
    return Home(folder, account, is_new=True)


def _account() -> Account:
    for name in ACCOUNTS:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(found.pw_name, found.pw_uid, found.pw_gid)
    raise EmbeddedPostgresError(
        "PostgreSQL does not run as root, and there is none of the accounts "
        f"{', '.join(ACCOUNTS)}: make one, run this as an ordinary user, or {ELSEWHERE}"
    )


def make_root_folder() -> None:
    """Make ROOT_HOME, which everybody may pass through and only root may change."""
    ROOT_HOME.mkdir(parents=True, exist_ok=True)
    ROOT_HOME.chmod(0o755)
