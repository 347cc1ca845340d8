"""The embedded PostgreSQL: a server of ours, on a data directory of ours.

It is our own child and we wait on it; whether it lives is asked by connecting, never by its pid
file. Every ordinary end of this process stops it. It outlives a kill -9 of this process, and the
next start ends it before it starts its own. Decisions: embedded-postgresql.md.
"""

import atexit
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import NoReturn, Self

import psycopg

from consumers.data_directory import take_lock
from consumers.embedded import settings
from consumers.embedded.binaries import find_binaries
from consumers.embedded.cluster import low_disk, read_password, ready_cluster
from consumers.embedded.home import (
    ELSEWHERE,
    EmbeddedPostgresError,
    Home,
    discard_unused_home,
    find_home,
    run_as,
)
from consumers.embedded.leftover import end_left_over
from consumers.embedded.server_log import bound_log, open_log, read_tail
from ledger.log import get_logger

log = get_logger(__name__)

START_LIMIT_S = 600.0  # replaying 2 GB of write-ahead log from a slow disk is still a start
START_TRIES = 5
START_PAUSE_S = 0.5
# A try that failed for one of these reasons may succeed the next time.
PASSING = ("could not bind", "could not create any TCP/IP sockets", "is still in use")
CONNECT_LIMIT_S = 5
CONNECT_PAUSE_S = 0.02
PORT_TAKEN_S = 1.0
SAY_STARTING_S = 5.0
# Fast shutdown, immediate shutdown (the next start replays the log), kill: 10 s together.
STOPS = ((signal.SIGINT, 7.0), (signal.SIGQUIT, 2.0), (signal.SIGKILL, 1.0))
ENDING_SIGNALS = (signal.SIGTERM, signal.SIGHUP)

WATCH_PAUSE_S = 1.0


