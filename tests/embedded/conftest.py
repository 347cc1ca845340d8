"""Owners of embedded servers: real processes, in folders that are removed after the test."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from processes import AS_ROOT, OWNER, Owner, is_alive, wait_until

from consumers.embedded import EmbeddedPostgres
from consumers.embedded import home as homes
from consumers.embedded.home import Account


@pytest.fixture(scope="session")
def opened_before() -> Iterator[Path]:
    """A data directory, and beside it the place of root's servers, after a first start and end."""
    with _public_folder() as folder:
        with pytest.MonkeyPatch.context() as patch:  # for the start alone, not for other tests
            patch.setattr(homes, "ROOT_HOME", folder / "root")
            with EmbeddedPostgres(folder / "data"):
                pass
        yield folder


@pytest.fixture
def root_home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A place of the test's own for the folders of root's servers; others may pass through it."""
    with _public_folder() as folder:
        monkeypatch.setattr(homes, "ROOT_HOME", folder / "root")
        yield folder / "root"


@pytest.fixture
def new_directory(tmp_path: Path, root_home: Path) -> Path:
    """A data directory that is not there yet."""
    return tmp_path / "data"


@pytest.fixture
def directory(opened_before: Path, new_directory: Path, root_home: Path) -> Path:
    """A data directory of the test's own that was opened before; saves making it."""
    for name, copy in (("data", new_directory), ("root", root_home)):
        if (opened_before / name).exists():
            subprocess.run(["cp", "-a", opened_before / name, copy], check=True)
    return new_directory


@pytest.fixture
def begin(directory: Path, root_home: Path) -> Iterator[Callable[[], Owner]]:
    """Start owners of the data directory; whatever of them still runs is killed at the end."""
    started: list[subprocess.Popen[str]] = []
    urls: list[int] = []

    def begin_owner(program: str = OWNER) -> Owner:
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(directory), str(root_home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        assert process.stdout is not None
        owner = Owner(process, process.stdout.readline().strip())
        urls.append(owner.server_pid)
        return owner

    yield begin_owner
    for process in started:
        process.kill()
        process.communicate()
    for pid in urls:
        if is_alive(pid):
            os.kill(pid, signal.SIGKILL)
    for pid in urls:
        wait_until(lambda pid=pid: not is_alive(pid))


@pytest.fixture
def account(root_home: Path) -> Account:
    """The account that root's servers run as."""
    if not AS_ROOT:
        pytest.skip("only root runs the server as somebody else")
    return homes._account()


@contextmanager
def _public_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="onebook-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)
