"""As whom the server runs: an unprivileged account for root, ourselves for anybody else."""

import importlib.metadata
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from processes import AS_ROOT, ask, server_pid

from consumers.data_directory import DataDirectoryError
from consumers.embedded import EmbeddedPostgres, EmbeddedPostgresError, binaries, cluster
from consumers.embedded import home as homes

root_only = pytest.mark.skipif(not AS_ROOT, reason="only root can start things as somebody else")

# Everything is imported before the rights are given up: afterwards Python itself may be unreadable.
ORDINARY = """
import json, os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import psycopg, encodings.idna, logging
from consumers.embedded import EmbeddedPostgres, home
home.ROOT_HOME = Path(sys.argv[2])
os.setgroups([])
os.setgid(int(sys.argv[4]))
os.setuid(int(sys.argv[4]))
os.umask(0o022)
for _ in range(2):
    with EmbeddedPostgres(Path(sys.argv[3])) as server, psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS starts (n integer)")
        connection.execute("INSERT INTO starts VALUES (1)")
        count = connection.execute("SELECT count(*) FROM starts").fetchone()[0]
        cluster = connection.execute("SHOW data_directory").fetchone()[0]
print(json.dumps([count, cluster]))
"""


@pytest.fixture(scope="session")
def wheel():
    """A folder with the installed PostgreSQL, as a virtual environment would hold it."""
    installed = binaries._installed()
    libraries = installed.parent.with_name(f"{binaries.WHEEL}.libs")
    with tempfile.TemporaryDirectory(prefix="onebook-wheel-") as name:
        folder = Path(name)
        shutil.copytree(installed, folder / binaries.WHEEL / installed.name)
        if libraries.exists():
            shutil.copytree(libraries, folder / libraries.name)
        (folder / binaries.WHEEL / "__init__.py").touch()
        folder.chmod(0o755)
        yield folder


@pytest.fixture
def private_wheel(wheel, monkeypatch):
    """The same in a folder that only its owner may enter."""
    wheel.chmod(0o700)
    monkeypatch.syspath_prepend(str(wheel))
    yield wheel
    wheel.chmod(0o755)


@root_only
def test_as_root_the_server_runs_as_somebody_who_may_do_nothing_else(
    new_directory, root_home, account
):
    with EmbeddedPostgres(new_directory) as started:
        status = Path(f"/proc/{server_pid(started.url)}").stat()
        where = Path(str(ask(started.url, "SHOW data_directory")))
    assert (status.st_uid, status.st_gid) == (account.uid, account.gid)
    assert status.st_uid != 0
    name = (new_directory / "postgres.id").read_text().strip()
    assert where == root_home / name / "postgres"
    assert (where.stat().st_uid, where.stat().st_mode & 0o777) == (account.uid, 0o700)
    assert sorted(path.name for path in new_directory.iterdir()) == ["postgres.id", "postgres.log"]


@root_only
def test_the_account_made_for_this_comes_first_and_nobody_last(monkeypatch):
    known = {"postgres": 101, "nobody": 65534, "onebook": 990}
    known_as = lambda name: pwd.struct_passwd((name, "x", known[name], known[name], "", "/", ""))  # noqa: E731
    monkeypatch.setattr(pwd, "getpwnam", known_as)
    for name in ("onebook", "postgres", "nobody"):
        assert homes._account().name == name
        del known[name]
    with pytest.raises(EmbeddedPostgresError, match="ONEBOOK_DATABASE_URL"):
        homes._account()


@root_only
def test_two_data_directories_are_two_ledgers(new_directory):
    with (
        EmbeddedPostgres(new_directory) as first,
        EmbeddedPostgres(new_directory / "other") as second,
    ):
        ask(first.url, "CREATE TABLE sold (quantity integer)")
        assert ask(second.url, "SELECT to_regclass('sold')::text") is None


@root_only
def test_a_copied_data_directory_does_not_get_a_second_server_on_the_same_ledger(directory):
    with EmbeddedPostgres(directory) as started:
        copy = directory.with_name("copy")
        shutil.copytree(directory, copy)
        with pytest.raises(EmbeddedPostgresError, match="is in use"):
            EmbeddedPostgres(copy).start()
        assert ask(started.url, "SELECT 1") == 1


