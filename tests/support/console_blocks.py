"""Runs the console and Python blocks of a page, so that what the docs show is what happens.

A block fenced as `console` holds commands, lines beginning with `$ `, each followed by what it
prints on standard output. A command ending in a backslash goes on in the next line, which may
begin with `> `. Every command must exit with 0, or with N in a block fenced as `console exit=N`,
and print the lines shown; `…` stands for any text in a line, and for any lines where it stands
alone; where nothing is shown nothing is compared. A block fenced as `console server` ends with a
command that serves until the page ends; the page goes on when its /readyz answers. A `python`
block is a program of its own that must end without an error.

A page's commands run in one folder, in its order, each in its own shell. Port 8000 becomes a free
one throughout. Lines in NOT_RUN fetch or enter the project, which the reader of a page has yet to
do and the runner has done. `make demo` and `make serve` at the end of a server block run as the
`onebook demo` and `onebook serve` that they call.
"""

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

COMMAND_S = 180
SERVER_START_S = 180
SERVER_STOP_S = 15
PORT = 8000
NOT_RUN = ("make", "git", "cd", "docker")
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
STOPPED_BY_INTERRUPT = (0, 128 + signal.SIGINT, -signal.SIGINT)


class Block(NamedTuple):
    """A fenced block: the line of its fence, the words beside the fence, its own lines."""

    line: int
    words: tuple[str, ...]
    lines: tuple[str, ...]


class Command(NamedTuple):
    """A command, its line in the page, and the output shown for it."""

    line: int
    text: str
    shown: tuple[str, ...]


class PageError(AssertionError):
    """A page shows what does not happen. Says where, the command, what is shown and what came."""


def blocks(text: str) -> Iterator[Block]:
    """Yield a page's fenced blocks with a language, in order."""
    lines = iter(enumerate(text.splitlines(), start=1))
    for number, line in lines:
        if not (fence := re.match(r"( *)(`{3,})(.*)", line)):
            continue
        indent, ticks, words = len(fence[1]), fence[2], fence[3].split()
        body = []
        for _, inner in lines:
            if inner.strip() == ticks:
                break
            body.append(inner[indent:])
        if words:
            yield Block(number, tuple(words), tuple(body))


def commands(block: Block) -> list[Command]:
    """Split a console block into its commands and what is shown for each."""
    found: list[Command] = []
    for number, line in enumerate(block.lines, start=block.line + 1):
        if line.startswith("$ "):
            found.append(Command(number, line[2:], ()))
        elif not found:
            raise PageError(f"line {number}: a console block begins with a command, `$ …`")
        elif not found[-1].shown and found[-1].text.endswith("\\"):
            joined = f"{found[-1].text}\n{line.removeprefix('> ')}"
            found[-1] = found[-1]._replace(text=joined)
        else:
            found[-1] = found[-1]._replace(shown=(*found[-1].shown, line))
    return found


def matches(shown: tuple[str, ...], printed: str) -> bool:
    """Tell whether a command printed what the page shows, trailing space and blank ends aside."""
    wanted = "\n".join(line.rstrip() for line in shown).strip("\n")
    got = "\n".join(line.rstrip() for line in printed.splitlines()).strip("\n")
    pattern = "".join(
        r"(?:.*\n)*" if line == "…" else ".*".join(map(re.escape, line.split("…"))) + r"\n"
        for line in wanted.split("\n")
    )
    return re.fullmatch(pattern, got + "\n") is not None


