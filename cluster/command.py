"""One `onebook` command as a process of ours, with a log file."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

ROOT: Final = Path(__file__).parents[1]
READY_LIMIT_S: Final = 120.0
READY_PAUSE_S: Final = 0.05
RUN_LIMIT_S: Final = 120.0
STOP_LIMIT_S: Final = 20.0
KILL_LIMIT_S: Final = 5.0
TAIL_LINES: Final = 15


class CommandFailed(Exception):
    """A command failed or did not become ready; the text holds the end of what it said."""


class Start(msgspec.Struct, frozen=True):
    """A command to start: its name here, what it says of itself when it is ready, its arguments.

    ``key`` is in the JSON line that it then prints, told to by ``--json``.
    """

    name: str
    key: str
    arguments: list[str]


class Command:
    """A command that goes on until it is stopped.

    ``settings`` are the ONEBOOK_… settings it gets; it gets none of those around us.
    """

    def __init__(self, start: Start, log_file: Path, settings: Mapping[str, str]) -> None:
        self.name = start.name
        self.log_file = log_file
        self._key = start.key
        self._said: dict[str, Any] = {}
        with log_file.open("ab") as log:
            self._begun_at = log.tell()
            self._process = subprocess.Popen(
                onebook(*start.arguments, "--json"),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                env=environment(settings),
                start_new_session=True,  # a Ctrl-C meant for us ends it in its turn, not at once
            )

    @property
    def address(self) -> str:
        """What it said of itself when it was ready: an address, a writer's id, a position."""
        said = self._said.get(self._key)
        return str(said) if self._key == "address" else f"{self._key} {said}"

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""
        return self._process.poll() is None

    def wait_until_ready(self) -> None:
        """Block until it says that it is ready. Raises CommandFailed, with the end of its log."""
        deadline = time.monotonic() + READY_LIMIT_S
        while not self._has_said():
            if not self.is_running:
                raise CommandFailed(f"{self.name} ended while starting: {self._tail()}")
            if time.monotonic() > deadline:
                raise CommandFailed(
                    f"{self.name} is not ready after {READY_LIMIT_S:g} s: {self._tail()}"
                )
            time.sleep(READY_PAUSE_S)

    def stop(self) -> None:
        """Ask it to stop, and kill it when it has not within the limit. Harmless when repeated."""
        if self.is_running:
            self._process.send_signal(signal.SIGTERM)
            self._process.send_signal(signal.SIGCONT)  # one that somebody paused
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_LIMIT_S)
        self._process.kill()  # sends nothing to a process that has ended
        self._process.wait(KILL_LIMIT_S)

    def _has_said(self) -> bool:
        for line in self._log().splitlines(keepends=True):
            if line.startswith("{") and line.endswith("\n"):
                with contextlib.suppress(json.JSONDecodeError):
                    self._said = json.loads(line)
        return self._key in self._said

    def _log(self) -> str:
        with self.log_file.open("rb") as log:
            log.seek(self._begun_at)
            return log.read().decode(errors="replace")

    def _tail(self) -> str:
        return f"{self.log_file} ends\n" + _last(self._log())


def run_once(arguments: list[str], settings: Mapping[str, str]) -> None:
    """Run a command to its end. Raises CommandFailed, with the end of what it said."""
    done = subprocess.run(
        onebook(*arguments),
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=environment(settings),
        timeout=RUN_LIMIT_S,
    )
    if done.returncode:
        said = _last(done.stdout + done.stderr)
        raise CommandFailed(f"onebook {' '.join(arguments[:2])} failed: {said}")


def onebook(*arguments: str) -> list[str]:
    """Return the command line of `onebook` with this Python."""
    return [sys.executable, "-m", "api.cli", *arguments]


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Return our environment with these ONEBOOK_… settings, and none that we were given."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ONEBOOK_", "PERSISTENCE_"))}
    return {**kept, **settings}


def _last(text: str) -> str:
    return "\n".join(text.splitlines()[-TAIL_LINES:])