class EmbeddedPostgres:
    """A PostgreSQL server on ``directory`` between ``start`` and ``stop``, or within ``with``.

    Started from the main thread, it turns SIGTERM and SIGHUP into SystemExit, as Python turns
    SIGINT into KeyboardInterrupt, unless the program handles them itself. Started from another
    thread, that is the program's task. A second instance on the same directory is refused.

    ``on_death`` is called, in a thread, if the server ends by itself; it is not started again here:
    whoever runs the program decides, and finds everything that was acknowledged.
    """

    def __init__(self, directory: Path, on_death: Callable[[], None] | None = None) -> None:
        self.directory = directory
        self._on_death = on_death
        self._handled: tuple[signal.Signals, ...] = ()
        self._lock: int | None = None
        self._log: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._url: str | None = None

    @property
    def url(self) -> str:
        """The libpq URL of database ``onebook`` as superuser ``onebook``.

        It holds the password: keep it out of logs and command lines. It serves any process of the
        same user, or of root, on this machine, until the server stops.
        """
        if self._url is None:
            raise EmbeddedPostgresError(f"the PostgreSQL of {self.directory} is not started")
        return self._url

    def start(self) -> None:
        """Start the server, on a new database if there is none; blocks until it answers.

        Ends a server that a killed process left behind. Raises EmbeddedPostgresError, with the end
        of the server's log, if it does not come up, or if another process runs it.
        """
        if self._process is not None:
            raise EmbeddedPostgresError(f"the PostgreSQL of {self.directory} is started already")
        self._handle_ends()
        try:
            self._start()
        except OSError as error:
            self.stop()
            raise EmbeddedPostgresError(
                f"cannot start the PostgreSQL of {self.directory}: {error}"
            ) from error
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server within 10 s and give back its lock. Harmless when repeated."""
        # In a forked copy of the owner this ends nothing: the server is no child of that process,
        # so Popen signals nobody, and the lock stays with the owner.
        self._stopping.set()
        if self._process is not None:
            _end(self._process)
            log.info("postgres_stopped", directory=self.directory)
        self._process = self._url = None
        for descriptor in (self._log, self._lock):
            if descriptor is not None:
                os.close(descriptor)
        self._log = self._lock = None
        self._unhandle_ends()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start(self) -> None:
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.directory = self.directory.resolve()
        home = find_home(self.directory)
        try:
            self._bring_up(home)
        except BaseException:
            discard_unused_home(home, self.directory)
            raise

    def _bring_up(self, home: Home) -> None:
        self._lock = _locked(home, self.directory)
        self._log = written = open_log(self.directory / "postgres.log")
        binaries = find_binaries(home.account)
        ready_cluster(home, self.directory, binaries)
        password = read_password(home)
        end_left_over(home, lambda port: settings.url(home, port, password, "postgres"))
        port = self._run(home, binaries / "postgres", password, written)
        self._url = settings.url(home, port, password)
        log.info("postgres_started", directory=self.directory, on_socket=settings.uses_socket(home))

    def _run(self, home: Home, program: Path, password: str, written: int) -> int:
        """Start the server and return its port. What may pass is tried again, on another port."""
        for tries_left in reversed(range(START_TRIES)):
            begun_at = os.fstat(written).st_size
            port = settings.choose_port(home)
            self._process = process = _launched(home, program, port, written)
            if self._answers(process, settings.url(home, port, password, "postgres")):
                self._watch(process, written)
                return port
            said = read_tail(written, begun_at)
            passes = process.poll() is not None and any(reason in said for reason in PASSING)
            if not tries_left or not passes:
                break
            log.warning("postgres_start_again", directory=self.directory, tries_left=tries_left)
            time.sleep(START_PAUSE_S)
        raise EmbeddedPostgresError(
            f"PostgreSQL does not start on {home.cluster}.{low_disk(home.folder)} "
            f"The end of {self.directory}/postgres.log:\n{said}"
        )

    def _answers(self, process: subprocess.Popen[bytes], url: str) -> bool:
        """Wait until the server answers; False if it ends or does not answer in time."""
        begun = said = time.monotonic()
        while process.poll() is None and time.monotonic() - begun < START_LIMIT_S:
            try:
                _make_database(url)
            except psycopg.OperationalError as error:
                if "password authentication failed" in str(error) and _lives_on(process):
                    raise EmbeddedPostgresError(
                        f"the PostgreSQL of {self.directory} does not take the password in "
                        "postgres.password: restore that file from a backup"
                    ) from error
            else:
                return True
            if time.monotonic() - said > SAY_STARTING_S:
                said = time.monotonic()
                log.info("postgres_recovering", directory=self.directory, seconds=int(said - begun))
            time.sleep(CONNECT_PAUSE_S)
        return False

    def _watch(self, process: subprocess.Popen[bytes], written: int) -> None:
        # A descriptor and an event of its own: the watcher may outlive stop() by an instant.
        self._stopping = threading.Event()
        log_file = self.directory / "postgres.log"
        arguments = (process, self._stopping, os.dup(written), log_file, self._on_death)
        threading.Thread(target=_wait, args=arguments, name="postgres", daemon=True).start()

    def _handle_ends(self) -> None:
        atexit.register(self.stop)
        if threading.current_thread() is threading.main_thread():
            self._handled = tuple(n for n in ENDING_SIGNALS if _is_default(n))
        for number in self._handled:
            signal.signal(number, _exit)

    def _unhandle_ends(self) -> None:
        atexit.unregister(self.stop)
        if threading.current_thread() is threading.main_thread():
            for number in self._handled:
                if signal.getsignal(number) is _exit:
                    signal.signal(number, signal.SIG_DFL)
            self._handled = ()


def _is_default(number: signal.Signals) -> bool:
    return signal.getsignal(number) is signal.SIG_DFL


def _exit(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


def _locked(home: Home, directory: Path) -> int:
    lock = take_lock(home.folder / "postgres.lock")
    if lock is None:
        raise EmbeddedPostgresError(
            f"the PostgreSQL of {directory} is in use (lock {home.folder}/postgres.lock): stop the "
            "process that runs it, or name another data directory"
        )
    return lock


def _launched(home: Home, program: Path, port: int, written: int) -> subprocess.Popen[bytes]:
    command = [str(program), *settings.arguments(home, port)]
    try:
        # A session of its own: Ctrl-C in a terminal goes to all processes of ours there, and the
        # writer finishes before the server may stop.
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=written,
            cwd=home.folder,
            start_new_session=True,
            **run_as(home.account),
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise EmbeddedPostgresError(f"cannot run {program}: {error}; {ELSEWHERE}") from error


def _end(process: subprocess.Popen[bytes]) -> None:
    for number, limit_s in STOPS:
        process.send_signal(number)
        try:
            process.wait(limit_s)
        except subprocess.TimeoutExpired:
            log.warning("postgres_stops_slowly", pid=process.pid, sent=number.name, waited=limit_s)
        else:
            return
    raise EmbeddedPostgresError(f"the PostgreSQL with process id {process.pid} does not end")


def _wait(
    process: subprocess.Popen[bytes],
    stopping: threading.Event,
    written: int,
    file: Path,
    on_death: Callable[[], None] | None,
) -> None:
    """Until the server is to stop: say so if it ends by itself, and bound its log."""
    while not stopping.wait(WATCH_PAUSE_S):
        if process.poll() is not None:
            log.error("postgres_died", status=process.returncode, log=file)
            if on_death is not None:
                on_death()
            break
        bound_log(written, file)
    os.close(written)


def _lives_on(process: subprocess.Popen[bytes]) -> bool:
    """Say whether it was our server that answered: one that found its port taken ends at once."""
    try:
        process.wait(PORT_TAKEN_S)
    except subprocess.TimeoutExpired:
        return True
    return False


def _make_database(url: str) -> None:
    with psycopg.connect(url, connect_timeout=CONNECT_LIMIT_S, autocommit=True) as connection:
        name = (settings.DATABASE,)
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", name).fetchone()
        if found is None:
            connection.execute(f"CREATE DATABASE {settings.DATABASE}")
