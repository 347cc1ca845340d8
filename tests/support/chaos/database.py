"""A PostgreSQL of the embedded wheel on a node's own address, and what the proofs read of it."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import psycopg

from chaos.network import Endpoint
from chaos.nodes import ProcessNode
from consumers.embedded import settings
from consumers.embedded.binaries import find_binaries
from consumers.embedded.home import ACCOUNTS, Account, run_as

PORT: Final = 5432
CONNECT_S: Final = 3
STATES: Final = ("on_hand", "damaged", "quality_control", "committed")


class Database(ProcessNode):
    """PostgreSQL on a data directory of its own, open to the run's network alone."""

    def __init__(self, endpoint: Endpoint, folder: Path) -> None:
        account = _account()
        binaries = find_binaries(account)
        self._data = folder / "data"
        folder.mkdir()
        os.chown(folder, account.uid, account.gid)
        _make(self._data, binaries, account, endpoint)
        listen = {"listen_addresses": endpoint.address, "port": str(PORT)}
        listen |= {"unix_socket_directories": ""}
        options = [f"--{name}={value}" for name, value in (settings.SETTINGS | listen).items()]
        super().__init__(
            "postgres",
            endpoint,
            [str(binaries / "postgres"), "-D", str(self._data), *options],
            {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            folder,
            self._answers,
            (account.uid, account.gid),
        )

    @property
    def url(self) -> str:
        """Of the database `onebook`."""
        return self._url("onebook")

    def create(self) -> None:
        """Create the database, once."""
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute("CREATE DATABASE onebook")

    def _url(self, database: str) -> str:
        return f"postgresql://onebook@{self.endpoint.address}:{PORT}/{database}"

    def _answers(self) -> bool:
        try:
            psycopg.connect(self._url("postgres"), connect_timeout=CONNECT_S).close()
        except psycopg.OperationalError:
            return False
        return True


def _account() -> Account:
    import pwd  # noqa: PLC0415 - not on every system that only reads a ledger

    for name in ACCOUNTS:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(found.pw_name, found.pw_uid, found.pw_gid)
    raise LookupError(f"none of the accounts {', '.join(ACCOUNTS)} is here to run PostgreSQL")


def _make(data: Path, binaries: Path, account: Account, endpoint: Endpoint) -> None:
    command = [str(binaries / "initdb"), f"--pgdata={data}", "--username=onebook"]
    command += ["--auth=trust", "--encoding=UTF8", "--locale=C"]
    subprocess.run(command, check=True, capture_output=True, cwd="/", **run_as(account))
    subnet = endpoint.address.rpartition(".")[0] + ".0/24"
    (data / "pg_hba.conf").write_text(f"host all onebook {subnet} trust\n")


def stock_of(url: str, network: str) -> Mapping[tuple[str, str, str], int]:
    """What the view `inventory` shows: quantities by (location, sku, state)."""
    columns = ", ".join(STATES)
    found: dict[tuple[str, str, str], int] = {}
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            f"SELECT location, sku, {columns} FROM inventory WHERE network = %s", [network]
        )
        for location, sku, *quantities in rows:
            for state, quantity in zip(STATES, quantities, strict=True):
                found[location, sku, state] = quantity
    return found


def checkpoints_of(url: str, network: str) -> dict[str, tuple[int, str]]:
    """Position and head of every view of the network."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT view, position, head_hash FROM projections WHERE network = %s", [network]
        )
        return {view: (position, head) for view, position, head in rows}