def at_port(text: str, port: int) -> str:
    """Return the page with another port in place of 8000."""
    return re.sub(rf"(?<=:){PORT}\b|(?<=--port ){PORT}\b", str(port), text)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(folder: Path) -> dict[str, str]:
    """Return what a page's commands see: this Python's programs first, no settings of Onebook."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ONEBOOK_", "PERSISTENCE_"))}
    programs = os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", os.defpath)])
    plain = {"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb", "LANG": "C.UTF-8"}
    local = {"HOME": str(folder), "no_proxy": "localhost,127.0.0.1"}
    return kept | plain | local | {"PATH": programs}


def end(process: "subprocess.Popen[str]", with_signal: int, within_s: float) -> None:
    """Signal a process and wait; what is left of its group by then is killed."""
    process.send_signal(with_signal)
    try:
        process.wait(within_s)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def run(argv: list[str], folder: Path, *, limit_s: float = COMMAND_S) -> tuple[int, str, str]:
    """Run a program to its end and return its exit code, output and errors."""
    process = subprocess.Popen(
        argv, cwd=folder, env=environment(folder), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        output, errors = process.communicate(timeout=limit_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, errors = process.communicate()
        errors += f"\nstopped after {limit_s} s"
    return process.returncode, output, errors


def run_command(command: Command, folder: Path, exit_code: int) -> None:
    """Run one command of a page; PageError when it does other than the page shows."""
    if shlex.split(command.text, comments=True)[:1] and command.text.split()[0] in NOT_RUN:
        return
    code, output, errors = run(["bash", "-c", command.text], folder)
    seen = f"It printed:\n{output}\nand on standard error:\n{errors}"
    if code != exit_code:
        raise PageError(
            f"line {command.line}: `{command.text}` exited with {code}, not {exit_code}. {seen}"
        )
    if command.shown and not matches(command.shown, output):
        shown = "\n".join(command.shown)
        raise PageError(
            f"line {command.line}: the page shows for `{command.text}`:\n{shown}\n{seen}"
        )


def answers(url: str) -> bool:
    try:
        with DIRECT.open(url, timeout=2) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def wait_until_ready(process: "subprocess.Popen[str]", url: str, limit_s: float) -> None:
    """Wait for a server's first good answer; PageError when it ends or takes too long."""
    deadline = time.monotonic() + limit_s
    while not answers(url):
        if process.poll() is not None:
            raise PageError(f"the server ended with {process.returncode} before {url} answered")
        if time.monotonic() > deadline:
            raise PageError(f"{url} did not answer within {limit_s} s")
        time.sleep(0.1)


def server_command(text: str, port: int) -> str:
    run_as = re.sub(r"^make (?=demo\b|serve\b)", "onebook ", text)
    return run_as if "--port" in run_as else f"{run_as} --port {port}"


@contextmanager
def serving(command: Command, folder: Path, port: int) -> Iterator[None]:
    """Keep a page's server running; interrupt it at the end as a reader's Ctrl-C would."""
    text = server_command(command.text, port)
    log = folder / f"server-{command.line}.log"
    with log.open("w") as output, (folder / f"{log.name}.errors").open("w") as errors:
        process = subprocess.Popen(
            ["bash", "-c", f"exec {text}"], cwd=folder, env=environment(folder), text=True,
            stdin=subprocess.DEVNULL, stdout=output, stderr=errors, start_new_session=True,
        )  # fmt: skip
        try:
            wait_until_ready(process, f"http://127.0.0.1:{port}/readyz", SERVER_START_S)
            yield
            end(process, signal.SIGINT, SERVER_STOP_S)
        except (PageError, subprocess.TimeoutExpired) as fault:
            said = log.read_text() + Path(errors.name).read_text()
            raise PageError(
                f"line {command.line}: `{text}`: {fault}. The server said:\n{said}"
            ) from fault
        finally:
            if process.poll() is None:
                end(process, signal.SIGTERM, SERVER_STOP_S)
    check_server_output(command, process.returncode, log.read_text())


def check_server_output(command: Command, code: int, output: str) -> None:
    if code not in STOPPED_BY_INTERRUPT:
        raise PageError(f"line {command.line}: `{command.text}` ended with {code} on Ctrl-C")
    if command.shown and not matches((*command.shown, "…"), output):
        raise PageError(
            f"line {command.line}: the page shows other than the server printed:\n{output}"
        )


def exit_code(block: Block) -> int:
    """Return the exit code that a block's fence promises for each of its commands."""
    promised = [word.removeprefix("exit=") for word in block.words if word.startswith("exit=")]
    return int(promised[0]) if promised else 0


def runnable(text: str) -> list[Block]:
    return [block for block in blocks(text) if block.words[0] in ("console", "python")]


def run_block(block: Block, folder: Path, port: int, servers: ExitStack) -> None:
    if block.words[0] == "python":
        code, output, errors = run([sys.executable, "-c", "\n".join(block.lines)], folder)
        if code != 0:
            raise PageError(f"line {block.line}: the program ended with {code}:\n{output}{errors}")
        return
    todo = commands(block)
    server = todo.pop() if "server" in block.words else None
    for command in todo:
        run_command(command, folder, exit_code(block))
    if server:
        servers.enter_context(serving(server, folder, port))


def run_page(page: Path, folder: Path) -> int:
    """Run a page's blocks in `folder` and return how many there were.

    Raises PageError at the first command that does other than the page shows.
    """
    port = free_port()
    found = runnable(at_port(page.read_text(), port))
    with ExitStack() as servers:
        for block in found:
            run_block(block, folder, port, servers)
    return len(found)
