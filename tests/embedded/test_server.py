import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from processes import ADDRESS, ENDS_WITHIN_S, OWNER, ask, is_alive, server_pid, wait_until

from consumers.data_directory import DataDirectory, DataDirectoryBusy
from consumers.embedded import (
    EmbeddedPostgres,
    EmbeddedPostgresError,
    leftover,
    server,
    server_log,
    settings,
)
from consumers.embedded import home as homes

KEEPS_WRITING_AFTER_CTRL_C = OWNER.replace(
    "sys.stdin.read()",
    "finish(server.url)",
).replace(
    "import sys",
    """import sys, time
def finish(url):
    import psycopg
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE finished (told boolean)")
        return "fail"
""",
    1,
)
FORKS = OWNER.replace(
    "print(server.url",
    """import os
        if os.fork() == 0:
            sys.exit(0)
        os.wait()
        print(server.url""",
)


@pytest.fixture
def deep(new_directory, root_home, monkeypatch):
    """A data directory too deep for a unix socket, whoever runs the test."""
    monkeypatch.setattr(homes, "ROOT_HOME", root_home / "deep" / ("r" * 100))
    return new_directory / ("d" * 100)


def test_what_was_written_is_there_after_a_restart(new_directory):
    with EmbeddedPostgres(new_directory) as first:
        ask(first.url, "CREATE TABLE sold AS SELECT 7 AS quantity")
    with EmbeddedPostgres(new_directory) as second:
        assert ask(second.url, "SELECT quantity FROM sold") == 7


def test_it_is_set_for_a_ledger_on_a_small_machine(directory):
    expected = {
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "data_checksums": "on",
        "server_encoding": "UTF8",
        "TimeZone": "UTC",
        "jit": "off",
        "shared_buffers": "128MB",
        "max_connections": "100",
        "max_wal_size": "2GB",
        "listen_addresses": "",
    }
    with EmbeddedPostgres(directory) as started:
        assert {name: ask(started.url, f"SHOW {name}") for name in expected} == expected
        assert ask(started.url, "SELECT 'B' < 'a' AND 'z' < 'é'"), "ids sort byte for byte"
        assert ask(started.url, "SELECT current_user || '@' || current_database()") == (
            "onebook@onebook"
        )


def test_another_process_of_ours_needs_only_the_url(directory):
    reads = "import psycopg, sys; psycopg.connect(sys.argv[1]).execute('SELECT 1'); print('in')"
    with EmbeddedPostgres(directory) as started:
        said = subprocess.check_output([sys.executable, "-c", reads, started.url], text=True)
    assert said == "in\n"


@pytest.mark.parametrize("where", ["directory", "deep"])
def test_nobody_gets_in_without_the_password(where, request):
    with EmbeddedPostgres(request.getfixturevalue(where)) as started:
        assert ("127.0.0.1" in started.url) == (where == "deep")
        password = re.search(r"onebook:(\w{64})@", started.url)
        assert password is not None
        guessed = started.url.replace(password[1], "0" * 64)
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(guessed)
        with pytest.raises(psycopg.OperationalError, match="no password supplied"):
            psycopg.connect(started.url.replace(f":{password[1]}", ""))
        with pytest.raises(psycopg.OperationalError, match=r"no pg_hba\.conf entry"):
            psycopg.connect(started.url.replace("onebook:", "postgres:"))


def test_secrets_and_folders_are_for_their_owner_only(directory):
    with EmbeddedPostgres(directory) as started:
        cluster = Path(str(ask(started.url, "SHOW data_directory")))
        modes = {
            path.name: path.stat().st_mode & 0o777
            for path in (cluster, cluster.parent / "run", cluster.parent / "postgres.password")
        }
        socket_mode = (cluster.parent / "run" / ".s.PGSQL.5432").stat().st_mode & 0o777
    assert modes == {"postgres": 0o700, "run": 0o700, "postgres.password": 0o600}
    assert socket_mode == 0o700
    assert (directory / "postgres.log").stat().st_mode & 0o777 == 0o600