@root_only
def test_an_empty_ledger_never_takes_the_place_of_a_lost_one(directory, root_home):
    with EmbeddedPostgres(directory):
        pass
    name = (directory / "postgres.id").read_text().strip()
    (root_home / name).rename(root_home / "elsewhere")
    with pytest.raises(EmbeddedPostgresError, match=f"{name}, which is gone"):
        EmbeddedPostgres(directory).start()
    (directory / "postgres.id").write_text("../../etc\n")
    with pytest.raises(EmbeddedPostgresError, match="holds no id"):
        EmbeddedPostgres(directory).start()


@root_only
def test_root_leaves_an_ordinary_users_ledger_to_that_user(new_directory, account):
    (new_directory / "postgres").mkdir(parents=True)
    os.chown(new_directory / "postgres", account.uid, account.gid)
    with pytest.raises(EmbeddedPostgresError, match=f"belongs to user {account.name}"):
        EmbeddedPostgres(new_directory).start()


@root_only
def test_a_first_start_that_fails_leaves_no_folder_behind(new_directory, root_home, monkeypatch):
    monkeypatch.setattr(cluster, "INITDB_LIMIT_S", 0.001)
    with pytest.raises(EmbeddedPostgresError, match="timed out"):
        EmbeddedPostgres(new_directory).start()
    assert list(root_home.iterdir()) == []
    assert not (new_directory / "postgres.id").exists()


@root_only
def test_programs_in_a_private_folder_are_copied_once_and_the_folder_stays_private(
    directory, root_home, private_wheel, caplog
):
    caplog.set_level("INFO")
    for _ in range(2):
        with EmbeddedPostgres(directory) as started:
            program = Path(f"/proc/{server_pid(started.url)}/exe").readlink()
    postgres = binaries._version(private_wheel / binaries.WHEEL / "pginstall18", None)
    version = f"{postgres}-{importlib.metadata.version(binaries.WHEEL)}"
    copy = root_home / f"postgres-{version}"
    assert program == copy / binaries.WHEEL / "pginstall18" / "bin" / "postgres"
    assert caplog.text.count("postgres_copied") == 1
    assert private_wheel.stat().st_mode & 0o777 == 0o700
    assert not list(root_home.glob(".copying-*"))


@root_only
def test_a_copy_that_is_broken_off_is_not_taken_for_a_whole_one(
    new_directory, root_home, private_wheel, monkeypatch
):
    def breaks_off(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", breaks_off)
        with pytest.raises(EmbeddedPostgresError, match="No space left on device"):
            EmbeddedPostgres(new_directory).start()
    assert not list(root_home.glob("*postgres-*"))
    with EmbeddedPostgres(new_directory) as started:
        assert ask(started.url, "SELECT 1") == 1


@root_only
def test_an_ordinary_user_changes_nothing_outside_the_data_directory(wheel, root_home, account):
    folder = root_home.parent / "theirs"
    folder.mkdir(mode=0o700)
    os.chown(folder, account.uid, account.gid)
    before = _everything(root_home.parent, besides=folder)
    said = subprocess.run(
        [sys.executable, "-c", ORDINARY, wheel, root_home, folder / "data", str(account.uid)],
        check=True,
        capture_output=True,
        text=True,
    )
    assert said.stdout == f'[2, "{folder}/data/postgres"]\n'
    assert _everything(root_home.parent, besides=folder) == before
    owners = {path.stat().st_uid for path in folder.rglob("*")}
    assert owners == {account.uid}


def test_an_ordinary_user_is_not_given_an_empty_ledger_for_one_of_root(new_directory, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    new_directory.mkdir()
    (new_directory / "postgres.id").write_text("0" * 32)
    with pytest.raises(DataDirectoryError, match="was made by root"):
        EmbeddedPostgres(new_directory).start()


def _everything(folder, besides):
    """Every path with its mode and time of change, but those of one folder."""
    return {
        str(path): (path.lstat().st_mode, path.lstat().st_ctime_ns)
        for path in folder.rglob("*")
        if path != besides and besides not in path.parents
    }