def test_a_port_that_somebody_else_takes_meanwhile_is_left_to_them(deep, monkeypatch):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        taken, choose = other.getsockname()[1], settings.choose_port
        ports = iter([taken])
        monkeypatch.setattr(settings, "choose_port", lambda home: next(ports, None) or choose(home))
        with EmbeddedPostgres(deep) as started:
            assert f":{taken}/" not in started.url
            assert ask(started.url, "SELECT 1") == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_that_ends_the_owner_ends_the_server(begin, number):
    owner = begin()
    busy = psycopg.connect(owner.url)
    busy.execute("CREATE TABLE half_done (n integer)")  # a transaction that never ends
    assert owner.end(number) < ENDS_WITHIN_S
    busy.close()


@pytest.mark.parametrize("told", ["finish", "fail"])
def test_the_server_ends_with_its_owner_also_when_that_fails(begin, told):
    owner = begin()
    owner.process.communicate(told, timeout=ENDS_WITHIN_S)
    assert owner.process.returncode == (1 if told == "fail" else 0)
    assert not is_alive(owner.server_pid)


def test_ctrl_c_leaves_the_server_up_until_the_writer_has_finished(begin, directory):
    owner = begin(KEEPS_WRITING_AFTER_CTRL_C)
    os.killpg(owner.process.pid, signal.SIGINT)
    owner.process.wait(ENDS_WITHIN_S)
    assert not is_alive(owner.server_pid)
    with EmbeddedPostgres(directory) as started:
        assert ask(started.url, "SELECT to_regclass('finished')::text") == "finished"


def test_a_forked_copy_of_the_owner_ends_without_the_server(begin):
    owner = begin(FORKS)
    assert ask(owner.url, "SELECT 1") == 1


def test_after_kill_9_of_the_owner_the_next_start_has_all_data_and_one_server(begin, directory):
    owner = begin()
    ask(owner.url, "CREATE TABLE sold AS SELECT 7 AS quantity")
    owner.process.kill()
    owner.process.wait()
    assert is_alive(owner.server_pid), "it outlives its owner"
    with EmbeddedPostgres(directory) as started:
        assert not is_alive(owner.server_pid)
        assert server_pid(started.url) != owner.server_pid
        assert ask(started.url, "SELECT quantity FROM sold") == 7


def test_a_copied_data_directory_does_not_end_the_server_of_the_first(deep):
    with EmbeddedPostgres(deep) as started:
        cluster = Path(str(ask(started.url, "SHOW data_directory")))
        subprocess.run(["cp", "-a", cluster.parent, deep.parent / "copy"], check=True)
        copied = homes.Home(deep.parent / "copy", None, is_new=False)
        password = started.url.split(":")[2].split("@")[0]
        leftover.end_left_over(
            copied,
            lambda port: f"postgresql://onebook:{password}@127.0.0.1:{port}/postgres",
        )
        assert not (copied.cluster / "postmaster.pid").exists()
        assert ask(started.url, "SELECT 1") == 1


def test_what_a_killed_owner_had_in_flight_is_never_written_later(begin, directory):
    owner = begin()
    ask(owner.url, "CREATE TABLE sold (quantity integer)")
    in_flight = psycopg.connect(owner.url)
    in_flight.execute("INSERT INTO sold VALUES (7)")
    owner.process.kill()
    owner.process.wait()
    with EmbeddedPostgres(directory) as started:
        with pytest.raises(psycopg.OperationalError):
            in_flight.commit()
        assert ask(started.url, "SELECT count(*) FROM sold") == 0


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc to tell whose process it is")
def test_a_server_that_hangs_after_its_owner_was_killed_is_ended_too(begin, directory, monkeypatch):
    monkeypatch.setattr(leftover, "ENDINGS", ((signal.SIGINT, 0.2), (signal.SIGKILL, 5.0)))
    owner = begin()
    ask(owner.url, "CREATE TABLE sold AS SELECT 7 AS quantity")
    owner.process.kill()
    owner.process.wait()
    os.kill(owner.server_pid, signal.SIGSTOP)
    with EmbeddedPostgres(directory) as started:
        assert not is_alive(owner.server_pid)
        assert ask(started.url, "SELECT quantity FROM sold") == 7


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc to tell whose process it is")
def test_a_stale_pid_file_that_names_somebody_elses_process_stops_nobody(begin, directory):
    owner = begin()
    cluster = Path(str(ask(owner.url, "SHOW data_directory")))
    account = homes.find_home(directory).account
    who = {} if account is None else {"user": account.uid}
    owner.process.kill()
    os.kill(owner.server_pid, signal.SIGKILL)
    wait_until(lambda: not is_alive(owner.server_pid))
    bystander = subprocess.Popen(["sleep", "60"], **who)
    try:
        noted = (cluster / "postmaster.pid").read_text().splitlines()
        noted[0] = str(bystander.pid)
        (cluster / "postmaster.pid").write_text("\n".join(noted) + "\n")
        with EmbeddedPostgres(directory) as started:
            assert ask(started.url, "SELECT 1") == 1
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_while_a_session_of_a_killed_server_still_lives_no_second_server_starts(
    begin, directory, monkeypatch
):
    monkeypatch.setattr(server, "START_PAUSE_S", 0.1)
    owner = begin()
    session = psycopg.connect(owner.url)
    session_pid = session.info.backend_pid
    os.kill(session_pid, signal.SIGSTOP)
    try:
        owner.process.kill()
        owner.process.wait()
        os.kill(owner.server_pid, signal.SIGKILL)
        with pytest.raises(EmbeddedPostgresError, match="is still in use"):
            EmbeddedPostgres(directory).start()
    finally:
        os.kill(session_pid, signal.SIGKILL)
    with EmbeddedPostgres(directory) as started:
        assert ask(started.url, "SELECT 1") == 1


def test_the_second_owner_is_told_where_the_first_serves(begin, directory):
    begin()
    with pytest.raises(DataDirectoryBusy) as busy:
        DataDirectory.open(directory)
    assert busy.value.address == ADDRESS


def test_there_are_never_two_servers_on_one_data_directory(begin, directory):
    owner = begin()
    with pytest.raises(EmbeddedPostgresError, match="is in use"):
        EmbeddedPostgres(directory).start()
    assert is_alive(owner.server_pid)
    assert ask(owner.url, "SELECT 1") == 1


def test_a_first_start_that_is_broken_off_leaves_nothing_half_made(new_directory, root_home):
    owner = subprocess.Popen([sys.executable, "-c", OWNER, str(new_directory), str(root_home)])
    try:
        wait_until(lambda: _half_made(new_directory, root_home))
        owner.send_signal(signal.SIGTERM)
        assert owner.wait(ENDS_WITHIN_S) == 128 + signal.SIGTERM
    finally:
        owner.kill()
        owner.wait()
    assert not (new_directory / "postgres.id").exists()
    assert not (new_directory / "postgres").exists()
    with EmbeddedPostgres(new_directory) as started:
        assert ask(started.url, "SELECT 1") == 1
    assert not _half_made(new_directory, root_home)


def test_a_server_that_hangs_is_ended_with_ever_more_force(directory, monkeypatch):
    force = ((signal.SIGINT, 0.2), (signal.SIGQUIT, 0.2), (signal.SIGKILL, 5.0))
    monkeypatch.setattr(server, "STOPS", force)
    started = EmbeddedPostgres(directory)
    started.start()
    pid = server_pid(started.url)
    os.kill(pid, signal.SIGSTOP)
    started.stop()
    assert not is_alive(pid)
    with EmbeddedPostgres(directory) as again:
        assert ask(again.url, "SELECT 1") == 1


def test_stopping_never_takes_longer_than_ten_seconds():
    assert sum(limit_s for _, limit_s in server.STOPS) <= ENDS_WITHIN_S


@pytest.fixture
def default_signals() -> Iterator[None]:
    """As in a fresh process: another server of this one may have set them."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in server.ENDING_SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("default_signals")
def test_stopping_gives_the_signals_back(directory):
    with EmbeddedPostgres(directory):
        assert all(signal.getsignal(n) != signal.SIG_DFL for n in server.ENDING_SIGNALS)
    assert all(signal.getsignal(n) == signal.SIG_DFL for n in server.ENDING_SIGNALS)


def test_the_url_is_there_only_while_the_server_runs(directory):
    started = EmbeddedPostgres(directory)
    with pytest.raises(EmbeddedPostgresError, match="not started"):
        _ = started.url
    with started:
        with pytest.raises(EmbeddedPostgresError, match="started already"):
            started.start()
        assert ask(started.url, "SELECT 1") == 1
    with pytest.raises(EmbeddedPostgresError, match="not started"):
        _ = started.url
    started.stop()


def test_a_server_that_cannot_start_shows_the_end_of_its_log(directory):
    with EmbeddedPostgres(directory) as started:
        cluster = Path(str(ask(started.url, "SHOW data_directory")))
    with (cluster / "postgresql.conf").open("a") as configuration:
        configuration.write("fruit = 'banana'\n")
    with pytest.raises(EmbeddedPostgresError, match='unrecognized configuration parameter "fruit"'):
        EmbeddedPostgres(directory).start()


def test_data_of_another_major_version_is_named(directory):
    with EmbeddedPostgres(directory) as started:
        cluster = Path(str(ask(started.url, "SHOW data_directory")))
    (cluster / "PG_VERSION").write_text("17\n")
    with pytest.raises(EmbeddedPostgresError, match="made by PostgreSQL 17, and this is 18"):
        EmbeddedPostgres(directory).start()


def test_a_lost_or_changed_password_is_a_clear_error(directory):
    with EmbeddedPostgres(directory) as started:
        cluster = Path(str(ask(started.url, "SHOW data_directory")))
    password = cluster.parent / "postgres.password"
    password.write_text("0" * 64)
    with pytest.raises(EmbeddedPostgresError, match="does not take the password"):
        EmbeddedPostgres(directory).start()
    password.unlink()
    with pytest.raises(EmbeddedPostgresError, match="restore the file"):
        EmbeddedPostgres(directory).start()


def test_a_full_disk_is_named(directory, monkeypatch):
    monkeypatch.setattr("consumers.embedded.cluster.LOW_DISK_BYTES", 1 << 60)
    with EmbeddedPostgres(directory) as started:
        cluster = Path(str(ask(started.url, "SHOW data_directory")))
    (cluster / "global" / "pg_control").unlink()
    with pytest.raises(EmbeddedPostgresError, match=r"has only \d+ MiB left"):
        EmbeddedPostgres(directory).start()


def test_where_there_is_no_wheel_the_error_names_the_way_out(new_directory, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(EmbeddedPostgresError, match="ONEBOOK_DATABASE_URL"):
        EmbeddedPostgres(new_directory).start()


def test_the_servers_log_stays_within_its_limit(directory, monkeypatch):
    monkeypatch.setattr(server_log, "LOG_LIMIT_BYTES", 20_000)
    monkeypatch.setattr(server, "WATCH_PAUSE_S", 0.05)
    with EmbeddedPostgres(directory) as started, psycopg.connect(started.url) as connection:
        connection.autocommit = True
        for _ in range(10):
            connection.execute("DO $$ BEGIN RAISE WARNING '%', repeat('x', 5000); END $$")
            time.sleep(0.1)
        sizes = [(directory / name).stat().st_size for name in ("postgres.log", "postgres.log.1")]
    assert 0 < sizes[0] <= 30_000
    assert 20_000 < sizes[1] <= 30_000


def test_a_server_that_dies_is_reported(directory, monkeypatch, caplog):
    monkeypatch.setattr(server, "WATCH_PAUSE_S", 0.05)
    with EmbeddedPostgres(directory) as started:
        os.kill(server_pid(started.url), signal.SIGKILL)
        wait_until(lambda: "postgres_died status=-9" in caplog.text)


def _half_made(*folders: Path) -> bool:
    return any(list(f.glob("**/postgres.new/PG_VERSION")) for f in folders if f.exists())
